"""A CLIP-like model as Optimum and transformers.js export it: a tower for pictures, and one for texts.

In one file, or in two: `pixel_values` becomes `image_embeds`; `input_ids` and `attention_mask` become
`text_embeds`. `preprocessor_config.json` says how a picture is prepared, `tokenizer.json` how a text is.
"""

import logging
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from synthprof.base.arrays import Vector
from synthprof.base.errors import SpecError
from synthprof.encoders.slow.preparation import Preparation, read_preparation
from synthprof.encoders.slow.towers import clear_loading

if TYPE_CHECKING:
    from PIL.Image import Image

PLACES = ("", "onnx/")
WHOLE = "model.onnx"
PARTED = ("vision_model.onnx", "text_model.onnx")
PREPROCESSOR = "preprocessor_config.json"
TOKENIZER = "tokenizer.json"

MAX_TOKENS = 77
"""Of a text where the tokenizer names no bound: what OpenAI's CLIP and its kin can take."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Files:
    """The files of a model. vision, text: the same one where both towers are in one file."""

    vision: Path
    text: Path
    preprocessor: Path
    tokenizer: Path


class OnnxTowers:
    """Two towers, that of texts loaded when it is first asked: to embed pictures takes none.

    Threads may ask for several vectors at once; each is computed by one thread.
    """

    def __init__(self, files: Files, use_gpu: bool) -> None:
        self.preparation: Preparation = read_preparation(files.preprocessor)
        self._files, self._use_gpu = files, use_gpu
        self._vision = _session(files.vision, "image_embeds", use_gpu)
        self._lock = threading.Lock()
        self._texts: tuple[Any, Any] | None = None

    def picture(self, image: "Image") -> Vector:
        """Return the embedding of a picture in RGB, (d,) float32, of any norm."""
        return _ask(self._vision, "image_embeds", {"pixel_values": self.preparation.prepared(image)})

    def text(self, text: str) -> Vector:
        """Return the embedding of a text, (d,) float32, of any norm. Raises SpecError as `load_towers`."""
        tokenizer, session = self._of_texts()
        encoding = tokenizer.encode(text)
        ids, mask = (np.array([each], np.int64) for each in (encoding.ids, encoding.attention_mask))
        return _ask(session, "text_embeds", {"input_ids": ids, "attention_mask": mask})

    def _of_texts(self) -> tuple[Any, Any]:
        """Return tokenizer and session."""
        files = self._files
        with self._lock, clear_loading(str(files.text.parent)):
            if self._texts is None:
                whole = files.text == files.vision
                session = None if whole else _session(files.text, "text_embeds", self._use_gpu)
                self._texts = _tokenizer(files.tokenizer), session or _checked(self._vision, "text_embeds")
            return self._texts


def files_of(folder: Path) -> Files:
    """Return the files of a model's folder. Raises SpecError that says which one is missing."""
    parted = [_found(folder, name) for name in PARTED]
    whole = _found(folder, WHOLE)
    vision, text = parted if all(parted) else (whole, whole)
    preprocessor, tokenizer = _found(folder, PREPROCESSOR), _found(folder, TOKENIZER)
    if vision is None or text is None:
        raise SpecError(f"model={folder} has neither {' and '.join(PARTED)} nor {WHOLE}; export it to ONNX")
    if preprocessor is None or tokenizer is None:
        missing = PREPROCESSOR if preprocessor is None else TOKENIZER
        raise SpecError(f"model={folder} has no {missing}; copy it there from where the model comes from")
    return Files(vision, text, preprocessor, tokenizer)


def _found(folder: Path, name: str) -> Path | None:
    return next((path for place in PLACES if (path := folder / place / name).is_file()), None)


def _tokenizer(path: Path) -> Any:  # noqa: ANN401
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(path))
    if tokenizer.truncation is None:
        tokenizer.enable_truncation(MAX_TOKENS)
    return tokenizer


def _session(path: Path, output: str, use_gpu: bool) -> Any:  # noqa: ANN401
    """Load a model. Raises SpecError if it lacks the output."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    there = "CUDAExecutionProvider" in onnxruntime.get_available_providers()
    if use_gpu and not there:
        logger.warning("use_gpu: there is no GPU that ONNX Runtime can use; it computes on the CPU")
    providers = [*(["CUDAExecutionProvider"] if use_gpu and there else []), "CPUExecutionProvider"]
    return _checked(onnxruntime.InferenceSession(str(path), options, providers=providers), output)


def _checked(session: Any, output: str) -> Any:  # noqa: ANN401
    if output not in {each.name for each in session.get_outputs()}:
        raise SpecError(f"the model has no output {output}; export it with its projections")
    return session


def _ask(session: Any, output: str, known: dict[str, np.ndarray]) -> Vector:  # noqa: ANN401
    """Return one vector. An input of the other tower, where both are in one file, gets the least there is."""
    inputs = {}
    for each in session.get_inputs():
        inputs[each.name] = known[each.name] if each.name in known else _least(each)
    (found,) = session.run([output], inputs)
    return np.asarray(found, np.float32).reshape(-1)


def _least(wanted: Any) -> np.ndarray:  # noqa: ANN401
    """Return zeros, or ones for a mask, in the least shape that an input takes."""
    shape = [size if isinstance(size, int) else 1 for size in wanted.shape]
    if wanted.name == "pixel_values":
        sizes = [
            size if isinstance(size, int) else least
            for size, least in zip(wanted.shape, (1, 3, 224, 224), strict=True)
        ]
        return np.zeros(sizes, np.float32)
    if wanted.name not in ("input_ids", "attention_mask", "position_ids"):
        raise SpecError(
            f"the model wants {wanted.name}, which neither pictures nor texts have; export it without"
        )
    return np.ones(shape, np.int64) if wanted.name == "attention_mask" else np.zeros(shape, np.int64)
