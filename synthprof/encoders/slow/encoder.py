"""The base of slow encoders: a service or a large model, asked for a few texts at a time.

A text that is known to be good tells a bad text from an encoder that is out of order.
"""

import threading
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, Self

import pyarrow as pa

from synthprof.base.arrays import Matrix
from synthprof.encoders.slow.contents import Answer, Content
from synthprof.encoders.slow.patience import Patience
from synthprof.schemas.loader import TEXT

KNOWN_GOOD = "Joga à noite no computador."
"""A text that every model can take: if this fails, it is the encoder that fails."""


class SlowEncoder(ABC):
    """A `TextEncoder` of the texts or pictures of rows, whose vectors are saved as they come.

    known_good: what every model can take. stopping: set by the caller so that no thread waits for an answer
    or for another try. patience: shared by the threads that ask.
    """

    name: str
    fast = False
    known_good: Any = KNOWN_GOOD

    def __init__(
        self, model: str, dim: int, patience_seconds: float = 0.0, *, text_column: str = TEXT
    ) -> None:
        self.model = model
        self.dim = dim
        self.text_column = text_column
        self.stopping = threading.Event()
        self.patience = Patience(patience_seconds, self.stopping)

    def __enter__(self) -> Self:
        return self

    @abstractmethod
    def __exit__(self, *_: object) -> None:
        """Release connections or memory."""

    @property
    @abstractmethod
    def identity(self) -> str:
        """Everything that an embedding depends on besides its text."""

    @abstractmethod
    def check(self) -> None:
        """Raise SpecError or StageError unless the encoder answers with vectors of the right width."""

    @abstractmethod
    def ask(self, contents: Sequence[Content], patient: bool = True) -> list[Answer]:
        """Return the vector of each text or picture, None where it is not finite or zero. Raises Rejected."""

    @abstractmethod
    def ask_once(self, contents: Sequence[Content]) -> list[Answer]:
        """Return the same as `ask`, from a single try. Raises Rejected."""

    @abstractmethod
    def encode_text(self, texts: Sequence[str]) -> Matrix:
        """Return one vector per text, (n, dim) float32 with L2 norm 1. Raises SpecError or StageError."""

    def texts(self, batch: pa.RecordBatch) -> list[str]:
        """Return the text of each row."""
        return [text or "" for text in batch.column(self.text_column).to_pylist()]

    def encode(self, batch: pa.RecordBatch) -> Matrix:
        """Return one vector per row, (n, dim) float32 with L2 norm 1. Raises what `encode_text` raises."""
        return self.encode_text(self.texts(batch))
