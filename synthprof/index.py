"""Which FAISS index suits a data set, how it is built, and how many true neighbours it finds.

All indexes order by squared Euclidean distance D. On unit vectors that is the order of cosine
similarity, 1 - D/2; D rather than the inner product, because k-means assigns by D, so its centroids
and labels serve as the coarse quantizer as they are, and because among equals FAISS keeps the lower
id for D (for the inner product it keeps the higher).

Bytes. The same input gives the same file with any number of threads: matrix products have a fixed
shape and one thread (see cluster.py), FAISS fills each inverted list in row order with any number of
threads, each PQ sub-quantizer is trained by one thread, and HNSW is built by one thread, as FAISS
promises no order of concurrent insertions (in 1.15.1 more threads gave the same bytes, no sooner).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Iterator, Sequence, Sized
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from synthprof import cluster
from synthprof.errors import SpecError, StageError

Matrix = NDArray[np.float32]
Ids = NDArray[np.int64]

ID_BYTES = 8
LINKS = 32  # HNSW: M, links per vector and layer; twice as many on the lowest
LINK_BYTES = 272  # per vector, of HNSW32: 64 links of 4 bytes and what higher layers take (measured-facts)
CODEWORDS = 256  # per PQ sub-quantizer, of 8 bits
CODEWORD_ROWS_MIN = CODEWORDS * cluster.POINTS_MIN
NLIST_BAND = 4  # search costs nlist + nprobe * rows / nlist: within 4x of the square root it is at most 2x
QUERY_ROWS = 256  # queries per task of an approximate search
PART_ROWS, TILE_ROWS = 512, 4_096  # queries and rows per task of an exact search
SPARE = 10  # candidates beyond k: rounding in float32 may swap neighbours closer than 1e-6
GAIN_MIN = 0.002  # recall that doubling nprobe must add where codes or links, not lists, lose neighbours
HNSW_ROWS = 16_384  # vectors per add: the bytes of HNSW depend on it
EFFORT_MAX = 4_096  # efSearch beyond which HNSW is no cheaper than a scan
WRITE_BYTES = 1 << 20  # handed to Python at a time
FAR = 1e4  # every coordinate of a padding row: no unit vector is nearer to it than to any unit vector


@dataclass(frozen=True)
class Rule:
    """One row of the table: when a kind of index is right. dsub: dimensions per PQ code byte."""

    kind: str
    automatic: bool
    rows_min: int
    rows_max: float
    dsub: int
    why: str


# From the best answers to the smallest index. `auto` takes the first row that fits rows and memory.
RULES = (
    Rule("flat", True, 1, 20_000, 0, "exact; a scan takes about a millisecond"),
    Rule("ivf_flat", True, 1, math.inf, 0, "full vectors, built from the clusters in one pass"),
    Rule("ivf_sq8", True, 1, math.inf, 0, "full vectors exceed the memory; one byte per dimension fits"),
    Rule(
        "ivf_pq",
        True,
        CODEWORD_ROWS_MIN,
        math.inf,
        2,
        "4 bits per dimension fit the memory (recall below 0.95)",
    ),
    Rule(
        "ivf_pq",
        True,
        CODEWORD_ROWS_MIN,
        math.inf,
        4,
        "2 bits per dimension fit the memory (recall below 0.95)",
    ),
    Rule(
        "ivf_pq",
        True,
        CODEWORD_ROWS_MIN,
        math.inf,
        8,
        "1 bit per dimension fits the memory (recall below 0.95)",
    ),
    # Never automatic: it takes 0.8 s of one thread for 20,000 rows, where a scan answers in 0.7 ms, and 240 s
    # for a million, where IVF,Flat takes 1 s. On request, to load-test searches.
    Rule("hnsw", False, 1, math.inf, 0, "asked for: quickest answers, slowest build (one thread)"),
)
KINDS = tuple(dict.fromkeys(rule.kind for rule in RULES))


@dataclass(frozen=True)
class IndexChoice:
    """What to build: nlist, nprobe and pq_m are 0 where the kind has none; bytes: file and memory."""

    kind: str
    nlist: int
    nprobe: int
    pq_m: int
    bytes: int
    reason: str


def choose(rows: int, dim: int, memory_bytes: int, kind: str = "auto", clusters: int = 0) -> IndexChoice:
    """The first rule whose kind, rows and memory fit; with `clusters` in band, their number is nlist.

    Raises SpecError if no rule fits. memory_bytes: what the index may take, built or loaded.
    """
    if kind not in ("auto", *KINDS):
        raise SpecError(f"index={kind!r} is not a kind of index; use auto or one of {', '.join(KINDS)}")
    rules = [rule for rule in RULES if (rule.automatic if kind == "auto" else rule.kind == kind)]
    choices = [_choice(rule, rows, dim, clusters) for rule in rules if _possible(rule, rows, dim, kind)]
    fitting = [choice for choice in choices if choice.bytes <= memory_bytes]
    if fitting:
        return fitting[0]
    if not choices:
        raise SpecError(
            f"index={kind} needs at least {CODEWORD_ROWS_MIN} rows ({cluster.POINTS_MIN} for each of "
            f"{CODEWORDS} codewords) and an even dimension, got {rows} of {dim}; use index=auto"
        )
    least = min(choice.bytes for choice in choices)
    raise SpecError(
        f"index={kind} of {rows} rows needs at least {least} bytes, {memory_bytes} are allowed; "
        "allow more memory, use index=auto, fewer rows or a smaller dim_embedding, or save no index"
    )


def build(
    choice: IndexChoice,
    blocks: Iterable[Matrix],
    *,
    centroids: Matrix | None = None,
    labels: NDArray[np.int32] | None = None,
    training: Matrix | None = None,
    seed: int = 0,
    threads: int = 1,
) -> Any:  # noqa: ANN401  FAISS's classes are untyped
    """The index of all rows, whose searches return profile ids: 1 for the first row, and so on.

    blocks: (n_i, d) float32 unit vectors, streamed. centroids (k, d) and labels (n,) of the clustering
    are used if k is in band of choice.nlist, which saves a training and an assignment. training:
    (m, d) sample, needed where needs_training() says so. Raises SpecError if it is missing,
    StageError if a vector is not finite or the labels are not as many as the rows.
    """
    if choice.kind in ("flat", "hnsw"):
        return _build_whole(choice, blocks, threads)
    if not _reuses(choice, centroids):
        sample = _needed(training, f"nlist={choice.nlist} differs too much from the clusters")
        centroids, labels = cluster.train(sample, choice.nlist, seed=seed, threads=threads).centroids, None
    assert centroids is not None
    index = _inverted_file(choice, np.ascontiguousarray(centroids, dtype=np.float32))
    _train_codes(index, choice, centroids, training, threads)
    _fill(index, blocks, centroids, labels, threads)
    return index


def needs_training(choice: IndexChoice, clusters: int) -> bool:
    """Whether build() will ask for a training sample, given so many centroids."""
    return choice.kind in ("ivf_sq8", "ivf_pq") or (choice.nlist > 0 and not _in_band(clusters, choice.nlist))


def write(index: Any, path: Path) -> None:  # noqa: ANN401
    """The index is in the file, for faiss.read_index. The caller names, flushes and renames it."""
    # through a Python file: FAISS's own writer does not notice when the last bytes fail at fclose(3)
    with path.open("wb") as file:
        failed: list[OSError] = []

        def write_some(data: bytes) -> int:
            try:
                return file.write(data)
            except OSError as error:
                failed.append(error)
                return 0

        try:
            writer = faiss.PyCallbackIOWriter(write_some, WRITE_BYTES)  # type: ignore[attr-defined]
            faiss.write_index(index, writer)
        except RuntimeError as error:
            if failed:
                raise failed[0] from error
            raise StageError(f"{path}: index not written ({error}); run it again") from error


def exact_neighbours(
    queries: Matrix, blocks: Iterable[Matrix], k: int = 10, first_id: int = 1, threads: int = 1
) -> tuple[Ids, Matrix]:
    """The k nearest rows of each query by cosine similarity; among equals the lower id comes first.

    queries: (q, d), blocks: (n_i, d), float32 unit vectors. Returns ids (q, k) int64 and similarities
    (q, k) float32, descending; -1 and -inf where there are fewer than k rows. Products in float32 pick
    k + 10 candidates, products in float64 put them in order.
    """
    queries = np.ascontiguousarray(queries, dtype=np.float32)
    best = Candidates.none(len(queries), k + SPARE)
    with cluster.workers(threads) as pool:
        for block in blocks:
            rows, squared = _nearest_in(queries, block, k + SPARE, pool)
            best = best.with_rows_of(queries, block, rows, squared, first_id)
            first_id += len(block)
    order = np.lexsort((best.ids, -best.similarities), axis=1)[:, :k]
    similarities = np.take_along_axis(best.similarities, order, axis=1).astype(np.float32)
    return np.take_along_axis(best.ids, order, axis=1), similarities


def recall_at_10(found_ids: Ids, exact_ids: Ids) -> float:
    """The share of the true ten nearest neighbours that were found; -1 on either side counts for nothing.

    Both (q, <=10) int64, in any order; fewer where there are fewer rows. 1.0 if there is nothing to find.
    """
    exact = exact_ids[:, :10]
    hits = ((exact[:, :, None] == found_ids[:, None, :10]).any(axis=2) & (exact >= 0)).sum()
    return float(hits / max(1, (exact >= 0).sum())) if (exact >= 0).any() else 1.0


def calibrate(
    index: Any,  # noqa: ANN401
    queries: Matrix,
    exact_ids: Ids,
    at_least: float = 0.95,
    threads: int = 1,
) -> tuple[int, float]:
    """Double nprobe (HNSW: efSearch) until recall@10 is high enough or all is searched; set it in the index.

    Also stops, at the smaller value, where doubling adds next to nothing because SQ8 or PQ codes have lost
    the order, or because the links of HNSW do not lead from one group of rows to another. Returns the
    value, 1 for a flat index, and the recall reached with it. write() stores the value.
    """
    target, name, most = _effort(index)
    gain_min = GAIN_MIN if name == "efSearch" or hasattr(index, "pq") or hasattr(index, "sq") else -1.0
    with cluster.workers(threads) as pool:
        recall = recall_at_10(_search(index, queries, pool), exact_ids)
        value = int(getattr(target, name)) if name else 1
        while recall < at_least and value < most:
            setattr(target, name, min(2 * value, most))
            more = recall_at_10(_search(index, queries, pool), exact_ids)
            if more - recall < gain_min:
                setattr(target, name, value)
                break
            value, recall = min(2 * value, most), more
    return value, recall


def _possible(rule: Rule, rows: int, dim: int, kind: str) -> bool:
    codes = rule.dsub == 0 or dim % rule.dsub == 0
    return codes and rows >= rule.rows_min and (rows <= rule.rows_max or kind != "auto")


def _choice(rule: Rule, rows: int, dim: int, clusters: int) -> IndexChoice:
    nlist = cluster.automatic_k(rows) if rule.kind.startswith("ivf") else 0
    if nlist and _in_band(clusters, nlist):
        nlist = clusters
    m = dim // rule.dsub if rule.dsub else 0
    code = {"ivf_sq8": dim, "ivf_pq": m, "hnsw": 4 * dim + LINK_BYTES}.get(rule.kind, 4 * dim)
    size = rows * (code + ID_BYTES) + nlist * 4 * dim  # measured-facts.md, "FAISS"; ids in all of them
    reason = f"{rows} rows of {dim} dimensions: {rule.why}, {size / 2**20:.0f} MiB"
    return IndexChoice(rule.kind, nlist, min(nlist, 8), m, size, reason)


def _in_band(clusters: int, nlist: int) -> bool:
    return nlist <= NLIST_BAND * clusters and clusters <= NLIST_BAND * nlist


def _reuses(choice: IndexChoice, centroids: Matrix | None) -> bool:
    return centroids is not None and _in_band(len(centroids), choice.nlist)


def _needed(training: Matrix | None, why: str) -> Matrix:
    if training is None or not len(training):
        raise SpecError(f"training=None, but {why}, so a sample must be trained on; pass `training`")
    return training


def _build_whole(choice: IndexChoice, blocks: Iterable[Matrix], threads: int) -> Any:  # noqa: ANN401
    dim, blocks = _peek(blocks)
    if choice.kind == "hnsw":
        threads, blocks = 1, _regrouped(blocks)
        index = faiss.IndexIDMap2(faiss.IndexHNSWFlat(dim, LINKS, faiss.METRIC_L2))
    else:
        index = faiss.IndexIDMap2(faiss.IndexFlatL2(dim))

    def add(block: Matrix) -> None:
        first = index.ntotal + 1
        index.add_with_ids(block, np.arange(first, first + len(block), dtype=np.int64))

    with _faiss_thread(threads) as thread:
        for block in blocks:
            thread.submit(add, cluster.finite(block, "vectors")).result()
    return index


def _peek(blocks: Iterable[Matrix]) -> tuple[int, Iterator[Matrix]]:
    """The dimension of the first block, and all blocks."""
    stream = iter(blocks)
    first = next(stream, None)
    if first is None:
        raise SpecError("no rows to index; generate at least one profile")

    def again() -> Iterator[Matrix]:
        yield first
        yield from stream

    return first.shape[1], again()


def _regrouped(blocks: Iterable[Matrix]) -> Iterator[Matrix]:
    """The same rows in blocks of HNSW_ROWS, the last one shorter."""
    held: list[Matrix] = []
    for block in blocks:
        held.append(block)
        while sum(map(len, held)) >= HNSW_ROWS:
            rows = np.concatenate(held)
            yield rows[:HNSW_ROWS]
            held = [rows[HNSW_ROWS:]]
    if sum(map(len, held)):
        yield np.concatenate(held)


def _faiss_thread(threads: int) -> ThreadPoolExecutor:
    """One Python thread in which FAISS uses so many of its own; the caller's setting stays as it is."""
    return ThreadPoolExecutor(1, "faiss", faiss.omp_set_num_threads, (max(1, threads),))


