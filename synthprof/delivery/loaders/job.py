"""The job that loads a version into a target: resumable by block, nothing twice, nothing missing."""

import logging
import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from synthprof.base.digests import digest_of
from synthprof.base.errors import SpecError, StageError
from synthprof.base.locks import lock
from synthprof.delivery.loaders import progress, registry
from synthprof.delivery.loaders.address import TABLE, Address, address_of
from synthprof.delivery.loaders.order import Order
from synthprof.delivery.loaders.plain import plain_batch, plain_schema, same_row, with_vector
from synthprof.delivery.loaders.progress import Progress
from synthprof.delivery.loaders.target import Kind, Layout, Target
from synthprof.delivery.rows import Rows
from synthprof.system.events import Observer
from synthprof.system.refusals import clear_errors
from synthprof.versions.version import Version, open_version

SAMPLE = 16
"""Rows that are read back and compared at the end, evenly over all."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Loaded:
    """The result of a load.

    into: the target's URL without its password. rows: in the table now. written: by this call; 0 where an
    earlier one had loaded all. left_out: rows without a vector, which the target does not take. seconds: of
    writing. limit_share: the share of them in which the target itself was at work, so 1 is the speed of its own
    bulk path. index: its kind, empty for none. compared: rows that were read back and found equal.
    """

    into: str
    table: str
    dataset: str
    version: str
    rows: int
    written: int
    left_out: int
    seconds: float
    limit_share: float
    index: str
    compared: int

    @property
    def rows_per_second(self) -> float:
        """The speed of this call, 0 where it wrote nothing."""
        return self.written / self.seconds if self.written and self.seconds else 0.0

    def facts(self) -> dict[str, Any]:
        """Return all of it by name, with `rows_per_second`."""
        return asdict(self) | {"rows_per_second": self.rows_per_second}


@dataclass(frozen=True)
class Source:
    """The rows to load, in the types that a kind of target takes."""

    rows: Rows
    layout: Layout
    needs_vector: bool

    def block(self, number: int) -> pa.RecordBatch:
        """Return the rows of a block, without those that the target does not take."""
        batch = plain_batch(self.rows.block(number), self.layout.schema)
        return with_vector(batch, self.layout.vector) if self.needs_vector else batch


def load(home: Path, order: Order, observe: Observer = lambda *_: None) -> Loaded:
    """Load a version into a target. The same call goes on where it was cut short, and ends what is done.

    Raises SpecError for a wrong URL, password, table, column or version, Busy if another process loads into
    the same table, StageError if the target fails or a row is not as it was written.
    """
    address = address_of(order.into)
    kind = registry.find(address)
    version = open_version(home, order.dataset, order.version or None)
    source = source_of(version, kind, address, order)
    path = progress.place_of(home, version.dataset, address, source.layout.table)
    with clear_errors(), lock(path.with_suffix(".lock"), f"the load into {address}"):
        with closing(kind.open(address, source.layout)) as target:
            begun = _begin(target, _wanted(source, address, order), path, replace=order.replace)
            return _Load(target, source, path, observe).run(begun)


def source_of(version: Version, kind: Kind, address: Address, order: Order) -> Source:
    """Return the rows of a version and their layout in a target."""
    rows = Rows(version, (*(name for name in order.columns if name != order.vector), order.vector))
    if not order.columns:
        others = {"embedding", "vector", "archetype"} - {order.vector}
        rows = Rows(version, tuple(name for name in rows.names[1:] if name not in others))
    schema = plain_schema(rows.schema, moments=kind.moments)
    layout = Layout(_table(address, version.dataset), schema, order.vector, order.metric, order.index)
    return Source(rows, layout, kind.needs_vector)


def open_target(order: Order, version: Version) -> tuple[Target, Source]:
    """Return the open target that an order names, as `load` has filled it, and the rows that it holds."""
    address = address_of(order.into)
    kind = registry.find(address)
    source = source_of(version, kind, address, order)
    return kind.open(address, source.layout), source


def _table(address: Address, dataset: str) -> str:
    named = address.options.get(TABLE)
    if named is None:
        named = (
            address.last if address.scheme in registry.NAMED_BY_PATH and not address.variant == "file" else ""
        )
        named = named or re.sub(r"\W", "_", dataset)
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,50}", named):
        raise SpecError(
            f"table={named[:80]} is no name; use at most 51 of letters, digits and _, beginning with a letter: "
            "?table=NAME"
        )
    return named


def _wanted(source: Source, address: Address, order: Order) -> Progress:
    """Return the checkpoint of a load that has not begun."""
    version, layout = source.rows.version, source.layout
    what = digest_of(
        {
            "content": version.manifest.content,
            "columns": [(field.name, str(field.type)) for field in layout.schema],
            "vector": layout.vector,
            "metric": layout.metric,
        }
    )
    return Progress(
        into=str(address),
        table=layout.table,
        dataset=version.dataset,
        version=version.name,
        what=what[:16],
    )


@dataclass(frozen=True)
class _Begun:
    """Where a load begins. again: rows from there on may be in the table already."""

    progress: Progress
    again: bool
    all_again: bool = False


def _begin(target: Target, wanted: Progress, path: Path, *, replace: bool) -> _Begun:
    """Return where to go on; make the table. Raises SpecError if it holds rows of something else."""
    known = progress.read(path)
    ours = known is not None and known.what == wanted.what
    if replace and (known is None or not ours or known.done):
        progress.write(path, wanted)
        target.drop()
    there = target.count()
    if there and not ours and not replace:
        held = (
            f"version {known.version} of {known.dataset}"
            if known
            else "rows that no load of this machine wrote"
        )
        raise SpecError(
            f"the table {wanted.table!r} in {wanted.into} holds {there:,} rows, {held}; name another table by "
            "?table=NAME, or replace it by --replace"
        )
    if known is None or not ours or (there or 0) < known.rows:
        known = wanted
    progress.write(path, known)  # before the table is made, so that it is known as ours
    if there is None or (known.blocks == 0 and there == 0):
        target.prepare()
    over = (there or 0) > known.rows
    return _Begun(known, over, all_again=over and known.blocks == 0)


@dataclass
class _Load:
    """One load at work: a thread reads and encodes a block while the one before it is written."""

    target: Target
    source: Source
    path: Path
    observe: Observer

    def run(self, begun: _Begun) -> Loaded:
        """Write the blocks that are missing, end the load, and check it."""
        before, began = begun.progress, time.perf_counter()
        now, at_work = before, 0.0
        for number, (rows, encoded) in self._encoded(before.blocks):
            again = begun.all_again or (begun.again and number == before.blocks)
            started = time.perf_counter()
            self.target.write(encoded, again=again)
            at_work += time.perf_counter() - started
            left_out = len(self.source.rows.ids(number)) - rows
            now = progress.write(
                self.path,
                now.model_copy(
                    update={
                        "blocks": number + 1,
                        "rows": now.rows + rows,
                        "left_out": now.left_out + left_out,
                    }
                ),
            )
            self._tell(now.rows + now.left_out)
        seconds = time.perf_counter() - began
        return self._ended(before, now, seconds, at_work)

    def _ended(self, before: Progress, now: Progress, seconds: float, at_work: float) -> Loaded:
        self._tell(now.rows + now.left_out)
        index = self.target.finish()
        self._check_count(now)
        compared = self._compare()
        progress.write(self.path, now.model_copy(update={"done": True}))
        written = now.rows - before.rows
        loaded = Loaded(
            into=now.into,
            table=now.table,
            dataset=now.dataset,
            version=now.version,
            rows=now.rows,
            written=written,
            left_out=now.left_out,
            seconds=seconds,
            limit_share=at_work / seconds if written else 0.0,
            index=index,
            compared=compared,
        )
        logger.info("load into %s: %s rows in %.2f s", now.into, written, seconds)
        return loaded

    def _encoded(self, first: int) -> Iterator[tuple[int, tuple[int, Any]]]:
        """Yield the number of each block from the first on, its number of rows, and the rows encoded."""
        blocks = self.source.rows.blocks
        with ThreadPoolExecutor(1, "encode") as pool:
            coming = pool.submit(self._encode, first) if first < blocks else None
            for number in range(first, blocks):
                assert coming is not None
                found = coming.result()
                coming = pool.submit(self._encode, number + 1) if number + 1 < blocks else None
                yield number, found

    def _encode(self, number: int) -> tuple[int, Any]:
        batch = self.source.block(number)
        return batch.num_rows, self.target.encode(batch)

    def _tell(self, done: int) -> None:
        self.observe("load", done, self.source.rows.version.rows)

    def _check_count(self, now: Progress) -> None:
        there = self.target.count()
        if there != now.rows:
            self.path.unlink(missing_ok=True) if there is None else progress.write(
                self.path, now.model_copy(update={"blocks": 0, "rows": 0, "left_out": 0})
            )
            raise StageError(
                f"the table {now.table!r} in {now.into} has {there or 0:,} rows, {now.rows:,} were written; run "
                "it again: it writes all of them once more, by their ids"
            )

    def _compare(self) -> int:
        """Read some rows back, and compare them. Raises StageError naming the first that differs."""
        ids = sample_of(self.source.rows.version.rows)
        wanted: dict[int, dict[str, Any]] = {}
        for number in sorted({self._block_of(each) for each in ids}):
            batch = self.source.block(number)
            chosen = batch.filter(pc.is_in(batch.column("id"), pa.array(ids, pa.int64())))
            wanted |= {row["id"]: row for row in chosen.to_pylist()}
        found = {row["id"]: row for row in self.target.fetch(sorted(wanted))}
        for number, row in wanted.items():
            column = same_row(row, found.get(number, {}), self.source.layout.vector)
            if column:
                raise StageError(
                    f"row {number} in {self.source.layout.table!r} differs in {column!r} from the version; look "
                    "for other programs that write there, then load it anew by --replace"
                )
        return len(wanted)

    def _block_of(self, row: int) -> int:
        return next(
            number for number in range(self.source.rows.blocks) if row in self.source.rows.ids(number)
        )


def sample_of(rows: int) -> set[int]:
    """Return some ids, the first and the last among them.

    >>> sorted(sample_of(3))
    [1, 2, 3]
    """
    step = max(1, (rows - 1) // (SAMPLE - 1))
    return {*range(1, rows + 1, step), rows}
