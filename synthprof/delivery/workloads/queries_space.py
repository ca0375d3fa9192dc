"""The space that a workload searches: what makes vectors of rows and texts, and which queries it can have."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from synthprof.base.arrays import Ids, Matrix
from synthprof.base.errors import SpecError
from synthprof.delivery.workloads.order import CLASSES, DEFAULT_MIX, WorkloadOrder, names_of
from synthprof.encoders.encoder import Encoder, TextEncoder, encode_rows, encoder_of
from synthprof.encoders.slow.encoder import SlowEncoder
from synthprof.profiles.features import features
from synthprof.schemas.loader import TEXT
from synthprof.versions.published import stored
from synthprof.versions.version import Version

TEXTS_AT_ONCE = 32
"""Texts in one request to a service, which may refuse more."""

Parts = tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class Space:
    """Embeddings or feature vectors of a version, and what makes them. encoder: None for feature vectors."""

    version: Version
    encoder: Encoder | None

    @property
    def dim(self) -> int:
        """The number of values in a vector."""
        spec = self.version.spec
        return spec.dim_vector if self.encoder is None else spec.dim_embedding

    @property
    def text_column(self) -> str:
        """The column whose texts alone are embedded; empty where the fields of rows count."""
        if isinstance(self.encoder, SlowEncoder):
            return self.encoder.text_column
        return TEXT if self.version.spec.collection and isinstance(self.encoder, TextEncoder) else ""

    @property
    def counting(self) -> tuple[str, ...]:
        """The columns that decide where a row lies."""
        if self.text_column:
            return (self.text_column,)
        schema, weights = self.version.schema, self.version.bundle.encoding.weights
        if self.encoder is None:
            return tuple(column.name for column in schema.columns if column.feature is not None)
        if self.encoder.name == "catalogue":
            return tuple(column.name for column in schema.columns if weights.get(column.name, 0) > 0)
        return tuple(column.name for column in schema.columns)

    def rows(self, batch: pa.RecordBatch) -> Matrix:
        """Return the vectors of rows, (n, dim) float32."""
        if self.encoder is None:
            return features(self.version.schema, batch, self.dim)
        if isinstance(self.encoder, SlowEncoder):
            return self.texts(self.encoder.texts(batch))
        return encode_rows(self.encoder, batch)

    def texts(self, texts: Sequence[str]) -> Matrix:
        """Return the vectors of texts, (n, dim) float32. The encoder must be one of texts."""
        assert isinstance(self.encoder, TextEncoder)
        if self.encoder.fast:
            return self.encoder.encode_text(texts)
        parts = [texts[first : first + TEXTS_AT_ONCE] for first in range(0, len(texts), TEXTS_AT_ONCE)]
        return np.concatenate([self.encoder.encode_text(part) for part in parts])

    def stored(self, ids: Ids) -> Matrix:
        """Return the vectors of rows of the version, (n, dim) float32; NaN where there is none.

        ids: ascending, each once.
        """
        return stored(self.version).matrix("vetores" if self.encoder is None else "embeddings", ids)


@contextmanager
def open_space(version: Version, order: WorkloadOrder) -> Iterator[Space]:
    """Yield the space of an order; connections of a service close at the end.

    Raises SpecError for feature vectors of a collection, and for an encoder that changed since.
    """
    if order.space == "vector":
        if version.spec.collection:
            raise SpecError("space=vector: a collection has no feature vectors; take space=embedding")
        yield Space(version, None)
        return
    encoder = encoder_of(version.spec, version.bundle)
    if not isinstance(encoder, SlowEncoder):
        yield Space(version, encoder)
        return
    with encoder:
        version.check_identity(encoder.identity)
        yield Space(version, encoder)


def left_out(version: Version, order: WorkloadOrder) -> dict[str, str]:
    """Return the classes of queries that a version cannot have in this space, each with its reason."""
    spec, found = version.spec, {}
    if spec.collection:
        found["in_distribution"] = "a collection has no generator, so nobody knows the rows that come next"
    if order.space == "vector":
        found["text"] = "texts have no feature vectors"
    elif spec.encoder == "hashed":
        found["near_copy"] = "encoder=hashed gives a changed row a vector that is not near"
        found["text"] = "encoder=hashed takes no texts"
    return found


def parts_of(version: Version, order: WorkloadOrder) -> Parts:
    """Return the parts of the classes: those asked for, else those by default that the version can have.

    Raises SpecError for a class that is asked for and that the version cannot have.
    """
    missing = left_out(version, order)
    for name, _ in order.parts:
        if name in missing:
            others = ", ".join(each for each in CLASSES if each not in missing)
            raise SpecError(
                f"mix={order.mix}: there are no queries {name}, for {missing[name]}; ask for {others}"
            )
    return order.parts or tuple((name, part) for name, part in DEFAULT_MIX if name not in missing)


def measure_of(order: WorkloadOrder) -> str:
    """Return the metric by which hardness is measured: the first one that is a distance.

    Embeddings have length 1, so that `dot` is `cosine`; of feature vectors by `dot` alone there is none: "".
    """
    metrics = names_of(order.metrics)
    if order.space == "embedding":
        return "l2" if metrics[0] == "l2" else "cosine"
    return next((name for name in metrics if name != "dot"), "")
