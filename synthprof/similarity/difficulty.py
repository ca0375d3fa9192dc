"""Figures of how hard vectors are for an index of nearest neighbours, on a sample of them.

They are meant to be compared: the sample has the same number of rows in every data set that is large enough,
since most of them change with it.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from synthprof.base.arrays import Ids, Matrix
from synthprof.base.streams import stream
from synthprof.similarity.kmeans import train
from synthprof.similarity.nearest_centroid import assign
from synthprof.similarity.products import blas_of_one_thread
from synthprof.similarity.recall import RECALL_WANTED, exact_neighbours
from synthprof.spec.spec import Spec

SAMPLE_ROWS = 16_384
"""Rows of the sample of a data set; of fewer rows all."""

QUERIES, FEWEST = 1_000, 100
"""Queries at most, and at least of few rows, where they would take longer than the run."""

HUB_ROWS, WIDE_ROWS = 4_096, 2_048
"""Rows of the sample whose neighbours are looked at, among which rows are counted as neighbours, and
which wide vectors are decomposed on."""

WIDE = 1_024
"""Dimensions from which the decomposition would take longer than all else."""

NEIGHBOURS = 100
"""Neighbours of a query, without itself."""

ITERATIONS = 10
"""Iterations of k-means for the lists; later ones move few rows."""

EQUAL = 1e-6
"""Squared distance up to which two vectors are equal: float32 knows no smaller one between unit vectors."""

Doubles = NDArray[np.float64]


def sample_rows(spec: Spec) -> NDArray[np.int64]:
    """Return the rows of the sample, (m,) ascending from 0: the first profiles, which are as random as any.

    Rows of a collection have an order of their own, so that they are taken from all over it.
    """
    count = min(spec.profiles, SAMPLE_ROWS)
    return np.arange(count) * spec.profiles // count if spec.collection else np.arange(count)


def difficulty(sample: Matrix, threads: int = 1) -> dict[str, float | int | None]:
    """Return the figures by name; None for one that so few rows do not have.

    sample: (n, d) float32, unit vectors. The figures follow from float64 products or whole numbers, so that
    threads and processors show in their last bits at most.
    """
    with blas_of_one_thread(1):  # several would wait for one another longer than they work
        return _figures(sample, threads)


def _figures(sample: Matrix, threads: int) -> dict[str, float | int | None]:
    order = np.argsort(stream(0, "difficulty", "order").words(len(sample)), kind="stable")
    rows = sample[order]
    queries = rows[: min(QUERIES, max(FEWEST, len(rows) // 16))]
    ids, squared = _neighbours(queries, rows, threads)
    reached = np.sqrt(squared)
    mean = _mean_distance(queries, rows[:HUB_ROWS])
    lists, probes = _probes(rows, ids[:, :10], threads)
    return {
        "lid_20": _if(reached, 20, _dimensionality),
        "lid_100": _if(reached, 100, _dimensionality),
        **{f"contrast_{k}": _if(reached, k, lambda near: _contrast(mean, near)) for k in (1, 10, 100)},
        "hub_skew": _hub_skew(rows[:HUB_ROWS], threads),
        **_effective_dimensions(rows),
        "lists": lists,
        "probes_95": probes,
    }


def _neighbours(queries: Matrix, rows: Matrix, threads: int, k: int = NEIGHBOURS) -> tuple[Ids, Doubles]:
    """Return the row numbers and the squared distances of each query's neighbours, (q, k), ascending.

    The queries are the first of the rows, and no neighbours of their own.
    """
    k = min(k, len(rows) - 1)
    ids, similarities = exact_neighbours(queries, [rows], k + 1, threads)
    others = ids - 1 != np.arange(len(queries))[:, None]
    others[others.all(axis=1), -1] = False  # more than k rows equal to it have lower numbers
    squared = np.maximum(2 - 2 * similarities.astype(np.float64), 0)
    shape = len(queries), k
    return (ids - 1)[others].reshape(shape), squared[others].reshape(shape)


def _if(reached: Doubles, k: int, figure: Callable[[Doubles], float | None]) -> float | None:
    """Return a figure of the k nearest, to six places; None where there are not so many rows."""
    found = figure(reached[:, :k]) if reached.shape[1] >= k else None
    return None if found is None else round(found, 6)


def _dimensionality(reached: Doubles) -> float | None:
    """Return the local intrinsic dimensionality: the maximum-likelihood estimate over the k nearest.

    Estimates of the queries are averaged by their inverses (MacKay and Ghahramani 2005, on Levina and Bickel
    2004; Amsaleg et al. 2015). Distances of 0 tell nothing of how counts grow, and are left out.
    """
    farthest = reached[:, -1:]
    known = (reached[:, :-1] > EQUAL**0.5) & (farthest > EQUAL**0.5)
    logs = np.log(np.where(known, farthest, 1) / np.where(known, reached[:, :-1], 1)).sum()
    return float(known.sum() / logs) if logs > 0 else None


def _mean_distance(queries: Matrix, rows: Matrix) -> float:
    found = queries.astype(np.float64) @ rows.astype(np.float64).T
    found *= -2  # in place from here on: fresh memory would take longer than the sums
    found += 2
    return float(np.sqrt(np.maximum(found, 0, out=found), out=found).mean())


def _contrast(mean: float, reached: Doubles) -> float | None:
    """Return the relative contrast: mean distance between rows over that to the k-th nearest.

    Source: He, Kumar and Chang 2012, "On the difficulty of nearest neighbor search", with its expectations.
    """
    nearest = float(reached[:, -1].mean())
    return mean / nearest if nearest > EQUAL**0.5 else None


def _hub_skew(rows: Matrix, threads: int) -> float | None:
    """Return the skewness of how often rows are among the ten nearest of others.

    Source: Radovanović, Nanopoulos and Ivanović 2010, "Hubs in space".
    """
    if len(rows) <= 10:
        return None
    ids, _ = _neighbours(rows, rows, threads, 10)
    counts = np.bincount(ids.ravel(), minlength=len(rows)) - 10.0
    deviation = float(np.sqrt((counts**2).mean()))
    return round(float((counts**3).mean()) / deviation**3, 6) if deviation else 0.0


def _effective_dimensions(rows: Matrix) -> dict[str, float | int]:
    """Return the participation ratio of the variances along principal axes, and the axes with 90 % of them.

    The ratio is their squared sum over the sum of their squares: d where all are equal, 1 where one is all.
    """
    found = rows if rows.shape[1] <= WIDE else rows[:WIDE_ROWS]
    spread = found.astype(np.float64)
    spread -= spread.mean(axis=0)
    product = spread.T @ spread if len(spread) >= spread.shape[1] else spread @ spread.T
    variances = np.maximum(np.linalg.eigvalsh(product)[::-1], 0)
    total = float(variances.sum())
    if total <= EQUAL * len(rows):
        return {"effective_dimensions": 0.0, "dimensions_90": 0}
    within = np.cumsum(variances) < 0.9 * total
    ratio = total**2 / float((variances**2).sum())
    return {"effective_dimensions": round(ratio, 6), "dimensions_90": int(within.sum()) + 1}


def _probes(rows: Matrix, ids: Ids, threads: int) -> tuple[int | None, int | None]:
    """Return the lists of an index by k-means, √n of them, and how many must be read for recall@10 of 0.95.

    ids: (q, 10) the true neighbours of the first rows. The lists of a query are read from the nearest on.
    """
    if not ids.size or ids.shape[1] < 10:
        return None, None
    centroids = train(rows, int(np.sqrt(len(rows))), niter=ITERATIONS, threads=threads).centroids
    labels, _ = assign(rows, centroids, threads)
    lists, queries = centroids.astype(np.float64), rows[: len(ids)].astype(np.float64)
    farness = np.einsum("kd,kd->k", lists, lists) / 2 - queries @ lists.T
    own = np.take_along_axis(farness, labels[ids], axis=1)
    needed = np.sort([(farness < each[:, None]).sum(axis=1) for each in own.T], axis=None)
    return len(centroids), int(needed[int(np.ceil(RECALL_WANTED * len(needed))) - 1]) + 1
