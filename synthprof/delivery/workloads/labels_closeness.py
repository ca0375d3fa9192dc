"""Closeness of rows to a set of queries, as whole numbers that are the same on every machine.

A row is as close as the query that it is closest to says, on that query's own scale: 0 for its last true
neighbour, 1 for a typical row, below 0 for what is nearer than the last neighbour. So each query counts, one
in the middle of the data as well as one far from all of it.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from synthprof.base.arrays import Matrix, Vector

Keys = NDArray[np.int32]
"""(n,) int32 from 0 to KEYS - 1, the least for the closest row."""

KEYS = 1 << 20

_UNIT = 2_048.0
"""Length of a vector of whole numbers. By the inequality of Cauchy and Schwarz any part of a product's sum
is below 2**24 for up to 4,096 dimensions, so that float32 adds them exactly in any order."""

_BITS = 16

_NEAREST, _STEPS = 4.0, 65_536.0
"""A key is (closeness + 4) * 65,536."""

_CHUNK_ROWS = 1_024


@dataclass(frozen=True)
class Closeness:
    """A measure of how close rows are to queries: directions of the queries, and the scale of each.

    last: product with the last true neighbour. scale: 1 over the distance from there to a typical row.

    >>> rows = np.eye(4, dtype=np.float32)
    >>> Closeness.of(rows[:2], rows[2:]).keys(rows).argmin()
    np.int64(0)
    """

    directions: Matrix
    last: Vector
    scale: Vector

    @classmethod
    def of(cls, queries: Matrix, neighbours: Matrix) -> "Closeness":
        """Return the closeness to queries by the last true neighbour of each.

        queries, neighbours: (q, d) float32; of any length, as only the direction counts.
        """
        directions, ends = _directions(queries), _directions(neighbours)
        wide = directions.astype(np.float64)  # whole numbers below 2**53 in every sum
        last = np.einsum("ij,ij->i", wide, ends.astype(np.float64))
        typical = wide @ ends.sum(axis=0, dtype=np.float64) / len(queries)
        scale = 1.0 / np.maximum(last - typical, 1.0)
        return cls(directions, last.astype(np.float32), scale.astype(np.float32))

    def keys(self, rows: Matrix) -> Keys:
        """Return the keys of rows, (n, d) float32; one that is not finite is far from every query."""
        found = np.empty(len(rows), np.int32)
        for first in range(0, len(rows), _CHUNK_ROWS):
            products = _directions(rows[first : first + _CHUNK_ROWS]) @ self.directions.T
            np.subtract(self.last, products, out=products)
            products *= self.scale
            closeness = products.min(axis=1)
            steps = (closeness + np.float32(_NEAREST)) * np.float32(_STEPS)
            found[first : first + _CHUNK_ROWS] = np.clip(steps, 0, KEYS - 1)
        return found


def _directions(rows: Matrix) -> Matrix:
    """Return rows of about the length 2,048 in whole numbers; zeros for a row without a direction.

    Each step is exact or one rounding of IEEE 754: by a power of two, a sum of whole numbers below 2**53.
    """
    finite = np.isfinite(rows).all(axis=1, keepdims=True)
    wide = np.where(finite, rows, 0).astype(np.float64)
    exponents = np.frexp(np.abs(wide).max(axis=1))[1]
    whole = np.rint(np.ldexp(wide, (_BITS - exponents)[:, None]))
    squares = np.einsum("ij,ij->i", whole, whole)
    squares[squares == 0] = 1.0
    whole *= (_UNIT / np.sqrt(squares))[:, None]
    found: Matrix = np.rint(whole).astype(np.float32)
    return found
