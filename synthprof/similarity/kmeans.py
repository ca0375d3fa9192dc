"""K-means over the embeddings, and the nearest centroid of each row.

The same input gives the same centroids and labels with any number of threads (see faiss_threads.py).
Lloyd's iterations are driven from here, as `faiss.contrib.clustering` does, because `faiss.Kmeans` offers
no place to say how its search is cut. `faiss.SuperKmeans` (1.15) was measured: its centroids changed with
the thread count at every shape tried, and it was slower than `faiss.Kmeans`.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from synthprof.base.arrays import Matrix
from synthprof.base.errors import SpecError
from synthprof.base.streams import Stream
from synthprof.base.sums import sum_groups
from synthprof.similarity.equal_rows import EqualRows, equal_rows
from synthprof.similarity.threads import (
    BLAS_VALUES_MIN,
    PRODUCT_ROWS,
    finite,
    flat_index,
    one_thread_each,
    products,
)
from synthprof.spec.sizing import training_rows_count

logger = logging.getLogger(__name__)

Labels = NDArray[np.int32]
RowNumbers = NDArray[np.int64]
Distances = NDArray[np.float32]

SPLIT = np.float32(1 / 1024)  # EPS of split_clusters in faiss/Clustering.cpp
SUMS = 4  # partial sums of a cluster: a fixed number, so that threads do not show; 3 % of the time in all
SPREAD_CLUSTERS_MAX = 64  # each costs about 6 ms: nothing beside the iterations up to here
SPREAD_ROWS = 4_096
SPREAD_TRIALS = 64
ROUNDING = 1e-5
"""Share of a squared length that a distance in float32, of up to 4,096 values, may be off."""


@dataclass(frozen=True, eq=False)
class Training:
    """The result of k-means training.

    centroids: (k, d) float32. inertia: the sum of squared distances of the sample to the centroids before
    the last update, by which attempts are compared; infinite where there was no iteration. device: "cpu" or
    "gpu". distinct: rows of the sample without their repetitions.
    """

    centroids: Matrix
    inertia: float
    iterations: int
    device: str
    distinct: int


def training_rows(rows: int, k: int, seed_words: int) -> RowNumbers:
    """Row numbers to train k centroids on: training_rows_count of them, distinct, ascending, 0-based, int64.

    seed_words: up to 128 bits, the key of a Philox stream; the same key gives the same rows.
    Uses memory for the sample only. rows: below 2**32.
    """
    return np.sort(_distinct(rows, training_rows_count(rows, k), seed_words))


def train(
    sample: Matrix,
    k: int,
    niter: int = 20,
    nredo: int = 1,
    seed: int = 0,
    threads: int = 1,
    use_gpu: bool = False,
    progress: Callable[[int, int], None] = lambda *_: None,
) -> Training:
    """K-means of the sample: the best of nredo attempts of up to niter Lloyd iterations each.

    sample: (n, d) float32, finite, n >= k. Attempts start from k random rows, for up to 64 clusters
    from rows far apart; they stop once the centroids stand still, and are compared by inertia. A cluster
    left empty takes half of the worst. Equal rows of the sample are one point for all choices of points; if
    there are no more than k of them, they are the centroids, and may be fewer.
    The bytes depend on everything but `threads`; a GPU rounds differently from a CPU. progress: called with
    the iterations done and all there may be.
    Raises SpecError if k is not within 1..n, StageError if a value is not finite.
    """
    sample = finite(sample, "training sample")
    if not 1 <= k <= len(sample):
        raise SpecError(
            f"clusters={k} is not within 1..{len(sample)}, the rows to train on; use fewer clusters"
        )
    device, equal = _device(use_gpu), equal_rows(sample)
    if equal is not None and len(equal.firsts) <= k:
        return Training(sample[equal.firsts], 0.0, 0, device, len(equal.firsts))
    with one_thread_each(threads) as pool:
        nredo = max(1, nredo)
        keys = (seed % 2**64 + (redo << 64) for redo in range(nredo))
        starts = (_start(sample, k, key, equal) for key in keys)
        counted = (partial(_counted, progress, redo * niter, nredo * niter) for redo in range(nredo))
        tries = [
            _lloyd(sample, start, niter, pool, device, equal, done)
            for start, done in zip(starts, counted, strict=True)
        ]
    return min(tries, key=lambda training: training.inertia)


def assign(vectors: Matrix, centroids: Matrix, threads: int = 1) -> tuple[Labels, Distances]:
    """Label each row with its nearest centroid; ties take the lower label.

    vectors: (n, d) float32, finite. centroids: (k, d) float32. A row's result depends neither on the
    other rows nor on the number of threads; on some CPUs the last bit of its distance shows its place
    within the 4,096 rows that are multiplied at once, so pass blocks that begin at the same rows.
    Returns labels (n,) int32 and squared Euclidean distances (n,) float32. Raises StageError if a
    vector is not finite, SpecError if d differs.
    """
    vectors = finite(vectors, "vectors")
    if vectors.shape[1] != centroids.shape[1]:
        raise SpecError(
            f"vectors have {vectors.shape[1]} dimensions, centroids {centroids.shape[1]}; "
            "train the centroids again on these vectors"
        )
    with one_thread_each(min(threads, -(-len(vectors) // PRODUCT_ROWS))) as pool:
        return _nearest(products(vectors), len(vectors), flat_index(centroids), pool)


def are_nearest(vectors: Matrix, labels: Labels, centroids: Matrix) -> NDArray[np.bool_]:
    """Return for each row whether no other centroid is nearer than its label's, by more than rounding, (n,).

    vectors: (n, d) float32. labels: (n,); one beyond the centroids is wrong. Of centroids that are as near,
    `equal_rows.unify` may have chosen another than `assign` does.
    """
    nearest, _ = assign(vectors, centroids)
    good: NDArray[np.bool_] = nearest == labels
    rows = np.flatnonzero(~good & (labels >= 0) & (labels < len(centroids)))
    to_label, to_nearest = (
        np.square(vectors[rows].astype(np.float64) - centroids[each[rows]]).sum(axis=1)
        for each in (labels, nearest)
    )
    good[rows] = to_label <= to_nearest + ROUNDING * np.square(vectors[rows]).sum(axis=1)
    return good


def _distinct(rows: int, count: int, key: int) -> RowNumbers:
    """Return the first `count` distinct row numbers of a random sequence, in order of appearance."""
    bits = np.random.Philox(key=key)
    if 2 * count > rows:  # a sequence grows long before it has met nearly all rows: shuffle them instead
        return np.argsort(bits.random_raw(rows), kind="stable")[:count]
    drawn = first = np.empty(0, dtype=np.int64)
    while len(first) < count:
        # Raw words, whose values NumPy keeps for ever; a 32-bit multiply-shift maps each to a row.
        words = (bits.random_raw(count) >> np.uint64(32)) * np.uint64(rows) >> np.uint64(32)
        drawn = np.concatenate([drawn, words.astype(np.int64)])
        first = np.sort(np.unique(drawn, return_index=True)[1])
    return drawn[first[:count]]


def _device(use_gpu: bool) -> str:
    if not use_gpu:
        return "cpu"
    if getattr(faiss, "get_num_gpus", lambda: 0)() > 0:
        return "gpu"
    logger.warning("use_gpu=True, but FAISS sees no GPU (faiss-cpu, or no driver); clustering on the CPU")
    return "cpu"


def _start(sample: Matrix, k: int, key: int, equal: EqualRows | None) -> Matrix:
    """Return the rows to start from, (k, d): random ones, or spread out where a missed group matters.

    No two of them are equal: a repetition is replaced by a random row that is not among them.
    """
    if k > SPREAD_CLUSTERS_MAX:
        rows = _distinct(len(sample), k, key)
    else:
        drawn = _distinct(len(sample), min(len(sample), SPREAD_ROWS), key)
        rows = drawn[_spread_out(sample[drawn], k, key)]
    if equal is not None:
        chosen, places = np.unique(equal.classes[rows], return_index=True)
        rest = np.delete(equal.firsts, chosen)
        others = rest[_distinct(len(rest), k - len(chosen), key)]
        rows = np.concatenate([rows[np.sort(places)], others])
    return sample[rows]


def _spread_out(rows: Matrix, k: int, key: int) -> list[int]:
    """Return the numbers of k rows far apart: k-means++ that keeps the best of several draws at each step.

    The rows are rounded to whole numbers up to 4,096, so that every sum here is exact and has the same bits
    in whatever order it is taken. Source: Arthur and Vassilvitskii 2007, with local trials.
    """
    points = np.rint(rows * (4096 / max(float(np.abs(rows).max()), 1e-30))).astype(np.float64)
    squares = np.einsum("ij,ij->i", points, points)
    numbers = Stream(np.random.Philox(key=key ^ 1 << 127))
    chosen = [0]  # the rows are in random order
    nearest = squares + squares[0] - 2 * (points @ points[0])
    turned = np.ascontiguousarray(points.T) * -2
    while len(chosen) < k:
        draws = numbers.uniform(SPREAD_TRIALS) * nearest.sum()
        tried = np.searchsorted(np.cumsum(nearest), draws, side="right")
        tried = np.minimum(tried, len(rows) - 1)
        closer = points[tried] @ turned  # in place from here on: memory is what takes the time
        closer += squares
        closer += squares[tried, None]
        np.minimum(closer, nearest, out=closer)
        best = int(closer.sum(axis=1).argmin())
        chosen.append(int(tried[best]))
        nearest = closer[best]
    return chosen


def _counted(progress: Callable[[int, int], None], before: int, total: int, done: int) -> None:
    progress(before + done, total)


def _lloyd(
    sample: Matrix,
    centroids: Matrix,
    niter: int,
    pool: ThreadPoolExecutor,
    device: str,
    equal: EqualRows | None,
    done: Callable[[int], None],
) -> Training:
    parts, inertia, iterations = _equal_parts(sample), math.inf, 0
    while iterations < niter:
        iterations += 1
        labels, squared = _nearest(parts, len(sample), flat_index(centroids, device), pool)
        inertia, before = float(squared.sum(dtype=np.float64)), centroids
        means, counts = _means(sample, labels, len(before), pool)
        if equal is None:
            errors = np.bincount(labels, squared, len(before)).astype(np.float64, copy=False)
            centroids = _split_worst(means, counts, errors)
        else:
            centroids = _take_farthest(means, counts, sample, labels, equal)
        done(iterations)
        if np.array_equal(before, centroids):
            break
    return Training(centroids, inertia, iterations, device, len(sample if equal is None else equal.firsts))


def _equal_parts(sample: Matrix) -> list[Matrix]:
    """Yield the rows in parts of equal size, about PRODUCT_ROWS; none is filled up."""
    rows, dim = sample.shape
    parts = max(1, min(-(-rows // PRODUCT_ROWS), rows * dim // BLAS_VALUES_MIN))
    edges = [rows * part // parts for part in range(parts + 1)]
    return [sample[first:last] for first, last in pairwise(edges)]


def _nearest(
    parts: Iterable[Matrix],
    rows: int,
    index: Any,  # noqa: ANN401
    pool: ThreadPoolExecutor,
) -> tuple[Labels, Distances]:
    found = list(pool.map(lambda part: index.search(part, 1), parts))
    if not found:
        return np.empty(0, dtype=np.int32), np.empty(0, dtype=np.float32)
    labels = np.concatenate([nearest[:, 0].astype(np.int32) for _, nearest in found])
    return labels[:rows], np.concatenate([squared[:, 0] for squared, _ in found])[:rows]


def _means(sample: Matrix, labels: Labels, k: int, pool: ThreadPoolExecutor) -> tuple[Matrix, RowNumbers]:
    """Return the mean of each cluster, and its number of rows.

    Each part of the sample is added in the order of its rows; SUMS of them add up in their order.
    """

    def add_up(part: int) -> Matrix:
        first, last = (len(sample) * edge // SUMS for edge in (part, part + 1))
        of = labels[first:last].astype(np.uint16 if k <= 1 << 16 else np.uint32)  # short ones sort faster
        edges = np.cumsum([0, *np.bincount(of, minlength=k)])
        return sum_groups(sample[first:last], np.argsort(of, kind="stable"), edges)

    counts = np.bincount(labels, minlength=k)
    means = np.zeros((k, sample.shape[1]), dtype=np.float32)
    for total in pool.map(add_up, range(SUMS)):
        means += total
    means /= np.maximum(counts, 1).astype(np.float32)[:, None]
    return means, counts


def _split_worst(means: Matrix, counts: RowNumbers, errors: NDArray[np.float64]) -> Matrix:
    """Each empty cluster takes half of the one with the largest error then, a little to either side.

    FAISS draws one in proportion to its rows instead.
    """
    sign = np.where(np.arange(means.shape[1]) % 2, -SPLIT, SPLIT)
    for empty in np.flatnonzero(counts == 0):
        worst = int(np.argmax(errors))
        means[empty], means[worst] = means[worst] * (1 + sign), means[worst] * (1 - sign)
        errors[empty] = errors[worst] = errors[worst] / 2
    return means


def _take_farthest(
    means: Matrix, counts: RowNumbers, sample: Matrix, labels: Labels, equal: EqualRows
) -> Matrix:
    """Each empty cluster takes one of the rows farthest from their means; equal rows count once.

    To split the worst would cut a heap of equal rows in two.
    """
    empty = np.flatnonzero(counts == 0)
    if not len(empty):
        return means
    off = np.empty(len(equal.firsts))
    for first in range(0, len(off), PRODUCT_ROWS):
        rows = equal.firsts[first : first + PRODUCT_ROWS]
        off[first : first + len(rows)] = np.square(sample[rows] - means[labels[rows]]).sum(axis=1)
    means[empty] = sample[equal.firsts[np.argsort(-off, kind="stable")[: len(empty)]]]
    return means
