"""One attempt of k-means: Lloyd's iterations on whole numbers.

Each iteration compares a row with the NEAR centroids nearest to its own, as rows seldom go farther: a tenth
of the products, and less than 1 % more inertia. In the first iteration rows have none yet: they are compared
with PIVOTS of the centroids, and then with the FIRST_NEAR nearest to the best of these. All sums are exact
(whole_points.py), so that neither threads nor processors show.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from synthprof.base.arrays import Matrix
from synthprof.similarity.equal_rows import EqualRows
from synthprof.similarity.nearness import sum_halves
from synthprof.similarity.products import TILE_ROWS, TILE_VALUES, Labels, Tiles
from synthprof.similarity.threads import flat_index
from synthprof.similarity.whole_points import SPLIT, Doubles, WholePoints, add_up, by_label, centers

RowNumbers = NDArray[np.int64]

PIVOTS, FIRST_NEAR, NEAR = 32, 128, 64
"""Centroids that rows are compared with. More gave no less inertia; 48 near ones 0.1 % more, no sooner."""

ALL_MAX = FIRST_NEAR
"""Centroids up to which rows are compared with all: to leave some out would spare nothing."""

LISTS_FOR = 3
"""Iterations for which the nearest of each centroid are kept."""

GAIN_MIN = 0.001
"""Share of the inertia by which an iteration must lower it for another one to follow."""

PART_ROWS = 4_096
"""Rows, about, that a thread does at once."""

KEY_CENTERS = 1 << 21  # more than there are; a distance times this, plus a number, is below 2**53


@dataclass(frozen=True, eq=False)
class Attempt:
    """The result of one attempt.

    labels: (n,) int32. inertia: the sum of squared distances to the means of the clusters. empty: (e,) the
    clusters without rows. positions: (e, d) float32, where they would be.
    """

    labels: Labels
    inertia: float
    iterations: int
    empty: RowNumbers
    positions: Matrix


def lloyd(
    points: WholePoints,
    start: RowNumbers,
    niter: int,
    pool: ThreadPoolExecutor,
    gpu: bool,
    equal: EqualRows | None,
    done: Callable[[int], None],
) -> Attempt:
    """Move the centroids until they stand still, gain little, or niter iterations are done, niter >= 1.

    start: (k,) rows of which centroids are made. BLAS must use one thread in each of the pool's. done: called
    with the number of iterations so far.
    """
    k, dim = len(start), points.factors.shape[1] - 1
    at, lists = centers(points.factors[start, :dim]), None
    sums, labels = np.zeros((k, dim)), np.full(len(points), -1, np.int32)
    inertia, iterations = np.inf, 0
    while iterations < niter:
        if gpu or k <= ALL_MAX:
            found = _nearest_of_all(points, at, pool, gpu)
        elif iterations == 0:
            found = _nearest_by_pivots(points, at, pool)
        else:
            if lists is None or iterations % LISTS_FOR == 1:
                lists = _near_centers(at, np.arange(k), NEAR, pool)
            found = _nearest_of_lists(points, at, labels, lists, pool)
        iterations += 1
        _move(sums, points.factors, labels, found, pool)
        labels, last = found, at
        counts = np.bincount(labels, minlength=k)
        means = sums / np.maximum(counts, 1)[:, None]
        before, inertia = inertia, _inertia(points, sums, means)
        empty = np.flatnonzero(counts == 0)
        if len(empty):
            lists = None
            refill = _split_worst if equal is None else partial(_take_farthest, equal=equal)
            refill(means, empty, points, labels, sums)
        at = centers(means)
        done(iterations)
        if np.array_equal(at, last) or (not len(empty) and before - inertia < GAIN_MIN * before):
            break
    units = points.scale**2
    return Attempt(labels, inertia / units, iterations, empty, points.rows_of(means[empty]))


def _nearest_of_all(points: WholePoints, at: Matrix, pool: ThreadPoolExecutor, gpu: bool) -> Labels:
    """Return the nearest of all centers, the lower number among equals, (n,)."""
    if gpu:
        index = flat_index(at[:, :-1], "gpu")
        rows = np.ascontiguousarray(points.factors[:, :-1])
        found: Labels = index.search(rows, 1)[1][:, 0].astype(np.int32)
        return found

    def nearest(first: int) -> Labels:
        tiles, part = Tiles(at), points.factors[first : first + PART_ROWS]
        starts = range(0, len(part), tiles.rows)
        return np.concatenate([tiles.best(part[start : start + tiles.rows])[0] for start in starts])

    return np.concatenate(list(pool.map(nearest, range(0, len(points), PART_ROWS))))


def _nearest_by_pivots(points: WholePoints, at: Matrix, pool: ThreadPoolExecutor) -> Labels:
    """Return the nearest of the centers around the nearest pivot of each row, (n,)."""
    pivots = np.arange(PIVOTS) * len(at) // PIVOTS
    labels = _nearest_of_all(points, at[pivots], pool, gpu=False)
    return _nearest_of_lists(points, at, labels, _near_centers(at, pivots, FIRST_NEAR, pool), pool)


def _near_centers(at: Matrix, of: RowNumbers, near: int, pool: ThreadPoolExecutor) -> NDArray[np.int64]:
    """Return the centers nearest to each of some, with itself, in ascending order, (len(of), near).

    Of some that are as near the lower numbers are taken, so that no partition's own order shows.
    """
    numbers = np.arange(len(at))
    step = max(1, TILE_VALUES // len(at))

    def nearest(first: int) -> NDArray[np.int64]:
        own = of[first : first + step]
        distances = np.rint((at[own, :-1] @ at[:, :-1].T + at[:, -1]) * -2).astype(np.int64)
        distances *= KEY_CENTERS
        distances += numbers
        distances[np.arange(len(own)), own] = np.iinfo(np.int64).min
        return np.sort(np.argpartition(distances, near - 1, axis=1)[:, :near], axis=1)

    return np.concatenate(list(pool.map(nearest, range(0, len(of), step))))


def _nearest_of_lists(
    points: WholePoints, at: Matrix, labels: Labels, lists: NDArray[np.int64], pool: ThreadPoolExecutor
) -> Labels:
    """Return the nearest of the centers that the list of each row's label names, the lower among equals."""
    found = np.empty_like(labels)
    order = by_label(labels, len(lists))
    edges = np.cumsum([0, *np.bincount(labels, minlength=len(lists))]).tolist()

    def of_clusters(first: int, last: int) -> None:
        room = np.empty((TILE_ROWS, at.shape[1]), np.float32)
        for cluster in range(first, last):
            factors = at.take(lists[cluster], axis=0).T
            for start in range(edges[cluster], edges[cluster + 1], TILE_ROWS):
                rows = order[start : min(start + TILE_ROWS, edges[cluster + 1])]
                taken = points.factors.take(rows, axis=0, out=room[: len(rows)], mode="clip")
                nearest = (taken @ factors).argmax(axis=1)
                found[rows] = lists[cluster].take(nearest)

    steps = np.searchsorted(edges, np.arange(0, len(labels), PART_ROWS)).tolist()
    list(pool.map(lambda pair: of_clusters(*pair), pairwise([*dict.fromkeys(steps), len(lists)])))
    return found


