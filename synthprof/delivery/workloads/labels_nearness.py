"""Correlation of a filter with queries: how many true neighbours match, between the least and the most.

Let s be the selectivity of a filter, and l the share of the queries' true neighbours without a filter that
match it; each pair of a query and one of its neighbours counts once. l+ and l- are the most and the least
that l can be for a filter of so many rows which all queries share. The correlation is

    (l - s) / (l+ - s)  if l >= s,  else  (l - s) / (s - l-)

0: neighbours match as often as any row. 1: as often as they can. -1: as seldom as they can, mostly never.
l+ is 1 where the rows of the filter are as many as all true neighbours; with fewer rows it is less, as one
filter cannot hold the neighbours of all queries.
"""

import functools
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from synthprof.base.arrays import Ids
from synthprof.delivery.workloads.labels_closeness import KEYS, Keys
from synthprof.profiles.elementary import normal_quantile
from synthprof.spec.spec import BLOCK_ROWS

Floats = NDArray[np.float64]

_PART = 3
_NEIGHBOURS, _LEVELS = KEYS >> _PART, 512
"""Keys of neighbours, one eighth of all, in levels by the number of queries that they are neighbours of."""

GRID = 64
"""Cells of a normal score for each unit of it, where sums are taken over cells."""


@dataclass(frozen=True, eq=False)
class Nearness:
    """The rows in the order of nearness to the queries, and how many pairs are where.

    keys: (n,) int32, the least for the nearest rows. counts, hits: (KEYS,) int64, the rows and the pairs of a
    query and a neighbour by key.
    """

    keys: Keys
    counts: NDArray[np.int64]
    hits: NDArray[np.int64]

    @classmethod
    def of(cls, keys: Keys, neighbours: Ids) -> "Nearness":
        """Return the order of rows: neighbours of more queries first, equal ones by closeness.

        keys: closeness of all rows by id. neighbours: (q, k) ids from 1, -1 for none.
        """
        pairs = neighbours[neighbours > 0] - 1
        rows, times = np.unique(pairs, return_counts=True)
        ordered = _NEIGHBOURS + ((keys * (2**_PART - 1)) >> _PART)
        levels = np.unique(-times, return_inverse=True)[1].clip(max=_LEVELS - 1)
        ordered[rows] = levels * (_NEIGHBOURS // _LEVELS) + keys[rows] * (_NEIGHBOURS // _LEVELS) // KEYS
        return cls(ordered, _histogram(ordered), _histogram(ordered[pairs]))

    @property
    def rows(self) -> int:
        """The number of rows."""
        return len(self.keys)

    @functools.cached_property
    def pairs(self) -> int:
        """The number of pairs of a query and a true neighbour."""
        return int(self.hits.sum())

    @functools.cached_property
    def scores(self) -> Floats:
        """The score of each key, (KEYS,) float64: standard normal over all rows, high for near ones."""
        there = np.flatnonzero(self.counts)
        counts = self.counts[there]
        before = np.cumsum(counts) - counts
        near = (before + counts / 2) / self.rows
        found = np.zeros(KEYS)
        found[there] = normal_quantile((self.rows - before - counts / 2) / self.rows, near)
        return found

    def block(self, block: int) -> Floats:
        """Return the normal scores of the rows of a block, (n,) float64."""
        return self.scores[self.keys[block * BLOCK_ROWS : (block + 1) * BLOCK_ROWS]]

    @functools.cached_property
    def cells(self) -> tuple[Floats, Floats, Floats]:
        """Scores in cells of 1/64: the middle of each cell, its rows and its hits, (cells,) each."""
        there = np.flatnonzero(self.counts)
        cells = np.rint(self.scores[there] * GRID).astype(np.int64)
        base = int(cells.min())
        size = int(cells.max()) - base + 1
        counts = np.bincount(cells - base, self.counts[there], size).astype(np.float64)
        hits = np.bincount(cells - base, self.hits[there], size).astype(np.float64)
        return (np.arange(size) + base) / GRID, counts, hits

    def most(self, rows: int) -> float:
        """Return l+, the share of the neighbours that match where the nearest rows match, so many of them."""
        return self._share(self.counts, self.hits, rows)

    def least(self, rows: int) -> float:
        """Return l-, the same where the farthest rows match."""
        return self._share(self.counts[::-1], self.hits[::-1], rows)

    def correlation(self, rows: int, share: float) -> float:
        """Return the correlation of a filter that so many rows and that share of the neighbours match.

        NaN where no other share is possible.
        """
        selectivity = rows / self.rows
        room = self.most(rows) - selectivity if share >= selectivity else selectivity - self.least(rows)
        return (share - selectivity) / room if room > 0 else math.nan

    def share(self, rows: int, correlation: float) -> float:
        """Return the share of the neighbours that matches at a correlation."""
        selectivity = rows / self.rows
        bound = self.most(rows) if correlation > 0 else self.least(rows)
        return selectivity + abs(correlation) * (bound - selectivity)

    def _share(self, counts: NDArray[np.int64], hits: NDArray[np.int64], rows: int) -> float:
        """Return the share of the hits in the first rows; of one key as many as there are rows of it."""
        ends = np.cumsum(counts)
        at = int(np.searchsorted(ends, rows))
        whole = int(hits[:at].sum())
        left = rows - (int(ends[at]) - int(counts[at]))
        return (whole + left * int(hits[at]) / int(counts[at])) / max(self.pairs, 1)


def _histogram(keys: Keys) -> NDArray[np.int64]:
    """Return how often each key occurs, in parts, as `bincount` makes wide copies."""
    found = np.zeros(KEYS, np.int64)
    for first in range(0, len(keys), KEYS):
        found += np.bincount(keys[first : first + KEYS], minlength=KEYS)
    return found


def neighbour_share(neighbours: Ids, matches: NDArray[np.bool_]) -> float:
    """Return the share of true neighbours that match, l above. matches: (rows,) bool by id - 1."""
    found = neighbours[neighbours > 0]
    return float(np.count_nonzero(matches[found - 1])) / max(found.size, 1)
