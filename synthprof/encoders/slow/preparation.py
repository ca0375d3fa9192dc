"""The preparation of a picture for a model, as `preprocessor_config.json` of transformers describes it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from synthprof.base.errors import SpecError
from synthprof.encoders.slow.contents import Pixels

if TYPE_CHECKING:
    from PIL.Image import Image

MAX_SIDE = 2_048
"""Pixels of a side that a model may ask for."""

LONG = 4
"""A picture longer than this many times its breadth loses its ends before it is resized, not after."""

BICUBIC = 3
"""Pillow's number of the filter that CLIP was trained with."""

Numbers = tuple[float, float, float]


@dataclass(frozen=True)
class Preparation:
    """Size, crop and scale of the pictures that a model takes.

    shortest: pixels of the shorter side after resizing; 0 to resize to `size` whatever the proportions.
    size: width and height of what the model gets. scale: factor of the values. mean, deviation: by channel.
    """

    size: tuple[int, int]
    shortest: int = 0
    resample: int = BICUBIC
    scale: float = 1 / 255
    mean: Numbers = (0.0, 0.0, 0.0)
    deviation: Numbers = (1.0, 1.0, 1.0)

    @property
    def least(self) -> int:
        """Pixels of the shorter side of a picture that is not enlarged: twice what is wanted."""
        return 2 * max(self.shortest, *self.size)

    def prepared(self, image: "Image") -> npt.NDArray[np.float32]:
        """Return a picture in RGB as the model takes it, (1, 3, height, width)."""
        values = self._resized(image).astype(np.float32) * np.float32(self.scale)
        mean, deviation = np.array(self.mean, np.float32), np.array(self.deviation, np.float32)
        normal = (values - mean) / deviation
        return np.ascontiguousarray(normal.transpose(2, 0, 1))[None]

    def _resized(self, image: "Image") -> Pixels:
        from PIL.Image import Resampling

        filter_ = Resampling(self.resample)
        if not self.shortest:
            return np.asarray(image.resize(self.size, filter_))
        image = _shortened(image)
        factor = self.shortest / min(image.size)
        wide, high = (max(self.shortest, int(side * factor)) for side in image.size)
        image = image.resize((wide, high), filter_)
        width, height = self.size
        left, top = (wide - width) // 2, (high - height) // 2
        return np.asarray(image.crop((left, top, left + width, top + height)))


def read_preparation(path: Path) -> Preparation:
    """Return the preparation that a file describes. Raises SpecError for one that is not understood."""
    try:
        told = json.loads(path.read_bytes())
        found = _of(told)
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise SpecError(
            f"{path} does not say how to prepare a picture ({error}); copy it from where the model comes from"
        ) from None
    if not all(1 <= side <= MAX_SIDE for side in (*found.size, found.shortest or 1)):
        raise SpecError(f"{path} asks for pictures of {found.size}; {MAX_SIDE} pixels a side are the most")
    return found


def _of(told: Mapping[str, Any]) -> Preparation:
    size, crop = told.get("size", 224), told.get("crop_size")
    shortest = size if isinstance(size, int) else size.get("shortest_edge", 0)
    cropped = told.get("do_center_crop", crop is not None) and crop is not None
    if not told.get("do_resize", True):
        raise ValueError("do_resize is false")
    shortest = shortest if cropped else 0
    wanted = _sides(crop if cropped else size)
    normal = told.get("do_normalize", True)
    return Preparation(
        wanted,
        shortest,
        int(told.get("resample", BICUBIC)),
        float(told.get("rescale_factor", 1 / 255)) if told.get("do_rescale", True) else 1.0,
        _three(told.get("image_mean", (0.5, 0.5, 0.5))) if normal else (0.0, 0.0, 0.0),
        _three(told.get("image_std", (0.5, 0.5, 0.5))) if normal else (1.0, 1.0, 1.0),
    )


def _sides(size: Any) -> tuple[int, int]:  # noqa: ANN401
    """Return width and height."""
    if isinstance(size, int):
        return size, size
    if "shortest_edge" in size:
        return int(size["shortest_edge"]), int(size["shortest_edge"])
    return int(size["width"]), int(size["height"])


def _three(values: Any) -> Numbers:  # noqa: ANN401
    red, green, blue = map(float, values)
    return red, green, blue


def _shortened(image: "Image") -> "Image":
    """Return the middle of a picture that is very long: resized whole, it could fill the memory."""
    breadth = min(image.size)
    wide, high = (min(side, LONG * breadth) for side in image.size)
    left, top = (image.width - wide) // 2, (image.height - high) // 2
    return image.crop((left, top, left + wide, top + high)) if (wide, high) != image.size else image
