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

TILE_ROWS = 512  # by 512 queries: 1 MiB, which stays in a processor's cache
FIRST_ROWS = 256  # of the first tile, of which everything is a candidate
SHARED_MIN = 0.15  # share of a tile's rows from which a filter may share its comparison
SHARED_GAIN = 100  # a product that reaches a cut costs so many times what taking one out of a tile does
SAMPLED = 16  # each so-many-th row of a tile tells how many products reach the cuts


@dataclass(frozen=True, eq=False)
class Tile:
    """Rows first..last - 1 of a slab; matching: for each filter the rows it matches, within the tile."""

    first: int
    last: int
    matching: tuple[NDArray[np.uint16], ...]


@dataclass(frozen=True, eq=False)
class Piece:
    """Rows of a tile that some filters match: filter i has the rows from edges[i] to edges[i + 1].

    rows: (n,) numbers of rows within the tile; None for all of them, for one filter.
    """

    filters: Sequence[int]
    edges: Sequence[int]
    rows: Rows | None


def tiles_of(masks: Masks) -> list[Tile]:
    """Cut a slab into tiles. masks: (filters, n) bool."""
    return [
        Tile(
            first,
            last,
            tuple(np.flatnonzero(mask).astype(np.uint16) for mask in masks[:, first:last]),
        )
        for first, last in _edges(masks.shape[1])
    ]


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
            if len(shared):
                self._compare_shared(tile, products, shared)
            for piece in _pieces(tile, set(shared.tolist())):
                self._compare(tile, products, piece)

    def _shared(self, tile: Tile, products: Matrix) -> Rows:
        """Return the filters that had better share a comparison."""
        if self._joins != self._found.joins:
            self._joins = self._found.joins
            sample = products[::SAMPLED]
            for number in np.flatnonzero(self._masks.mean(axis=1) >= SHARED_MIN):
                self._reached[number] = (sample >= self._found.cuts[number]).mean()
        shares = np.array([len(rows) for rows in tile.matching]) / len(products)
        return np.flatnonzero((shares >= SHARED_MIN) & (self._reached * SHARED_GAIN <= shares))

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
        of = np.repeat(np.array(piece.filters), np.diff(piece.edges))
        slots = (queries * self._found.filters + of[places]).astype(np.uint16)
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


def _pieces(tile: Tile, but: set[int]) -> Iterator[Piece]:
    """Yield all pairs of a filter and a row it matches, at most as many in a piece as a tile has rows."""
    waiting: list[int] = []
    count = 0
    for number, rows in enumerate(tile.matching):
        if number in but or not len(rows):
            continue
        if len(rows) == tile.last - tile.first:
            yield Piece((number,), (0, len(rows)), None)
            continue
        if count + len(rows) > TILE_ROWS:
            yield _joined(tile, waiting)
            waiting, count = [], 0
        waiting.append(number)
        count += len(rows)
    if waiting:
        yield _joined(tile, waiting)


def _joined(tile: Tile, filters: list[int]) -> Piece:
    parts = [tile.matching[number] for number in filters]
    edges = np.cumsum([0, *map(len, parts)]).tolist()
    return Piece(filters, edges, np.concatenate(parts).astype(np.int64))


def _divided(flat: Rows, by: int) -> tuple[Rows, Rows]:
    places = flat // by
    return places, flat - places * by
