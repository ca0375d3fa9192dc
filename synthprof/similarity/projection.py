"""A flat map of high-dimensional rows in which clusters are visible: for looking at, not for measuring.

The two principal components of a dozen archetypes show three or four of them and lay the rest in one heap.
So the larger centroids are laid out by t-SNE (van der Maaten and Hinton, 2008), which is cheap for some
hundred of them, and each row is placed among the centroids it is near to.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from synthprof.base.arrays import Matrix

LANDMARKS = 192
"""Centroids that are laid out: the work of a step of t-SNE grows with their square (0.3 ms at 192)."""

STEPS = 120
"""Steps of t-SNE: from 100 on, nothing changes any more (k from 14 to 1,000)."""

RATE = 0.125
"""Length of a step per centroid: 0.08 to 0.5 end in the same map. The usual exaggeration in the first steps
is left out: with so few points it draws all into one, and the principal components are a good start."""

NEIGHBOURS = 8
SHARPNESS = 4.0
"""Attraction falls to exp(-4) at the eighth neighbour, or at a fourth of few centroids."""


CHUNK_ROWS = 512
"""Rows placed at a time, so that their distances stay in the processor's cache: three times as fast."""


@dataclass(frozen=True)
class Plane:
    """A map of rows to places: among landmarks, scattered round them, then turned and scaled.

    landmarks: (m, d) float32, the larger centroids, at most LANDMARKS. places: (m, 2) float32, theirs.
    width: squared distance over which the attraction of a landmark falls by a factor of e.
    scatter: the axes, through their mean, along which rows differ most from their nearest landmark.
    radius: length on the map of a step of 1 along those. turn: the axes of what comes of all that.
    middle, half: (2,) centre and half the longer side of the box that the sample fills along `turn`.
    """

    landmarks: Matrix
    places: Matrix
    width: float
    scatter: "_Frame"
    radius: float
    turn: "_Frame"
    middle: npt.NDArray[np.floating]
    half: float


@dataclass(frozen=True)
class _Frame:
    """Two principal axes through a centre."""

    centre: npt.NDArray[np.floating]
    axes: npt.NDArray[np.floating]

    def of(self, rows: Matrix) -> Matrix:
        """Coordinates of the rows along the axes, (n, 2)."""
        return _float32((rows - self.centre) @ self.axes)


def plane(sample: Matrix, centroids: Matrix) -> Plane:
    """Compute the map on which rows of one cluster lie together and similar clusters are neighbours.

    The sample lies within [-1, 1] on it; other rows may lie a little outside. Same input, same map.
    sample: (n, d) float32, n >= 1. centroids: (k, d) float32, k >= 1; both finite.
    """
    distances = _squared_distances(sample, centroids)
    sizes = np.bincount(distances.argmin(axis=1), minlength=len(centroids))
    chosen = np.sort(np.argsort(-sizes, kind="stable")[:LANDMARKS])
    landmarks, distances = centroids[chosen], distances[:, chosen]
    places = _layout(landmarks, sizes[chosen])
    residuals = sample - landmarks[distances.argmin(axis=1)]
    scatter = _frame(residuals, np.ones(len(sample)))
    deviation = max(float(scatter.of(residuals).std()), 1e-9)
    radius = 0.18 * _gap(places) / deviation
    width = _width(landmarks)
    raw = _blend(distances, width) @ places + radius * scatter.of(residuals)
    turn = _frame(raw, np.ones(len(raw)))
    turned = turn.of(raw)
    low, high = turned.min(axis=0), turned.max(axis=0)
    half = max(float((high - low).max()) / 2, 1e-9)
    return Plane(landmarks, places, width, scatter, radius, turn, (low + high) / 2, half)


def place(on: Plane, rows: Matrix) -> Matrix:
    """Return the places of the rows on the map, (n, 2) float32 with four decimals."""
    places = np.empty((len(rows), 2), np.float32)
    for first in range(0, len(rows), CHUNK_ROWS):
        part = slice(first, first + CHUNK_ROWS)
        places[part] = _placed(on, rows[part])
    return places


def _placed(on: Plane, rows: Matrix) -> Matrix:
    distances = _squared_distances(rows, on.landmarks)
    residuals = rows - on.landmarks[distances.argmin(axis=1)]
    raw = _blend(distances, on.width) @ on.places + on.radius * on.scatter.of(residuals)
    return np.round((on.turn.of(raw) - on.middle) / on.half, 4)


