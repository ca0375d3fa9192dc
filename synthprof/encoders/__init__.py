"""Encoders: what turns profiles, and texts about them, into embeddings."""

import functools
import os
import threading
from collections.abc import Sequence
from typing import Protocol, Self, get_args, runtime_checkable

import pyarrow as pa

from synthprof import spec as specs
from synthprof.encoders.exact import Matrix, Vector
from synthprof.errors import SpecError
from synthprof.profiles import KEY, TEXT
from synthprof.resources import default_workers
from synthprof.spec import Spec


class Encoder(Protocol):
    """Turns profiles into embeddings of one fixed width."""

    @property
    def name(self) -> str:
        """The name under which `load_encoder` knows it."""

    @property
    def dim(self) -> int:
        """Values of an embedding."""

    @property
    def fast(self) -> bool:
        """True when a whole block is a matter of a moment; False when it needs its own checkpoints."""

    def encode(self, batch: pa.RecordBatch) -> Matrix:
        """One embedding per row, (n, dim) float32, C-contiguous, L2 norm 1.

        The bytes of a row depend on no other row of the batch, and on no number of threads.
        """


@runtime_checkable
class TextEncoder(Encoder, Protocol):
    """An encoder that also places free text among the profiles."""

    def encode_text(self, texts: Sequence[str]) -> Matrix:
        """One embedding per text among those of the profiles, (n, dim) float32, C-contiguous, L2 norm 1."""


@runtime_checkable
class SlowEncoder(TextEncoder, Protocol):
    """An encoder that needs checkpoints: a service or a large model, asked for a few texts at a time."""

    stopping: threading.Event
    """Set by the caller so that nobody waits to ask again."""

    @property
    def identity(self) -> str:
        """What an embedding depends on besides its text."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...

    def check(self) -> None:
        """It is there, and its vectors are as wide as they should be. Raises SpecError or StageError."""

    def texts(self, batch: pa.RecordBatch) -> list[str]:
        """The text of each profile."""

    def ask(self, texts: Sequence[str], patient: bool = True) -> list[Vector | None]:
        """The vector of each text, None where it is not finite. Raises http.Rejected."""

    def ask_once(self, texts: Sequence[str]) -> list[Vector | None]:
        """The same, from a single try."""


def encode_rows(encoder: Encoder, batch: pa.RecordBatch) -> Matrix:
    """One embedding per row: of a profile by its fields, of a collection's row by its text, if it can be."""
    if KEY in batch.schema.names and isinstance(encoder, TextEncoder):
        return encoder.encode_text(batch.column(TEXT).to_pylist())
    return encoder.encode(batch)


def load_encoder(
    name: str,
    dim: int,
    seed: int = 0,
    schema: str = "gamer_br",
    model: str = "",
    request_seconds: float = 60.0,
    use_gpu: bool = False,
) -> Encoder:
    """The encoder of that name. Raises SpecError naming those there are.

    `http` takes the address of its service from the environment; nothing is asked of it yet, and the `model`
    is not loaded yet.

    `seed` is for `hashed`; `catalogue` is the same for every seed, so that data sets share one space.
    """
    if name == "catalogue":
        return _catalogue(dim, schema)
    if name == "hashed":
        return _hashed(dim, seed)
    if name == "model":
        return _model(dim, model, use_gpu)
    if name == "http":
        return _http(dim, model, request_seconds)
    raise SpecError(f"unknown encoder {name!r}; the encoders are {', '.join(get_args(specs.Encoder))}")


def check_encoder(spec: Spec) -> None:
    """Nothing, if spec and environment name what the encoder needs; else SpecError. No encoder is made."""
    if spec.encoder == "http" and not spec.model:
        raise SpecError("encoder=http needs model, the name by which the service knows its model")
    if spec.encoder == "model" and not spec.model:
        raise SpecError("encoder=model needs model, the folder of a model or the name of one")
    if spec.encoder == "http":
        from synthprof.encoders.http import endpoint_of

        endpoint_of(os.environ)


# Each is imported only where it is used: SciPy and httpx take a tenth of a second each.


@functools.lru_cache(maxsize=2)
def _catalogue(dim: int, schema: str) -> Encoder:
    from synthprof.encoders.catalogue import CatalogueEncoder
    from synthprof.encoders.vocabulary import read_vocabulary

    return CatalogueEncoder(dim, read_vocabulary(schema))


def _hashed(dim: int, seed: int) -> Encoder:
    from synthprof.encoders.hashed import HashedEncoder

    return HashedEncoder(dim, seed)


def _http(dim: int, model: str, request_seconds: float) -> Encoder:
    if not model:
        raise SpecError("encoder=http needs model, the name by which the service knows its model")
    from synthprof.encoders.http import HttpEncoder, endpoint_of

    return HttpEncoder(endpoint_of(os.environ, request_seconds), model, dim)


def _model(dim: int, model: str, use_gpu: bool) -> Encoder:
    if not model:
        raise SpecError("encoder=model needs model, the folder of a model or the name of one")
    from synthprof.encoders.model import ModelEncoder

    return ModelEncoder(model, dim, default_workers(), use_gpu)
