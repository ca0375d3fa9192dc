"""Encoder `clip`: a model of pictures and texts on this machine, from a folder in ONNX or of open_clip.

Pictures are embedded one at a time, each by one thread: then its bytes depend on no other picture, on no
number of threads and on no interruption, and threads side by side keep all cores busy.
"""

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from synthprof.base.arrays import Matrix, Vector
from synthprof.base.errors import SpecError
from synthprof.encoders.slow.contents import Answer, Content, Drawn, Pixels, Unreadable
from synthprof.encoders.slow.encoder import KNOWN_GOOD, SlowEncoder
from synthprof.encoders.slow.model import folder_digest

if TYPE_CHECKING:
    from synthprof.encoders.slow.towers import Towers

VERSION = 1
"""Raised when the same model gives other vectors: what was answered before does not count then."""


class ClipEncoder(SlowEncoder):
    """A model in memory, loaded when first asked.

    Values depend on processor and libraries in the last bits: the same machine gives the same bytes.
    """

    name = "clip"
    known_good = Drawn(np.full((64, 64, 3), 128, np.uint8))

    def __init__(self, model: str, dim: int, use_gpu: bool = False) -> None:
        super().__init__(model, dim)
        self._use_gpu = use_gpu
        self._lock = threading.Lock()
        self._towers: Towers | None = None

    def __exit__(self, *_: object) -> None:
        """Release the memory of the model."""
        self._towers = None

    @property
    def identity(self) -> str:
        """The files of the model, on which an embedding depends besides its picture."""
        return f"clip {VERSION} {folder_digest(Path(self.model).expanduser())} {self.dim}"

    def check(self) -> None:
        """Raise SpecError unless the model can be loaded and its vectors have the right width."""
        self.encode_text([KNOWN_GOOD])
        if self.ask([self.known_good])[0] is None:
            raise SpecError(
                f"model={self.model} gives no finite vector for a grey picture; name another model"
            )

    def encode_text(self, texts: Sequence[str]) -> Matrix:
        """Return one vector per text, (n, dim) float32 with L2 norm 1. Raises SpecError for another width."""
        return self._stacked([self._loaded().text(text) for text in texts])

    def encode_pictures(self, pictures: Sequence[Pixels]) -> Matrix:
        """Return one vector per picture, (n, dim) float32 with L2 norm 1. Raises as `encode_text`."""
        return self._stacked([self._loaded().picture(Drawn(each).image(0)) for each in pictures])

    def ask(self, contents: Sequence[Content], patient: bool = True) -> list[Answer]:
        """Return the vector of each picture, None where it is not finite, or why it cannot be read."""
        towers = self._loaded()
        found = [_vector(towers, content) for content in contents]
        # at the end, since each picture fills the processor's caches: so little work would find them cold
        return [each if isinstance(each, Unreadable) else self._finite(each) for each in found]

    ask_once = ask

    def _finite(self, vector: Vector) -> Vector | None:
        unit = self._unit(vector)
        return unit if np.isfinite(unit).all() and unit.any() else None

    def _stacked(self, vectors: Sequence[Vector]) -> Matrix:
        return (
            np.stack([self._unit(each) for each in vectors])
            if vectors
            else np.zeros((0, self.dim), np.float32)
        )

    def _unit(self, vector: Vector) -> Vector:
        """Return the vector with L2 norm 1; one that is not finite or zero is left as it is."""
        if len(vector) != self.dim:
            raise SpecError(
                f"the model {self.model} gives {len(vector)} values, but dim_embedding={self.dim}; "
                f"set dim_embedding={len(vector)} or name another model"
            )
        wide = vector.astype(np.float64)
        norm = float(np.sqrt((wide * wide).sum()))
        return (wide / norm if norm > 0 else wide).astype(np.float32)

    def _loaded(self) -> "Towers":
        from synthprof.encoders.slow.towers import load_towers

        with self._lock:
            if self._towers is None:
                self._towers = load_towers(self.model, self._use_gpu)
            return self._towers


def _vector(towers: "Towers", content: Content) -> Vector | Unreadable:
    """Return the vector of a content as the model gives it, or why the content cannot be read."""
    if isinstance(content, str):
        return towers.text(content)
    try:
        image = content.image(towers.preparation.least)
    except Unreadable as error:
        return error
    return towers.picture(image)


def check_clip(model: str) -> None:
    """Raise SpecError unless the model is a folder that may be read and has what such models have."""
    from synthprof.encoders.slow.towers import check_towers

    if not model:
        raise SpecError("encoder=clip needs model, the folder of a model in ONNX or of open_clip")
    check_towers(model)
