"""Products of a batch of queries with a slab, tile by tile, taken once for all filters."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from synthprof.base.arrays import Matrix
from synthprof.similarity.candidates import Candidates, Rows
from synthprof.similarity.nearness import Side
from synthprof.similarity.slabs import Masks

TILE_ROWS = 2_048  # by 512 queries: 4 MiB; twice as many leave the processor's cache
FIRST_ROWS = 256  # of the first tile, of which everything is a candidate


@dataclass(frozen=True, eq=False)
class Piece:
    """Rows of a tile that some filters match: filter i has the rows from edges[i] to edges[i + 1].

    rows: (n,) numbers of rows within the tile; None for all of them, for one filter.
    """

    filters: tuple[int, ...]
    edges: tuple[int, ...]
    rows: Rows | None


class Tiles:
    """Room for the products of one batch of queries."""

    def __init__(self, queries: int) -> None:
        """Make room for tiles of this many queries."""
        shape = (TILE_ROWS, queries)
        self._products = np.empty(shape, np.float32)
        self._gathered = np.empty(shape, np.float32)
        self._hits = np.empty(shape, np.bool_)

    def search(self, queries: Side, rows: Side, masks: Masks, found: Candidates) -> None:
        """Add all rows of the slab to `found` whose products reach the cuts. masks: (filters, n)."""
        for first, last in _edges(len(rows.lengths)):
            tile = self._products[: last - first]
            np.matmul(rows.factors[first:last], queries.factors.T, out=tile)
            for piece in _pieces(masks[:, first:last]):
                self._compare(tile, piece, first, found)

    def _compare(self, tile: Matrix, piece: Piece, first: int, found: Candidates) -> None:
        values = tile
        if piece.rows is not None:
            values = self._gathered[: len(piece.rows)]
            tile.take(piece.rows, axis=0, out=values, mode="clip")
        hits = self._hits[: len(values)]
        for filter_, begin, end in zip(piece.filters, piece.edges[:-1], piece.edges[1:], strict=True):
            np.greater_equal(values[begin:end], found.cuts[filter_], out=hits[begin:end])
        flat = np.flatnonzero(hits)
        if not len(flat):
            return
        places, queries = _divided(flat, tile.shape[1])
        of = np.repeat(np.array(piece.filters), np.diff(piece.edges))
        slots = (queries * found.filters + of[places]).astype(np.uint16)
        chosen = places if piece.rows is None else piece.rows[places]
        found.add(slots, values.ravel()[flat], chosen + first)


def _edges(rows: int) -> Iterator[tuple[int, int]]:
    """Yield where tiles begin and end; the first ones are small, as cuts rise while rows are few."""
    first, size = 0, FIRST_ROWS
    while first < rows:
        last = min(first + size, rows)
        yield first, last
        first, size = last, min(max(size, last), TILE_ROWS)


def _pieces(masks: Masks) -> Iterator[Piece]:
    """Yield all pairs of a filter and a row it matches, at most as many in a piece as a tile has rows."""
    waiting: list[tuple[int, Rows]] = []
    count = 0
    for filter_, mask in enumerate(masks):
        rows = np.flatnonzero(mask)
        if len(rows) == len(mask):
            yield Piece((filter_,), (0, len(rows)), None)
        elif len(rows):
            if count + len(rows) > TILE_ROWS:
                yield _joined(waiting)
                waiting, count = [], 0
            waiting.append((filter_, rows))
            count += len(rows)
    if waiting:
        yield _joined(waiting)


def _joined(parts: list[tuple[int, Rows]]) -> Piece:
    edges = np.cumsum([0, *(len(rows) for _, rows in parts)])
    return Piece(
        tuple(filter_ for filter_, _ in parts),
        tuple(edges.tolist()),
        np.concatenate([rows for _, rows in parts]),
    )


def _divided(flat: Rows, by: int) -> tuple[Rows, Rows]:
    places = flat // by
    return places, flat - places * by
