"""Compacted copies of the databases with statistics for SQLite's planner."""

from functools import partial

from synthprof.base.files import FileRecord
from synthprof.base.units import MIB
from synthprof.pipeline import maker_of
from synthprof.stages.context import Context, Outcome
from synthprof.store.sqlite.database import compact


def run(context: Context) -> Outcome:
    """Copy each database, compacted by VACUUM and with the statistics of ANALYZE; leave the originals."""
    folder = context.folder()
    files: list[FileRecord] = []
    sources = [
        context.folder(maker_of(file.name).name) / file.name for file in context.published_files if file.table
    ]
    sizes = [source.stat().st_size for source in sources]
    for number, source in enumerate(sources):
        tell = partial(_tell, context, sum(sizes[:number]), sum(sizes))
        tell(0)
        compact(source, folder / source.name, tell)
        files.append(context.sealed(folder / source.name))
    _tell(context, sum(sizes), sum(sizes), 0)
    return Outcome(context.spec.profiles, tuple(files))


def _tell(context: Context, before: int, total: int, written: int) -> None:
    """Report what is written; a copy is smaller than its source, so that the total is a little too large."""
    context.step((before + written) // MIB, max(1, total // MIB), "MiB compacted")
