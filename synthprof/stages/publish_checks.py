"""Checks before a version is published: missing rows, damaged files, the rules of the schema."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from synthprof.base.errors import Damaged, StageError
from synthprof.base.files import FileRecord, matches
from synthprof.pipeline import stage
from synthprof.report.overview import count
from synthprof.report.tally import Sum, Tally, tally
from synthprof.spec.contents import NORM_TOLERANCE, number_of, table_file
from synthprof.spec.spec import BLOCK_ROWS
from synthprof.stages.context import Context
from synthprof.stages.publish_pictures import Clusters, labels_file, labels_of
from synthprof.stages.traits import checked_traits, child_rows, coherence_counts
from synthprof.store.blocks import EMBEDDINGS, Blocks
from synthprof.store.children import count_children
from synthprof.store.receipts import Receipt
from synthprof.store.released import let_go
from synthprof.store.sqlite.database import check_ids
from synthprof.system.slots import cpu_slot


def check_missing(context: Context, receipts: Sequence[Receipt]) -> None:
    """Raise StageError if more rows lack an embedding than are allowed."""
    missing, allowed = sum(receipt.rejected for receipt in receipts), context.request.runtime.max_failed
    if missing > allowed:
        raise StageError(
            f"{missing} {context.spec.row_word}s have no embedding, max_failed={allowed} are allowed; run it "
            "again (from a bucket: with force) to ask for them once more, or raise max_failed"
        )


def check_files(context: Context, receipts: Sequence[Receipt]) -> Callable[[], dict[Path, FileRecord]]:
    """Start to compare the files of stages that do a whole data set, in the pool, with their receipts.

    The returned function waits for the end, and returns the records of the files. It raises Damaged if one is
    not what its receipt says. What matches has the SHA-256 of its receipt: it was computed with the other
    checksum, over the same bytes.
    """
    sealed = {
        context.folder(receipt.stage) / file.path: file
        for receipt in receipts
        if stage(receipt.stage).scope == "dataset"
        for file in receipt.files
    }
    jobs = [_FileJob(path, file, context.budget.workers) for path, file in sealed.items()]
    answers = context.pool.map(_is_same, jobs)

    def checked() -> dict[Path, FileRecord]:
        damaged: list[Path] = []
        for done, (path, same) in enumerate(zip(sealed, answers, strict=True), 1):
            damaged += [] if same else [path]
            context.step(done, len(sealed), "files compared")
        if damaged:
            raise Damaged(*damaged)
        return sealed

    return checked


def check_tables(context: Context, sources: dict[str, Path]) -> Callable[[], None]:
    """Start to look in the pool whether each table of all rows has the ids from 1 on.

    sources: the databases to publish, by name. The returned function waits, and raises StageError if not.
    """
    tables = [file for file in context.published_files if file.table and not file.child]
    workers, rows = context.budget.workers, context.spec.profiles
    jobs = [_TableJob(sources[file.name], file.table, rows, workers) for file in tables]
    answers = context.pool.map(_has_ids, jobs)

    def checked() -> None:
        for _ in answers:
            pass

    return checked


@dataclass(frozen=True)
class Sums:
    """The sums over all blocks: of `overview.count` as a table, and of `coherence.counts`."""

    traits: npt.NDArray[np.int64]
    coherence: tuple[int, ...]


def check_blocks(
    context: Context, receipts: Sequence[Receipt], clusters: Clusters, sources: dict[str, Path]
) -> Sums:
    """Return what is counted of all blocks. sources: the databases to publish, by name.

    Raises Damaged if a block is, StageError if one is not as its schema declares.
    """
    jobs = _block_jobs(context, receipts, clusters, sources)
    traits = Sum()
    coherence: npt.NDArray[np.int64] | int = 0
    for job, checked in zip(jobs, context.pool.map(_check_block, jobs), strict=True):
        if checked.damaged:
            raise Damaged(*checked.damaged)
        if checked.violations:
            raise StageError(
                f"block {job.block} is not as declared: {', '.join(checked.violations)}; correct the "
                "schema if it is yours, and run it again with force"
            )
        traits.add(checked.traits)
        coherence = coherence + checked.coherence
        context.progress(min((job.block + 1) * BLOCK_ROWS, context.spec.profiles), context.spec.profiles)
    return Sums(traits.table(), tuple(np.asarray(coherence).tolist()))


@dataclass(frozen=True)
class _FileJob:
    path: Path
    file: FileRecord
    slots: int


def _is_same(job: _FileJob) -> bool:
    with cpu_slot(job.slots):
        return matches(job.path.parent, job.file)


@dataclass(frozen=True)
class _TableJob:
    path: Path
    table: str
    rows: int
    slots: int


def _has_ids(job: _TableJob) -> None:
    with cpu_slot(job.slots):
        check_ids(job.path, job.table, job.rows)


@dataclass(frozen=True)
class _SealedBlock:
    """A block to check, and the files of it that its receipts name."""

    blocks: Blocks
    block: int
    slots: int
    files: tuple[tuple[Path, FileRecord], ...]
    labels: Path
    chosen: npt.NDArray[np.int64]
    tables: dict[str, Path]


def _nothing() -> npt.NDArray[np.int64]:
    return np.zeros(0, np.int64)


@dataclass(frozen=True)
class _Checked:
    """The counts of a block, or its faults."""

    traits: Tally = field(default_factory=lambda: tally(1, ()))
    coherence: npt.NDArray[np.int64] = field(default_factory=_nothing)
    violations: tuple[str, ...] = ()
    damaged: tuple[Path, ...] = ()


def _block_jobs(
    context: Context, receipts: Sequence[Receipt], clusters: Clusters, sources: dict[str, Path]
) -> list[_SealedBlock]:
    tables = {table.name: sources[table_file(table.name).name] for table in context.schema.tables}
    files: dict[int, list[tuple[Path, FileRecord]]] = {}
    for receipt in (each for each in receipts if stage(each.stage).scope == "shard"):
        folder = context.folder(receipt.stage)
        gone = {file.path for file in let_go(folder, receipt.files)}  # they were compared before
        for file in (file for file in receipt.files if file.path not in gone):
            files.setdefault(number_of(file.path), []).append((folder / file.path, file))
    return [
        _SealedBlock(
            context.blocks,
            block,
            context.budget.workers,
            tuple(files.get(block, ())),
            labels_file(context),
            clusters.chosen,
            tables,
        )
        for block in range(context.spec.blocks)
    ]


def _lost_children(job: _SealedBlock, traits: pa.RecordBatch) -> Iterator[str]:
    """Yield which databases of child tables have another number of rows of a block than were drawn."""
    blocks, drawn = job.blocks, child_rows(traits)
    first, rows = job.block * BLOCK_ROWS + 1, blocks.spec.block_rows(job.block)
    for table in blocks.schema.tables:
        stored = count_children(job.tables[table.name], table, first, rows)
        if stored != drawn[table.name]:
            yield f"table {table.name}: its database has {stored} rows of {drawn[table.name]}"


def _check_block(job: _SealedBlock) -> _Checked:
    blocks = job.blocks
    with cpu_slot(job.slots):
        bad = tuple(path for path, file in job.files if not matches(path.parent, file))
    if bad:
        return _Checked(damaged=bad)
    traits = _traits(blocks, job.block)
    embeddings = blocks.matrix(EMBEDDINGS, job.block)
    with cpu_slot(job.slots):
        norms = np.sqrt(np.einsum("ij,ij->i", embeddings, embeddings))
        worst = float(np.abs(norms - 1).max())
        # not `worst > tolerance`: NaN must fail too
        off = () if worst <= NORM_TOLERANCE else (f"an embedding's norm is off by {worst:.3g}",)
        if violations := (*off, *_lost_children(job, traits)):
            return _Checked(violations=violations)
        labels = labels_of(blocks, job.block, job.labels)
        return _Checked(count(blocks.schema, traits, labels, job.chosen), coherence_counts(traits))


def _traits(blocks: Blocks, block: int) -> pa.RecordBatch:
    """Return the traits of a block; the rows of a collection, which are drawn nowhere, are checked now."""
    if not blocks.spec.collection:
        return blocks.traits(block)
    return checked_traits(blocks, block, blocks.profiles(block), {})
