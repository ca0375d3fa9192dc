"""Searches of a mapped index, a stretch of its lists at a time, and searches that go on to farther lists.

An index that holds rows as they are finds a true neighbour exactly if it reads its list. Only where others
are so near that rounding decides, and where codes have lost the order, must lists be searched to know.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from synthprof.base.arrays import Ids, Matrix
from synthprof.similarity import inverted_file
from synthprof.similarity.nearness import SPARE_ROUNDINGS, UNIT, UNIT_LENGTH

WANTED = 10  # neighbours that are looked for
KNOWN = WANTED + 1  # true neighbours that tell whether the tenth is apart from all others
QUERY_ROWS = 256  # queries per task of an approximate search
MAPPED_BYTES = 64 << 20  # of a file that a thread reads before it lets go of them

Index = Any
"""FAISS's classes are untyped."""


def search(index: Index, queries: Matrix) -> tuple[Matrix, Ids]:
    """Return squared distances and ids, (q, 10), that a mapped index finds near queries as it is set."""
    distances, lists = index.quantizer.search(queries, min(index.nprobe, index.nlist))
    return _nearest(index, queries, distances, lists, WANTED)


class Probes:
    """Queries to a mapped index whose `nprobe` grows: each list is searched once, if at all."""

    def __init__(
        self, index: Index, queries: Matrix, ids: Ids, similarities: Matrix, pool: ThreadPoolExecutor
    ) -> None:
        """Begin with no list read.

        queries: (q, d) float32 unit vectors. ids, similarities: (q, k) their true neighbours as
        `exact_neighbours` gives them; with k of KNOWN or more, few queries need a search.
        """
        lists = inverted_file.lists_of(index, ids[:, :WANTED])
        unsure = ~_apart(similarities, queries.shape[1])
        if loses_order(index):
            unsure[:] = True
        cuts = (slice(first, first + QUERY_ROWS) for first in range(0, len(queries), QUERY_ROWS))
        self._parts = [_Part(index, queries[of], ids[of], lists[of], unsure[of]) for of in cuts]
        self._pool = pool

    def found(self) -> Ids:
        """Return the neighbours that the index finds as it is set, (q, 10), in any order; -1 for none.

        Its nprobe must not be lower than at the call before.
        """
        return np.concatenate(list(self._pool.map(_Part.found, self._parts)))


def loses_order(index: Index) -> bool:
    """Return whether the index holds codes in place of rows."""
    return hasattr(index, "pq") or hasattr(index, "sq")


class _Part:
    """Some of the queries. Parts have a fixed size, so that the threads do not show."""

    def __init__(
        self, index: Index, queries: Matrix, ids: Ids, lists: Ids, unsure: NDArray[np.bool_]
    ) -> None:
        self._index, self._queries, self._ids, self._lists = index, queries, ids[:, :WANTED], lists
        self._unsure = np.flatnonzero(unsure)
        self._read = np.zeros((len(self._unsure), index.nlist), np.bool_)
        self._nearest = _none(len(self._unsure), KNOWN)

    def found(self) -> Ids:
        distances, lists = self._index.quantizer.search(self._queries, self._index.nprobe)
        reached = (self._lists[:, :, None] == lists[:, None, :]).any(axis=2)
        found = np.where(reached, self._ids, -1)
        if len(self._unsure):
            found[self._unsure] = self._searched(distances[self._unsure], lists[self._unsure])
        return found

    def _searched(self, distances: Matrix, lists: Ids) -> Ids:
        """Search the lists that were not read before; return the nearest of all that were.

        Which of equally near rows comes tenth depends on the lists of one search: such queries are searched
        anew.
        """
        queries, rows = self._queries[self._unsure], np.arange(len(lists))[:, None]
        new = np.where(self._read[rows, lists], -1, lists)
        self._read[rows, lists] = True
        here = _nearest(self._index, queries, distances, new, KNOWN)
        self._nearest = squared, ids = _best([self._nearest, here], KNOWN)
        found = ids[:, :WANTED].copy()
        tied = np.flatnonzero((squared[:, WANTED - 1] == squared[:, WANTED]) & (ids[:, WANTED] >= 0))
        if len(tied):
            found[tied] = _nearest(self._index, queries[tied], distances[tied], lists[tied], WANTED)[1]
        return found


def _apart(similarities: Matrix, dim: int) -> NDArray[np.bool_]:
    """Return whether all other rows are farther than the tenth neighbour by more than float32 is off, (q,).

    A distance in float32 is off by at most a share of itself, in whatever order it is summed (nearness.py).
    Unit vectors whose lengths differ from 1 move it by a few times that.
    """
    if similarities.shape[1] < KNOWN:
        return np.zeros(len(similarities), np.bool_)
    tenth, others = (2 - 2 * similarities[:, WANTED - 1 : KNOWN].astype(np.float64)).T
    roundings = dim + SPARE_ROUNDINGS
    share = roundings * UNIT / (1 - roundings * UNIT)
    apart: NDArray[np.bool_] = others * (1 - share) > tenth * (1 + share) + 8 * UNIT_LENGTH
    return apart


def _nearest(index: Index, queries: Matrix, distances: Matrix, lists: Ids, k: int) -> tuple[Matrix, Ids]:
    """Return squared distances and ids of the k nearest rows in some lists, -1 for no list.

    Searches a stretch of the lists at a time, and lets go of what was read of the file.
    """
    found = [_none(len(queries), k)]
    for stretch in (parts := inverted_file.stretches(index, MAPPED_BYTES)):
        here = np.where((lists >= stretch.first) & (lists < stretch.end), lists, -1)
        if (here < 0).all():
            continue
        found.append(index.search_preassigned(queries, k, here, distances))
        if len(parts) > 1:
            stretch.let_go(index)
    return _best(found, k)


def _none(queries: int, k: int) -> tuple[Matrix, Ids]:
    return np.full((queries, k), np.inf, np.float32), np.full((queries, k), -1)


def _best(found: list[tuple[Matrix, Ids]], k: int) -> tuple[Matrix, Ids]:
    """Return the k nearest of all that was found; among equals the lower id comes first."""
    squared, ids = (np.concatenate(each, axis=1) for each in zip(*found, strict=True))
    order = np.lexsort((ids, squared), axis=1)[:, :k]
    return np.take_along_axis(squared, order, axis=1), np.take_along_axis(ids, order, axis=1)
