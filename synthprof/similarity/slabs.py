"""Rows collected from blocks until there are enough to compare with many queries at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from synthprof.base.arrays import Ids, Matrix
from synthprof.similarity.equal_rows import digests

SLAB_BYTES = 1 << 28  # of its rows; with half of it, a third more candidates of filters get scores
SLAB_ROWS_MIN, SLAB_ROWS_MAX = 4_096, 524_288

Masks = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Slab:
    """Rows to compare with. rows: (n, d) float32, finite. ids: (n,) int64. masks: (filters, n) bool."""

    rows: Matrix
    ids: Ids
    masks: Masks


class Collected:
    """Room for the rows of one slab: those that are finite and match a filter."""

    def __init__(self, dim: int, filters: int, copies: int) -> None:
        """Make room; the memory is taken as rows arrive. copies: of the rows, while they are compared."""
        size = min(max(SLAB_BYTES // (4 * dim * copies), SLAB_ROWS_MIN), SLAB_ROWS_MAX)
        self._rows = np.empty((size, dim), np.float32)
        self._ids = np.empty(size, np.int64)
        self._masks = np.empty((filters, size), np.bool_)
        self.count = 0

    @property
    def room(self) -> int:
        """Rows that may still be added."""
        return len(self._ids) - self.count

    def add(self, ids: Ids, rows: Matrix, masks: Masks) -> None:
        """Copy rows, at most `room`, that are finite and match a filter."""
        kept = np.flatnonzero(masks.any(axis=0) & np.isfinite(rows).all(axis=1))
        here = slice(self.count, self.count + len(kept))
        rows.take(kept, axis=0, out=self._rows[here], mode="clip")
        ids.take(kept, out=self._ids[here], mode="clip")
        masks.take(kept, axis=1, out=self._masks[:, here])
        self.count += len(kept)

    def taken(self, k: int) -> Slab:
        """Return what was collected, and start anew: the slab holds until the next `add`.

        Of equal rows a filter keeps the k with the lowest ids, as no others can be among k neighbours.
        """
        n, self.count = self.count, 0
        slab = Slab(self._rows[:n], self._ids[:n], self._masks[:, :n])
        return _without_repetitions(slab, k)


def _without_repetitions(slab: Slab, k: int) -> Slab:
    of = digests(slab.rows)
    ordered = np.sort(of)
    often = ordered[k:][ordered[k:] == ordered[: len(ordered) - k]] if len(ordered) > k else ordered[:0]
    if not len(often):
        return slab
    rows = np.flatnonzero(np.isin(of, often))
    rows = rows[np.lexsort((slab.ids[rows], of[rows]))]
    begins = np.flatnonzero(np.r_[True, of[rows[1:]] != of[rows[:-1]]])
    firsts = np.repeat(begins, np.diff(np.r_[begins, len(rows)]))
    equal = (slab.rows[rows] == slab.rows[rows[firsts]]).all(axis=1)  # not only by digest
    masks = slab.masks.copy()
    for mask in masks:
        matches = mask[rows] & equal
        so_far = np.cumsum(matches)
        before = (so_far - matches)[firsts]
        mask[rows[matches & (so_far - before > k)]] = False
    kept = np.flatnonzero(masks.any(axis=0))
    return Slab(slab.rows[kept], slab.ids[kept], masks[:, kept])
