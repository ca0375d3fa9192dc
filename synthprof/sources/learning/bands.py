"""Cells of a column in bands: coarser and coarser groups, of which each lies within one of the next."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from synthprof.sources.learning.coding import Coded

Places = npt.NDArray[np.intp]

NUMBER_LEVELS = 5
"""Numbers have up to 2**5 bands; categories end at their values."""

FEW = 4
"""Values that are at once bands of their own."""


@dataclass(frozen=True)
class Levels:
    """The bands of a column, the coarsest first, which is all one: levels[i][cell] is the band of a cell."""

    levels: tuple[Places, ...]

    @property
    def finest(self) -> Places:
        """The band of each cell in the finest level."""
        return self.levels[-1]

    def within(self, most: int) -> Places:
        """Return the finest level that has `most` bands or fewer."""
        return next((level for level in reversed(self.levels) if size(level) <= most), self.levels[0])


def size(level: Places) -> int:
    """Return the number of bands."""
    return int(level.max()) + 1


def levels_of(column: Coded) -> Levels:
    """Return the bands of a column; no value is always a band of its own, but in the first level."""
    there = column.counts[: column.size - column.nullable].tolist()
    if len(there) <= FEW:
        found = [list(range(len(there)))]
    else:
        found = _halved(there) if column.is_number else _by_frequency(there)
    levels = [np.zeros(column.size, np.intp)]
    for level in found:
        bands = np.array([*level, max(level) + 1] if column.nullable else level, dtype=np.intp)
        if size(bands) > size(levels[-1]):
            levels.append(bands)
    return Levels(tuple(levels))


def _halved(counts: Sequence[int]) -> list[list[int]]:
    """Return levels of 2, 4, 8 … bands of neighbours; each band is divided in the middle of its rows."""
    bands = [(0, len(counts))]
    levels = [[0] * len(counts)]
    for _ in range(NUMBER_LEVELS):
        bands = [half for first, last in bands for half in _halves(counts, first, last)]
        levels.append([number for number, (first, last) in enumerate(bands) for _ in range(first, last)])
    return levels


def _halves(counts: Sequence[int], first: int, last: int) -> list[tuple[int, int]]:
    if last - first == 1:
        return [(first, last)]
    upto = np.cumsum(counts[first:last])
    cut = first + 1 + int(np.argmin(np.abs(2 * upto[:-1] - upto[-1])))
    return [(first, cut), (cut, last)]


def _by_frequency(counts: Sequence[int]) -> list[list[int]]:
    """Return levels of 4, 8, 16 … bands: the most frequent values, and one band of the rest."""
    ranks = np.empty(len(counts), np.intp)
    ranks[np.argsort(-np.array(counts), kind="stable")] = np.arange(len(counts))
    levels, bands = [[0] * len(counts)], FEW
    while bands < 2 * len(counts):
        levels.append(np.minimum(ranks, bands - 1).tolist())
        bands *= 2
    return levels
