"""The true nearest rows of many queries, without and with many filters, from blocks that come one by one.

The result is decided by (score, id): scores of `nearness`, and the lower id among equal ones. It is the same
bytes for any number of threads, any order and any sharing of the blocks, and on any machine: products in
float32, which differ between processors, only tell which rows cannot be among the k nearest.

>>> import numpy as np
>>> rows = np.eye(3, dtype=np.float32)
>>> truth = Truth(rows[:1], k=2, metric="dot")
>>> truth.add(1, rows)
>>> truth.nearest()
(array([[1, 2]]), array([[1., 0.]], dtype=float32))
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from synthprof.base.arrays import Ids, Matrix
from synthprof.base.errors import SpecError, StageError
from synthprof.similarity.candidates import SLOTS_MAX, Candidates
from synthprof.similarity.nearest_keys import ID_MAX, Keys, ids_of, merge, near_of
from synthprof.similarity.nearness import (
    METRICS,
    Metric,
    Side,
    as_scores,
    check_values,
    lengths,
    queries_side,
    rows_side,
)
from synthprof.similarity.slabs import Collected, Masks
from synthprof.similarity.tiles import Products, tiles_of

QUERIES_AT_ONCE = 512
FILTERS_MAX = 1_024


class Truth:
    """The k nearest rows so far of each query, for each filter.

    Memory: 8 bytes for each of queries * filters * k, 256 MiB for rows that wait (512 for cosine if they are
    not of length 1), and about 60 MiB for each thread. For more queries make several of these.
    """

    def __init__(
        self, queries: Matrix, k: int = 100, metric: Metric = "cosine", filters: int = 1, threads: int = 1
    ) -> None:
        """Begin without rows.

        queries: (q, d) float32, finite, q and d at least 1. filters: how many there are; 1 if `add` gets no
        masks. Raises SpecError for a number, a metric or a query that cannot be used.
        """
        if metric not in METRICS or not (1 <= filters <= FILTERS_MAX and k >= 1 and queries.size):
            raise SpecError(
                f"metric={metric!r}, filters={filters}, k={k}, queries of shape {queries.shape}: give one of "
                f"{', '.join(METRICS)}, 1..{FILTERS_MAX} filters, k from 1 on, and at least one query"
            )
        queries = np.ascontiguousarray(queries, np.float32)
        check_values(queries, "query")
        if not np.isfinite(queries).all():
            bad = int(np.argmin(np.isfinite(queries).all(axis=1)))
            raise SpecError(f"query {bad} holds NaN or infinity, which is near to nothing; leave it out")
        self.metric, self.k, self.filters, self._threads = metric, k, filters, max(1, threads)
        batch = min(QUERIES_AT_ONCE, SLOTS_MAX // filters)
        self._sides = [
            queries_side(metric, queries[first : first + batch]) for first in range(0, len(queries), batch)
        ]
        self._keys: Keys = np.zeros((len(queries), filters, k), np.uint64)
        self._parts = [self._keys[first : first + batch] for first in range(0, len(queries), batch)]
        self._waiting = Collected(queries.shape[1], filters, 2 if metric == "l2" else 1)
        self._ranges = np.empty((0, 2), np.int64)

    def add(self, first_id: int, rows: Matrix, masks: NDArray[Any] | None = None) -> None:
        """Take a block of rows, whose ids go from `first_id` on; rows that are not finite match nothing.

        rows: (n, d) float32. masks: (filters, n) bool, or (filters, n / 8 rounded up) uint8 as `np.packbits`
        packs it; None if every filter matches every row. Blocks may come in any order, each row once.
        Raises SpecError for a wrong shape, ids beyond 2**32 - 1, or a value beyond 2**50; StageError for
        rows that were added before.
        """
        masks = self._checked(first_id, rows, masks)
        self._ranges = _with_range(self._ranges, first_id, first_id + len(rows))
        ids, done = np.arange(first_id, first_id + len(rows)), 0
        while done < len(rows):
            part = slice(done, done + self._waiting.room)
            self._waiting.add(ids[part], rows[part], masks[:, part])
            done = part.stop
            if not self._waiting.room:
                self.flush()

    def flush(self) -> None:
        """Compare the rows that wait; `nearest`, `state` and `merge` do this first."""
        if not self._waiting.count:
            return
        slab = self._waiting.taken(self.k)
        tiles = tiles_of(slab.masks)

        def search(side: Side, keys: Keys) -> None:
            found = Candidates(keys, side, rows, slab.ids)
            Products(side, rows, slab.masks, found).search(tiles)
            found.finish()

        with threadpool_limits(1, user_api="blas"), ThreadPoolExecutor(self._threads, "truth") as pool:
            sizes = np.concatenate(list(pool.map(lengths, np.array_split(slab.rows, self._threads))))
            rows = rows_side(self.metric, slab.rows, sizes)
            list(pool.map(search, self._sides, self._parts))

    def nearest(self, number: int = 0) -> tuple[Ids, Matrix]:
        """Return the nearest rows for a filter: ids (q, k) int64 and scores (q, k) float32, nearest first.

        Where fewer rows match there is the id -1, and the score of what is farthest: -inf, for l2 inf.
        """
        self.flush()
        keys = self._keys[:, number, ::-1]
        return ids_of(keys), as_scores(self.metric, near_of(keys))

    def state(self) -> dict[str, NDArray[Any]]:
        """Return what `restore` goes on from: `keys` (q, filters, k) uint64 and `ranges` (m, 2) int64.

        The keys are not copied: they change with the next `add`.
        """
        self.flush()
        return {"keys": self._keys, "ranges": self._ranges}

    def restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Add the rows of a state that was made for the same queries, k, metric and filters.

        Raises SpecError if its shape differs, StageError if some of its rows were added already.
        """
        keys = state["keys"]
        if keys.shape != self._keys.shape or keys.dtype != np.uint64:
            raise SpecError(
                f"the state's keys are {keys.dtype} of shape {keys.shape}, but these queries need uint64 of "
                f"shape {self._keys.shape}; begin without it"
            )
        self.flush()
        ranges = self._ranges
        for first, last in state["ranges"].tolist():
            ranges = _with_range(ranges, first, last)
        self._ranges = ranges
        for mine, others in zip(self._keys, keys, strict=True):
            mine[:] = merge(mine, others)

    def merge(self, other: Truth) -> None:
        """Add the rows of another one, made with the same arguments. Raises what `restore` raises."""
        self.restore(other.state())

    def _checked(self, first_id: int, rows: Matrix, masks: NDArray[Any] | None) -> Masks:
        n, dim = len(rows), self._sides[0].vectors.shape[1]
        if rows.shape != (n, dim) or rows.dtype != np.float32:
            raise SpecError(
                f"rows are {rows.dtype} of shape {rows.shape}, the queries float32 of {dim} values"
            )
        check_values(rows, "row", first_id)
        if not 1 <= first_id <= ID_MAX + 1 - n:
            raise SpecError(f"ids from {first_id} on for {n} rows are not within 1..{ID_MAX}")
        if masks is None:
            return np.ones((self.filters, n), np.bool_)
        if masks.dtype == np.uint8 and masks.shape == (self.filters, -(-n // 8)):
            masks = np.unpackbits(masks, axis=1, count=n).view(np.bool_)
        if masks.shape != (self.filters, n) or masks.dtype != np.bool_:
            raise SpecError(
                f"masks are {masks.dtype} of shape {masks.shape}, but {self.filters} filters of {n} rows "
                f"need bool of shape {(self.filters, n)}, or its bits packed along the rows"
            )
        return masks


def _with_range(ranges: NDArray[np.int64], first: int, last: int) -> NDArray[np.int64]:
    """Return ranges of ids with one more, ascending, joined where they meet; StageError if they overlap."""
    overlapping = ranges[(ranges[:, 0] < last) & (ranges[:, 1] > first)]
    if len(overlapping) and first < last:
        raise StageError(
            f"rows {first}..{last - 1} were added before, in part, as {overlapping[0, 0]}.."
            f"{overlapping[0, 1] - 1}; give each row once"
        )
    joined = np.append(ranges, [[first, last]], axis=0)
    joined = joined[np.argsort(joined[:, 0], kind="stable")]
    begins = np.r_[True, joined[1:, 0] != joined[:-1, 1]]
    ends = np.r_[begins[1:], True]
    return np.stack([joined[begins, 0], joined[ends, 1]], axis=1)
