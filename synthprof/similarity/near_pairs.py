"""The rows that may be among the k nearest of each query: products in float32 tell, with room for rounding.

A product of unit vectors in float32 is off by less than a known bound, whatever kernels and threads sum it.
A row that is below the k-th best by more than that is none of the k nearest; few others are left.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from synthprof.base.arrays import Matrix, Vector
from synthprof.similarity.nearness import (
    SPARE_ROUNDINGS,
    UNIT,
    UNIT_LENGTH,
    ordered_bits,
    values_of_bits,
)
from synthprof.similarity.products import TILE_ROWS, TILE_VALUES

FAR = 1e4
"""Every coordinate of a row that is none: it is near to nothing."""

FIRST_ROWS = 32
"""Rows that are all candidates, or twice k; then cuts rise while as many are looked at as were before."""

_ROW_BITS = 14
STEP_ROWS = 1 << _ROW_BITS
"""Rows at most whose candidates wait together."""

QUERIES_MAX = 1 << 18
"""Queries whose number has room in a key, beside 32 bits of a product and a row of a step."""

Rows = NDArray[np.int64]
Keys = NDArray[np.uint64]
"""Query, product and row of a step in one number each: ascending by query, then the nearest first."""


class NearPairs:
    """Queries, and the cuts below which a product makes no candidate.

    cuts: (q,) float32; they rise.
    """

    def __init__(self, queries: Matrix, k: int, pool: ThreadPoolExecutor, threads: int) -> None:
        """Begin without rows. queries: (q, d) float32 unit vectors, at most QUERIES_MAX."""
        self._queries, self._k, self._pool, self._seen = queries, k, pool, 0
        self._cuts = np.full(len(queries), -np.inf, np.float32)
        tile = max(64, min(TILE_ROWS, TILE_VALUES // max(1, len(queries))))
        shape = tile, len(queries)
        self._rooms = [(np.empty(shape, np.float32), np.empty(shape, np.bool_)) for _ in range(threads)]
        roundings = queries.shape[1] + SPARE_ROUNDINGS
        share = roundings * UNIT / (1 - roundings * UNIT)
        self._error = share * (1 + UNIT_LENGTH) ** 2

    def of(self, block: Matrix) -> Iterator[tuple[Rows, Rows]]:
        """Yield queries and rows of the block, two (n,) arrays, that hold all of the k nearest in it.

        block: (n, d) float32 unit vectors, or FAR. Pairs stand by query; `raise_to` may be called in between.
        """
        for first in range(0, len(block), STEP_ROWS):
            step = np.asarray(block[first : first + STEP_ROWS])  # slices of a mapped file take longer
            keys = self._candidates(step, step[:, 0] != FAR)
            yield _queries_of(keys), first + (keys & np.uint64(STEP_ROWS - 1)).astype(np.int64)

    def raise_to(self, similarities: NDArray[np.float64]) -> None:
        """Raise the cuts, as there are k rows of these similarities and more, (q,) float64."""
        self._raise(np.arange(len(self._cuts)), similarities - self._error)

    def _candidates(self, step: Matrix, there: NDArray[np.bool_]) -> Keys:
        kept: Keys = np.empty(0, np.uint64)
        done = 0
        while done < len(step):
            size = min(max(self._seen, FIRST_ROWS, 2 * self._k), len(step) - done)
            kept = self._pruned(np.concatenate([kept, self._reaching(step, there, done, done + size)]))
            self._seen += int(there[done : done + size].sum())
            done += size
        return kept

    def _reaching(self, step: Matrix, there: NDArray[np.bool_], begin: int, end: int) -> Keys:
        """Return the keys of the queries and the rows from begin to end whose products reach the cuts."""
        edges = np.linspace(begin, end, len(self._rooms) + 1).astype(int).tolist()
        parts = zip(self._rooms, edges[:-1], edges[1:], strict=True)
        found = np.concatenate(list(self._pool.map(lambda part: self._keys(step, *part), parts)))
        return found if there.all() else found[there[found & np.uint64(STEP_ROWS - 1)]]

    def _keys(self, step: Matrix, room: tuple[Matrix, NDArray[np.bool_]], begin: int, end: int) -> Keys:
        found: list[Keys] = [np.empty(0, np.uint64)]
        for first in range(begin, end, len(room[0])):
            tile = step[first : min(first + len(room[0]), end)]
            products, hits = room[0][: len(tile)], room[1][: len(tile)]
            np.matmul(tile, self._queries.T, out=products)
            np.greater_equal(products, self._cuts, out=hits)
            flat = np.flatnonzero(hits)
            rows = flat // len(self._queries)
            found.append(_keys_of(flat - rows * len(self._queries), products.ravel()[flat], rows + first))
        return np.concatenate(found)

    def _pruned(self, keys: Keys) -> Keys:
        """Return the keys in order, without those that k better ones put below the cut, which rises."""
        keys = np.sort(keys, kind="stable")  # those that are kept are in order already
        queries = _queries_of(keys)
        ends = np.cumsum(np.bincount(queries, minlength=len(self._cuts)))
        last = np.concatenate([[0], ends[:-1]]) + self._k - 1
        full = np.flatnonzero(last < ends)
        if not len(full):
            return keys
        self._raise(full, _products_of(keys[last[full]]).astype(np.float64) - 2 * self._error)
        return keys[_products_of(keys) >= self._cuts[queries]]

    def _raise(self, queries: Rows, products: NDArray[np.float64]) -> None:
        cuts = np.nextafter(products.astype(np.float32), np.float32(-np.inf))
        self._cuts[queries] = np.maximum(self._cuts[queries], cuts)


def _keys_of(queries: Rows, products: Vector, rows: Rows) -> Keys:
    keys = queries.astype(np.uint64) << np.uint64(32)
    keys |= ~ordered_bits(products)
    keys <<= np.uint64(_ROW_BITS)
    keys |= rows.astype(np.uint64)
    return keys


def _queries_of(keys: Keys) -> Rows:
    return (keys >> np.uint64(32 + _ROW_BITS)).astype(np.int64)


def _products_of(keys: Keys) -> Vector:
    return values_of_bits(~(keys >> np.uint64(_ROW_BITS)).astype(np.uint32))
