"""Weaviate: a collection of objects, whose UUIDs are the ids as numbers; rows go by gRPC in batches."""

import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa

from synthprof.base.arrays import Vector
from synthprof.base.errors import SpecError, StageError
from synthprof.delivery.loaders.address import Address
from synthprof.delivery.loaders.faults import another_table, failed, unreachable
from synthprof.delivery.loaders.plain import TEXTS, bounds, columns_of, identifiers, matrix_of, without_nulls
from synthprof.delivery.loaders.target import Kind, Layout, Row
from synthprof.delivery.workloads.conditions import Part

PORT, GRPC_PORT = 8_080, 50_051

ROWS = 512
"""Objects of one request."""

DISTANCES = {"cosine": "COSINE", "dot": "DOT", "l2": "L2_SQUARED"}

TYPES = {
    pa.int32(): "INT",
    pa.int64(): "INT",
    pa.float64(): "NUMBER",
    pa.bool_(): "BOOL",
    TEXTS: "TEXT_ARRAY",
}

RANGES = {
    "=": "equal",
    "<": "less_than",
    "<=": "less_or_equal",
    ">": "greater_than",
    ">=": "greater_or_equal",
    "in": "contains_any",
}

ID = "row_id"
"""The property with the id: Weaviate keeps the name `id` for the UUID."""


