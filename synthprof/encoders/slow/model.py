"""Encoder `model`: a model on this machine, from a folder or, with a network, by name.

It is slow, so its rows are saved as they come, in the same way as those of a service.
"""

import hashlib
import threading
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from synthprof.base.arrays import Matrix
from synthprof.base.errors import SpecError
from synthprof.encoders.slow.contents import Answer, Content, texts_of
from synthprof.encoders.slow.encoder import KNOWN_GOOD, SlowEncoder
from synthprof.encoders.slow.runtimes import LoadedModel, load_model
from synthprof.schemas.loader import TEXT

VERSION = 2
"""Raised when the same model gives other vectors: what was answered before does not count then."""


class ModelEncoder(SlowEncoder):
    """A model in memory; loaded when first asked, so that naming it costs nothing.

    threads: how many the model computes with, 0 for its own choice. Values depend on the processor and on the
    libraries in their last bits: the same machine gives the same bytes.
    """

    name = "model"

    def __init__(
        self, model: str, dim: int, threads: int = 0, use_gpu: bool = False, *, text_column: str = TEXT
    ) -> None:
        super().__init__(model, dim, text_column=text_column)
        self._threads = threads
        self._use_gpu = use_gpu
        self._lock = threading.Lock()
        self._loaded: LoadedModel | None = None

    def __exit__(self, *_: object) -> None:
        """Release the memory of the model."""
        self._loaded = None

    @property
    def identity(self) -> str:
        """The files of the model, or its name, on which an embedding depends besides its text."""
        return f"model {VERSION} {folder_digest(Path(self.model).expanduser()) or self.model} {self.dim}"

    def encode_text(self, texts: Sequence[str]) -> Matrix:
        """Return one vector per text, (n, dim) float32 with L2 norm 1. Raises SpecError for another width.

        A vector that is not finite or zero is left as it is.
        """
        if not texts:
            return np.zeros((0, self.dim), np.float32)
        with self._lock:
            if self._loaded is None:
                self._loaded = load_model(self.model, self._threads, self._use_gpu)
            vectors = self._loaded(texts)
        if vectors.shape[1] != self.dim:
            raise SpecError(
                f"the model {self.model} gives {vectors.shape[1]} values, but dim_embedding={self.dim}; "
                f"set dim_embedding={vectors.shape[1]} or name another model"
            )
        norms = np.linalg.norm(vectors.astype(np.float64), axis=1, keepdims=True)
        return (vectors / np.where(norms > 0, norms, 1)).astype(np.float32)

    def check(self) -> None:
        """Raise SpecError unless the model can be loaded and its vectors have the right width."""
        self.encode_text([KNOWN_GOOD])

    def ask(self, contents: Sequence[Content], patient: bool = True) -> list[Answer]:
        """Return the vector of each text, None where it is not finite."""
        vectors = self.encode_text(texts_of(contents))
        norms = np.linalg.norm(vectors, axis=1)
        return [v if np.isfinite(n) and n > 0 else None for v, n in zip(vectors, norms, strict=True)]

    ask_once = ask


def folder_digest(folder: Path) -> str:
    """Return 32 hexadecimal digits that identify the content of a model's folder; empty if there is none."""
    if not folder.is_dir():
        return ""
    total = hashlib.blake2b(digest_size=16)
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        with path.open("rb") as file:
            content = hashlib.file_digest(file, "sha256").hexdigest()
        total.update(f"{path.relative_to(folder).as_posix()} {content}\n".encode())
    return total.hexdigest()
