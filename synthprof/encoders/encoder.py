"""The protocols of encoders, and the encoder that a spec names."""

import functools
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import numpy as np
import pyarrow as pa

from synthprof.base.arrays import Matrix
from synthprof.base.errors import SpecError
from synthprof.base.extras import check_installed
from synthprof.base.kept import kept
from synthprof.encoders.slow.contents import Pixels
from synthprof.schemas.bundle import Bundle
from synthprof.schemas.loader import KEY, TEXT
from synthprof.schemas.texts import Tokens
from synthprof.spec.spec import Spec
from synthprof.system.machine import default_workers

if TYPE_CHECKING:
    from synthprof.encoders.catalogue.encoder import CatalogueEncoder


class Encoder(Protocol):
    """A function from profiles to embeddings of one fixed width."""

    @property
    def name(self) -> str:
        """The name in a spec."""

    @property
    def dim(self) -> int:
        """The number of values in an embedding."""

    @property
    def fast(self) -> bool:
        """True for a block within seconds; False for an encoder that needs checkpoints within a block."""

    def encode(self, batch: pa.RecordBatch) -> Matrix:
        """Return one embedding per row, (n, dim) float32, C-contiguous, L2 norm 1.

        The bytes of a row depend on no other row of the batch, and on no number of threads.
        """


@runtime_checkable
class TextEncoder(Encoder, Protocol):
    """An encoder that also places free text among the profiles."""

    def encode_text(self, texts: Sequence[str]) -> Matrix:
        """Return one embedding per text, (n, dim) float32, C-contiguous, L2 norm 1."""


@runtime_checkable
class PictureEncoder(TextEncoder, Protocol):
    """An encoder that places pictures, and texts among them."""

    def encode_pictures(self, pictures: Sequence[Pixels]) -> Matrix:
        """Return one embedding per picture, (n, dim) float32, C-contiguous, L2 norm 1.

        pictures: (height, width, 3) uint8 each, RGB, upright.
        """


@runtime_checkable
class WishEncoder(TextEncoder, Protocol):
    """An encoder that places the meanings of a text among the profiles, however they are said."""

    def encode_wishes(self, meanings: Sequence[Tokens], words: Sequence[str], sign: int = 1) -> Matrix | None:
        """Return one embedding for all meanings and words, (1, dim); None if profiles show nothing of them.

        sign: -1 for the opposite.
        """


def encode_rows(encoder: Encoder, batch: pa.RecordBatch) -> Matrix:
    """Return one embedding per row: of a profile from its fields, of a collection's row from its text.

    An encoder that reads no texts embeds the fields of a collection's row.
    """
    if KEY in batch.schema.names and isinstance(encoder, TextEncoder):
        return encoder.encode_text(batch.column(TEXT).to_pylist())
    return encoder.encode(batch)


def encode_block(encoder: Encoder, spec: Spec, block: int, batch: pa.RecordBatch) -> Matrix:
    """Return the embeddings of a whole block by a fast encoder, with the near-copies of the spec.

    batch: all rows of the block.
    """
    embeddings = encode_rows(encoder, batch)
    if not spec.copies:
        return embeddings
    from synthprof.encoders.near_copies import with_near_copies

    return with_near_copies(embeddings, spec, block)


def encoder_of(
    spec: Spec, bundle: Bundle, request_seconds: float = 60.0, patience_seconds: float = 60.0
) -> Encoder:
    """Return the encoder that the spec names. Raises what `check_encoder` raises.

    No request is sent and no model is loaded yet. bundle: the schema of the rows. request_seconds,
    patience_seconds: of `http`, for one answer, and for all waits while the service is out.
    """
    check_encoder(spec)
    match spec.encoder:
        case "catalogue":
            return _turned(spec, _catalogue(spec, bundle))
        case "hashed":
            return _turned(spec, _hashed(spec.dim_embedding, spec.seed, bundle))
        case "clip":
            return _clip(spec)
        case "http" if spec.pictures:
            return _http_pictures(spec, request_seconds, patience_seconds)
        case "http":
            return _http(spec, _text_column(spec, bundle), request_seconds, patience_seconds)
        case "model":
            return _model(spec, _text_column(spec, bundle))


