"""Comparison of two pictures: one is laid over the other, and what both show is compared.

Corners that agree are not enough: pictures of one series have the same frame or face at the same place. So
the views are compared, too, cell by cell, where they overlap.
"""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from synthprof.similarity.pictures.local import PLACE_STEPS, SIDE, VIEW, Look, Pixels, scaled
from synthprof.similarity.pictures.votes import FARTHEST

Transform = npt.NDArray[np.float64]
Places = npt.NDArray[np.float64]

CELLS = 8
"""Cells of a side of the view."""

REACH = 0.015 * SIDE
"""Pixels by which a corner may lie beside its place."""

ROUNDS = 500
"""Of RANSAC: tried transforms."""

TEXTURE = 6.0
"""Standard deviation of grey, of 255, from which on a cell shows something."""

ALIKE = 0.7
"""Correlation of a cell from which on it shows the same."""

CELLS_LEAST = 6
OVERLAP_LEAST = 0.3
PLAIN_DIFFERENCE = 3.0
"""Mean difference of grey, of 255, up to which two plain pictures are the same."""


@dataclass(frozen=True)
class Likeness:
    """The share of two pictures that shows the same.

    score: share of the cells with texture that show the same where the pictures overlap, 0 to 1. inliers:
    corners that lie where the transform puts them; 0 where the pictures were compared as they lie.
    """

    score: float
    inliers: int


NOTHING = Likeness(0.0, 0)


def compare(one: Look, other: Look, least_inliers: int) -> Likeness:
    """Compare two pictures by their features: RANSAC lays one over the other, and their views are compared.

    A homography follows corners that moved a little, and bends where there are none. So a turn with a scale
    is tried, too, and the better score counts.
    """
    mine, theirs = _matched(one, other)
    if len(mine) < 4:
        return NOTHING
    homography, inside = cv2.findHomography(mine, theirs, cv2.RANSAC, REACH, None, ROUNDS)
    inliers = 0 if homography is None or _is_flat(homography) else int(np.sum(inside))
    if inliers < least_inliers:
        return Likeness(0.0, inliers)
    turn, _ = cv2.estimateAffinePartial2D(
        mine, theirs, method=cv2.RANSAC, ransacReprojThreshold=REACH, maxIters=ROUNDS
    )
    into, back = _to_view(other), np.linalg.inv(_to_view(one))
    ways = [into @ homography @ back]
    if turn is not None and not _is_flat(whole := np.vstack([turn, [0.0, 0.0, 1.0]])):
        ways.append(into @ whole @ back)
    return Likeness(max(_agreement(one.view, other.view, way) for way in ways), inliers)


def compare_in_place(one: Look, other: Look) -> Likeness:
    """Compare two pictures as they lie, without features: the same picture, hardly changed."""
    difference = cv2.absdiff(one.view, other.view).mean()
    if max(one.view.std(), other.view.std()) < TEXTURE:
        return Likeness(1.0 - float(difference) / 255 if difference <= PLAIN_DIFFERENCE else 0.0, 0)
    return Likeness(_agreement(one.view, other.view, np.eye(3)), 0)


def _matched(one: Look, other: Look) -> tuple[Places, Places]:
    """Return the places in `one` and in `other` of the corners that match, (n, 2) each."""
    mine, theirs = _mutual(one.features["descriptor"], other.features["descriptor"])
    return (
        one.features["place"][mine].astype(np.float64) / PLACE_STEPS,
        other.features["place"][theirs].astype(np.float64) / PLACE_STEPS,
    )


def _is_flat(transform: npt.NDArray[Any]) -> bool:
    return bool(abs(np.linalg.det(transform)) < 1e-6)


def _mutual(
    one: npt.NDArray[np.uint8], other: npt.NDArray[np.uint8]
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Return the descriptors that are nearest to each other and not too far, by number in each."""
    if not len(one) or not len(other):
        return np.zeros(0, np.intp), np.zeros(0, np.intp)
    words = [np.ascontiguousarray(each).view(np.uint64) for each in (one, other)]
    bits = sum(
        np.bitwise_count(words[0][:, None, at] ^ words[1][None, :, at]).astype(np.uint16) for at in range(4)
    )
    bits = np.asarray(bits)
    nearest, back = bits.argmin(axis=1), bits.argmin(axis=0)
    mine = np.arange(len(one))
    good = (back[nearest] == mine) & (bits[mine, nearest] <= FARTHEST)
    return mine[good], nearest[good]


def _to_view(look: Look) -> Transform:
    """Return the transform of places in the scaled picture to places in the view."""
    wide, high = scaled(look.width, look.height)
    return np.diag([VIEW / wide, VIEW / high, 1.0])


def _agreement(one: Pixels, other: Pixels, transform: Transform) -> float:
    """Return the share of cells that show the same, of those with texture; 0 where they are too few."""
    laid = cv2.warpPerspective(one, transform, (VIEW, VIEW))
    inside = cv2.warpPerspective(np.full_like(one, 255), transform, (VIEW, VIEW)) > 250
    if inside.mean() < OVERLAP_LEAST:
        return 0.0
    mask = inside.astype(np.float64)
    first, second = laid * mask, other * mask
    weight = _sums(mask)
    full = weight >= (VIEW // CELLS) ** 2 / 2
    weight = np.maximum(weight, 1.0)
    means = _sums(first) / weight, _sums(second) / weight
    spreads = [
        np.maximum(_sums(each * each) / weight - mean * mean, 0.0)
        for each, mean in zip((first, second), means, strict=True)
    ]
    together = _sums(first * second) / weight - means[0] * means[1]
    shown = full & (np.maximum(*spreads) > TEXTURE**2)
    if shown.sum() < CELLS_LEAST:
        return 0.0
    alike = together > ALIKE * np.sqrt(spreads[0] * spreads[1] + 1e-3)
    return float((alike & shown).sum()) / float(shown.sum())


def _sums(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the sum of each cell; of whole numbers, so that no order of adding changes it."""
    size = VIEW // CELLS
    found: npt.NDArray[np.float64] = values.reshape(CELLS, size, CELLS, size).sum(axis=(1, 3))
    return found
