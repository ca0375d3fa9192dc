"""Compacted copies of the databases with statistics for SQLite's planner."""

from synthprof.database import compact
from synthprof.files import FileRecord, record
from synthprof.stages.context import VECTORS, Context, Outcome
from synthprof.stages.persist_blobs import VETORES

SOURCES = (
    ("ingest", "perfis.db"),
    ("persist_blobs", VETORES),
    ("persist_blobs", "embeddings.db"),
    ("cluster", "clusters.db"),
)


def run(context: Context) -> Outcome:
    """Each database lies here once more, after VACUUM and ANALYZE; the originals stay untouched."""
    folder = context.folder()
    files: list[FileRecord] = []
    sources = [each for each in SOURCES if each[1] != VETORES or VECTORS in context.blocks.vectorized]
    for number, (maker, name) in enumerate(sources, start=1):
        compact(context.folder(maker) / name, folder / name)
        files.append(record(folder / name, folder))
        context.progress(number * context.spec.profiles // len(sources), context.spec.profiles)
    return Outcome(context.spec.profiles, tuple(files))
