"""Qdrant: a collection of points, whose payload has the columns; or Qdrant's local mode, for small sets."""

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import pyarrow as pa

from synthprof.base.arrays import Vector
from synthprof.base.errors import SpecError, StageError
from synthprof.base.files import make_folder
from synthprof.delivery.loaders.address import Address
from synthprof.delivery.loaders.faults import another_table, disk_full, failed, in_use, unreachable
from synthprof.delivery.loaders.plain import RANGES, bounds, columns_of, matrix_of, without_nulls
from synthprof.delivery.loaders.target import Kind, Layout, Row
from synthprof.delivery.workloads.conditions import Part

PORT, SECONDS = 6_333, 60

ROWS = 1_024
"""Points of one request: some megabytes at most."""

DISTANCES = {"cosine": "COSINE", "dot": "DOT", "l2": "EUCLID"}


class Qdrant:
    """A collection of Qdrant. A server that needs a key takes it as the password of the URL."""

    def __init__(self, address: Address, layout: Layout) -> None:
        """Connect, or open the folder of the local mode."""
        import qdrant_client

        self.address, self.layout = address, layout
        self._models: Any = qdrant_client.models
        with self._told():
            if address.variant == "file":
                make_folder(address.file)
                self._client = qdrant_client.QdrantClient(path=str(address.file))
            else:
                warnings.filterwarnings("ignore", "Api key is used with an insecure")  # as the URL says
                self._client = qdrant_client.QdrantClient(
                    host=address.host or "localhost",
                    port=address.port or PORT,
                    https=address.variant == "https",
                    api_key=address.password or None,
                    timeout=SECONDS,
                    check_compatibility=False,
                )

    def count(self) -> int | None:
        """Return the number of points, or None without a collection."""
        with self._told():
            if not self._client.collection_exists(self.layout.table):
                return None
            found = self._client.get_collection(self.layout.table).config.params.vectors
            size = found.size if isinstance(found, self._models.VectorParams) else None
            if size != self.layout.dim or found.distance != self._distance:
                raise another_table(
                    self.address,
                    f"{self.layout.table!r} has other vectors than {self.layout.dim} dimensions by "
                    f"{self.layout.metric}",
                )
            return int(self._client.count(self.layout.table, exact=True).count)

    def prepare(self) -> None:
        """Make the collection unless it is there."""
        with self._told():
            if not self._client.collection_exists(self.layout.table):
                self._client.create_collection(
                    self.layout.table,
                    vectors_config=self._models.VectorParams(size=self.layout.dim, distance=self._distance),
                )

    def drop(self) -> None:
        """Remove the collection."""
        with self._told():
            self._client.delete_collection(self.layout.table)

    def encode(self, batch: pa.RecordBatch) -> list[Any]:
        """Return the rows as batches of points; nulls are left out of the payload."""
        columns = columns_of(batch, self.layout.vector)
        ids = columns.pop("id")
        payloads = without_nulls(columns)
        vectors = matrix_of(batch, self.layout.vector).tolist()
        return [
            self._models.Batch(
                ids=ids[begin:end],
                vectors=vectors[begin:end],
                payloads=payloads[begin:end] or [{}] * (end - begin),
            )
            for begin, end in bounds(len(ids), ROWS)
        ]

    def write(self, encoded: list[Any], *, again: bool) -> None:
        """Write the points by their ids."""
        with self._told():
            for batch in encoded:
                self._client.upsert(self.layout.table, batch, wait=True)

    def finish(self) -> str:
        """Do nothing: Qdrant makes its index by itself."""
        return "" if self.address.variant == "file" else "hnsw"

    def fetch(self, ids: Sequence[int]) -> list[Row]:
        """Return the rows of these ids."""
        with self._told():
            found = self._client.retrieve(self.layout.table, list(ids), with_payload=True, with_vectors=True)
        return [
            {"id": point.id, self.layout.vector: point.vector, **(point.payload or {})} for point in found
        ]

    def search(self, vector: Vector, k: int, where: Sequence[Part] = ()) -> list[tuple[int, float]]:
        """Return ids and scores of the k nearest rows."""
        must = [self._condition(part) for part in where]
        with self._told():
            found = self._client.query_points(
                self.layout.table,
                query=vector.astype(np.float32).tolist(),
                query_filter=self._models.Filter(must=must) if must else None,
                limit=k,
                with_payload=False,
            )
        power = 2 if self.layout.metric == "l2" else 1
        return [(int(point.id), point.score**power) for point in found.points]

    def close(self) -> None:
        """Close the client."""
        self._client.close()

    @property
    def _distance(self) -> Any:  # noqa: ANN401
        return self._models.Distance[DISTANCES[self.layout.metric]]

    def _condition(self, part: Part) -> Any:  # noqa: ANN401
        key, models = part.column, self._models
        if part.op in RANGES:
            return models.FieldCondition(key=key, range=models.Range(**{RANGES[part.op]: part.value}))
        if part.op == "in":
            return models.FieldCondition(key=key, match=models.MatchAny(any=list(part.value)))
        if isinstance(part.value, float):
            return models.FieldCondition(key=key, range=models.Range(gte=part.value, lte=part.value))
        return models.FieldCondition(key=key, match=models.MatchValue(value=part.value))

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except (SpecError, StageError, OSError):
            raise
        except Exception as error:  # those of three HTTP libraries, of pydantic and of the local mode
            raise _problem(self.address, error) from None


def _problem(address: Address, error: Exception) -> SpecError | StageError:
    said = address.without_secret(" ".join(str(error).split()))[:300]
    status = getattr(error, "status_code", None)
    if status in (401, 403):
        return SpecError(
            f"{address} refuses the key; put the key in the URL as the password: qdrant://:KEY@host"
        )
    if "already accessed by another instance" in said:
        return in_use(address)
    if "No space left" in said or "disk is full" in said:
        return disk_full(address)
    if type(error).__name__ == "ResponseHandlingException":
        return unreachable(address, said)
    return failed(address, said)


KIND = Kind(
    name="qdrant",
    title="Qdrant server, or its local mode in a folder",
    extra="load-qdrant",
    packages=("qdrant_client",),
    variants=("", "file", "https"),
    open=Qdrant,
    needs_vector=True,
)
