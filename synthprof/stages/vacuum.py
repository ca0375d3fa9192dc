"""Compacted copies of the databases with statistics for SQLite's planner."""

from synthprof.contents import CLUSTERS, EMBEDDINGS_DB, PERFIS, VETORES
from synthprof.database import compact
from synthprof.files import FileRecord, record
from synthprof.stages.context import VECTORS, Context, Outcome

SOURCES = (
    ("ingest", PERFIS),
    ("persist_blobs", VETORES),
    ("persist_blobs", EMBEDDINGS_DB),
    ("cluster", CLUSTERS),
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
