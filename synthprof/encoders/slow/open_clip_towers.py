"""A model as open_clip saves it for a hub: its configuration, and weights that the library `open_clip` loads.

The library and PyTorch are imported only when such a model is loaded (`pip install "synthprof[open-clip]"`).
"""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from synthprof.base.arrays import Vector
from synthprof.base.errors import SpecError
from synthprof.base.extras import check_installed
from synthprof.encoders.slow.preparation import Preparation

if TYPE_CHECKING:
    from PIL.Image import Image

CONFIG = "open_clip_config.json"
WEIGHTS = ("open_clip_model.safetensors", "open_clip_pytorch_model.bin")

FILTERS = {"bilinear": 2, "bicubic": 3}
"""Pillow's numbers of the filters that a model may name."""

logger = logging.getLogger(__name__)


class OpenClipTowers:
    """Two towers in PyTorch, which computes each vector by one thread."""

    def __init__(self, folder: Path, use_gpu: bool) -> None:
        import open_clip
        import torch

        there = torch.cuda.is_available()
        if use_gpu and not there:
            logger.warning("use_gpu: there is no GPU that PyTorch can use; it computes on the CPU")
        torch.set_num_threads(1)
        self._torch: Any = torch
        self._device = "cuda" if use_gpu and there else "cpu"
        name = f"local-dir:{folder}"
        # weights_only: a pickle with code in it is refused
        model = open_clip.create_model(name, device=self._device, require_pretrained=True, weights_only=True)
        self._model = model.eval()
        self._tokens = open_clip.get_tokenizer(name)
        self.preparation = preparation_of(self._model.visual.preprocess_cfg)

    def picture(self, image: "Image") -> Vector:
        """Return the embedding of a picture, (d,) float32, of any norm."""
        prepared = self._torch.from_numpy(self.preparation.prepared(image)).to(self._device)
        with self._torch.inference_mode():
            return _vector(self._model.encode_image(prepared))

    def text(self, text: str) -> Vector:
        """Return the embedding of a text, (d,) float32, of any norm."""
        tokens = self._tokens([text]).to(self._device)
        with self._torch.inference_mode():
            return _vector(self._model.encode_text(tokens))


def is_one(folder: Path) -> bool:
    """Return whether open_clip has saved the model in a folder."""
    return (folder / CONFIG).is_file()


def check(folder: Path) -> None:
    """Raise SpecError unless the folder has weights, and the library is there to load them."""
    if not any((folder / name).is_file() for name in WEIGHTS):
        raise SpecError(
            f"model={folder} has {CONFIG}, but neither {' nor '.join(WEIGHTS)}; copy the weights there"
        )
    check_installed("open-clip", "open_clip")


def preparation_of(told: Mapping[str, Any]) -> Preparation:
    """Return how pictures are prepared for a model. Raises SpecError for a way that is not known here.

    >>> preparation_of({"size": (32, 32), "mean": (0.5,) * 3, "std": (0.5,) * 3}).shortest
    32
    """
    size = told["size"]
    high, wide = (size, size) if isinstance(size, int) else size
    way, filter_ = told.get("resize_mode") or "shortest", told.get("interpolation") or "bicubic"
    if way not in ("shortest", "squash") or (way == "shortest" and wide != high) or filter_ not in FILTERS:
        raise SpecError(
            f"the model wants pictures of {wide} x {high} by resize_mode={way}, interpolation={filter_}, "
            "which is not known here; export it to ONNX with a preprocessor_config.json"
        )
    red, green, blue = (float(each) for each in told["mean"])
    of_red, of_green, of_blue = (float(each) for each in told["std"])
    return Preparation(
        (int(wide), int(high)),
        int(wide) if way == "shortest" else 0,
        FILTERS[filter_],
        mean=(red, green, blue),
        deviation=(of_red, of_green, of_blue),
    )


def _vector(found: Any) -> Vector:  # noqa: ANN401
    values: Vector = np.asarray(found[0].float().cpu().numpy(), np.float32)
    return values
