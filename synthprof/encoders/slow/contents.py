"""The contents of rows that slow encoders embed: texts, or pictures that are decoded when wanted."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from synthprof.base.arrays import Vector

if TYPE_CHECKING:
    from PIL.Image import Image

Pixels = npt.NDArray[np.uint8]
"""A decoded picture, (height, width, 3), RGB, upright."""


class Unreadable(Exception):
    """A content that cannot be read, whatever the encoder. Its text is the reason."""


@runtime_checkable
class Shown(Protocol):
    """A picture of a row."""

    def image(self, least: int) -> "Image":
        """Return the picture in RGB, upright, at least `least` pixels on its shorter side where it has them.

        It is Pillow's, as decoders give it and encoders resize it: an array between them would copy it twice.
        Raises Unreadable with the reason.
        """


class Drawn:
    """A picture that is there as it is."""

    def __init__(self, pixels: Pixels) -> None:
        self._pixels = pixels

    def image(self, least: int) -> "Image":
        """Return the picture, whole."""
        from PIL import Image

        return Image.fromarray(self._pixels)


Content = str | Shown
"""A text or a picture."""

Answer = Vector | Unreadable | None
"""The vector of a content, None where it is not finite or zero, or why the content cannot be read."""


def texts_of(contents: Sequence[Content]) -> list[str]:
    """Return contents that are all texts as such. Raises TypeError for a picture."""
    texts = [each for each in contents if isinstance(each, str)]
    if len(texts) < len(contents):
        raise TypeError("this encoder embeds texts, and was given a picture")
    return texts
