"""The true neighbours of some rows, and how many of them an index finds.

Bytes do not depend on threads: float64 decides which neighbours are true, and searches of an index go in
parts of a fixed size, each in one thread (threads.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from synthprof.base.arrays import Ids, Matrix
from synthprof.similarity import inverted_file, probes
from synthprof.similarity.near_pairs import NearPairs, Rows
from synthprof.similarity.products import blas_of_one_thread
from synthprof.similarity.threads import one_thread_each

QUERIES = 500  # first rows whose neighbours are looked for to measure recall
RECALL_WANTED = 0.95  # at 10
GAIN_MIN = 0.002  # recall that doubling nprobe must add where codes or links, not lists, lose neighbours
EFFORT_MAX = 4_096  # efSearch beyond which HNSW is no cheaper than a scan
PAIRS = 2_048  # of rows whose products are taken at a time

Doubles = NDArray[np.float64]


def exact_neighbours(
    queries: Matrix, blocks: Iterable[Matrix], k: int = 10, threads: int = 1
) -> tuple[Ids, Matrix]:
    """Return the k nearest rows of each query by cosine similarity; among equals the lower id comes first.

    queries: (q, d), q up to 262,144, blocks: (n_i, d), float32 unit vectors; a row of FAR (near_pairs.py) is
    none. The rows' ids go from 1 on. Returns ids (q, k) int64 and similarities (q, k) float32, descending; -1
    and -inf where there are fewer than k rows. Products in float64 decide.
    """
    ids, similarities = nearest_rows(queries, blocks, k, threads)
    return ids, similarities.astype(np.float32)


def nearest_rows(
    queries: Matrix, blocks: Iterable[Matrix], k: int, threads: int = 1, first_id: int = 1
) -> tuple[Ids, Doubles]:
    """Return what `exact_neighbours` does for ids from `first_id` on, with similarities in float64."""
    queries = np.ascontiguousarray(queries, dtype=np.float32)
    best = _Best(len(queries), k)
    with blas_of_one_thread(threads) as pool:
        near = NearPairs(queries, k, pool, max(1, threads))
        for block in blocks:
            for query, row in near.of(block):
                best.join(query, row + first_id, _similarities(queries, block, query, row))
                near.raise_to(best.similarities[:, -1])
            first_id += len(block)
    return best.ids, best.similarities


def nearest_of_all(parts: Iterable[tuple[Ids, Doubles]], queries: int, k: int) -> tuple[Ids, Matrix]:
    """Return what `exact_neighbours` does, from what `nearest_rows` gives of each part of the rows."""
    best, query = _Best(queries, k), np.repeat(np.arange(queries), k)
    for ids, similarities in parts:
        best.join(query, ids.ravel(), similarities.ravel())
    return best.ids, best.similarities.astype(np.float32)


def recall_at_10(found_ids: Ids, exact_ids: Ids) -> float:
    """Return the share of the true ten nearest neighbours that were found; -1 on either side is ignored.

    Both (q, <=10) int64, in any order; fewer where there are fewer rows. 1.0 if there is nothing to find.
    """
    exact = exact_ids[:, :10]
    hits = ((exact[:, :, None] == found_ids[:, None, :10]).any(axis=2) & (exact >= 0)).sum()
    return float(hits / max(1, (exact >= 0).sum())) if (exact >= 0).any() else 1.0


def calibrate(
    index: Any,  # noqa: ANN401
    queries: Matrix,
    exact_ids: Ids,
    similarities: Matrix,
    threads: int = 1,
) -> tuple[int, float]:
    """Double nprobe (HNSW: efSearch) until recall@10 is 0.95 or all is searched; set it in the index.

    exact_ids, similarities: (q, k) as `exact_neighbours` gives them; `probes.KNOWN` of them spare searches.
    Also stops, at the smaller value, where doubling adds next to nothing because SQ8 or PQ codes have lost
    the order, or because the links of HNSW do not lead from one group of rows to another. Returns the
    value, 1 for a flat index, and the recall reached with it. write() stores the value.
    """
    target, name, most = effort(index)
    gain_min = GAIN_MIN if name == "efSearch" or probes.loses_order(index) else -1.0
    with one_thread_each(threads) as pool:
        found = _search_of(index, queries, exact_ids, similarities, pool)
        recall = recall_at_10(found(), exact_ids)
        value = int(getattr(target, name)) if name else 1
        while recall < RECALL_WANTED and value < most:
            setattr(target, name, min(2 * value, most))
            more = recall_at_10(found(), exact_ids)
            if more - recall < gain_min:
                setattr(target, name, value)
                break
            value, recall = min(2 * value, most), more
    return value, recall


def measured(index: Any, queries: Matrix, exact_ids: Ids) -> float:  # noqa: ANN401
    """Return the recall@10 of an index as it is set."""
    with one_thread_each(1) as pool:
        return recall_at_10(_search(index, queries, pool), exact_ids)


def effort(index: Any) -> tuple[Any, str, int]:  # noqa: ANN401
    """Return the object and the name of the setting that trades speed for recall, and its largest value.

    The name is "" and the value 1 for an index without such a setting.
    """
    if hasattr(index, "nprobe"):
        return index, "nprobe", index.nlist
    inner = faiss.downcast_index(index.index) if hasattr(index, "index") else index
    if hasattr(inner, "hnsw"):
        return inner.hnsw, "efSearch", min(EFFORT_MAX, max(inner.hnsw.efSearch, inner.ntotal))
    return inner, "", 1


def with_effort(name: str, value: int) -> Any:  # noqa: ANN401
    """Parameters of one search with this value of what `effort` names; None where that is nothing."""
    api: Any = faiss  # its stubs lack these arguments
    if name == "nprobe":
        return api.SearchParametersIVF(nprobe=value)
    return api.SearchParametersHNSW(efSearch=value) if name else None


class _Best:
    """The rows nearest to each query so far: (q, k) ids and similarities, the nearest first."""

    def __init__(self, queries: int, k: int) -> None:
        self.ids = np.full((queries, k), -1)
        self.similarities = np.full((queries, k), -np.inf)

    def join(self, query: Rows, ids: Ids, similarities: Doubles) -> None:
        """Add rows, in place: for each the number of its query, ascending, its id and its similarity."""
        some, k = np.unique(query), self.ids.shape[1]
        of = np.concatenate([np.repeat(some, k), query])
        every = np.concatenate([self.ids[some].ravel(), ids])
        near = np.concatenate([self.similarities[some].ravel(), similarities])
        order = np.lexsort((every, -near, of))
        counts = np.bincount(np.searchsorted(some, query), minlength=len(some)) + k
        firsts = (np.cumsum(counts) - counts)[:, None] + np.arange(k)
        self.ids[some], self.similarities[some] = every[order[firsts]], near[order[firsts]]


def _similarities(queries: Matrix, rows: Matrix, query: Rows, row: Rows) -> Doubles:
    """Return the product of each pair in float64, (n,). query, row: (n,) their numbers."""
    found = np.empty(len(row))
    for first in range(0, len(row), PAIRS):  # all at once would fill a hundred megabytes of fresh pages
        part = slice(first, first + PAIRS)
        pair = queries[query[part]].astype(np.float64), rows[row[part]].astype(np.float64)
        found[part] = np.einsum("nd,nd->n", *pair)
    return found


def _search_of(
    index: Any,  # noqa: ANN401
    queries: Matrix,
    exact_ids: Ids,
    similarities: Matrix,
    pool: ThreadPoolExecutor,
) -> Callable[[], Ids]:
    """Return what searches the index as it is set then, with as much effort as before or more."""
    if inverted_file.is_mapped(index):
        return probes.Probes(index, queries, exact_ids, similarities, pool).found
    return partial(_search, index, queries, pool)


def _search(index: Any, queries: Matrix, pool: ThreadPoolExecutor) -> Ids:  # noqa: ANN401
    """Ten neighbours of each query, in parts of a fixed size so that the threads do not show."""
    size = probes.QUERY_ROWS
    parts = (queries[first : first + size] for first in range(0, len(queries), size))
    return np.concatenate(list(pool.map(lambda part: ten_nearest(index, part)[1], parts)))


def ten_nearest(index: Any, queries: Matrix) -> tuple[Matrix, Ids]:  # noqa: ANN401
    """Return squared distances and ids, (q, 10), that an index as it is set finds near queries, (q, d).

    Of a mapped index a stretch of the lists is read at a time, and let go of.
    """
    if inverted_file.is_mapped(index):
        return probes.search(index, queries)
    squared, ids = index.search(queries, 10)
    return squared, ids
