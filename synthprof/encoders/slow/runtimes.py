"""Runtimes of a local model: sentence-transformers, ONNX Runtime or model2vec, by the files of its folder.

Each library is optional (`pip install "synthprof[model]"`), and imported only when a model of its kind is
loaded.
"""

import json
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from synthprof.base.errors import SpecError, first_line
from synthprof.base.extras import command
from synthprof.base.permitted import check_all_permitted

LoadedModel = Callable[[Sequence[str]], npt.NDArray[np.float32]]
"""One vector per text, (n, dim), of any norm."""

ModelFormat = Literal["transformers", "onnx", "static"]

ONNX_FILES = ("model.onnx", "onnx/model.onnx")
ONNX_INPUTS = ("input_ids", "attention_mask", "token_type_ids")
POOLED = "pooler_output"
"""The first token, after a layer trained for another purpose: read only without another output."""

TOKENIZER = "tokenizer.json"
MARKS = ("modules.json", "config.json")
"""One of these files is in every model folder of sentence-transformers."""

MAX_TOKENS = 512
"""Of a text for an ONNX model whose tokenizer names no bound: what BERT and its kin can take."""

MAX_SHOWN = 200
"""Characters of a library's error that a message quotes."""

logger = logging.getLogger(__name__)


def load_model(model: str, threads: int, use_gpu: bool) -> LoadedModel:
    """Load a model and return its function from texts to vectors; without a GPU for `use_gpu`, warn once.

    Raises SpecError if it is no model, cannot be loaded, or its library is not installed.
    """
    try:
        kind = format_of(model)
        if kind == "static":
            return _static(model)
        load = _onnx if kind == "onnx" else _transformers
        return load(model, threads, use_gpu)
    except ImportError as error:
        raise SpecError(
            f"encoder=model needs a library that is not installed ({error}); {command('model')}"
        ) from None
    except SpecError:
        raise
    except Exception as error:  # each library has its own ways to say that a file is not what it should be
        reason = first_line(error)[:MAX_SHOWN]
        raise SpecError(
            f"model={model} cannot be loaded ({reason}); name the folder of a model of "
            "sentence-transformers, ONNX or model2vec, or with a network the name of one of the first kind"
        ) from error


def check_folder(model: str) -> None:
    """Raise SpecError if the model is a folder that may not be read, or that has a link to such a file."""
    with suppress(OSError, RuntimeError):  # a path that cannot be looked at is refused when it is loaded
        if (folder := _folder_of(model)) is not None:
            check_all_permitted(folder, "model")


def format_of(model: str) -> ModelFormat:
    """Return the runtime of a model by the files of its folder; a name means sentence-transformers.

    Raises SpecError for a folder that is none of a model.
    """
    folder = _folder_of(model)
    if folder is None:
        return "transformers"
    if _is_static(folder):
        return "static"
    if (folder / "modules.json").is_file():
        return "transformers"
    if _onnx_file(folder) is not None:
        return "onnx"
    if (folder / "config.json").is_file():
        return "transformers"
    raise SpecError(
        f"model={folder} is not the folder of a model: it has neither {', '.join(MARKS)} nor {ONNX_FILES[0]}"
        "; name the folder of a sentence-transformers, ONNX or model2vec model"
    )


def _folder_of(model: str) -> Path | None:
    """Return the folder that a model is; None for the name of one."""
    folder = Path(model).expanduser()
    is_path = folder.is_absolute() or folder.exists() or model.startswith((".", "~"))
    return folder if is_path else None


def _is_static(folder: Path) -> bool:
    """Return whether model2vec made it, by its configuration or, since 0.7, its list of modules."""
    with suppress(OSError, ValueError, AttributeError):
        if json.loads((folder / "config.json").read_bytes()).get("model_type") == "model2vec":
            return True
    with suppress(OSError, UnicodeDecodeError):
        return "StaticEmbedding" in (folder / "modules.json").read_text(encoding="utf-8")
    return False