def _inverted_file(choice: IndexChoice, centroids: Matrix) -> Any:  # noqa: ANN401
    nlist, dim = centroids.shape
    quantizer: Any = faiss.IndexFlatL2(dim)
    quantizer.add(centroids)
    index: Any
    if choice.kind == "ivf_sq8":
        kind = faiss.ScalarQuantizer.QT_8bit
        index = faiss.IndexIVFScalarQuantizer(quantizer, dim, nlist, kind, faiss.METRIC_L2)
    elif choice.kind == "ivf_pq":
        index = faiss.IndexIVFPQ(quantizer, dim, nlist, choice.pq_m, 8, faiss.METRIC_L2)
    else:
        index = faiss.IndexIVFFlat(quantizer, dim, nlist, faiss.METRIC_L2)
    quantizer.this.disown()  # the index frees it
    index.own_fields = True
    index.nprobe = min(nlist, max(1, choice.nprobe))
    return index


def _train_codes(
    index: Any,  # noqa: ANN401
    choice: IndexChoice,
    centroids: Matrix,
    training: Matrix | None,
    threads: int,
) -> None:
    """The codes of an SQ8 or PQ index are trained on what remains of the sample after its centroids."""
    if choice.kind != "ivf_flat":
        sample = _needed(training, f"{choice.kind} codes what remains after the centroid")
        labels, _ = cluster.assign(sample, centroids, threads)
        residuals = np.ascontiguousarray(sample - centroids[labels])
        if choice.kind == "ivf_sq8":
            with _faiss_thread(1) as thread:
                thread.submit(index.sq.train, residuals).result()
        else:
            _train_pq(index, residuals, threads)
    index.is_trained = True