def check_encoder(spec: Spec) -> None:
    """Raise SpecError if spec, environment or installation lack what the encoder needs; make no encoder."""
    check_kind(spec)
    if spec.encoder == "clip":
        from synthprof.encoders.slow.clip import check_clip

        check_installed("images", "PIL", "onnxruntime", "tokenizers", "tenacity")
        check_clip(spec.model)
    if spec.encoder == "http" and not spec.model:
        raise SpecError("encoder=http needs model, the name by which the service knows its model")
    if spec.slow_encoder and any(each.kind == "rotation" for each, _ in spec.drifts):
        raise SpecError(
            f"drift=rotation turns the embeddings of the encoders catalogue and hashed, but encoder="
            f"{spec.encoder}; leave rotation out, and name another model in the night that has one"
        )
    if spec.encoder == "model" and not spec.model:
        raise SpecError("encoder=model needs model, the folder of a model or the name of one")
    if spec.encoder == "model":
        from synthprof.encoders.slow.runtimes import check_folder

        check_installed("model", "tenacity")
        check_folder(spec.model)
    if spec.encoder == "http":
        check_installed("http", "httpx", "tenacity")
        from synthprof.encoders.slow.http import endpoint_of

        endpoint_of(os.environ)


def check_kind(spec: Spec) -> None:
    """Raise SpecError unless the encoder embeds what the rows are, texts or pictures."""
    if spec.pictures and spec.encoder not in PICTURE_ENCODERS:
        raise SpecError(
            f"encoder={spec.encoder} embeds no pictures; use encoder=clip with the folder of a model, or "
            "encoder=http"
        )
    if spec.encoder == "clip" and not spec.pictures:
        raise SpecError("encoder=clip embeds pictures; use kind=images, or encoder=model for texts")


PICTURE_ENCODERS = ("clip", "http")
"""Encoders that embed pictures."""


# Each is imported only where it is used: httpx takes a tenth of a second.


def _catalogue(spec: Spec, bundle: Bundle) -> Encoder:
    from synthprof.encoders.noise import Hardness

    found = _tokens(spec.dim_embedding, bundle)
    if not spec.noisy:
        return found
    return found.with_noise(spec.seed, Hardness(spec.hardness, spec.hardness_spread, spec.hardness_decay))


def _turned(spec: Spec, encoder: Encoder) -> Encoder:
    if not spec.drift_degrees:
        return encoder
    from synthprof.encoders.rotation import rotated

    return rotated(encoder, spec.drift_degrees)


@functools.lru_cache(maxsize=2)
def _tokens(dim: int, bundle: Bundle) -> "CatalogueEncoder":
    from synthprof.encoders.catalogue.encoder import CatalogueEncoder
    from synthprof.encoders.catalogue.vocabulary import vocabulary_of

    made_of = [dim, bundle.digest, np.__version__, pa.__version__]
    return kept("encoder", made_of, lambda: CatalogueEncoder(dim, vocabulary_of(bundle)))


def _hashed(dim: int, seed: int, bundle: Bundle) -> Encoder:
    from synthprof.encoders.hashed import HashedEncoder

    return HashedEncoder(dim, seed, bundle.encoding.scales)


def _http(spec: Spec, text_column: str, request_seconds: float, patience_seconds: float) -> Encoder:
    from synthprof.encoders.slow.http import HttpEncoder, endpoint_of

    endpoint = endpoint_of(os.environ, request_seconds, patience_seconds)
    return HttpEncoder(endpoint, spec.model, spec.dim_embedding, text_column=text_column)


def _http_pictures(spec: Spec, request_seconds: float, patience_seconds: float) -> Encoder:
    from synthprof.encoders.slow.http import endpoint_of
    from synthprof.encoders.slow.http_pictures import HttpPictureEncoder

    return HttpPictureEncoder(
        endpoint_of(os.environ, request_seconds, patience_seconds), spec.model, spec.dim_embedding
    )


def _clip(spec: Spec) -> Encoder:
    from synthprof.encoders.slow.clip import ClipEncoder

    return ClipEncoder(spec.model, spec.dim_embedding, spec.use_gpu)


def _model(spec: Spec, text_column: str) -> Encoder:
    from synthprof.encoders.slow.model import ModelEncoder

    threads = default_workers()
    return ModelEncoder(spec.model, spec.dim_embedding, threads, spec.use_gpu, text_column=text_column)


def _text_column(spec: Spec, bundle: Bundle) -> str:
    """Return the column whose texts are embedded. Raises SpecError if there is none."""
    column = TEXT if spec.collection else bundle.view.text
    if not column:
        raise SpecError(
            f"encoder={spec.encoder} embeds texts, but schema {spec.profile_schema} has no column of texts; "
            "name one as `text` in its view, or use encoder=catalogue"
        )
    return column