def _layout(landmarks: Matrix, sizes: npt.NDArray[np.int64]) -> Matrix:
    """Places of the landmarks, (k, 2): t-SNE that starts from their principal components."""
    start = _standardised(_principal(landmarks, sizes.astype(np.float64) + 1e-9))
    if len(landmarks) < 4:
        return start
    return _tsne(_affinities(_squared_distances(landmarks, landmarks)), start)


def _affinities(distances: Matrix) -> Matrix:
    """Return the attraction between each two, (k, k): symmetric, zero diagonal, sum 1."""
    k = len(distances)
    width = np.sort(distances, axis=1)[:, min(NEIGHBOURS, -(-k // 4))]
    attraction = np.exp(-SHARPNESS * distances / np.maximum(width, 1e-12)[:, None])
    np.fill_diagonal(attraction, 0)
    attraction /= np.maximum(attraction.sum(axis=1, keepdims=True), 1e-12)
    return _float32((attraction + attraction.T) / (2 * k))


def _tsne(affinities: Matrix, start: Matrix) -> Matrix:
    """Places whose closeness resembles the affinities: gradient descent with momentum and gains."""
    places, speed, gains = start.copy(), np.zeros_like(start), np.ones_like(start)
    for step in range(STEPS):
        across, down = (places[:, None, axis] - places[None, :, axis] for axis in (0, 1))
        closeness = 1 / (1 + across * across + down * down)
        np.fill_diagonal(closeness, 0)
        force = affinities - closeness / closeness.sum()
        force *= closeness
        gradient = 4 * np.stack([(force * across).sum(axis=1), (force * down).sum(axis=1)], axis=1)
        gains = np.maximum(np.where((gradient > 0) == (speed > 0), gains * 0.8, gains + 0.2), 0.01)
        speed = (0.5 if step < 50 else 0.8) * speed - RATE * len(start) * gains * gradient
        places = places + speed
    return places


def _width(landmarks: Matrix) -> float:
    """Return the decay of a landmark's weight, from the mean squared distance to the next landmark."""
    if len(landmarks) == 1:
        return 1.0
    among = _squared_distances(landmarks, landmarks)
    np.fill_diagonal(among, np.inf)
    return max(0.15 * float(among.min(axis=1).mean()), 1e-12)


def _blend(distances: Matrix, width: float) -> Matrix:
    """Weights of the landmarks in the place of each row, (n, k), rows of sum 1."""
    weights = np.exp((distances.min(axis=1, keepdims=True) - distances) / width)
    return _float32(weights / weights.sum(axis=1, keepdims=True))


def _gap(places: Matrix) -> float:
    """Mean distance of a place to the nearest other one; 1 when there is no other."""
    if len(places) == 1:
        return 1.0
    among = _squared_distances(places, places)
    np.fill_diagonal(among, np.inf)
    return float(np.sqrt(among.min(axis=1)).mean())


def _principal(rows: Matrix, weights: npt.NDArray[np.float64]) -> Matrix:
    """Coordinates of weighted rows along their two principal components, (n, 2), with fixed signs."""
    return _frame(rows, weights).of(rows)


def _frame(rows: Matrix, weights: npt.NDArray[np.float64]) -> _Frame:
    """Return the two principal components of weighted rows, with fixed signs."""
    centre = np.average(rows, axis=0, weights=weights)
    spread = (rows - centre) * np.sqrt(weights / weights.sum())[:, None]
    axes = _leading(spread.T @ spread)
    return _Frame(centre, axes * np.where(axes[np.abs(axes).argmax(axis=0), [0, 1]] < 0, -1, 1))


def _leading(covariance: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the two leading eigenvectors as columns, by orthogonal iteration.

    `eigh` of 128 columns takes 1 ms in one thread, but 150 ms where OpenBLAS's threads wait for busy cores.
    """
    axes = np.eye(len(covariance))[:, np.argsort(-np.diag(covariance), kind="stable")[:2]]
    for _ in range(40):
        axes, _ = np.linalg.qr(covariance @ axes)
    _, turn = np.linalg.eigh(axes.T @ covariance @ axes)
    result: npt.NDArray[np.float64] = axes @ turn[:, ::-1]
    return result


def _standardised(places: Matrix) -> Matrix:
    """Return the same shape with standard deviation 1; all zero for a shape without extent."""
    return places / max(float(places.std()), 1e-9)


def _squared_distances(rows: Matrix, others: Matrix) -> Matrix:
    """Squared Euclidean distances, (n, k), never negative."""
    squares = (rows * rows).sum(axis=1)[:, None] + (others * others).sum(axis=1)[None, :]
    return _float32(np.maximum(squares - 2 * (rows @ others.T), 0))


def _float32(values: npt.NDArray[np.floating]) -> Matrix:
    return values.astype(np.float32, copy=False)
