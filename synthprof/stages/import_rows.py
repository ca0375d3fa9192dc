"""The work of `generate` for a collection: its rows are read from their source, not drawn."""

from pathlib import Path

from synthprof.base.errors import SpecError
from synthprof.base.files import FileRecord
from synthprof.sources.blocks import blocks
from synthprof.sources.source import Source
from synthprof.sources.survey import block_digest, survey
from synthprof.spec.request import Request
from synthprof.stages.context import Context, Outcome
from synthprof.stages.survey import read_survey, write_survey
from synthprof.store.blocks import PROFILES
from synthprof.store.store import Store
from synthprof.system.events import Progress

READ = "rows read"
"""What is counted while a source is read for the first time."""


def resolve_source(request: Request, home: Path, progress: Progress = lambda *_: None) -> Request:
    """Return the request with the facts of its source: its rows, their digest, the kinds of its columns.

    A request without a source, or one that was completed before, is returned as it is. progress: hears of
    the rows read, whose number is not known before. Raises SpecError if the source cannot be used.
    """
    if not request.runtime.source or request.spec.collection:
        return request
    progress(0, 0, 0, READ)
    found = survey(Source.of(request.runtime, request.spec.columns), lambda rows: progress(rows, 0, 0, READ))
    known = {"collection": found.collection, "profiles": found.rows, "columns": found.columns}
    request = Request.from_params(request.params | known)
    write_survey(Store(home, request.dataset).build(request.spec).folder, found)
    return request


def import_rows(context: Context) -> Outcome:
    """Make the blocks of the shard as surveyed; blocks that match their seals are kept.

    The source is opened only if a block is missing. Raises SpecError if it is gone or has changed.
    """
    kept = {block: context.blocks.kept((PROFILES,), block) for block in context.shard_blocks}
    wanted = {block for block, files in kept.items() if files is None}
    made = _read(context, wanted) if wanted else {}
    files = [file for block in context.shard_blocks for file in kept[block] or made[block]]
    rows = sum(context.spec.block_rows(block) for block in context.shard_blocks)
    return Outcome(rows, tuple(files), {"collection": context.spec.collection})


def _read(context: Context, wanted: set[int]) -> dict[int, tuple[FileRecord, ...]]:
    """Read the blocks and return their files."""
    spec, total = context.spec, sum(context.spec.block_rows(block) for block in context.shard_blocks)
    digests, made = _digests(context), dict[int, tuple[FileRecord, ...]]()
    source = Source.of(context.request.runtime, spec.columns)
    for block, rows in enumerate(blocks(source, spec.columns)):
        if block in wanted:
            if block >= len(digests) or block_digest(rows) != digests[block]:
                break
            context.blocks.write(PROFILES, block, rows)
            made[block] = context.blocks.seal((PROFILES,), block)
            context.progress(sum(map(spec.block_rows, made)), total)
        if len(made) == len(wanted):
            return made
    raise SpecError(
        f"source={source.path} has changed since its rows were surveyed; run it again: what it holds now "
        "becomes another version"
    )


def _digests(context: Context) -> tuple[str, ...]:
    survey = read_survey(context.build.folder)
    if not context.request.runtime.source or survey is None:
        raise SpecError(
            f"rows of {context.request.dataset!r} must be read from their source once more; run "
            "`synthprof embed` with the same parameters"
        )
    return survey.digests
