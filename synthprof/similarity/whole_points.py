"""Rows and centroids as whole numbers so small that float32 products of them are exact.

Every value of a row becomes a whole number, and no row is longer than LENGTH_MAX. By Cauchy and Schwarz no
sum of some of the products of a row and a centroid exceeds LENGTH_MAX², so that float32 holds it without
rounding, halves included. A matrix product then has the same bits in whatever order it is added up: with any
kernels, on any processor, and with any number of threads. k-means needs no more digits: at 128 values the
rounding adds 3 in a million of the squared length of the longest row to a squared distance.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from synthprof.base.arrays import Matrix, Vector
from synthprof.similarity.nearness import lengths

LENGTH_MAX = 2_047
"""Its square and half of that again are below 2**23, up to which float32 holds all halves."""

SPLIT = 1
"""Whole numbers by which the two halves of a cluster begin to either side of its centroid."""

PART_ROWS = 256
"""Rows of 128 values that are rounded at a time: parts that stay in a processor's cache."""

SUM_ROWS = 8_192
"""Rows whose whole numbers float32 adds up exactly: as many times LENGTH_MAX is below 2**24."""

Doubles = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class WholePoints:
    """Rows as whole numbers.

    factors: (n, d + 1) float32, whole numbers, and a last column of ones, which meets that of `centers`.
    squares: (n,) float64, the squared lengths, which are whole numbers as well. A value x is rounded from
    (x - the origin of its column) * scale. origin: (d,).
    """

    factors: Matrix
    squares: Doubles
    origin: Vector
    scale: float

    def __len__(self) -> int:
        return len(self.factors)

    @classmethod
    def of(cls, rows: Matrix) -> WholePoints:
        """Round rows about their mean. rows: (n, d) float32, finite, n >= 1."""
        dim = rows.shape[1]
        origin: Vector = (np.add.reduce(rows, axis=0, dtype=np.float64) / len(rows)).astype(np.float32)
        parts = [slice(first, first + PART_ROWS) for first in range(0, len(rows), PART_ROWS)]
        longest = max(float(lengths(rows[part] - origin).max()) for part in parts)
        scale = (LENGTH_MAX - 2 * dim**0.5) / longest if longest else 1.0  # room for rounding, and a split
        factors = np.ones((len(rows), dim + 1), np.float32)
        for part in parts:
            np.rint((rows[part] - origin) * np.float32(scale), out=factors[part, :dim])
        squares = np.einsum("nd,nd->n", factors, factors) - 1  # exact in any order
        return cls(factors, squares.astype(np.float64), origin, scale)

    def rows_of(self, positions: Doubles) -> Matrix:
        """Return the rows that positions in whole numbers stand for, (m, d) float32."""
        return (self.origin + positions / self.scale).astype(np.float32)


def centers(positions: Doubles | Matrix) -> Matrix:
    """Return centroids made ready for products with factors of points, (k, d + 1) float32.

    positions: (k, d), rounded to whole numbers here. The last column is minus half of the squared length: the
    product with a point is the higher, the nearer they are, and among equals the difference is exactly 0.
    """
    count, dim = positions.shape
    found = np.empty((count, dim + 1), np.float32)
    np.rint(positions, out=found[:, :dim], casting="same_kind")
    found[:, dim] = np.einsum("nd,nd->n", found[:, :dim], found[:, :dim]) / -2
    return found


def add_up(
    sums: Doubles,
    table: Matrix,
    rows: NDArray[np.int64],
    labels: NDArray[np.int32],
    pool: ThreadPoolExecutor,
) -> None:
    """Add rows of a table to the sums of their labels, in place, in an order that threads do not change.

    sums: (k, d). table: (n, d or more) float32; of whole numbers the sums are exact. rows, labels: (m,).
    """

    def add_part(first: int) -> tuple[NDArray[np.int32], Matrix]:
        of = labels[first : first + SUM_ROWS]
        order = by_label(of, len(sums))
        ordered = of[order]
        begins = np.flatnonzero(np.diff(ordered, prepend=-1))
        taken = table.take(rows[first : first + SUM_ROWS][order], axis=0)
        return ordered[begins], np.add.reduceat(taken, begins, axis=0)

    for of, part in pool.map(add_part, range(0, len(rows), SUM_ROWS)):
        sums[of] += part[:, : sums.shape[1]]


def by_label(labels: NDArray[np.int32], k: int) -> NDArray[np.int64]:
    """Return the places of labels below k in the order of their labels, equal ones as they stand."""
    short = labels.astype(np.uint16 if k <= 1 << 16 else np.uint32)  # short ones sort faster
    return np.argsort(short, kind="stable")
