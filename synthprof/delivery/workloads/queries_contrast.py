"""Relative contrast: how much nearer the 100th neighbour of a query is than rows are on average.

Vectors are whole multiples of 2**-20 here, so that every product and sum is exact in float64 and has the same
bits on every machine, whatever library multiplies the matrices.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from synthprof.base.arrays import Ids, Matrix
from synthprof.base.streams import stream
from synthprof.delivery.workloads.files import NEIGHBOURS

Doubles = npt.NDArray[np.float64]

STEPS = 2.0**20
"""Steps between 0 and 1: the sum of 4,096 products of such numbers stays below 2**53."""

SAMPLE_ROWS = 4_096
"""Rows of the version that contrast is estimated on; of fewer rows all."""

QUERIES_AT_ONCE = 256


def sample_ids(rows: int, seed: int) -> Ids:
    """Return the ids of the fixed sample of a version's rows, one from each of equal parts, ascending."""
    count = min(rows, SAMPLE_ROWS)
    within = stream(seed, "workload", "sample").uniform(count) if rows > count else np.zeros(count)
    return ((np.arange(count) + within) * (rows / count)).astype(np.int64).clip(0, rows - 1) + 1


@dataclass(frozen=True, eq=False)
class Sample:
    """Rows of a version made ready, and the place of the 100th neighbour among so few.

    steps: (m, dim) float64 whole numbers. squares: (m,) of their lengths. rank: from 1.
    """

    steps: Doubles
    squares: Doubles
    rank: int
    angular: bool

    @classmethod
    def of(cls, rows: Matrix, all_rows: int, angular: bool) -> "Sample":
        """Make rows ready, (m, dim) float32; those with NaN are left out.

        all_rows: of the version. angular: lengths do not count.
        """
        found = rows[~np.isnan(rows[:, 0])]
        steps = _steps(found, angular)
        rank = min(len(found), max(1, round(NEIGHBOURS * len(found) / all_rows)))
        return cls(steps, _squares(steps), rank, angular)

    def means(self, queries: Matrix) -> Doubles:
        """Return the mean distance of each query to the rows. queries: (n, dim) float32. Returns (n,)."""
        return self._each(queries, lambda steps: steps.sum(axis=1) / len(self.steps)) / STEPS

    def nears(self, queries: Matrix) -> Doubles:
        """Return about the distance of the 100th neighbour of each query, (n,)."""
        place = self.rank - 1
        return self._each(queries, lambda steps: np.partition(steps, place, axis=1)[:, place]) / STEPS

    def contrasts(self, queries: Matrix) -> Doubles:
        """Return about the relative contrast of each query, (n,)."""
        place = self.rank - 1

        def of(steps: Doubles) -> Doubles:
            means = steps.sum(axis=1) / len(self.steps)
            nears = np.partition(steps.astype(np.float32), place, axis=1)[:, place]
            return contrasts(means, nears.astype(np.float64))

        return self._each(queries, of)

    def _each(self, queries: Matrix, do: Callable[[Doubles], Doubles]) -> Doubles:
        """Return what `do` makes of the distances of some queries at a time, in whole steps."""
        found = np.empty(len(queries))
        for first in range(0, len(queries), QUERIES_AT_ONCE):
            part = slice(first, first + QUERIES_AT_ONCE)
            steps = _steps(queries[part], self.angular)
            squared = steps @ self.steps.T
            squared *= -2
            squared += self.squares
            squared += _squares(steps)[:, None]
            found[part] = do(np.rint(np.sqrt(squared, out=squared), out=squared))
        return found


def contrasts(means: Doubles, nears: Doubles) -> Doubles:
    """Return the quotients, (n,) float64; infinite where the 100th neighbour is no farther than the query."""
    return np.where(nears > 0, means / np.where(nears > 0, nears, 1), np.inf)


def distances_of(scores: Matrix, metric: str) -> Doubles:
    """Return the distances that scores stand for, (n,) float64: of `cosine`, between vectors of length 1."""
    wide = scores.astype(np.float64)
    return np.sqrt(np.maximum(wide if metric == "l2" else 2 - 2 * wide, 0))


def _steps(vectors: Matrix, angular: bool) -> Doubles:
    steps = np.rint(vectors.astype(np.float64) * STEPS)
    if angular:
        lengths = np.sqrt(_squares(steps))[:, None]
        steps = np.rint(steps / np.where(lengths > 0, lengths, 1) * STEPS)
    return steps


def _squares(steps: Doubles) -> Doubles:
    return np.asarray((steps * steps).sum(axis=1))
