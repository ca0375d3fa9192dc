"""Tiny models of open_clip, and the vectors that our encoder and the library give; run where open_clip is.

    .venv-open-clip/bin/python tests/support/open_clip_models.py FOLDER

It writes a random model of 1.6 million weights, asks both for pictures and texts, and prints what came of it
as JSON. Weights follow from a seed.
"""

import json
import sys
from contextlib import suppress
from pathlib import Path

import numpy as np
import torch

ROOT = Path(__file__).parents[2]
OPERATORS = ("nms", "qnms", "roi_align", "roi_pool", "ps_roi_align", "ps_roi_pool", "deform_conv2d")

with suppress(RuntimeError):  # they are there
    # PyPI's torchvision is built for CUDA: its import fails without, for want of operators that nobody asks
    import torchvision  # noqa: F401
if "torchvision" not in sys.modules:
    library = torch.library.Library("torchvision", "DEF")
    for name in OPERATORS:
        library.define(f"{name}(Tensor x) -> Tensor")

import open_clip  # noqa: E402
from PIL import Image  # noqa: E402
from safetensors.torch import save_file  # noqa: E402

sys.path.insert(0, str(ROOT))
from synthprof.base.errors import SpecError  # noqa: E402
from synthprof.encoders.slow.clip import ClipEncoder, check_clip  # noqa: E402

DIM, SIDE = 16, 32
MODEL = {
    "embed_dim": DIM,
    "vision_cfg": {"image_size": SIDE, "layers": 2, "width": 32, "patch_size": 8, "head_width": 16},
    "text_cfg": {"context_length": 16, "vocab_size": 49_408, "width": 32, "heads": 2, "layers": 2},
}
TEXTS = [
    "two red circles",
    "a photograph of a dog that is much longer than sixteen words can be in this model",
] * 2


def write(folder: Path, way: str, *, pickled: bool) -> None:
    """Write a random model as open_clip does for a hub."""
    folder.mkdir(parents=True)
    torch.manual_seed(7)
    state = open_clip.CLIP(**MODEL).state_dict()
    prepared = {"size": SIDE, "mean": [0.5, 0.4, 0.3], "std": [0.3, 0.3, 0.2], "interpolation": "bicubic"}
    told = {"model_cfg": MODEL, "preprocess_cfg": prepared | {"resize_mode": way}}
    (folder / "open_clip_config.json").write_text(json.dumps(told))
    if pickled:
        torch.save(state, folder / "open_clip_pytorch_model.bin")
    else:
        save_file(
            {name: value.contiguous() for name, value in state.items()},
            folder / "open_clip_model.safetensors",
        )


def by_the_library(folder: Path, pictures: list[Image.Image]) -> tuple[np.ndarray, np.ndarray]:
    """The unit vectors of pictures and texts, prepared by open_clip itself."""
    model, _, prepare = open_clip.create_model_and_transforms(f"local-dir:{folder}")
    tokens = open_clip.get_tokenizer(f"local-dir:{folder}")
    with torch.inference_mode():
        shown = model.eval().encode_image(torch.stack([prepare(each) for each in pictures]))
        told = model.encode_text(tokens(TEXTS))
    return tuple((each / each.norm(dim=1, keepdim=True)).numpy() for each in (shown, told))


def refusal(folder: Path) -> str:
    """The message about a model that is none."""
    try:
        check_clip(str(folder))
        ClipEncoder(str(folder), DIM).check()
    except SpecError as error:
        return str(error)
    return ""


def main(place: Path) -> None:
    """Write models, ask them, and print what came of it."""
    stream = np.random.default_rng(3)
    sizes = ((90, 120), (32, 32), (200, 61), (40, 33))
    pixels = [stream.integers(0, 256, (*size, 3), dtype=np.uint8) for size in sizes]
    found = {}
    for way, pickled in (("shortest", False), ("squash", True)):
        folder = place / way
        write(folder, way, pickled=pickled)
        encoder = ClipEncoder(str(folder), DIM)
        encoder.check()
        ours = encoder.encode_pictures(pixels), encoder.encode_text(TEXTS)
        theirs = by_the_library(folder, [Image.fromarray(each) for each in pixels])
        again = ClipEncoder(str(folder), DIM).encode_pictures(pixels[::-1])[::-1]
        found[way] = {
            "apart": [float(np.abs(one - other).max()) for one, other in zip(ours, theirs, strict=True)],
            "spread": [float(np.abs(each - each[0]).max()) for each in ours],
            "same_bytes": bool((again == ours[0]).all()),
        }
    write(place / "longest", "longest", pickled=False)
    write(place / "broken", "shortest", pickled=False)
    (place / "broken" / "open_clip_model.safetensors").write_bytes(b"nothing")
    write(place / "code", "shortest", pickled=True)
    torch.save(
        {"state_dict": Path("/")}, place / "code" / "open_clip_pytorch_model.bin"
    )  # a class, not tensors
    found["refused"] = {name: refusal(place / name) for name in ("longest", "broken", "code")}
    print(json.dumps(found))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
