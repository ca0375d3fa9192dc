"""A model of two towers, for pictures and for texts, by the files of its folder: ONNX or open_clip."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from synthprof.base.arrays import Vector
from synthprof.base.errors import SpecError, first_line
from synthprof.base.permitted import check_all_permitted
from synthprof.encoders.slow.preparation import Preparation

if TYPE_CHECKING:
    from PIL.Image import Image

MAX_SHOWN = 200
"""Characters of a library's error that a message quotes."""


class Towers(Protocol):
    """Two loaded towers. Threads may ask for several vectors at once; each is computed by one thread."""

    preparation: Preparation

    def picture(self, image: "Image") -> Vector:
        """Return the embedding of a picture, (d,) float32, of any norm."""

    def text(self, text: str) -> Vector:
        """Return the embedding of a text, (d,) float32, of any norm."""


def check_towers(model: str) -> None:
    """Raise SpecError unless the model is a folder that may be read, with the files that a model has.

    Nothing is loaded. A model of open_clip needs the library, too.
    """
    from synthprof.encoders.slow import onnx_towers, open_clip_towers

    folder = _folder(model)
    if open_clip_towers.is_one(folder):
        open_clip_towers.check(folder)
    else:
        onnx_towers.files_of(folder)


def load_towers(model: str, use_gpu: bool) -> Towers:
    """Load a model. Raises SpecError if it is none, or cannot be loaded."""
    from synthprof.encoders.slow import onnx_towers, open_clip_towers

    folder = _folder(model)
    with clear_loading(model):
        if open_clip_towers.is_one(folder):
            open_clip_towers.check(folder)
            return open_clip_towers.OpenClipTowers(folder, use_gpu)
        return onnx_towers.OnnxTowers(onnx_towers.files_of(folder), use_gpu)


@contextmanager
def clear_loading(model: str) -> Iterator[None]:
    """Turn into SpecError what a library raises: each has its own ways to say that a file is not right."""
    try:
        yield
    except SpecError:
        raise
    except Exception as error:
        raise SpecError(
            f"model={model} cannot be loaded ({first_line(error)[:MAX_SHOWN]}); name the folder of a CLIP "
            "model in ONNX, or of one that open_clip has saved"
        ) from error


def _folder(model: str) -> Path:
    folder = Path(model).expanduser()
    if not folder.is_dir():
        raise SpecError(
            f"model={model} is no folder; name the folder of a CLIP model in ONNX or of open_clip"
        )
    check_all_permitted(folder, "model")
    return folder
