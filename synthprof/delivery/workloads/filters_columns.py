"""Filters on the real columns of a version, found for the selectivities that are asked for.

Two passes over the rows. The first finds which values each column has (`filters_axes.py`). The second counts
the rows of each value, among all and among those that meet each of a few first conditions; counts tell which
condition comes nearest to a selectivity (`filters_search.py`), and how many rows meet it, without a third.
"""

import itertools
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from synthprof.delivery.workloads.conditions import Part, as_condition, mask
from synthprof.delivery.workloads.filters_axes import Axis, find_axes
from synthprof.delivery.workloads.filters_search import Counts, Found, conditions
from synthprof.schemas.schema import Schema

KINDS = ("column", "range", "and")
"""Kinds of conditions: one on the values of a column, one on a range, two that must both hold."""

TOLERANCE = 0.02
"""Difference from the selectivity that was asked for, as a share of it; one row where that is less."""

_FIRST_SHARES = (0.5, 0.2, 0.05, 0.01)
"""Selectivities of the first conditions of an AND, as far as columns have such values."""

_FIRSTS = 4

_PLANTED = re.compile(r"id|tenant|label_.*")
"""Columns of a version whose names are those of planted ones: conditions would not tell them apart."""

_IMPLIED = 0.98
"""Of the rows that meet the second condition of an AND, the first must leave out some."""


@dataclass(frozen=True)
class ColumnFilter:
    """A condition on real columns: its kind, its JSON, the share that was asked for, and the rows it has."""

    kind: str
    condition: str
    share: float
    rows: int


def column_filters(
    batches: Iterable[pa.RecordBatch], schema: Schema, rows: int, asked: Sequence[tuple[str, float]]
) -> list[ColumnFilter | None]:
    """Return for each kind and share that is asked for a condition that such a share of the rows meets.

    batches: all rows with typed columns; they are gone through twice. Returns None where no condition comes
    within 2 % of the share, or within one row. The same rows give the same conditions.
    """
    axes = [axis for axis in find_axes(batches, schema) if not _PLANTED.fullmatch(axis.column)]
    counted = _count(batches, schema, axes, rows)
    used: Counter[str] = Counter()
    found: list[ColumnFilter | None] = []
    for kind, share in asked:
        wanted = max(1, round(share * rows))
        best = _choose(counted.found(kind, wanted), wanted, used)
        used.update(best.columns if best else ())
        found.append(ColumnFilter(kind, as_condition(best.parts), share, best.rows) if best else None)
    return found


def _choose(candidates: Iterable[Found], wanted: int, used: Counter[str]) -> Found | None:
    """Return the candidate within the tolerance whose columns were used least, then the nearest."""

    def order(each: Found) -> tuple[bool, int, int]:
        error = abs(each.rows - wanted)
        return error > TOLERANCE * wanted, sum(used[name] for name in each.columns), error

    near = [each for each in candidates if abs(each.rows - wanted) <= max(1, TOLERANCE * wanted)]
    return min(near, key=order, default=None)


@dataclass
class _Counted:
    """The counts of each axis, among all rows and among those that meet each of the first conditions."""

    axes: list[Axis]
    all: list[Counts]
    firsts: list[tuple[Part, list[Counts]]]

    def found(self, kind: str, wanted: int) -> Iterator[Found]:
        if kind != "and":
            alone = itertools.chain.from_iterable(
                conditions(axis, counts, wanted) for axis, counts in zip(self.axes, self.all, strict=True)
            )
            yield from (each for each in alone if each.form == kind)
            return
        for part, counts in self.firsts:
            for axis, every, among in zip(self.axes, self.all, counts, strict=True):
                if axis.column != part.column and among.sum() >= wanted:
                    yield from self._both(part, axis, every, among, wanted)

    def _both(self, part: Part, axis: Axis, every: Counts, among: Counts, wanted: int) -> Iterator[Found]:
        kept = np.where(among < _IMPLIED * every, among, 0) if axis.kind != "line" else among
        for each in conditions(axis, kept, wanted):
            yield Found("and", (part, *each.parts), each.rows)


def _count(batches: Iterable[pa.RecordBatch], schema: Schema, axes: list[Axis], rows: int) -> _Counted:
    firsts: list[tuple[Part, list[Counts]]] = []
    totals = [np.zeros(axis.size, np.int64) for axis in axes]
    for number, batch in enumerate(batches):
        if not number:
            parts = _firsts(axes, batch)
            firsts = [(part, [np.zeros(axis.size, np.int64) for axis in axes]) for part in parts]
        masks = [mask(as_condition([part]), batch, schema) for part, _ in firsts]
        for at, axis in enumerate(axes):
            codes, of = axis.codes(batch.column(axis.column))
            totals[at] += np.bincount(codes, minlength=axis.size)
            for kept, (_, among) in zip(masks, firsts, strict=True):
                among[at] += np.bincount(codes[kept[of]], minlength=axis.size)
    return _Counted(axes, totals, firsts)


def _firsts(axes: list[Axis], batch: pa.RecordBatch) -> list[Part]:
    """Return conditions of several selectivities, each on another column, judged by the rows of a block."""
    found: dict[str, Part] = {}
    every = [axis for axis in axes if axis.kind != "line"]
    shares = {axis.column: axis.counts(batch.column(axis.column)) / batch.num_rows for axis in every}
    for share in _FIRST_SHARES[:_FIRSTS]:
        left = [axis for axis in every if axis.column not in found]
        near = [(float(np.abs(shares[axis.column] - share).min()), at) for at, axis in enumerate(left)]
        if near:
            axis = left[min(near)[1]]
            best = int(np.argmin(np.abs(shares[axis.column] - share)))
            op = "contains" if axis.kind == "items" else "="
            found[axis.column] = Part(axis.column, op, axis.value(best))
    return list(found.values())
