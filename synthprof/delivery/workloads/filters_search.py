"""Conditions on one axis that so many rows meet, chosen from the counts of its values."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from synthprof.delivery.workloads.conditions import Part
from synthprof.delivery.workloads.filters_axes import Axis

Counts = NDArray[np.int64]

MAX_LISTED = 30
"""Values that a condition with `in` names at most."""

_STARTS = 40
"""Values, from the most frequent on, that a list may begin with."""


@dataclass(frozen=True)
class Found:
    """Parts that must all hold, and the number of rows that meet them. `form`: column or range."""

    form: str
    parts: tuple[Part, ...]
    rows: int

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of the parts."""
        return tuple(dict.fromkeys(part.column for part in self.parts))


def conditions(axis: Axis, counts: Counts, wanted: int) -> Iterator[Found]:
    """Yield the conditions of each form on an axis that come nearest to `wanted` rows.

    counts: of the rows that have each value, (axis.size,).
    """
    if axis.kind == "line":
        yield from _range(axis, counts, wanted)
        return
    best = int(np.argmin(np.abs(counts - wanted)))
    if counts[best]:
        op = "contains" if axis.kind == "items" else "="
        yield Found("column", (Part(axis.column, op, axis.value(best)),), int(counts[best]))
    if axis.kind == "values":
        yield from _listed(axis, counts, wanted)


def _listed(axis: Axis, counts: Counts, wanted: int) -> Iterator[Found]:
    """Yield the values whose counts add up best, each time the largest that fits, from several starts."""
    order = np.argsort(-counts, kind="stable")
    order = order[(counts[order] > 0) & (counts[order] <= wanted)]
    falling = -counts[order]
    best: list[int] = []
    left = wanted
    for start in range(min(_STARTS, len(order))):
        taken: list[int] = []
        rest, at = wanted, start
        while len(taken) < MAX_LISTED:
            at = max(at, int(np.searchsorted(falling, -rest)))  # the first that fits
            if at >= len(order) or not rest:
                break
            taken.append(at)
            rest += int(falling[at])
            at += 1
        if rest < left:
            best, left = taken, rest
        if not left:
            break
    if len(best) > 1:
        values = [axis.value(int(number)) for number in order[best]]
        yield Found("column", (Part(axis.column, "in", values),), wanted - left)


def _range(axis: Axis, counts: Counts, wanted: int) -> Iterator[Found]:
    """Yield the run of bins whose counts add up best; of several that do, the one in the middle."""
    ends = np.concatenate([[0], np.cumsum(counts)])
    begins = ends[:-1]
    after = np.clip(np.searchsorted(ends, begins + wanted), 1, len(counts))
    before = np.maximum(after - 1, np.arange(len(counts)) + 1)
    short, long = np.abs(ends[before] - begins - wanted), np.abs(ends[after] - begins - wanted)
    last = np.where(short < long, before, np.maximum(after, before))
    error = np.minimum(short, long)
    best = np.flatnonzero(error == error.min())
    first = int(best[len(best) // 2])
    end = int(last[first])
    rows = int(ends[end] - ends[first])
    parts = []
    if ends[first]:
        parts.append(Part(axis.column, ">=", axis.value(first - 1)))
    if ends[-1] - ends[end]:
        parts.append(Part(axis.column, "<", axis.value(end - 1)))
    if parts and rows:
        yield Found("range", tuple(parts), rows)
