"""Pictures for an embedding service: infinity's protocol, which is OpenAI's with pictures as data URLs."""

import base64
import io
from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image

from synthprof.base.arrays import Matrix
from synthprof.base.errors import StageError
from synthprof.encoders.slow.contents import Answer, Content, Drawn, Pixels, Unreadable
from synthprof.encoders.slow.http import Endpoint, HttpEncoder
from synthprof.encoders.slow.rejected import Rejected

SIDE = 512
"""Pixels of the longer side of a picture that is sent: models look at 224 to 448 on the shorter one."""


class _Url(str):
    """A picture as a data URL."""

    __slots__ = ()


class HttpPictureEncoder(HttpEncoder):
    """Requests with pictures, made small and free of metadata before they are sent; and with texts."""

    known_good = Drawn(np.full((64, 64, 3), 128, np.uint8))

    def __init__(self, endpoint: Endpoint, model: str, dim: int) -> None:
        super().__init__(endpoint, model, dim)

    @property
    def identity(self) -> str:
        """The service's model and width, and the size of what it is sent, on which an embedding depends."""
        return f"http pictures {self.model} {self.dim} {SIDE}"

    def encode_pictures(self, pictures: Sequence[Pixels]) -> Matrix:
        """Return one vector per picture, (n, dim) float32 with L2 norm 1. Raises StageError if one fails."""
        try:
            answers = self.ask([Drawn(each) for each in pictures])
        except Rejected as error:
            raise StageError(f"the embedding service failed: {error}; try again") from None
        found = [each for each in answers if isinstance(each, np.ndarray)]
        if len(found) < len(answers):
            raise StageError("the embedding service gave no finite vector for the picture; try another one")
        return np.stack(found) if found else np.zeros((0, self.dim), np.float32)

    def ask_once(self, contents: Sequence[Content]) -> list[Answer]:
        """Return what `ask` returns, from a single try; pictures that cannot be read are not sent."""
        sent = [_sent(each) for each in contents]
        urls = [each for each in sent if not isinstance(each, Unreadable)]
        answers = iter(super().ask_once(urls) if urls else ())
        return [each if isinstance(each, Unreadable) else next(answers) for each in sent]

    def _body(self, texts: list[str]) -> dict[str, Any]:
        pictures = all(isinstance(each, _Url) for each in texts)
        return super()._body(texts) | ({"modality": "image"} if pictures else {})


def _sent(content: Content) -> str | Unreadable:
    """Return a text as it is, a picture as a data URL, or why it cannot be read."""
    if isinstance(content, str):
        return content
    try:
        image = Image.fromarray(content.pixels(SIDE))
    except Unreadable as error:
        return error
    image.thumbnail((SIDE, SIDE), Image.Resampling.BICUBIC)
    target = io.BytesIO()
    image.save(target, "PNG")
    return _Url(f"data:image/png;base64,{base64.b64encode(target.getvalue()).decode()}")
