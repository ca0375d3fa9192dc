"""The nearest centroid of each row, the same on every machine.

Products in float32 are off by less than a known bound. Where they leave it open which centroid is nearest,
distances in float64 decide, which are added up in an order of our own.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future

import numpy as np
from numpy.typing import NDArray

from synthprof.base.arrays import Matrix, Vector
from synthprof.base.errors import SpecError
from synthprof.similarity.nearness import SPARE_ROUNDINGS, UNIT, lengths, sum_halves
from synthprof.similarity.products import TILE_ROWS, TILE_VALUES, Labels, Tiles, blas_of_one_thread
from synthprof.similarity.threads import finite

PART_ROWS = 4_096
"""Rows that a thread does at once."""

AHEAD = 1
"""Blocks whose parts wait for threads while the parts of another are awaited."""

PAIRS = 1_024
"""Pairs of a row and a centroid whose distances are taken at a time."""

INFLATED = np.float32(1.01)
"""Factor of a bound that is itself computed in float32."""

ROUNDING = 1e-5
"""Share of a squared length that a distance of releases up to 0.3, of up to 4,096 values, may be off."""


def assign(vectors: Matrix, centroids: Matrix, threads: int = 1) -> tuple[Labels, float]:
    """Label each row with its nearest centroid; ties in float64 take the lower label.

    vectors: (n, d) float32, finite. centroids: (k, d) float32. A row's label depends neither on the other
    rows, nor on threads or processors. Returns labels (n,) int32 and the inertia, which is the sum of squared
    Euclidean distances. Raises StageError if a vector is not finite, SpecError if d differs.
    """
    (found,) = assign_each([vectors], centroids, threads)
    return found


def assign_each(
    blocks: Iterable[Matrix], centroids: Matrix, threads: int = 1
) -> Iterator[tuple[Labels, float]]:
    """Yield for each block what `assign` returns. Threads work on the next block meanwhile.

    blocks: (n_i, d) float32, streamed; up to AHEAD + 1 are held. Raises as `assign`.
    """
    search = _Search(centroids)
    line: deque[list[Future[tuple[Labels, float]]]] = deque()
    with blas_of_one_thread(threads) as pool:
        for block in blocks:
            vectors = search.checked(block)
            firsts = range(0, len(vectors), PART_ROWS)
            line.append([pool.submit(search.nearest, vectors[at : at + PART_ROWS]) for at in firsts])
            if len(line) > AHEAD:
                yield _together(line.popleft())
        while line:
            yield _together(line.popleft())


def _together(parts: list[Future[tuple[Labels, float]]]) -> tuple[Labels, float]:
    found = [part.result() for part in parts]
    labels = np.concatenate([np.empty(0, np.int32), *(each for each, _ in found)])
    return labels, math.fsum(inertia for _, inertia in found)


def are_nearest(vectors: Matrix, labels: Labels, centroids: Matrix) -> NDArray[np.bool_]:
    """Return for each row whether no other centroid is nearer than its label's, by more than rounding, (n,).

    vectors: (n, d) float32. labels: (n,); one beyond the centroids is wrong. Of centroids that are as near
    but for rounding, an earlier release may have chosen another than `assign` does.
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


class _Search:
    """Centroids, and factors of them: x is nearest to the centroid c with the highest x·c - |c|²/2."""

    def __init__(self, centroids: Matrix) -> None:
        count, self._dim = centroids.shape
        sizes = lengths(centroids) if count else np.zeros(0)
        self._centroids = np.ascontiguousarray(centroids, dtype=np.float32)
        self._factors = np.empty((count, self._dim + 1), np.float32)
        self._factors[:, : self._dim] = centroids
        self._factors[:, self._dim] = sizes**2 / -2
        self._longest = np.float32(sizes.max(initial=0.0))
        n = self._dim + 1 + SPARE_ROUNDINGS
        self._error = np.float32(2 * n * UNIT / (1 - n * UNIT))  # of two products, as in nearness.py

    def checked(self, vectors: Matrix) -> Matrix:
        """Return rows that can be compared. Raises as `assign`."""
        vectors = finite(vectors, "vectors")
        if vectors.shape[1] != self._dim:
            raise SpecError(
                f"vectors have {vectors.shape[1]} dimensions, centroids {self._dim}; "
                "train the centroids again on these vectors"
            )
        return vectors

    def nearest(self, part: Matrix) -> tuple[Labels, float]:
        """Return the label of each row, and the sum of squared distances. part: (m, d) float32."""
        labels, doubts = np.empty(len(part), np.int32), np.empty(len(part), np.bool_)
        tiles, slack = Tiles(self._factors), self._slack(part)
        rows = np.ones((tiles.rows, self._dim + 1), np.float32)
        for first in range(0, len(part), tiles.rows):
            tile = part[first : first + tiles.rows]
            place = slice(first, first + len(tile))
            rows[: len(tile), :-1] = tile
            labels[place], doubts[place] = tiles.best(rows[: len(tile)], slack[place])
        doubtful = np.flatnonzero(doubts)
        step = max(1, min(tiles.rows, TILE_VALUES // max(1, len(self._factors))))
        for first in range(0, len(doubtful), step):
            some = doubtful[first : first + step]
            rows[: len(some), :-1] = part[some]
            of, numbers = tiles.near(rows[: len(some)], slack[some])
            labels[some] = self._decided(part[some], of, numbers)
        return labels, self._inertia(part, labels)

    def _inertia(self, part: Matrix, labels: Labels) -> float:
        """Return the sum of squared distances of the rows to the centroids of their labels."""
        room, sums = np.empty((TILE_ROWS, self._dim), np.float32), np.zeros(self._dim)
        for first in range(0, len(part), TILE_ROWS):
            tile, of = part[first : first + TILE_ROWS], labels[first : first + TILE_ROWS]
            off = self._centroids.take(of, axis=0, out=room[: len(tile)], mode="clip")
            off -= tile
            off *= off
            sums += np.add.reduce(off, axis=0)  # one row after the other
        return math.fsum(sums.tolist())

    def _slack(self, rows: Matrix) -> Vector:
        """Return by how much two products of a row may differ from the truth, both together, (m,)."""
        sizes = np.sqrt(np.einsum("nd,nd->n", rows, rows))
        bound: Vector = (sizes + self._longest) * (self._longest * self._error * INFLATED)
        return bound

    def _decided(self, rows: Matrix, of: NDArray[np.int64], numbers: NDArray[np.int64]) -> Labels:
        """Return the nearest of the candidates of each row. of, numbers: the pairs, ascending by both."""
        distances = np.empty(len(of))
        for first in range(0, len(of), PAIRS):
            place = slice(first, first + PAIRS)
            off = rows[of[place]].astype(np.float64) - self._centroids[numbers[place]]
            off *= off
            distances[place] = sum_halves(off)
        order = np.lexsort((numbers, distances, of))
        return numbers[order][np.flatnonzero(np.diff(of, prepend=-1))].astype(np.int32)
