"""Counts by group, of which a block tells only those that are not 0: most are."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

DENSE = 4
"""Cells for each thing counted from which the things are sorted: to count in every cell takes longer."""

Codes = npt.NDArray[np.integer[Any]]


@dataclass(frozen=True)
class Tally:
    """Counts of some rows, by group and attribute; a group comes before the last, which is of the other rows.

    shape: groups and attributes. places: (m,) uint32, group x attributes + attribute, each once. numbers:
    (m,) uint32, at least 1 each.
    """

    shape: tuple[int, int]
    places: npt.NDArray[np.uint32]
    numbers: npt.NDArray[np.uint32]

    def table(self) -> npt.NDArray[np.int64]:
        """Return the counts as a table; see `Sum.table`."""
        found = Sum()
        found.add(self)
        return found.table()


def tally(groups: int, parts: Sequence[tuple[Codes, Codes, int]]) -> Tally:
    """Count attributes that lie side by side in parts, such as the values of a column.

    parts: groups and attributes of the things counted, (n,) each, and how many attributes the part has.
    """
    attributes, first = sum(size for *_, size in parts), 0
    places, numbers = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    for of_groups, codes, size in parts:
        cells, found = _counted(of_groups * size + codes, groups * size)
        group, code = np.divmod(cells, size)
        places.append(group * attributes + (first + code))
        numbers.append(found)
        first += size
    joined = (np.concatenate(each).astype(np.uint32) for each in (places, numbers))
    return Tally((groups, attributes), *joined)


class Sum:
    """The sum of tallies of one shape."""

    def __init__(self) -> None:
        self._shape = (1, 0)
        self._numbers = np.zeros(0, np.int64)

    def add(self, part: Tally) -> None:
        """Add the counts of a block."""
        if not self._numbers.size:
            self._shape, self._numbers = part.shape, np.zeros(part.shape[0] * part.shape[1], np.int64)
        self._numbers[part.places] += part.numbers  # each place is there once

    def table(self) -> npt.NDArray[np.int64]:
        """Return the sum, (groups, attributes); in place of its last row that of all groups together."""
        found = self._numbers.reshape(self._shape).copy()
        found[-1] = found.sum(axis=0)
        return found


def _counted(cells: Codes, size: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return the cells that occur, and how often each does."""
    if size > DENSE * len(cells):
        found, numbers = np.unique(cells, return_counts=True)
        return found.astype(np.int64), numbers
    numbers = np.bincount(cells, minlength=size)
    there = np.flatnonzero(numbers)
    return there, numbers[there]
