"""Candidates of a batch of queries within one slab, and the cuts below which a product makes none.

A slot is a query and a filter. A slot's candidates wait, are kept by their products in float32, which raises
its cut, and get their exact scores at last. A cut is so far below the k-th best that rounding cannot be why.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from synthprof.base.arrays import Ids, Matrix
from synthprof.similarity.nearest_keys import Keys, ids_of, keys_of, merge, near_of
from synthprof.similarity.nearness import Side, errors, nearness, products_of

SPARE = 60  # candidates beyond k that a slot keeps by their products; if there are more, scores decide
WAITING_PER_SLOT = 32  # candidates that wait until it is worth to raise the cuts
WAITING_MAX = 1 << 20
JOINED = 256  # new candidates of a slot at once: short rows are sorted much faster than long ones
SLOTS_AT_ONCE = 1_024
SLOTS_MAX = 1 << 16
HASH = np.uint64(0x9E3779B97F4A7C15)  # 2**64 over the golden ratio, to spread numbers (Knuth, volume 3, 6.4)

Slots = NDArray[np.uint16]
Rows = NDArray[np.int64]


class Candidates:
    """The candidates of (q, filters) slots, and the nearest keys that they become.

    cuts: (filters, q) float32; a row whose product is below is none of the k nearest. joins: how often they
    were raised.
    """

    def __init__(self, keys: Keys, queries: Side, rows: Side, ids: Ids) -> None:
        """Begin with the keys found so far, (q, filters, k), ascending; they change in place."""
        count, self.filters, self._k = keys.shape
        self._keys = keys.reshape(count * self.filters, self._k)
        self._queries, self._rows, self._ids = queries, rows, ids
        self._errors = errors(queries, rows)
        self._kept = np.zeros((len(self._keys), self._k + SPARE), np.uint64)
        self._waiting: list[tuple[Slots, Keys]] = []
        self._count = self.joins = 0
        self.cuts = np.full((self.filters, count), -np.inf, np.float32)
        self._at_once = max(1, SLOTS_AT_ONCE // self.filters)  # queries
        for first in range(0, count, self._at_once):
            self._cut_by_scores(first, min(first + self._at_once, count))

    def add(self, slots: Slots, products: NDArray[np.float32], rows: Rows) -> None:
        """Add candidates: the number of each one's slot, query * filters + filter; its product; its row."""
        self._waiting.append((slots, keys_of(products, rows + 1)))
        self._count += len(slots)
        if self._count >= min(WAITING_PER_SLOT * len(self._keys), WAITING_MAX):
            self._join()

    def finish(self) -> None:
        """Make the keys those of the nearest rows of all that were added."""
        self._join()
        for first in range(0, len(self._queries.lengths), self._at_once):
            here = self._slots(first, first + self._at_once)
            self._settle(first, self._kept[here])

    def _slots(self, first: int, last: int) -> slice:
        return slice(first * self.filters, last * self.filters)

    def _join(self) -> None:
        """Join those that wait to the candidates that are kept, and raise the cuts."""
        if not self._count:
            return
        slots, keys = (np.concatenate(each) for each in zip(*self._waiting, strict=True))
        self._waiting, self._count, self.joins = [], 0, self.joins + 1
        order = np.argsort(slots, kind="stable")  # 16 bits: a radix sort
        slots, keys = slots[order], keys[order]
        counts = np.bincount(slots, minlength=len(self._keys))
        places = np.arange(len(slots)) - np.repeat(np.cumsum(counts) - counts, counts)
        for low in range(0, int(counts.max()), JOINED):
            part = (
                np.flatnonzero((places >= low) & (places < low + JOINED))
                if counts.max() > JOINED
                else slice(None)
            )
            self._join_part(slots[part], places[part] - low, keys[part])

    def _join_part(self, slots: Slots, places: Rows, keys: Keys) -> None:
        queries = len(self._queries.lengths)
        starts = np.arange(0, queries + self._at_once, self._at_once) * self.filters
        edges = np.searchsorted(slots, starts)
        for first, begin, end in zip(range(0, queries, self._at_once), edges[:-1], edges[1:], strict=True):
            if begin == end:
                continue
            here = self._slots(first, min(first + self._at_once, queries))
            kept, new = self._kept[here], int(places[begin:end].max()) + 1
            wide = np.zeros((len(kept), new + kept.shape[1]), np.uint64)
            wide[:, new:] = kept
            wide[slots[begin:end].astype(np.int64) - here.start, places[begin:end]] = keys[begin:end]
            wide.sort(axis=1)
            self._cut_by_products(first, wide)
            if wide[:, new - 1].any():
                self._settle(first, wide)
                kept[:] = 0
            else:
                kept[:] = wide[:, new:]

    def _cut_by_products(self, first: int, wide: Keys) -> None:
        """Raise the cuts of some slots by the products of candidates, and drop those below, in place."""
        by_query = near_of(wide[:, -self._k]).reshape(-1, self.filters)
        off = self._errors[first : first + len(by_query), None]
        cuts = self._raise(first, by_query.astype(np.float64) - 2 * off)
        lowest = keys_of(cuts, np.full(cuts.shape, (1 << 32) - 1))
        wide[wide < lowest.reshape(-1, 1)] = 0

    def _cut_by_scores(self, first: int, last: int) -> None:
        near = near_of(self._keys[self._slots(first, last), 0]).reshape(-1, self.filters)
        products = products_of(self._queries, near.astype(np.float64), slice(first, last))
        self._raise(first, products - self._errors[first:last, None])

    def _raise(self, first: int, products: NDArray[np.float64]) -> Matrix:
        """Raise the cuts of queries from the first on to float32 below the products; return them."""
        cuts = np.nextafter(products.astype(np.float32), np.float32(-np.inf))
        here = self.cuts[:, first : first + len(cuts)]
        np.maximum(here, cuts.T, out=here)
        return np.ascontiguousarray(here.T)

    def _settle(self, first: int, wide: Keys) -> None:
        """Score the candidates of queries from the first on; the best join the keys."""
        slots, places = np.nonzero(wide)
        if not len(slots):
            return
        rows = ids_of(wide[slots, places]) - 1
        near = self._nearness(first + slots // self.filters, rows)
        scored = np.zeros((len(wide), wide.shape[1] - int(places.min())), np.uint64)
        scored[slots, places - places.min()] = keys_of(near, self._ids[rows])
        here = self._slots(first, first + len(wide) // self.filters)
        self._keys[here] = merge(self._keys[here], scored)
        self._cut_by_scores(first, first + len(wide) // self.filters)

    def _nearness(self, query: Rows, row: Rows) -> NDArray[np.float32]:
        """Score pairs, each but once where several filters have it."""
        if self.filters == 1:
            return nearness(self._queries, self._rows, query, row)
        pairs = query * len(self._ids) + row
        same = _same(pairs)
        once = np.flatnonzero(same == np.arange(len(same)))
        places = np.empty(len(same), np.int64)
        places[once] = np.arange(len(once))
        return nearness(self._queries, self._rows, query[once], row[once])[places[same]]


def _same(numbers: Rows) -> Rows:
    """Return for each number where the same one is, one place for all equal ones but for a few."""
    bits = len(numbers).bit_length() + 1
    hashes = (numbers.astype(np.uint64) * HASH) >> np.uint64(64 - bits)
    places, table = np.arange(len(numbers)), np.empty(1 << bits, np.int64)
    table[hashes] = places
    found = table[hashes]
    return np.where(numbers[found] == numbers, found, places)
