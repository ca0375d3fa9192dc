"""Local features of a picture, a hash of it as a whole, and a small view of it, to compare it by.

Features are ORB's: corners with a descriptor of 256 bits (Rublee and others, "ORB: an efficient alternative
to SIFT or SURF", ICCV 2011).
"""

from dataclasses import dataclass

import cv2
import imagehash
import numpy as np
import numpy.typing as npt
from PIL import Image

Pixels = npt.NDArray[np.uint8]

SIDE = 256
"""Pixels of the longer side of the picture that features are looked for in; small ones are enlarged."""

VIEW = 64
"""Pixels of a side of the view, whatever the shape of the picture."""

DESCRIPTOR_BYTES = 32
PLACE_STEPS = 16
"""Steps of a pixel in which the places of features are kept."""

FEATURE = np.dtype([("descriptor", np.uint8, DESCRIPTOR_BYTES), ("place", np.uint16, 2)])
"""A feature: its descriptor, and its place x, y in 1/16 of a pixel of the picture scaled to `SIDE`."""


@dataclass(frozen=True, eq=False)
class Look:
    """The features that a picture is compared by.

    features: (n,) of `FEATURE`, the strongest first. view: (64, 64) uint8, grey. hash: 64 bits that small
    changes leave alone. width, height: of the picture, in pixels.
    """

    features: npt.NDArray[np.void]
    view: Pixels
    hash: int
    width: int
    height: int


class Eye:
    """Looks at pictures, one at a time; each thread needs an eye of its own."""

    def __init__(self, features: int) -> None:
        """features: the most that are kept of a picture."""
        self._most = features
        self._orb = cv2.ORB.create(nfeatures=features)

    def look(self, pixels: Pixels) -> Look:
        """Return what a picture is compared by. pixels: (height, width, 3) uint8, RGB."""
        grey = cv2.cvtColor(np.ascontiguousarray(pixels), cv2.COLOR_RGB2GRAY)
        height, width = grey.shape
        wide, high = scaled(width, height)
        enlarged = wide > width or high > height
        way = cv2.INTER_CUBIC if enlarged else cv2.INTER_AREA
        points, descriptors = self._orb.detectAndCompute(
            cv2.resize(grey, (wide, high), interpolation=way), None
        )
        found = np.zeros(0 if descriptors is None else min(len(points), self._most), FEATURE)
        if len(found):
            # ORB returns them by level; ties of strength by place, so that the order follows from the picture
            order = sorted(range(len(points)), key=lambda at: (-points[at].response, points[at].pt))
            order = order[: self._most]
            found["descriptor"] = descriptors[order]
            places = np.array([points[at].pt for at in order]) * PLACE_STEPS
            found["place"] = np.clip(np.rint(places), 0, 65_535)
        view = np.asarray(cv2.resize(grey, (VIEW, VIEW), interpolation=cv2.INTER_AREA), np.uint8)
        bits = imagehash.phash(Image.fromarray(grey)).hash.ravel()
        return Look(found, view, int.from_bytes(np.packbits(bits).tobytes(), "big"), width, height)


def scaled(width: int, height: int) -> tuple[int, int]:
    """Return the sides of a picture of which the longer one is scaled to `SIDE`."""
    longer = max(width, height)
    return max(1, round(width * SIDE / longer)), max(1, round(height * SIDE / longer))


def few_threads() -> None:
    """Keep OpenCV to the thread that calls it: pictures are spread over threads of ours."""
    cv2.setNumThreads(1)
