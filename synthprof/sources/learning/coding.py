"""A table as codes of cells: each column's rows by cell, counted, and kept on disk for the tree."""

import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import IO

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from synthprof.base.arrays import Codes
from synthprof.sources.learning.cells import Span, spans_of
from synthprof.sources.learning.grids import Grid, numbers_of
from synthprof.sources.learning.survey import Categorical, Numeric, is_few
from synthprof.sources.learning.types import Type

Counts = npt.NDArray[np.int64]
Rows = npt.NDArray[np.int16]

LEFT_OUT = -1
"""The code of rows that take no part in a column: with rare values, where these are fewer than k together."""

CHUNK_ROWS = 16_384


@dataclass(frozen=True)
class Coded:
    """A column whose rows are told by cell.

    spans: the cells of numbers; values: those of categories, the other ones last if `other`. The last cell
    is that of no value if `nullable`. counts: rows of each cell, (cells,).
    """

    name: str
    grid: Grid
    spans: tuple[Span, ...]
    values: tuple[str, ...]
    other: bool
    nullable: bool
    counts: Counts

    @property
    def size(self) -> int:
        """The number of cells."""
        return len(self.counts)

    @property
    def is_number(self) -> bool:
        """True where the cells have an order."""
        return not self.values


class Coder:
    """Tells the cell of each value of a column by the first plan, before rows are counted."""

    def __init__(self, name: str, plan: Numeric | Categorical, k: int) -> None:
        self.name, self.plan, self._k = name, plan, k
        self.type: Type = plan.type
        self.nulls = 0
        self.spans: tuple[Span, ...] = ()
        self.values: tuple[str, ...] = ()
        self.grid = plan.grid if isinstance(plan, Numeric) else Grid(plan.type.name)
        if isinstance(plan, Numeric):
            units = plan.grid.units(plan.spread.values)
            self.spans = tuple(spans_of(units, plan.spread.weights, plan.grid, k))
            self._lows = np.array([span.low for span in self.spans[1:]], dtype=np.int64)
        else:
            self.values = plan.values
            self._known = pa.array(plan.values, pa.string())
        self.size = len(self.spans) + len(self.values) + 2
        """Cells, the other ones and no value."""

    def codes(self, array: pa.Array) -> Codes:
        """Return the cell of each value, (n,); the last one is that of no value, the one before of others."""
        values = self.type.values(array)
        missing = values.is_null().to_numpy(zero_copy_only=False)
        if isinstance(self.plan, Categorical):
            places = pc.index_in(values.cast(pa.string()), self._known).fill_null(self.size - 2)
            found = np.asarray(places.to_numpy(zero_copy_only=False), np.int16)
        else:
            found = np.zeros(len(values), np.int16)
            units = self.grid.units(numbers_of(self.type.name, values))
            found[~missing] = np.searchsorted(self._lows, units, side="right")
        found[missing] = self.size - 1
        return found

    def settled(self, counts: Counts) -> tuple[Coded, Codes]:
        """Return the column with cells of k rows or more, and the new code of each old one."""
        cells, other, nothing = counts[:-2], int(counts[-2]), int(counts[-1])
        self.nulls = nothing
        if self.values:
            new, kept, has_other = self._settled_values(cells, other)
            spans: tuple[Span, ...] = ()
            values = tuple(self.values[place] for place in kept)
        else:
            new, spans = self._settled_spans(cells)
            values, has_other = (), False
        size = len(spans) + len(values) + has_other
        nullable = nothing > 0  # the share without a value is told whatever it is: no value is seen in it
        codes = np.array(
            [*new, size - 1 if has_other else LEFT_OUT, size if nullable else LEFT_OUT], np.int16
        )
        totals = np.zeros(size + nullable + 1, np.int64)
        np.add.at(totals, codes, counts)  # LEFT_OUT is the last place
        shown = (*values, *([_word_for_others(values)] if has_other else []))
        return Coded(self.name, self.grid, spans, shown, has_other, nullable, totals[:-1]), codes

    def _settled_values(self, cells: Counts, other: int) -> tuple[list[int], list[int], bool]:
        """Return the new code of each value, the values that are kept, and whether others are there."""
        rows = int(cells.sum()) + other
        ranked = sorted(range(len(cells)), key=lambda place: (-cells[place], self.values[place]))
        while ranked and (cells[ranked[-1]] < self._k or is_few(other, rows, self._k)):
            other += int(cells[ranked.pop()])
        kept = sorted(ranked, key=lambda place: self.values[place])
        has_other = other >= self._k
        rest = len(kept) if has_other else LEFT_OUT
        return (
            [kept.index(place) if place in set(kept) else rest for place in range(len(cells))],
            kept,
            has_other,
        )

    def _settled_spans(self, cells: Counts) -> tuple[list[int], tuple[Span, ...]]:
        """Return the new code of each range, and the ranges, neighbours joined up to k rows."""
        groups = [[place] for place in range(len(cells))]
        rows = [int(count) for count in cells]
        while len(groups) > 1 and min(rows) < self._k:
            place = rows.index(min(rows))
            beside = [n for n in (place - 1, place + 1) if 0 <= n < len(groups)]
            first = min(place, min(beside, key=lambda n: rows[n]))
            groups[first : first + 2] = [groups[first] + groups[first + 1]]
            rows[first : first + 2] = [rows[first] + rows[first + 1]]
        spans = tuple(Span(self.spans[each[0]].low, self.spans[each[-1]].high) for each in groups)
        return [number for number, each in enumerate(groups) for _ in each], spans


def _word_for_others(values: Sequence[str]) -> str:
    """Return the word that stands for rare values, which is none of the others."""
    word = "other"
    while word in values:
        word += "_"
    return word


class Kept:
    """The codes of a table's rows, in a file that nobody else sees and that goes with this object."""

    def __init__(self, columns: int) -> None:
        self._columns = columns
        self._file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  it is closed with this object
        self.rows = 0

    def close(self) -> None:
        """Remove the file."""
        self._file.close()

    def add(self, codes: Sequence[Codes]) -> None:
        """Keep more rows: for each column their codes, (n,)."""
        block = np.stack(codes, axis=1).astype("<i2")
        self._file.write(block.tobytes())
        self.rows += len(block)

    def chunks(self, every: int = 1) -> Iterator[Rows]:
        """Yield the rows, some at a time, (n, columns); of `every` rows one."""
        self._file.seek(0)
        width = 2 * self._columns
        while found := self._file.read(width * CHUNK_ROWS):
            yield np.frombuffer(found, "<i2").reshape(-1, self._columns)[::every]


def coded(
    batches: Iterable[pa.RecordBatch],
    coders: Sequence[tuple[int, Coder]],
    kept: Kept,
    progress: Callable[[int], None],
) -> tuple[list[Coded], list[Codes]]:
    """Return the columns with their cells, and for each the cell of every first code.

    coders: place of the column in a batch, and what tells its cells. kept: gets the first codes.
    """
    counts = [np.zeros(coder.size, np.int64) for _, coder in coders]
    for batch in batches:
        found = [coder.codes(batch.column(place)) for place, coder in coders]
        for total, codes, (_, coder) in zip(counts, found, coders, strict=True):
            total += np.bincount(codes, minlength=coder.size)
        kept.add(found)
        progress(batch.num_rows)
    settled = [coder.settled(total) for total, (_, coder) in zip(counts, coders, strict=True)]
    return [column for column, _ in settled], [codes for _, codes in settled]
