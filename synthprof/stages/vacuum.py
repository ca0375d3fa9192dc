"""Compacted copies of the databases with statistics for SQLite's planner."""

from synthprof.base.files import FileRecord, record
from synthprof.pipeline import files_of, maker_of
from synthprof.stages.context import Context, Outcome
from synthprof.store.sqlite.database import compact


def run(context: Context) -> Outcome:
    """Copy each database, compacted by VACUUM and with the statistics of ANALYZE; leave the originals."""
    folder = context.folder()
    files: list[FileRecord] = []
    databases = [file for file in files_of(context.spec) if file.table]
    for number, file in enumerate(databases, start=1):
        compact(context.folder(maker_of(file.name).name) / file.name, folder / file.name)
        files.append(record(folder / file.name, folder))
        context.progress(number * context.spec.profiles // len(databases), context.spec.profiles)
    return Outcome(context.spec.profiles, tuple(files))
