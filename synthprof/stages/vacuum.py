"""Compacted copies of the databases with statistics for SQLite's planner."""

from synthprof.database import compact
from synthprof.files import FileRecord, record
from synthprof.stages.context import Context, Outcome

SOURCES = (
    ("ingest", "perfis.db"),
    ("persist_blobs", "vetores.db"),
    ("persist_blobs", "embeddings.db"),
    ("cluster", "clusters.db"),
)


def run(context: Context) -> Outcome:
    """Each database lies here once more, after VACUUM and ANALYZE; the originals stay untouched."""
    folder = context.folder()
    files: list[FileRecord] = []
    for number, (maker, name) in enumerate(SOURCES, start=1):
        compact(context.folder(maker) / name, folder / name)
        files.append(record(folder / name, folder))
        context.progress(number * context.spec.profiles // len(SOURCES), context.spec.profiles)
    return Outcome(context.spec.profiles, tuple(files))