def _train_pq(index: Any, residuals: Matrix, threads: int) -> None:  # noqa: ANN401
    """FAISS's own k-means of each sub-quantizer, each in one thread."""
    pq = index.pq
    residuals = residuals[: pq.cp.max_points_per_centroid * CODEWORDS]

    def codewords(part: int) -> Matrix:
        clustering = faiss.Clustering(pq.dsub, CODEWORDS, pq.cp)
        values = np.ascontiguousarray(residuals[:, part * pq.dsub : (part + 1) * pq.dsub])
        clustering.train(values, faiss.IndexFlatL2(pq.dsub))
        found: Matrix = faiss.vector_to_array(clustering.centroids)
        return found

    with cluster.workers(threads) as pool:
        faiss.copy_array_to_vector(np.concatenate(list(pool.map(codewords, range(pq.M)))), pq.centroids)
    index.precompute_table()


def _fill(
    index: Any,  # noqa: ANN401
    blocks: Iterable[Matrix],
    centroids: Matrix,
    labels: NDArray[np.int32] | None,
    threads: int,
) -> None:
    if labels is not None:
        _reserve(index, labels, threads)
    with _faiss_thread(threads) as thread:
        for block in blocks:
            vectors, first = cluster.finite(block, "vectors"), index.ntotal
            if labels is None:
                lists = cluster.assign(vectors, centroids, threads)[0]
            else:
                lists = labels[first : first + len(vectors)]
            _same_length(lists, vectors, first)
            thread.submit(_adder(index, vectors, first + 1, lists.astype(np.int64))).result()
    if labels is not None:
        _same_length(labels[index.ntotal :], (), index.ntotal)


