"""The colours of maps: told apart by every reader, by neighbours most, and always the same."""

import itertools

import numpy as np
import pytest

from synthprof.base.colours import (
    MOST_PLACED,
    NEUTRAL,
    PALETTE,
    STEPS,
    category_colours,
    cluster_colours,
    number_colours,
)

SIGHTS = {
    "every cone": np.eye(3),
    "no red cones": [
        [0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "no green cones": [
        [0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "no blue cones": [
        [1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}  # fmt: skip
"""Linear sRGB as readers see it: the matrices of Machado and others (2009), severity 1."""

PAGES = ("#ffffff", "#151d1a")
"""The ground of points, on a light page and on a dark one: `--card` of page.css and report.html."""


def _linear(colour: str) -> np.ndarray:
    values = np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)]) / 255
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def _oklab(linear: np.ndarray) -> np.ndarray:
    """Ottosson, "A perceptual color space for image processing", 2020."""
    cones = np.array([[0.4122214708, 0.5363325363, 0.0514459929], [0.2119034982, 0.6806995451, 0.1073969566],
                      [0.0883024619, 0.2817188376, 0.6299787005]])  # fmt: skip
    lab = np.array([[0.2104542553, 0.7936177850, -0.0040720468], [1.9779984951, -2.4285922050, 0.4505937099],
                    [0.0259040371, 0.7827717662, -0.8086757660]])  # fmt: skip
    return lab @ np.cbrt(cones @ np.clip(linear, 0, 1))


def _luminance(colour: str) -> float:
    return float(np.array([0.2126, 0.7152, 0.0722]) @ _linear(colour))


@pytest.mark.parametrize("page", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("sight", SIGHTS)
def test_every_two_colours_differ_for_every_reader(sight, page):
    seen = [_oklab(np.array(SIGHTS[sight]) @ _linear(pair[page])) for pair in PALETTE]
    nearest = min(float(np.linalg.norm(one - other)) for one, other in itertools.combinations(seen, 2))
    assert nearest > 0.09


@pytest.mark.parametrize("page", [0, 1], ids=["light", "dark"])
def test_every_colour_stands_out_from_its_page(page):
    for pair in (*PALETTE, NEUTRAL):
        low, high = sorted((_luminance(pair[page]), _luminance(PAGES[page])))
        assert (high + 0.05) / (low + 0.05) >= 3


def test_numbers_are_told_by_lightness_alone():
    for sight in SIGHTS.values():
        for page, order in ((0, -1), (1, 1)):
            lightness = [_oklab(np.array(sight) @ _linear(pair[page]))[0] for pair in number_colours()]
            assert (np.diff(lightness) * order > 0).all()
    assert len(number_colours()) == STEPS


def test_as_many_clusters_as_there_are_colours_have_one_each():
    number = len(PALETTE)
    at = np.arange(number, dtype=np.float32)
    found = cluster_colours(at, -at, np.arange(number, dtype=np.int32))
    assert len(set(found.values())) == number
    assert category_colours(number + 1) == [*PALETTE, PALETTE[0]]


def test_clusters_of_one_colour_lie_apart_and_what_is_no_cluster_has_none():
    side = 20
    x, y = (axis.ravel().astype(np.float32) for axis in np.meshgrid(np.arange(side), np.arange(side)))
    clusters = np.arange(side * side, dtype=np.int32) - 1
    found = cluster_colours(x, y, clusters)
    assert found.pop(-1) == NEUTRAL
    assert set(found.values()) == set(PALETTE)
    for cluster in found:
        if (cluster + 2) % side and cluster + 1 in found:  # they are neighbours in one line
            assert found[cluster] != found[cluster + 1]


def test_colours_of_more_clusters_than_can_be_seen_do_not_depend_on_the_order_of_points():
    rng = np.random.default_rng(1)
    clusters = rng.integers(0, MOST_PLACED + 500, 4 * MOST_PLACED, dtype=np.int32)
    x, y = rng.integers(-9, 9, (2, len(clusters))).astype(np.float32)
    found = cluster_colours(x, y, clusters)
    assert set(found) == set(clusters.tolist())
    order = rng.permutation(len(x))
    assert cluster_colours(x[order], y[order], clusters[order]) == found
