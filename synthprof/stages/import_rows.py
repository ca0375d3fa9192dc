"""The work of `generate` for a collection: its rows are read from their source, not drawn."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from synthprof.base.errors import SpecError
from synthprof.base.files import FileRecord, make_folder, temporary_path
from synthprof.base.units import MIB
from synthprof.encoders.encoder import check_kind
from synthprof.sources.blocks import MOST_BYTES, blocks
from synthprof.sources.source import Source
from synthprof.sources.survey import Survey, block_digest, survey
from synthprof.spec.request import Request
from synthprof.stages.context import Context, Outcome
from synthprof.stages.survey import read_survey, write_survey
from synthprof.store.blocks import PROFILES, Blocks, write_batch
from synthprof.store.store import Store
from synthprof.system.events import Progress
from synthprof.system.machine import REFUSE_SHARE, available_memory, free_disk

READ = "rows read"
"""The unit of progress while a source is read for the first time."""

COPIES = 4
"""Memory for a block while it is read, as a multiple of its bytes: its parts, the whole, what comes next."""

SPARE_BYTES = 256 * MIB
"""Bytes of the disk that reading a source leaves free."""


def resolve_source(request: Request, home: Path, progress: Progress = lambda *_: None) -> Request:
    """Return the request with the facts of its source: its rows, their digest, the kinds of its columns.

    The rows are left in the build folder as they were read: a source that is written can be read only once
    as it is now. A request without a source, or one that was completed before, is returned as it is.
    progress: hears of the rows read, whose number is not known before. Raises SpecError if the source cannot
    be used, StageError if it cannot be at this moment.
    """
    if not request.runtime.source or request.spec.collection:
        return request
    check_kind(request.spec)
    progress(0, 0, 0, READ)
    store, runtime = Store(home, request.dataset), request.runtime
    with _spool(store) as spool:
        most = min(MOST_BYTES, round(REFUSE_SHARE * available_memory()) // COPIES)
        source = Source.of(runtime, request.spec.columns, request.spec.kind)
        found = survey(source, runtime.max_failed, spool.keep, most, lambda rows: progress(rows, 0, 0, READ))
        known = {"collection": found.collection, "profiles": found.rows, "columns": found.columns}
        request = Request.from_params(request.params | known)
        write_survey(store.build(request.spec).folder, found)
        spool.hand_over(Blocks(store.build(request.spec).folder, request.spec))
    return request


@dataclass(frozen=True)
class _Spool:
    """A folder for the blocks of a source while it is read: only at its end is it known what they are of."""

    folder: Path

    def keep(self, number: int, block: pa.RecordBatch) -> None:
        """Write a block. Raises SpecError if the disk has no room for it."""
        if (free := free_disk(self.folder)) < SPARE_BYTES + block.nbytes:
            raise SpecError(
                f"the rows of the source have no room: {free / MIB:,.0f} MiB are free on the disk of "
                f"{self.folder}; free some space"
            )
        make_folder(self.folder)
        write_batch(self._path(number), block)

    def hand_over(self, blocks: Blocks) -> None:
        """Make the blocks those of the build, except where it has them."""
        for number in range(blocks.spec.blocks):
            path = blocks.path(PROFILES, number)
            if blocks.kept((PROFILES,), number) is None:
                make_folder(path.parent)
                self._path(number).replace(path)
                blocks.seal((PROFILES,), number)

    def _path(self, number: int) -> Path:
        return self.folder / f"{number:05}.arrow"


@contextmanager
def _spool(store: Store) -> Iterator[_Spool]:
    """Yield a spool; afterwards it is gone, with the folders that were made for it and have nothing else."""
    place = store.folder / "build"
    missing = [path for path in (place, store.folder, store.home) if not path.exists()]
    spool = _Spool(temporary_path(place / "rows"))
    try:
        yield spool
    finally:
        shutil.rmtree(spool.folder, ignore_errors=True)
        for path in missing:
            with suppress(OSError):  # somebody has put something there
                path.rmdir()


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
    known, made = _survey(context), dict[int, tuple[FileRecord, ...]]()
    source = Source.of(context.request.runtime, spec.columns, spec.kind)
    for block, rows in enumerate(blocks(source, spec.columns, repeated=known.repeated)):
        if block in wanted:
            if block >= len(known.digests) or block_digest(rows) != known.digests[block]:
                break
            context.blocks.write(PROFILES, block, rows)
            made[block] = context.blocks.seal((PROFILES,), block)
            context.progress(sum(map(spec.block_rows, made)), total)
        if len(made) == len(wanted):
            return made
    raise SpecError(
        f"source={source.name} has changed since its rows were surveyed, and those are lost; run it again: "
        "what it holds now becomes another version"
    )


def _survey(context: Context) -> Survey:
    found = read_survey(context.build.folder)
    if not context.request.runtime.source or found is None:
        raise SpecError(
            f"rows of {context.request.dataset!r} must be read from their source once more; run "
            "`synthprof embed` with the same parameters"
        )
    return found