def _same_length(labels: Sized, rows: Sized, first: int) -> None:
    if len(labels) != len(rows):
        raise StageError(
            f"{len(labels)} labels for {len(rows)} rows from row {first} on; each row has one label: "
            "clear the cluster stage and run it again"
        )


def _reserve(index: Any, labels: NDArray[np.int32], threads: int) -> None:  # noqa: ANN401
    """Room in each list for exactly its rows: growing by doubling would take up to twice the memory."""
    if labels.size and not 0 <= labels.min() <= labels.max() < index.nlist:
        raise StageError(
            f"labels {labels.min()}..{labels.max()} are not within 0..{index.nlist - 1}, the centroids; "
            "clear the cluster stage and run it again"
        )

    def reserve(number: int, size: int) -> None:
        index.invlists.resize(number, size)
        index.invlists.resize(number, 0)

    sizes = np.bincount(labels, minlength=index.nlist).tolist()
    with cluster.workers(threads) as pool:  # fresh pages of memory take the longest
        list(pool.map(reserve, range(index.nlist), sizes))


def _adder(index: Any, block: Matrix, first_id: int, lists: Ids) -> Callable[[], None]:  # noqa: ANN401
    ids = np.arange(first_id, first_id + len(block), dtype=np.int64)

    def add() -> None:
        pointers = faiss.swig_ptr(block), faiss.swig_ptr(ids), faiss.swig_ptr(lists)
        index.add_core(len(block), *pointers)

    return add