class Weaviate:
    """A collection of Weaviate. Names of columns become such as Weaviate takes: letters, digits and _."""

    def __init__(self, address: Address, layout: Layout) -> None:
        """Connect. A server that needs a key takes it as the password of the URL."""
        import weaviate

        self.address, self.layout = address, layout.named(layout.table[:1].upper() + layout.table[1:])
        self._weaviate: Any = weaviate
        secure = address.variant == "https"
        grpc_port = address.options.get("grpc_port", str(GRPC_PORT))
        if not grpc_port.isdigit():
            raise SpecError(f"grpc_port={grpc_port} is no port; write a number such as {GRPC_PORT}")
        with self._told():
            self._client = weaviate.connect_to_custom(
                http_host=address.host or "localhost",
                http_port=address.port or PORT,
                http_secure=secure,
                grpc_host=address.host or "localhost",
                grpc_port=int(grpc_port),
                grpc_secure=secure,
                auth_credentials=weaviate.classes.init.Auth.api_key(address.password)
                if address.password
                else None,
            )

    @cached_property
    def _names(self) -> dict[str, str]:
        return {**identifiers(self.layout.schema.names), "id": ID}

    @property
    def _collection(self) -> Any:  # noqa: ANN401
        return self._client.collections.use(self.layout.table)

    def count(self) -> int | None:
        """Return the number of objects, or None without a collection."""
        with self._told():
            if not self._client.collections.exists(self.layout.table):
                return None
            found = {each.name for each in self._collection.config.get().properties}
            wanted = {self._names[name] for name in self.layout.schema.names if name != self.layout.vector}
            if found != wanted:
                raise another_table(self.address, f"{self.layout.table!r} has other columns")
            return int(self._collection.aggregate.over_all(total_count=True).total_count or 0)

    def prepare(self) -> None:
        """Make the collection unless it is there."""
        config = self._weaviate.classes.config
        fields = [field for field in self.layout.schema if field.name != self.layout.vector]
        with self._told():
            if self._client.collections.exists(self.layout.table):
                return
            distance = config.VectorDistances[DISTANCES[self.layout.metric]]
            self._client.collections.create(
                self.layout.table,
                properties=[
                    config.Property(
                        name=self._names[field.name],
                        data_type=config.DataType[TYPES.get(field.type, "TEXT")],
                        **(
                            {"tokenization": config.Tokenization.FIELD}
                            if field.type == TEXTS or field.type not in TYPES
                            else {}
                        ),
                    )
                    for field in fields
                ],
                vector_config=config.Configure.Vectors.self_provided(
                    vector_index_config=config.Configure.VectorIndex.hnsw(distance_metric=distance)
                ),
            )

    def drop(self) -> None:
        """Remove the collection."""
        with self._told():
            self._client.collections.delete(self.layout.table)

    def encode(self, batch: pa.RecordBatch) -> list[list[Any]]:
        """Return the rows as batches of objects, without nulls."""
        data = self._weaviate.classes.data.DataObject
        columns = {self._names[name]: each for name, each in columns_of(batch, self.layout.vector).items()}
        objects = [
            data(
                uuid=uuid.UUID(int=row[ID]),
                properties=row,
                vector=None if np.isnan(vector[0]) else vector.tolist(),
            )
            for row, vector in zip(without_nulls(columns), matrix_of(batch, self.layout.vector), strict=True)
        ]
        return [objects[begin:end] for begin, end in bounds(len(objects), ROWS)]

    def write(self, encoded: list[list[Any]], *, again: bool) -> None:
        """Write the objects by their UUIDs."""
        collection = self._collection
        with self._told():
            for objects in encoded:
                failed = collection.data.insert_many(objects).errors
                for place, error in failed.items():
                    number = objects[place].properties[ID]
                    said = self.address.without_secret(error.message)[:300]
                    raise StageError(f"{self.address} refuses row {number}: {said}; run it again")

    def finish(self) -> str:
        """Do nothing: Weaviate keeps its index up to date."""
        return "hnsw"

    def fetch(self, ids: Sequence[int]) -> list[Row]:
        """Return the rows of these ids."""
        own = {plain: name for name, plain in self._names.items()}
        with self._told():
            found = self._collection.query.fetch_objects_by_ids(
                [uuid.UUID(int=each) for each in ids], limit=len(ids), include_vector=True
            )
        return [
            {own[name]: value for name, value in each.properties.items()}
            | {self.layout.vector: each.vector.get("default")}
            for each in found.objects
        ]

    def search(self, vector: Vector, k: int, where: Sequence[Part] = ()) -> list[tuple[int, float]]:
        """Return ids and scores of the k nearest rows."""
        query = self._weaviate.classes.query
        filters = [self._filter(part) for part in where]
        with self._told():
            found = self._collection.query.near_vector(
                vector.astype(np.float32).tolist(),
                limit=k,
                filters=query.Filter.all_of(filters) if filters else None,
                return_metadata=query.MetadataQuery(distance=True),
                return_properties=[],
            )
        pairs = [(each.uuid.int, float(each.metadata.distance)) for each in found.objects]
        # distances: 1 - cosine, the negative dot product, the squared distance
        scores = {"cosine": lambda far: 1 - far, "dot": lambda far: -far, "l2": lambda far: far}
        return [(number, scores[self.layout.metric](far)) for number, far in pairs]

    def close(self) -> None:
        """Close the client."""
        self._client.close()

    def _filter(self, part: Part) -> Any:  # noqa: ANN401
        by = self._weaviate.classes.query.Filter.by_property(self._names[part.column])
        if part.op == "contains":
            return by.contains_any([part.value])
        return getattr(by, RANGES[part.op])(part.value)

    @contextmanager
    def _told(self) -> Iterator[None]:
        errors = self._weaviate.exceptions
        try:
            yield
        except errors.WeaviateBaseError as error:
            said = self.address.without_secret(" ".join(str(error).split()))[:300]
            if isinstance(error, errors.AuthenticationFailedError) or "401" in said[:100]:
                raise SpecError(
                    f"{self.address} refuses the key; put it in the URL as the password: weaviate://:KEY@host"
                ) from None
            if "Could not connect" in said or isinstance(error, errors.WeaviateGRPCUnavailableError):
                raise unreachable(self.address, said) from None
            if "read-only" in said or "no space" in said.lower():
                raise SpecError(
                    f"{self.address} takes no rows: {said}; free some space on the server's disk"
                ) from None
            raise failed(self.address, said) from None


KIND = Kind(
    name="weaviate",
    title="Weaviate",
    extra="load-weaviate",
    packages=("weaviate",),
    options=("grpc_port",),
    variants=("", "https"),
    names="[A-Za-z]",
    rule="with a letter first",
    open=Weaviate,
)
