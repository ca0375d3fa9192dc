"""The colours of points on maps, in the report and in the explorer: one on a light page, one on a dark page.

The ten of `PALETTE` stay apart for readers with any kind of colour blindness: simulated by the matrices of
Machado, Oliveira and Fernandes ("A physiologically-based model for simulation of color vision deficiency",
2009), every two lie at least 0.09 apart in OKLab, and each has a contrast of 3 or more to its page.
"""

import math

import numpy as np
import numpy.typing as npt

Colour = tuple[str, str]
"""The colour on a light page and that on a dark page, as #rrggbb."""

PALETTE: tuple[Colour, ...] = (
    ("#2794fb", "#a4bbff"),
    ("#7b242e", "#c04444"),
    ("#5c11a0", "#445bfe"),
    ("#a87f19", "#a19e1a"),
    ("#277d7b", "#6af1e3"),
    ("#8c26d2", "#965a9c"),
    ("#a33e23", "#f4b581"),
    ("#325770", "#1f98ed"),
    ("#879881", "#c0fd35"),
    ("#ec4acf", "#e3769b"),
)
"""The first ones differ most."""

NEUTRAL: Colour = ("#868b94", "#868b94")
"""For points that belong to no cluster."""

STEPS = 32
"""Colours from the least to the greatest number."""

MOST_PLACED = 2_000
"""Clusters, the largest, that get another colour than their neighbours; more are specks."""


def category_colours(number: int) -> list[Colour]:
    """Return a colour for each of a number of categories; they repeat after those of `PALETTE`."""
    return [PALETTE[at % len(PALETTE)] for at in range(number)]


def cluster_colours(
    x: npt.NDArray[np.float32], y: npt.NDArray[np.float32], clusters: npt.NDArray[np.int32]
) -> dict[int, Colour]:
    """Return a colour for each cluster on a map, so that clusters of one colour lie far from each other.

    The largest cluster comes first, and each takes the colour whose nearest cluster is farthest away.
    x, y, clusters: (n,), one for each point of the whole map; a negative cluster is none.
    """
    names, places, rows = np.unique(clusters, return_inverse=True, return_counts=True)
    centres = np.stack([np.bincount(places, axis.astype(np.float64)) / rows for axis in (x, y)])
    order = np.lexsort((names, -rows))
    order = order[names[order] >= 0]
    taken = _apart(centres[:, order[:MOST_PLACED]])
    taken += [at % len(PALETTE) for at in range(len(taken), len(order))]
    found = dict.fromkeys(names.tolist(), NEUTRAL)
    return found | {int(names[at]): PALETTE[colour] for at, colour in zip(order, taken, strict=True)}


def _apart(centres: npt.NDArray[np.float64]) -> list[int]:
    """Return a colour's number for each of the centres, (2, n)."""
    nearest = np.full((len(PALETTE), centres.shape[1]), np.inf)
    found = []
    for at, centre in enumerate(centres.T):
        colour = int(nearest[:, at].argmax())
        np.minimum(nearest[colour], np.hypot(*(centres - centre[:, None])), out=nearest[colour])
        found.append(colour)
    return found


def number_colours() -> list[Colour]:
    """Return the colours of `STEPS` equal steps from the least number to the greatest, by lightness."""
    shares = [step / (STEPS - 1) for step in range(STEPS)]
    return [
        (
            _oklch(0.86 - 0.5 * share, _chroma(share), 100 + 170 * share),
            _oklch(0.42 + 0.46 * share, _chroma(share), 270 - 170 * share),
        )
        for share in shares
    ]


def _chroma(share: float) -> float:
    return 0.1 + 0.06 * math.sin(math.pi * share)


def _oklch(lightness: float, chroma: float, degrees: float) -> str:
    """Return the sRGB colour of an OKLCH one (Ottosson, "A perceptual color space", 2020)."""
    a, b = chroma * math.cos(math.radians(degrees)), chroma * math.sin(math.radians(degrees))
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    linear = (
        4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short,
    )
    clipped = (min(max(value, 0.0), 1.0) for value in linear)
    gamma = (12.92 * v if v <= 0.0031308 else 1.055 * v ** (1 / 2.4) - 0.055 for v in clipped)
    return "#" + "".join(f"{round(255 * value):02x}" for value in gamma)
