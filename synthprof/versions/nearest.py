"""The nearest rows to a vector, through the index or exactly."""

from collections.abc import Iterator
from typing import Any

import faiss
import numpy as np

from synthprof.base.arrays import Ids, Matrix
from synthprof.similarity import recall
from synthprof.similarity.near_pairs import FAR
from synthprof.spec.spec import BLOCK_ROWS
from synthprof.versions.filters import Named, where
from synthprof.versions.published import Published, stored
from synthprof.versions.searcher import Query, Searcher

MIN_SIMILARITY = -1.5
"""Lower similarities are those of rows without an embedding."""

FIRST_CANDIDATES = 200
"""Neighbours to look up before conditions are applied; most conditions leave enough of them."""

MOST_CANDIDATES, MARGIN = 1_000, 2
"""Neighbours that may be looked up, as more cost as much as all rows, and a factor on those needed."""

FIRST_EFFORT = 2
"""Factor on the effort stored in the index, at the start of a search."""

STABLE_SHARE = 0.99
"""A search ends when this share of its neighbours was also found with half the effort."""


class Neighbourhood:
    """The rows around a vector; neighbours that were found are kept, for searches with other conditions."""

    def __init__(self, searcher: Searcher, vector: Matrix) -> None:
        """Take (1, dim) float32 of norm 1."""
        self.searcher = searcher
        self.vector = vector
        self._found: dict[int, tuple[Ids, Matrix]] = {}

    def first(self, count: int) -> tuple[Ids, Matrix]:
        """Return the nearest rows that the index finds, with their similarities."""
        if count not in self._found:
            self._found[count] = _nearest_all(self.searcher, self.vector, count)
        return self._found[count]


def nearest(near: Neighbourhood, query: Query, without: int = 0) -> tuple[Ids, Matrix]:
    """Return ids, (n,) int64, and cosine similarities, (n,) float32, of the n <= k nearest rows in order.

    without: an id to leave out.
    """
    searcher, vector = near.searcher, near.vector
    wanted = min(query.k + bool(without), searcher.version.manifest.rows)
    if query.exact:
        allowed = _matching(searcher.version, query) if query.conditions else None
        found = _nearest_exact(searcher, vector, query, wanted, allowed)
    elif query.conditions:
        found = _nearest_filtered(near, query, wanted)
    else:
        found = near.first(wanted)
    ids, similarities = found
    kept = (ids > 0) & (ids != without)
    return ids[kept][: query.k], similarities[kept][: query.k]


def first_ids(searcher: Searcher, query: Query) -> list[int]:
    """Return the first ids that meet the conditions, ascending."""
    found: list[int] = _matching(searcher.version, query, most=query.k).tolist()
    return found


def _nearest_all(searcher: Searcher, vector: Matrix, wanted: int) -> tuple[Ids, Matrix]:
    """Return the neighbours that the index finds, -1 for missing ones, with growing effort until stable.

    The effort stored in the index is enough for vectors like those in it, but texts are farther away.
    """
    before: Ids = np.zeros(0, np.int64)
    for found in searcher.growing(np.ascontiguousarray(vector), wanted, FIRST_EFFORT):
        if np.isin(found[1], before).mean() >= STABLE_SHARE:
            break
        before = found[1]
    squared, ids = found
    return ids[0], np.float32(1) - squared[0] / np.float32(2)


def _nearest_filtered(near: Neighbourhood, query: Query, wanted: int) -> tuple[Ids, Matrix]:
    """Return the nearest rows that meet the conditions: of first candidates or, if too few, of all rows.

    Where some of the candidates meet them, as many more are tried as should hold enough. Names are met by too
    few rows for that.
    """
    searcher, vector = near.searcher, near.vector
    tried = min(max(FIRST_CANDIDATES, 4 * wanted), searcher.version.manifest.rows)
    rare = any(isinstance(each, Named) for each in query.conditions)
    while not rare:
        ids, similarities = near.first(tried)
        kept = np.isin(ids, _matching(searcher.version, query, ids[ids > 0]))
        if kept.sum() >= wanted:
            return ids[kept], similarities[kept]
        needed = MARGIN * tried * wanted // max(int(kept.sum()), 1)
        rare = not kept.any() or not tried < needed <= MOST_CANDIDATES
        tried = needed
    allowed = _matching(searcher.version, query)
    wanted = min(wanted, len(allowed))
    if not wanted or _is_graph(searcher.index):
        return _nearest_exact(searcher, vector, query, wanted, allowed)
    squared, ids = searcher.among(np.ascontiguousarray(vector), wanted, allowed)
    return ids[0], np.float32(1) - squared[0] / np.float32(2)


def _matching(version: Published, query: Query, among: Ids | None = None, most: int | None = None) -> Ids:
    """Return the ids that meet the conditions, ascending, of all rows or of the given ids."""
    there = None if among is None else np.sort(among)
    tables = stored(version)
    return tables.ids(where(query.conditions, tables.dialect), there, most)


def _is_graph(found: Any) -> bool:  # noqa: ANN401
    """Return whether the index is a graph; its search fails if few nodes are permitted."""
    return hasattr(faiss.downcast_index(found.index), "hnsw") if hasattr(found, "index") else False


def _nearest_exact(
    searcher: Searcher, vector: Matrix, query: Query, wanted: int, allowed: Ids | None
) -> tuple[Ids, Matrix]:
    """Return the nearest rows by comparing all rows, or the allowed ones, read a block at a time."""
    blocks = _blocks(searcher.version, query, allowed)
    ids, similarities = recall.exact_neighbours(vector, blocks, wanted, threads=searcher.threads)
    there = (ids[0] > 0) & (similarities[0] > MIN_SIMILARITY)
    found, similarities = ids[0][there], similarities[0][there]
    return (found if allowed is None else allowed[found - 1]), similarities


def _blocks(version: Published, query: Query, allowed: Ids | None) -> Iterator[Matrix]:
    """Yield the embeddings of all rows, or of the allowed ones, by id, a block at a time."""
    for first in range(1, version.manifest.rows + 1, BLOCK_ROWS):
        query.check()
        last = min(first + BLOCK_ROWS - 1, version.manifest.rows)
        if allowed is None:
            yield embeddings_of(version, first, last)
            continue
        chosen = allowed[np.searchsorted(allowed, first) : np.searchsorted(allowed, last, "right")]
        if len(chosen):
            yield embeddings_of(version, first, last)[chosen - first]


def embeddings_of(version: Published, first: int, last: int) -> Matrix:
    """Return the embeddings of the ids first to last, (n, dim) float32; rows without one are `FAR`."""
    found = stored(version).matrix("embeddings", range(first, last + 1))
    nowhere = np.isnan(found[:, 0])
    return np.where(nowhere[:, None], np.float32(FAR), found) if nowhere.any() else found
