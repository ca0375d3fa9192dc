"""Candidates of a batch of queries within one slab, and the cuts below which a product makes none.

A slot is a query and a filter. A slot's candidates wait, are kept by their products in float32, which raises
its cut, and get their exact scores at last. A cut is so far below the k-th best that rounding cannot be why.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from synthprof.base.arrays import Ids, Vector
from synthprof.similarity.nearest_keys import ID_MAX, Keys, ids_of, keys_of, merge, near_of
from synthprof.similarity.nearness import Side, errors, nearness, products_of

SPARE = 28  # candidates beyond k that a slot keeps by their products; if there are more, scores decide
WAITING_PER_SLOT = 40  # candidates that wait until it is worth to raise the cuts
WAITING_MAX = 1 << 20
JOINED = 256  # new candidates of a slot at once: short rows are sorted much faster than long ones
SLOTS_AT_ONCE = 256  # of 300 keys each: what a processor's cache holds
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
        for slots in self._parts():
            self._cut_by_scores(slots)

    def add(self, slots: Slots, products: NDArray[np.float32], rows: Rows) -> None:
        """Add candidates: the number of each one's slot, query * filters + filter; its product; its row."""
        self._waiting.append((slots, keys_of(products, rows + 1)))
        self._count += len(slots)
        if self._count >= min(WAITING_PER_SLOT * len(self._keys), WAITING_MAX):
            self._join()

    def finish(self) -> None:
        """Make the keys those of the nearest rows of all that were added."""
        self._join()
        for slots in self._parts():
            kept = self._kept[slots]
            if self._keys[slots[0]].any():  # else these are the first rows
                self._cut_by_both(slots, kept)
            self._settle(slots, kept)

    def _parts(self) -> Iterator[Rows]:
        for first in range(0, len(self._keys), SLOTS_AT_ONCE):
            yield np.arange(first, min(first + SLOTS_AT_ONCE, len(self._keys)))

    def _join(self) -> None:
        """Join those that wait to the candidates that are kept, and raise the cuts."""
        if not self._count:
            return
        slots, keys = (np.concatenate(each) for each in zip(*self._waiting, strict=True))
        self._waiting, self._count, self.joins = [], 0, self.joins + 1
        order = np.argsort(slots, kind="stable")  # 16 bits: a radix sort
        keys, counts = keys.take(order), np.bincount(slots, minlength=len(self._keys))
        begins = np.cumsum(counts) - counts
        some = np.flatnonzero(counts)
        for first in range(0, len(some), SLOTS_AT_ONCE):
            part = some[first : first + SLOTS_AT_ONCE]
            of_part = keys[begins[part[0]] : begins[part[-1]] + counts[part[-1]]]
            self._join_part(part, counts[part], of_part)

    def _join_part(self, slots: Rows, counts: Rows, keys: Keys) -> None:
        """Join candidates, in the order of the slots, so many of each."""
        most = int(counts.max())
        places = np.arange(len(keys)) - np.repeat(np.cumsum(counts) - counts, counts)
        for low in range(0, most, JOINED):
            new = min(JOINED, most - low)
            these = keys if most <= JOINED else keys[(places >= low) & (places < low + JOINED)]
            wide = np.zeros((len(slots), new + self._kept.shape[1]), np.uint64)
            wide[:, new:] = self._kept[slots]
            wide[:, :new][np.arange(low, low + new) < counts[:, None]] = these
            wide.sort(axis=1)
            self._cut_by_products(slots, wide)
            if wide[:, new - 1].any():  # more than there is room for
                self._settle(slots, wide)
                wide[:] = 0
            self._kept[slots] = wide[:, new:]

    def _cut_by_products(self, slots: Rows, wide: Keys) -> None:
        """Raise the cuts of slots by the products of their candidates, and drop those below, in place.

        Of the k best none is below, as what was added reached cuts that are as high as scores made them.
        """
        off = self._errors[slots // self.filters]
        cuts = self._raise(slots, near_of(wide[:, -self._k]).astype(np.float64) - 2 * off)
        others = wide[:, : -self._k]
        others[others < keys_of(cuts, np.full(len(cuts), ID_MAX))[:, None]] = 0

    def _cut_by_both(self, slots: Rows, kept: Keys) -> None:
        """Raise the cuts by candidates and keys together, which spares scores of what keys would outdo."""
        near = near_of(self._keys[slots]).astype(np.float64)
        products = products_of(self._queries, near, slots // self.filters).astype(np.float32)
        both = np.concatenate([keys_of(products, np.full(products.shape, ID_MAX)), kept], axis=1)
        both.sort(axis=1)
        off = self._errors[slots // self.filters]
        cuts = self._raise(slots, near_of(both[:, -self._k]).astype(np.float64) - 2 * off)
        kept[kept < keys_of(cuts, np.full(len(cuts), ID_MAX))[:, None]] = 0

    def _cut_by_scores(self, slots: Rows) -> None:
        query = slots // self.filters
        products = products_of(self._queries, near_of(self._keys[slots, :1]).astype(np.float64), query)
        self._raise(slots, products[:, 0] - self._errors[query])

    def _raise(self, slots: Rows, products: NDArray[np.float64]) -> Vector:
        """Raise the cuts of slots to float32 below the products; return them."""
        cuts = np.nextafter(products.astype(np.float32), np.float32(-np.inf))
        here = slots % self.filters, slots // self.filters
        raised: Vector = np.maximum(cuts, self.cuts[here])
        self.cuts[here] = raised
        return raised

    def _settle(self, slots: Rows, wide: Keys) -> None:
        """Score the candidates of slots; the best join the keys."""
        lines, places = np.nonzero(wide)
        if not len(lines):
            return
        rows = ids_of(wide[lines, places]) - 1
        near = self._nearness(slots[lines] // self.filters, rows)
        unused = int(places.min())
        scored = np.zeros((len(wide), wide.shape[1] - unused), np.uint64)
        scored[lines, places - unused] = keys_of(near, self._ids[rows])
        self._keys[slots] = merge(self._keys[slots], scored)
        self._cut_by_scores(slots)

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