def _onnx_file(folder: Path) -> Path | None:
    return next((folder / name for name in ONNX_FILES if (folder / name).is_file()), None)


def _static(model: str) -> LoadedModel:
    from model2vec import StaticModel

    loaded = StaticModel.from_pretrained(str(Path(model).expanduser()))
    return lambda texts: np.asarray(loaded.encode(list(texts), use_multiprocessing=False), np.float32)


def _transformers(model: str, threads: int, use_gpu: bool) -> LoadedModel:
    import torch
    from sentence_transformers import SentenceTransformer
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()  # its bar of weights being loaded stays on a terminal beside ours
    if threads:
        torch.set_num_threads(threads)
    device = "cuda" if _gpu(use_gpu, torch.cuda.is_available()) else "cpu"
    loaded = SentenceTransformer(model, device=device)
    return lambda texts: np.asarray(loaded.encode(list(texts), show_progress_bar=False), np.float32)


def _onnx(model: str, threads: int, use_gpu: bool) -> LoadedModel:
    """Load an encoder as Optimum exports it: token ids and mask in, states of tokens or a sentence out."""
    import onnxruntime
    from tokenizers import Tokenizer

    folder = Path(model).expanduser()
    path = _onnx_file(folder)
    places = (path.parent, folder) if path else ()
    tokens = next((each / TOKENIZER for each in places if (each / TOKENIZER).is_file()), None)
    if path is None or tokens is None:
        raise SpecError(f"model={folder} has no {TOKENIZER}; copy it there from where the model comes from")
    tokenizer = Tokenizer.from_file(str(tokens))
    tokenizer.enable_padding()
    if tokenizer.truncation is None:
        tokenizer.enable_truncation(MAX_TOKENS)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    gpu = _gpu(use_gpu, "CUDAExecutionProvider" in onnxruntime.get_available_providers())
    providers = [*(["CUDAExecutionProvider"] if gpu else []), "CPUExecutionProvider"]
    session = onnxruntime.InferenceSession(str(path), options, providers=providers)
    if unknown := {each.name for each in session.get_inputs()} - set(ONNX_INPUTS):
        raise SpecError(
            f"model={folder} wants {', '.join(sorted(unknown))}, but a text is given as "
            f"{', '.join(ONNX_INPUTS)}; export it without"
        )
    return lambda texts: _run(session, tokenizer.encode_batch(list(texts)))


def _run(session: Any, encodings: Sequence[Any]) -> npt.NDArray[np.float32]:  # noqa: ANN401
    """Return the sentence vectors of the model, else the mean of the states of the tokens."""
    mask = np.array([each.attention_mask for each in encodings], np.int64)
    ids = np.array([each.ids for each in encodings], np.int64)
    types = np.array([each.type_ids for each in encodings], np.int64)
    known = dict(zip(ONNX_INPUTS, (ids, mask, types), strict=True))
    wanted = {each.name for each in session.get_inputs()}
    names = [each.name for each in session.get_outputs() if each.name != POOLED] or [POOLED]
    outputs = session.run(names, {name: values for name, values in known.items() if name in wanted})
    found = dict(zip(names, outputs, strict=True))
    sentences = [name for name in names if found[name].ndim == 2]
    if sentences:
        chosen = "sentence_embedding" if "sentence_embedding" in sentences else sentences[0]
        return np.asarray(found[chosen], np.float32)
    weights = mask[:, :, None].astype(np.float32)
    states = np.asarray(outputs[0], np.float32)
    means: npt.NDArray[np.float32] = (states * weights).sum(axis=1) / np.maximum(weights.sum(axis=1), 1)
    return means


def _gpu(wanted: bool, there: bool) -> bool:
    if wanted and not there:
        logger.warning("use_gpu: there is no GPU that the model's library can use; it computes on the CPU")
    return wanted and there
