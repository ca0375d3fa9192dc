"""The work of one load: blocks from the checkpoint on, then the index, the count and a sample."""

import logging
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from synthprof.base.errors import StageError
from synthprof.delivery.loaders.plain import same_row
from synthprof.delivery.loaders.source import Source
from synthprof.delivery.loaders.target import Target
from synthprof.spec.spec import BLOCK_ROWS
from synthprof.store import loads
from synthprof.store.loads import Progress
from synthprof.system.events import Observer

SAMPLE = 16
"""Rows that are read back and compared at the end, evenly over all."""

NONE = "all rows were there"
"""The words of the log for a load that wrote nothing."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Loaded:
    """The result of a load.

    into: the target's URL without its password. rows: in the table now. written: by this call; 0 where an
    earlier one had loaded all. left_out: rows without a vector, which the target does not take. seconds: of
    writing. limit_share: the share of them in which the target itself was at work; 1 is its own limit.
    index: its kind, empty for none. index_seconds: of making it. compared: rows read back and found equal.
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
    index_seconds: float
    compared: int

    @property
    def rows_per_second(self) -> float:
        """The speed of this call, 0 where it wrote nothing."""
        return self.written / self.seconds if self.written and self.seconds else 0.0

    def facts(self) -> dict[str, Any]:
        """Return all of it by name, with `rows_per_second`."""
        return asdict(self) | {"rows_per_second": round(self.rows_per_second, 1)}


@dataclass(frozen=True)
class Begun:
    """The begin of a load. first_again: rows of the first block may be there; all_again: those of any."""

    progress: Progress
    first_again: bool = False
    all_again: bool = False


@dataclass
class Work:
    """One load at work: a thread reads and encodes a block while the one before it is written."""

    target: Target
    source: Source
    path: Path
    observe: Observer
    at_work: float = field(default=0.0, init=False)

    def run(self, begun: Begun) -> Loaded:
        """Write the blocks that are missing, end the load, and check it.

        Raises StageError if the table has not all rows at the end, or one that differs.
        """
        began = time.perf_counter()
        now = begun.progress
        for number, rows, encoded in self._encoded(begun.progress.blocks):
            again = begun.all_again or (begun.first_again and number == begun.progress.blocks)
            now = self._write(now, rows, encoded, again=again)
        seconds = time.perf_counter() - began
        written = now.rows - begun.progress.rows
        index, index_seconds = self._finish()
        self._check_count(now)
        compared = self._compare()
        loads.write(self.path, now.model_copy(update={"done": True}))
        logger.info("load into %s: %s", now.into, f"{written:,} rows in {seconds:.2f} s" if written else NONE)
        return Loaded(
            **{name: getattr(now, name) for name in ("into", "table", "dataset", "version")},
            rows=now.rows,
            written=written,
            left_out=now.left_out,
            seconds=seconds if written else 0.0,
            limit_share=self.at_work / seconds if written else 0.0,
            index=index,
            index_seconds=index_seconds,
            compared=compared,
        )

    def _write(self, now: Progress, rows: int, encoded: Any, *, again: bool) -> Progress:  # noqa: ANN401
        """Write a block, then the checkpoint that says so."""
        started = time.perf_counter()
        self.target.write(encoded, again=again)
        self.at_work += time.perf_counter() - started
        left_out = len(self.source.rows.ids(now.blocks)) - rows
        more = {"blocks": now.blocks + 1, "rows": now.rows + rows, "left_out": now.left_out + left_out}
        written = loads.write(self.path, now.model_copy(update=more), durable=False)
        self.observe("load", written.rows + written.left_out, self.source.rows.version.rows)
        return written

    def _encoded(self, first: int) -> Iterator[tuple[int, int, Any]]:
        """Yield the number, the rows and the encoded form of each block from the first on."""
        blocks = range(first, self.source.rows.blocks)
        with ThreadPoolExecutor(1, "encode") as pool:
            coming = pool.submit(self._encode, first) if blocks else None
            for number in blocks:
                assert coming is not None
                rows, encoded = coming.result()
                coming = pool.submit(self._encode, number + 1) if number + 1 in blocks else None
                yield number, rows, encoded

    def _encode(self, number: int) -> tuple[int, Any]:
        batch = self.source.block(number)
        return batch.num_rows, self.target.encode(batch)

    def _finish(self) -> tuple[str, float]:
        started = time.perf_counter()
        total = self.source.rows.version.rows
        self.observe("index", 0, total)
        index = self.target.finish()
        self.observe("index", total, total)
        return index, time.perf_counter() - started if index else 0.0

    def _check_count(self, now: Progress) -> None:
        there = self.target.count() or 0
        if there != now.rows:
            loads.write(self.path, now.model_copy(update={"blocks": 0, "rows": 0, "left_out": 0}))
            raise StageError(
                f"the table {now.table!r} in {now.into} has {there:,} rows after {now.rows:,} were written; "
                "run it again: it writes all of them once more, by their ids"
            )

    def _compare(self) -> int:
        """Read some rows back and compare them; return their number."""
        ids = sample_of(self.source.rows.version.rows)
        wanted: dict[int, dict[str, Any]] = {}
        for number in sorted({(each - 1) // BLOCK_ROWS for each in ids}):
            batch = self.source.block(number)
            chosen = batch.filter(pc.is_in(batch.column("id"), pa.array(ids, pa.int64())))
            wanted |= {row["id"]: row for row in chosen.to_pylist()}
        found = {row["id"]: row for row in self.target.fetch(sorted(wanted))}
        for number, row in wanted.items():
            column = same_row(row, found.get(number, {}), self.source.layout.vector)
            if column:
                raise StageError(
                    f"row {number} of {self.source.layout.table!r} differs from the version in {column!r}; "
                    "end other programs that write there, then load it anew by --replace"
                )
        return len(wanted)


def sample_of(rows: int) -> list[int]:
    """Return some ids, the first and the last among them.

    >>> sample_of(3)
    [1, 2, 3]
    """
    step = max(1, (rows - 1) // (SAMPLE - 1))
    return sorted({*range(1, rows + 1, step), rows})
