"""The true neighbours of some rows, and how many of them an index finds.

Bytes do not depend on threads: tiles and parts have a fixed shape, each in one thread (see faiss_threads.py).
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from synthprof.base.arrays import Ids, Matrix
from synthprof.similarity import inverted_file, probes
from synthprof.similarity.threads import one_thread_each, product_rows

QUERIES = 500  # first rows whose neighbours are looked for to measure recall
PART_ROWS, TILE_ROWS = 512, 4_096  # queries and rows per task of an exact search
SPARE = 10  # candidates beyond k: rounding in float32 may swap neighbours closer than 1e-6
RECALL_WANTED = 0.95  # at 10
GAIN_MIN = 0.002  # recall that doubling nprobe must add where codes or links, not lists, lose neighbours
EFFORT_MAX = 4_096  # efSearch beyond which HNSW is no cheaper than a scan
PAIRS = 2_048  # of rows whose products are taken at a time
FAR = 1e4  # every coordinate of a padding row: no unit vector is nearer to it than to any unit vector


def exact_neighbours(
    queries: Matrix, blocks: Iterable[Matrix], k: int = 10, threads: int = 1
) -> tuple[Ids, Matrix]:
    """Return the k nearest rows of each query by cosine similarity; among equals the lower id comes first.

    queries: (q, d), blocks: (n_i, d), float32 unit vectors; the rows' ids go from 1 on. Returns ids (q, k)
    int64 and similarities (q, k) float32, descending; -1 and -inf where there are fewer than k rows.
    Products in float32 pick k + 10 candidates, products in float64 put them in order.
    """
    queries = np.ascontiguousarray(queries, dtype=np.float32)
    best, first_id = Candidates.none(len(queries), k + SPARE), 1
    with one_thread_each(threads) as pool:
        for block in blocks:
            rows, squared = _nearest_in(queries, block, k + SPARE, pool)
            best = best.with_rows_of(queries, block, rows, squared, first_id)
            first_id += len(block)
    order = np.lexsort((best.ids, -best.similarities), axis=1)[:, :k]
    similarities = np.take_along_axis(best.similarities, order, axis=1).astype(np.float32)
    return np.take_along_axis(best.ids, order, axis=1), similarities


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


def _nearest_in(queries: Matrix, block: Matrix, k: int, pool: ThreadPoolExecutor) -> tuple[Ids, Matrix]:
    """Row numbers within the block and squared distances, ascending by both; -1 and inf for padding.

    Returns (q, k times the number of tiles). Tiles and parts of the queries have a fixed shape, so that the
    threads do not show, large enough for FAISS to multiply matrices.
    """
    size = product_rows(queries.shape[1], PART_ROWS)
    parts = [_padded(queries[first : first + size], size, 0) for first in range(0, len(queries), size)]
    starts = range(0, len(block), TILE_ROWS)
    tiles = [_padded(block[first : first + TILE_ROWS], TILE_ROWS, FAR) for first in starts]
    found = list(pool.map(lambda pair: faiss.knn(pair[0], pair[1], k), itertools.product(parts, tiles)))
    squared, rows = (_unpadded(results, len(tiles), len(queries)) for results in zip(*found, strict=True))
    rows = rows + np.repeat(np.arange(len(tiles)) * TILE_ROWS, k)
    padding = rows >= len(block)
    return np.where(padding, -1, rows), np.where(padding, np.float32(np.inf), squared)


def _padded(rows: Matrix, count: int, value: float) -> Matrix:
    if len(rows) == count:
        return np.ascontiguousarray(rows, dtype=np.float32)
    return np.pad(rows, ((0, count - len(rows)), (0, 0)), constant_values=value).astype(
        np.float32, copy=False
    )


def _unpadded(results: Sequence[NDArray[Any]], tiles: int, queries: int) -> NDArray[Any]:
    """Return the results of all (part, tile) as one matrix, a row for each query."""
    parts = [
        np.concatenate(results[first : first + tiles], axis=1) for first in range(0, len(results), tiles)
    ]
    return np.concatenate(parts)[:queries]


@dataclass(frozen=True, eq=False)
class Candidates:
    """The rows nearest to each query so far: (q, m) ids, squared distances, float64 similarities."""

    ids: Ids
    squared: Matrix
    similarities: NDArray[np.float64]

    @classmethod
    def none(cls, queries: int, m: int) -> Candidates:
        """Room for m candidates of each query, empty: -1, inf, -inf."""
        shape = (queries, m)
        return cls(np.full(shape, -1), np.full(shape, np.inf, np.float32), np.full(shape, -np.inf))

    def with_rows_of(
        self, queries: Matrix, block: Matrix, rows: Ids, squared: Matrix, first_id: int
    ) -> Candidates:
        """Return the m nearest of these and of the block's rows, all of whose ids are higher."""
        m = self.ids.shape[1]
        ids = np.concatenate([self.ids, np.where(rows < 0, -1, rows + first_id)], axis=1)
        every = np.concatenate([self.squared, squared], axis=1)
        order = np.lexsort((ids, every), axis=1)[:, :m]
        ids, every = np.take_along_axis(ids, order, axis=1), np.take_along_axis(every, order, axis=1)
        similarities = np.take_along_axis(self.similarities, np.minimum(order, m - 1), axis=1)
        similarities[ids < 0] = -np.inf
        query, place = np.nonzero((order >= m) & (ids >= 0))
        new = ids[query, place] - first_id
        for first in range(0, len(new), PAIRS):  # all at once would fill a hundred megabytes of fresh pages
            part = slice(first, first + PAIRS)
            pair = (queries[query[part]].astype(np.float64), block[new[part]].astype(np.float64))
            similarities[query[part], place[part]] = np.einsum("nd,nd->n", *pair)
        return Candidates(ids, every, similarities)


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