def _move(sums: Doubles, factors: Matrix, before: Labels, after: Labels, pool: ThreadPoolExecutor) -> None:
    """Take rows whose label changed from the sums of the old one, where there is one, to those of the new."""
    moved = np.flatnonzero(before != after)
    add_up(sums, factors, moved, after[moved], pool)
    moved = moved[before[moved] >= 0]
    sums *= -1
    add_up(sums, factors, moved, before[moved], pool)
    sums *= -1


def _inertia(points: WholePoints, sums: Doubles, means: Doubles) -> float:
    """Return the sum of squared distances to the means, in whole numbers squared."""
    return float(points.squares.sum()) - float(sum_halves(sums * means).sum())


def _split_worst(
    means: Doubles, empty: RowNumbers, points: WholePoints, labels: Labels, sums: Doubles
) -> None:
    """Each empty cluster takes half of the one with the largest error then, a step to either side, in place.

    FAISS draws one in proportion to its rows instead.
    """
    errors = np.bincount(labels, points.squares, len(means)) - sum_halves(sums * means)
    sign = np.where(np.arange(means.shape[1]) % 2, -SPLIT, SPLIT)
    for cluster in empty:
        worst = int(np.argmax(errors))
        means[cluster], means[worst] = means[worst] + sign, means[worst] - sign
        errors[cluster] = errors[worst] = errors[worst] / 2


def _take_farthest(
    means: Doubles,
    empty: RowNumbers,
    points: WholePoints,
    labels: Labels,
    _: Doubles,
    equal: EqualRows,
) -> None:
    """Each empty cluster takes one of the rows farthest from their means, in place; equal rows count once.

    To split the worst would cut a heap of equal rows in two.
    """
    at, firsts = centers(means), equal.firsts
    off = np.empty(len(firsts))
    for first in range(0, len(off), PART_ROWS):
        rows = firsts[first : first + PART_ROWS]
        products = np.einsum("nd,nd->n", points.factors[rows], at[labels[rows]])  # exact in any order
        off[first : first + len(rows)] = points.squares[rows] - 2.0 * products
    means[empty] = points.factors[firsts[np.argsort(-off, kind="stable")[: len(empty)]], :-1]
