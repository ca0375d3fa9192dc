"""The tree of dependence: which column says most about which other one (Chow and Liu, 1968).

C. K. Chow, C. N. Liu, "Approximating discrete probability distributions with dependence trees", IEEE Trans.
Inform. Theory 14(3), 1968: of all trees the one whose edges have most mutual information is nearest.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from synthprof.base.arrays import Codes
from synthprof.sources.learning.bands import Levels, Places, size
from synthprof.sources.learning.coding import Kept

Table = npt.NDArray[np.float64]

MOST_BANDS = 16
"""Bands of a column by which dependence is measured."""

MOST_WORK = 2e12
"""Multiplications for all pairs of columns; beyond it one row of some is looked at."""

SIGMAS = 4
"""Standard deviations by which a dependence exceeds that of chance."""

DIGITS = 9

COLUMNS_AT_ONCE = 64
"""Columns whose information with all others is computed at a time."""


@dataclass(frozen=True)
class Pairs:
    """Counts of rows for all pairs of columns at once, by bands.

    bands[i][cell]: the band of a cell of column i. starts: the first place of each column in `counts`,
    (columns + 1,). counts: rows in which two bands stand together, (bands, bands).
    """

    bands: tuple[Places, ...]
    starts: Places
    counts: Table

    def table(self, first: int, second: int) -> Table:
        """Return the rows by the bands of two columns, (bands, bands)."""
        starts = self.starts
        return self.counts[starts[first] : starts[first + 1], starts[second] : starts[second + 1]]


def pairs_of(kept: Kept, maps: Sequence[Codes], levels: Sequence[Levels], k: int) -> Pairs:
    """Return the counts of all pairs of columns, in bands that have about 2 k rows together.

    maps: for each column the cell of each code in `kept`.
    """
    most = max(3, min(MOST_BANDS, int(math.sqrt(kept.rows / (2 * k)))))
    if len(levels) * most > 8_000:
        most = 4
    bands = tuple(each.within(most) for each in levels)
    starts = np.array([0, *np.cumsum([size(each) for each in bands])], dtype=np.intp)
    width = int(starts[-1])
    every = max(1, math.ceil(kept.rows * width * width / MOST_WORK))
    counts = np.zeros((width, width), np.float64)
    tables = [
        _placed(codes, each, int(start), width)
        for codes, each, start in zip(maps, bands, starts[:-1], strict=True)
    ]
    for rows in kept.chunks(every):
        hot = np.zeros((len(rows), width + 1), np.float32)
        for place, table in enumerate(tables):
            hot[np.arange(len(rows)), table.take(rows[:, place])] = 1
        counts += hot[:, :-1].T @ hot[:, :-1]
    return Pairs(bands, starts, counts)


def _placed(codes: Codes, bands: Places, start: int, width: int) -> Places:
    """Return the place in the counts of each code in `kept`; `width` for rows that take no part."""
    found = np.full(len(codes), width, np.intp)
    known = codes >= 0
    found[known] = bands[codes[known]] + start
    return found


def parents_of(pairs: Pairs) -> list[int | None]:
    """Return the parent of each column in the tree; None for the root of each part of it.

    Columns that are no more dependent than by chance are not joined.
    """
    columns, gains = len(pairs.bands), np.round(informations(pairs), DIGITS)
    parents: list[int | None] = [None] * columns
    in_tree = np.zeros(columns, bool)
    best = np.zeros(columns)
    for _ in range(columns):
        joined = int(np.argmax(np.where(in_tree, -1.0, best)))
        if best[joined] == 0:  # another part begins: with the column that says most about all others
            parents[joined] = None
            joined = int(np.argmax(np.where(in_tree, -1.0, gains.sum(axis=1))))
            parents[joined] = None
        in_tree[joined] = True
        nearer = ~in_tree & (gains[joined] > best)
        best[nearer] = gains[joined][nearer]
        for column in np.flatnonzero(nearer).tolist():
            parents[column] = joined
    return parents


def informations(pairs: Pairs) -> Table:
    """Return the mutual information of all pairs of columns in nats, less what chance hardly exceeds.

    (columns, columns), 0 on the diagonal and where it would be below. 2n times that of independent columns is
    distributed as chi-squared with (r - 1)(c - 1) degrees of freedom.
    """
    starts = pairs.starts
    found = np.zeros((len(starts) - 1, len(starts) - 1))
    for first in range(0, len(found), COLUMNS_AT_ONCE):
        last = min(first + COLUMNS_AT_ONCE, len(found))
        counts = pairs.counts[starts[first] : starts[last]]
        found[first:last] = _informations(counts, starts[first:last] - starts[first], starts[:-1])
    np.fill_diagonal(found, 0.0)
    return found


def _informations(counts: Table, rows: Places, columns: Places) -> Table:
    """Return the information of each block of counts, whose rows and columns begin at these places."""

    def of_rows(table: Table) -> Table:
        return np.asarray(np.add.reduceat(table, rows, axis=0), np.float64)

    def of_columns(table: Table) -> Table:
        return np.asarray(np.add.reduceat(table, columns, axis=1), np.float64)

    over, down = of_columns(counts), of_rows(counts)  # the sums of each block's rows, and of its columns
    total = of_rows(over)
    free = (of_rows((over > 0).astype(np.float64)) - 1) * (of_columns((down > 0).astype(np.float64)) - 1)
    entropies = of_rows(of_columns(_x_log_x(counts))) - of_rows(_x_log_x(over)) - of_columns(_x_log_x(down))
    chance = free + SIGMAS * np.sqrt(2 * np.maximum(free, 0))
    gain = entropies + _x_log_x(total) - chance / 2
    found = np.divide(gain, total, out=np.zeros_like(gain), where=(total > 0) & (free > 0))
    return np.asarray(np.maximum(found, 0.0), np.float64)


def _x_log_x(table: Table) -> Table:
    return np.asarray(table * np.log(table, out=np.zeros_like(table), where=table > 0))
