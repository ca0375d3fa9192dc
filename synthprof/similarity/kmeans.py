"""K-means over the embeddings: the rows to train on, where attempts start, and the best of them.

The same input gives the same centroids with any number of threads and on any processor, as an attempt counts
with whole numbers (lloyd.py). `faiss.SuperKmeans` (1.15) was measured: its centroids changed with the thread
count at every shape tried, and it was slower than `faiss.Kmeans`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import faiss
import numpy as np

from synthprof.base.arrays import Matrix
from synthprof.base.errors import SpecError
from synthprof.base.streams import Stream
from synthprof.similarity.equal_rows import EqualRows, equal_rows
from synthprof.similarity.lloyd import Attempt, RowNumbers, lloyd
from synthprof.similarity.products import blas_of_one_thread
from synthprof.similarity.threads import finite
from synthprof.similarity.whole_points import WholePoints, add_up
from synthprof.spec.sizing import training_rows_count

logger = logging.getLogger(__name__)

SPREAD_CLUSTERS_MAX = 64  # each costs about 6 ms: nothing beside the iterations up to here
SPREAD_ROWS = 4_096
SPREAD_TRIALS = 64


@dataclass(frozen=True, eq=False)
class Training:
    """The result of k-means training.

    centroids: (k, d) float32. inertia: the sum of squared distances of the sample, rounded, to the means
    of its clusters, by which attempts are compared. device: "cpu" or "gpu". distinct: rows of the sample
    without their repetitions.
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
    from rows far apart; they stop once an iteration lowers the inertia by less than 0.1 %, and are compared
    by it. A cluster left empty takes half of the worst. Equal rows of the sample are one point for all
    choices of points; if there are no more than k of them, they are the centroids, and may be fewer.
    The bytes depend on everything but `threads`; of centroids that are as near, a GPU may take another one
    than a CPU. progress: called with the iterations done and all there may be.
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
    points, nredo = WholePoints.of(sample), max(1, nredo)
    with blas_of_one_thread(threads) as pool:
        tries = [
            lloyd(
                points,
                _start(sample, k, seed % 2**64 + (redo << 64), equal),
                niter,
                pool,
                device == "gpu",
                equal,
                partial(_counted, progress, redo * niter, nredo * niter),
            )
            for redo in range(nredo)
        ]
        best = min(tries, key=lambda each: each.inertia)
        centroids = _centroids(sample, best, k, pool)
    distinct = len(sample if equal is None else equal.firsts)
    return Training(centroids, best.inertia, best.iterations, device, distinct)


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


def _start(sample: Matrix, k: int, key: int, equal: EqualRows | None) -> RowNumbers:
    """Return the rows to start from, (k,): random ones, or spread out where a missed group matters.

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
    return rows


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


def _centroids(sample: Matrix, attempt: Attempt, k: int, pool: ThreadPoolExecutor) -> Matrix:
    """Return the mean of each cluster's rows as they are; one without rows is where the attempt has it."""
    sums = np.zeros((k, sample.shape[1]))
    add_up(sums, sample, np.arange(len(sample)), attempt.labels, pool)
    counts = np.bincount(attempt.labels, minlength=k)
    means: Matrix = (sums / np.maximum(counts, 1)[:, None]).astype(np.float32)
    means[attempt.empty] = attempt.positions
    return means
