"""FAISS indexes over the embeddings: how they are built and written.

All indexes order by squared Euclidean distance D. On unit vectors that is the order of cosine
similarity, 1 - D/2; D rather than the inner product, because k-means assigns by D, so its centroids
and labels serve as the coarse quantizer as they are, and because among equals FAISS keeps the lower
id for D (for the inner product it keeps the higher).

Bytes. The same input gives the same file with any number of threads: matrix products have a fixed
shape and one thread (see threads.py), FAISS fills each inverted list in row order with any number of
threads, each PQ sub-quantizer is trained by one thread, and HNSW is built by one thread, as FAISS
promises no order of concurrent insertions (in 1.15.1 more threads gave the same bytes, no sooner).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from synthprof.base.arrays import Ids, Matrix
from synthprof.base.errors import SpecError, StageError
from synthprof.similarity import inverted_file, kmeans, list_filling
from synthprof.similarity.nearest_centroid import assign, assign_each
from synthprof.similarity.threads import faiss_thread, finite, one_thread_each
from synthprof.spec.sizing import CODEWORDS, IndexChoice, in_band

LINKS = 32  # HNSW: M, links per vector and layer; twice as many on the lowest
HNSW_ROWS = 16_384  # vectors per add: the bytes of HNSW depend on it
WRITE_BYTES = 1 << 20  # handed to Python at a time


def build(
    choice: IndexChoice,
    blocks: Callable[[], Iterable[Matrix]],
    path: Path,
    *,
    centroids: Matrix | None = None,
    labels: NDArray[np.int32] | None = None,
    training: Matrix | None = None,
    seed: int = 0,
    threads: int = 1,
    progress: Callable[[int, int], None] = lambda *_: None,
) -> Any:  # noqa: ANN401  FAISS's classes are untyped
    """Build the index of all rows; its searches return profile ids, 1 for the first row and so on.

    One with inverted lists is filled in the file, and its lists are read there; others are held, and written
    by `write` alone. blocks: yields (n_i, d) float32 unit vectors, streamed; called twice where the lists of
    the rows are not known. centroids (k, d) and labels (n,) of the clustering
    are used if k is in band of choice.nlist, which saves a training and an assignment. training:
    (m, d) sample, needed where needs_training() says so. progress: called with the steps of training that are
    done, and all there may be. Raises SpecError if the sample is missing, StageError if a vector is not
    finite or the labels are not as many as the rows.
    """
    if choice.kind in ("flat", "hnsw"):
        return _build_whole(choice, blocks(), threads)
    index = train(
        choice, centroids=centroids, training=training, seed=seed, threads=threads, progress=progress
    )
    if labels is None or not _reuses(choice, centroids):
        labels = labels_in(index, blocks(), threads)
    list_filling.fill(index, blocks(), labels, path, threads)
    return inverted_file.opened(path)


def train(
    choice: IndexChoice,
    *,
    centroids: Matrix | None = None,
    training: Matrix | None = None,
    seed: int = 0,
    threads: int = 1,
    progress: Callable[[int, int], None] = lambda *_: None,
) -> Any:  # noqa: ANN401
    """Return an index with inverted lists that has no rows yet, but all that they are coded by.

    Parameters and errors are those of `build`.
    """
    if not _reuses(choice, centroids):
        sample = _needed(training, f"nlist={choice.nlist} differs too much from the clusters")
        centroids = kmeans.train(
            sample, choice.nlist, seed=seed, threads=threads, progress=progress
        ).centroids
    assert centroids is not None
    index = _inverted_file(choice, np.ascontiguousarray(centroids, dtype=np.float32))
    _train_codes(index, choice, centroids, training, threads, progress)
    return index


def read_trained(path: Path) -> Any:  # noqa: ANN401
    """Return the index that `train` gave and `write` has written, to be filled."""
    return faiss.read_index(str(path), faiss.IO_FLAG_SKIP_PRECOMPUTE_TABLE)  # of PQ, for searches


def labels_in(index: Any, blocks: Iterable[Matrix], threads: int) -> NDArray[np.int32]:  # noqa: ANN401
    """Return the list of each row by the centroids of a trained index, (n,)."""
    centroids = index.quantizer.reconstruct_n(0, index.nlist)
    found = [own for own, _ in assign_each(blocks, centroids, threads)]
    return np.concatenate(found) if found else np.zeros(0, np.int32)


def finish(index: Any, path: Path, missing: Ids) -> None:  # noqa: ANN401
    """Make the file what the index is as it was set since `build`, but without the rows of the missing ids.

    The caller names, flushes and renames the file.
    """
    if not inverted_file.is_mapped(index):
        if len(missing):
            index.remove_ids(missing)
        write(index, path)
    elif len(missing):
        smaller = path.with_name(f"{path.name}-smaller")
        inverted_file.copy_without(index, missing, smaller)
        smaller.replace(path)
    else:
        inverted_file.write_settings(index, path)


def write(index: Any, path: Path) -> None:  # noqa: ANN401
    """Write an index that is held to the file, for faiss.read_index."""
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


def _reuses(choice: IndexChoice, centroids: Matrix | None) -> bool:
    return centroids is not None and in_band(len(centroids), choice.nlist)


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

    with faiss_thread(threads) as thread:
        for block in blocks:
            thread.submit(add, finite(block, "vectors")).result()
    return index


def _peek(blocks: Iterable[Matrix]) -> tuple[int, Iterator[Matrix]]:
    """Return the dimension of the first block, and all blocks."""
    stream = iter(blocks)
    first = next(stream, None)
    if first is None:
        raise SpecError("no rows to index; generate at least one profile")

    def again() -> Iterator[Matrix]:
        yield first
        yield from stream

    return first.shape[1], again()


def _regrouped(blocks: Iterable[Matrix]) -> Iterator[Matrix]:
    """Yield the same rows in blocks of HNSW_ROWS, the last one shorter."""
    held: list[Matrix] = []
    for block in blocks:
        held.append(block)
        while sum(map(len, held)) >= HNSW_ROWS:
            rows = np.concatenate(held)
            yield rows[:HNSW_ROWS]
            held = [rows[HNSW_ROWS:]]
    if sum(map(len, held)):
        yield np.concatenate(held)


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
    progress: Callable[[int, int], None],
) -> None:
    """Train the codes of an SQ8 or PQ index on the residuals of the sample after its centroids."""
    if choice.kind != "ivf_flat":
        sample = _needed(training, f"{choice.kind} codes what remains after the centroid")
        labels, _ = assign(sample, centroids, threads)
        residuals = np.ascontiguousarray(sample - centroids[labels])
        if choice.kind == "ivf_sq8":
            with faiss_thread(1) as thread:
                thread.submit(index.sq.train, residuals).result()
        else:
            _train_pq(index, residuals, threads, progress)
    index.is_trained = True


def _train_pq(index: Any, residuals: Matrix, threads: int, progress: Callable[[int, int], None]) -> None:  # noqa: ANN401
    """FAISS's own k-means of each sub-quantizer, each in one thread."""
    pq = index.pq
    residuals = residuals[: pq.cp.max_points_per_centroid * CODEWORDS]

    def codewords(part: int) -> Matrix:
        clustering = faiss.Clustering(pq.dsub, CODEWORDS, pq.cp)
        values = np.ascontiguousarray(residuals[:, part * pq.dsub : (part + 1) * pq.dsub])
        clustering.train(values, faiss.IndexFlatL2(pq.dsub))
        found: Matrix = faiss.vector_to_array(clustering.centroids)
        return found

    found = []
    with one_thread_each(threads) as pool:
        for each in pool.map(codewords, range(pq.M)):
            found.append(each)
            progress(len(found), pq.M)
    faiss.copy_array_to_vector(np.concatenate(found), pq.centroids)
    index.precompute_table()
