"""Products of a batch of queries with a slab, tile by tile, taken once for all filters.

A filter that matches few rows takes their products out of a tile. Those that match many share one comparison
of the whole tile with the lowest of their cuts, where little reaches it; what does is looked at for each.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from synthprof.base.arrays import Matrix
from synthprof.similarity.candidates import Candidates, Rows
from synthprof.similarity.nearness import Side
from synthprof.similarity.slabs import Masks

TILE_ROWS = 1_024  # by 512 queries: 2 MiB, about what a processor's cache holds
FIRST_ROWS = 256  # of the first tile, of which everything is a candidate
SHARED_MIN = 0.15  # share of a tile's rows from which a filter may share its comparison
SHARED_GAIN = 40  # a product that reaches a cut costs so many times what taking one out of a tile does
SAMPLED = 16  # each so-many-th row of a tile tells how many products reach the cuts


@dataclass(frozen=True, eq=False)
class Piece:
    """Rows of a tile that some filters match: filter i has the rows from edges[i] to edges[i + 1].

    of: (n,) the filter of each. rows: (n,) their numbers within the tile; None for all, of one filter.
    """

    filters: tuple[int, ...]
    edges: tuple[int, ...]
    of: NDArray[np.uint16]
    rows: Rows | None


class Tile:
    """The rows from `first` to `last` - 1 of a slab; shares: (filters,) of them that each filter matches."""

    def __init__(self, first: int, last: int, masks: Masks) -> None:
        """Find the rows that filters match. masks: (filters, n) bool, of the tile."""
        self.first, self.last = first, last
        self._matching = [np.flatnonzero(mask).astype(np.uint16) for mask in masks]
        self.shares = np.array([len(rows) / (last - first) for rows in self._matching])
        self._pieces: dict[tuple[int, ...], list[Piece]] = {}

    def pieces(self, but: tuple[int, ...]) -> list[Piece]:
        """Return all pairs of a filter, but for those, and a row that it matches, cut into pieces."""
        if but not in self._pieces:
            self._pieces[but] = list(self._cut(set(but)))
        return self._pieces[but]

    def _cut(self, but: set[int]) -> Iterator[Piece]:
        waiting: list[int] = []
        count = 0
        for number, rows in enumerate(self._matching):
            if number in but or not len(rows):
                continue
            if len(rows) == self.last - self.first:
                of = np.full(len(rows), number, np.uint16)
                yield Piece((number,), (0, len(rows)), of, None)
                continue
            if count + len(rows) > TILE_ROWS:
                yield self._joined(waiting)
                waiting, count = [], 0
            waiting.append(number)
            count += len(rows)
        if waiting:
            yield self._joined(waiting)

    def _joined(self, filters: list[int]) -> Piece:
        parts = [self._matching[number] for number in filters]
        counts = [len(rows) for rows in parts]
        of = np.repeat(np.array(filters, np.uint16), counts)
        edges = tuple(np.cumsum([0, *counts]).tolist())
        return Piece(tuple(filters), edges, of, np.concatenate(parts).astype(np.int64))


def tiles_of(masks: Masks) -> list[Tile]:
    """Cut a slab into tiles. masks: (filters, n) bool."""
    return [Tile(first, last, masks[:, first:last]) for first, last in _edges(masks.shape[1])]


class Products:
    """The products of one batch of queries with one slab."""

    def __init__(self, queries: Side, rows: Side, masks: Masks, found: Candidates) -> None:
        """Make room for a tile. masks: (filters, n); found: where rows go whose products reach the cuts."""
        self._queries, self._rows, self._masks, self._found = queries, rows, masks, found
        shape = (TILE_ROWS, len(queries.lengths))
        self._room, self._gathered = np.empty(shape, np.float32), np.empty(shape, np.float32)
        self._hits = np.empty(shape, np.bool_)
        self._reached = np.ones(found.filters)  # shares of the products that reach the cuts, about
        self._joins = -1

    def search(self, tiles: list[Tile]) -> None:
        """Compare every row."""
        for tile in tiles:
            products = self._room[: tile.last - tile.first]
            np.matmul(self._rows.factors[tile.first : tile.last], self._queries.factors.T, out=products)
            shared = self._shared(tile, products)
            if shared:
                self._compare_shared(tile, products, np.array(shared))
            for piece in tile.pieces(shared):
                self._compare(tile, products, piece)

    def _shared(self, tile: Tile, products: Matrix) -> tuple[int, ...]:
        """Return the filters that had better share a comparison."""
        if self._joins != self._found.joins:
            self._joins = self._found.joins
            sample = products[::SAMPLED]
            for number in np.flatnonzero(tile.shares >= SHARED_MIN):
                self._reached[number] = (sample >= self._found.cuts[number]).mean()
        shared = (tile.shares >= SHARED_MIN) & (self._reached * SHARED_GAIN <= tile.shares)
        return tuple(np.flatnonzero(shared).tolist())

    def _compare_shared(self, tile: Tile, products: Matrix, filters: Rows) -> None:
        cuts = self._found.cuts[filters]
        flat = self._reaching(products, [cuts.min(axis=0)], [0, len(products)])
        places, queries = _divided(flat, products.shape[1])
        values, rows = products.ravel()[flat], tile.first + places
        reach = values >= cuts[:, queries]
        reach &= self._masks[filters[:, None], rows]
        which, chosen = np.nonzero(reach)
        slots = queries[chosen] * self._found.filters + filters[which]
        self._found.add(slots.astype(np.uint16), values[chosen], rows[chosen])

    def _compare(self, tile: Tile, products: Matrix, piece: Piece) -> None:
        values = products
        if piece.rows is not None:
            values = self._gathered[: len(piece.rows)]
            products.take(piece.rows, axis=0, out=values, mode="clip")
        flat = self._reaching(values, self._found.cuts[list(piece.filters)], piece.edges)
        if not len(flat):
            return
        places, queries = _divided(flat, products.shape[1])
        slots = (queries * self._found.filters + piece.of[places]).astype(np.uint16)
        rows = places if piece.rows is None else piece.rows[places]
        self._found.add(slots, values.ravel()[flat], rows + tile.first)

    def _reaching(self, values: Matrix, cuts: Sequence[Matrix] | Matrix, edges: Sequence[int]) -> Rows:
        hits = self._hits[: len(values)]
        for cut, begin, end in zip(cuts, edges[:-1], edges[1:], strict=True):
            np.greater_equal(values[begin:end], cut, out=hits[begin:end])
        return np.flatnonzero(hits)


def _edges(rows: int) -> Iterator[tuple[int, int]]:
    """Yield where tiles begin and end; the first ones are small, as cuts rise while rows are few."""
    first, size = 0, FIRST_ROWS
    while first < rows:
        last = min(first + size, rows)
        yield first, last
        first, size = last, min(max(size, last), TILE_ROWS)


def _divided(flat: Rows, by: int) -> tuple[Rows, Rows]:
    places = flat // by
    return places, flat - places * by