def _nearest_in(queries: Matrix, block: Matrix, k: int, pool: ThreadPoolExecutor) -> tuple[Ids, Matrix]:
    """Row numbers within the block and squared distances, ascending by both; -1 and inf for padding.

    Returns (q, k times the number of tiles). Tiles and parts of the queries have a fixed shape, so that the
    threads do not show, large enough for FAISS to multiply matrices.
    """
    size = PART_ROWS * math.ceil(cluster.BLAS_VALUES_MIN / (PART_ROWS * queries.shape[1]))
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
    """The results of all (part, tile) as one matrix, a row for each query."""
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
        """The m nearest of these and of the block's rows, all of whose ids are higher."""
        m = self.ids.shape[1]
        ids = np.concatenate([self.ids, np.where(rows < 0, -1, rows + first_id)], axis=1)
        every = np.concatenate([self.squared, squared], axis=1)
        order = np.lexsort((ids, every), axis=1)[:, :m]
        ids, every = np.take_along_axis(ids, order, axis=1), np.take_along_axis(every, order, axis=1)
        similarities = np.take_along_axis(self.similarities, np.minimum(order, m - 1), axis=1)
        similarities[ids < 0] = -np.inf
        query, place = np.nonzero((order >= m) & (ids >= 0))
        new = block[ids[query, place] - first_id].astype(np.float64)
        similarities[query, place] = np.einsum("nd,nd->n", queries[query].astype(np.float64), new)
        return Candidates(ids, every, similarities)


def _effort(index: Any) -> tuple[Any, str, int]:  # noqa: ANN401
    """The object and the name of what trades speed for recall, and its largest useful value."""
    if hasattr(index, "nprobe"):
        return index, "nprobe", index.nlist
    inner = faiss.downcast_index(index.index) if hasattr(index, "index") else index
    if hasattr(inner, "hnsw"):
        return inner.hnsw, "efSearch", min(EFFORT_MAX, max(inner.hnsw.efSearch, inner.ntotal))
    return inner, "", 1


def _search(index: Any, queries: Matrix, pool: ThreadPoolExecutor) -> Ids:  # noqa: ANN401
    """Ten neighbours of each query, in parts of a fixed size so that the threads do not show."""
    parts = (queries[first : first + QUERY_ROWS] for first in range(0, len(queries), QUERY_ROWS))
    return np.concatenate([found for _, found in pool.map(lambda part: index.search(part, 10), parts)])
