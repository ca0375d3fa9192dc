"""Pictures for an embedding service, in the form that it takes: Jina's objects, or infinity's data URLs.

A service that knows neither may embed what it is sent as text, without an error. So the form is settled by a
picture that is sent in two packings, before any other: only who looks at it gives both the same vector.
"""

import base64
import io
import threading
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from PIL import Image

from synthprof.base.arrays import Matrix
from synthprof.base.errors import SpecError, StageError
from synthprof.encoders.slow.contents import Answer, Content, Drawn, Pixels, Unreadable
from synthprof.encoders.slow.http import Endpoint, HttpEncoder
from synthprof.encoders.slow.rejected import Rejected

SIDE = 512
"""Pixels of the longer side of a picture that is sent: models look at 224 to 448 on the shorter one."""

Form = Literal["objects", "urls"]
FORMS: tuple[Form, ...] = ("objects", "urls")
"""objects: `{"image": …}` with base64, as Jina has it. urls: data URLs with `"modality": "image"`, as
infinity has it. The first one is tried first, since services that do not know it refuse it."""

SAME = 0.999
"""Cosine similarity from which two vectors are those of one picture: services round, also to 16 bits."""

PACKINGS = (0, 9)
"""Levels of compression of the picture that settles the form."""


class _Url(str):
    """A picture as a data URL."""

    __slots__ = ()


class HttpPictureEncoder(HttpEncoder):
    """Requests with pictures, made small and free of metadata before they are sent; and with texts."""

    known_good = Drawn(np.full((64, 64, 3), 128, np.uint8))

    def __init__(self, endpoint: Endpoint, model: str, dim: int) -> None:
        super().__init__(endpoint, model, dim)
        self._form: Form = FORMS[0]
        self._knows_form = False
        self._settling = threading.Lock()

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
        """Return what `ask` returns, from a single try; pictures that cannot be read are not sent.

        Raises SpecError if the service embeds no pictures.
        """
        sent = [_sent(each) for each in contents]
        urls = [each for each in sent if not isinstance(each, Unreadable)]
        if any(isinstance(each, _Url) for each in urls):
            self._settle_form()
        answers = iter(super().ask_once(urls) if urls else ())
        return [each if isinstance(each, Unreadable) else next(answers) for each in sent]

    def _settle_form(self) -> None:
        """Find the form that the service takes, once. Raises Rejected if it fails, SpecError for neither."""
        with self._settling:
            if self._knows_form:
                return
            refusals: list[Rejected] = []
            for form in FORMS:
                self._form = form
                try:
                    if self._sees():
                        self._knows_form = True
                        return
                except Rejected as error:
                    if error.busy:
                        raise
                    refusals.append(error)
        if any(error.code >= 500 for error in refusals) or len(refusals) == len(FORMS):
            raise refusals[-1]
        raise SpecError(
            f"the embedding service embeds a picture as text: model={self.model} sees none; name a model of "
            "pictures and texts, on a service that takes them as Jina or infinity does"
        )

    def _sees(self) -> bool:
        """Return whether the service gives a picture one vector, however it is packed. Raises Rejected."""
        picture = _grey_and_white()
        found = []
        for level in PACKINGS:
            (vector,) = super().ask_once([_packed(picture, level)])
            if not isinstance(vector, np.ndarray):
                raise Rejected(500, "the vector of a good picture is not finite")
            found.append(vector)
        return float(found[0] @ found[1]) >= SAME

    def _body(self, texts: list[str]) -> dict[str, Any]:
        body = super()._body(texts)
        if not all(isinstance(each, _Url) for each in texts):
            return body
        if self._form == "urls":
            return body | {"modality": "image"}
        return body | {"input": [{"image": each.partition(",")[2]} for each in texts]}


def _sent(content: Content) -> str | Unreadable:
    """Return a text as it is, a picture as a data URL, or why it cannot be read."""
    if isinstance(content, str):
        return content
    try:
        image = content.image(SIDE)
    except Unreadable as error:
        return error
    image.thumbnail((SIDE, SIDE), Image.Resampling.BICUBIC)
    return _packed(image)


def _packed(image: Image.Image, level: int = 6) -> _Url:
    target = io.BytesIO()
    image.save(target, "PNG", compress_level=level)
    return _Url(f"data:image/png;base64,{base64.b64encode(target.getvalue()).decode()}")


def _grey_and_white() -> Image.Image:
    """Return a picture that models look at like any other: a bright square on a dark ground."""
    pixels = np.full((64, 64, 3), 60, np.uint8)
    pixels[16:48, 16:48] = 230
    return Image.fromarray(pixels)
