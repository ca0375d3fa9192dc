"""Milvus, as a server or as Milvus Lite in a file: columns with types, one index of the vectors."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa

from synthprof.base.arrays import Vector
from synthprof.base.errors import SpecError, StageError
from synthprof.base.files import make_folder
from synthprof.delivery.loaders.address import Address
from synthprof.delivery.loaders.faults import another_table, disk_full, failed, in_use, unreachable
from synthprof.delivery.loaders.plain import TEXTS, bounds, columns_of, identifiers, matrix_of
from synthprof.delivery.loaders.target import Kind, Layout, Row
from synthprof.delivery.workloads.conditions import Part

PORT, SECONDS = 19_530, 60

ROWS = 2_048
"""Rows of one request, whose size Milvus bounds at 64 MiB."""

CHARACTERS, ITEMS = 65_535, 4_096
"""Milvus's own limits of a text in bytes, and of a list."""

METRICS = {"cosine": "COSINE", "dot": "IP", "l2": "L2"}

TYPES = {pa.int32(): "INT32", pa.int64(): "INT64", pa.float64(): "DOUBLE", pa.bool_(): "BOOL"}


class Milvus:
    """A collection of Milvus. Names of columns become such as Milvus takes: letters, digits and _."""

    def __init__(self, address: Address, layout: Layout) -> None:
        """Connect, or open the file of Milvus Lite."""
        import pymilvus

        self.address, self.layout = address, layout
        self._pymilvus: Any = pymilvus
        with self._told():
            if address.variant == "file":
                make_folder(address.file.parent)
                self._client = pymilvus.MilvusClient(str(address.file))
            else:
                protocol = address.variant or "http"
                self._client = pymilvus.MilvusClient(
                    uri=f"{protocol}://{address.host or 'localhost'}:{address.port or PORT}",
                    user=address.user,
                    password=address.password if address.user else "",
                    token="" if address.user else address.password,
                    db_name=address.last,
                    timeout=SECONDS,
                )

    @cached_property
    def _names(self) -> dict[str, str]:
        return identifiers(self.layout.schema.names)

    def count(self) -> int | None:
        """Return the number of rows, or None without a collection."""
        with self._told():
            if not self._client.has_collection(self.layout.table):
                return None
            fields = self._client.describe_collection(self.layout.table)["fields"]
            found = {each["name"]: each["params"].get("dim", 0) for each in fields}
            wanted = {self._names[name]: 0 for name in self.layout.schema.names}
            wanted[self._names[self.layout.vector]] = self.layout.dim
            if {name: int(dim) for name, dim in found.items()} != wanted:
                raise another_table(self.address, f"{self.layout.table!r} has other columns or dimensions")
            self._client.load_collection(self.layout.table)
            counted = self._client.query(
                self.layout.table, filter="", output_fields=["count(*)"], consistency_level="Strong"
            )
            return int(counted[0]["count(*)"])

    def prepare(self) -> None:
        """Make the collection with its index unless it is there."""
        kinds = self._pymilvus.DataType
        with self._told():
            if self._client.has_collection(self.layout.table):
                return
            schema = self._client.create_schema(auto_id=False, enable_dynamic_field=False)
            schema.add_field("id", kinds.INT64, is_primary=True)
            for field in self.layout.scalars:
                name = self._names[field.name]
                if field.type == TEXTS:
                    items = {"element_type": kinds.VARCHAR, "max_length": CHARACTERS, "max_capacity": ITEMS}
                    schema.add_field(name, kinds.ARRAY, nullable=True, **items)
                elif field.type in TYPES:
                    schema.add_field(name, kinds[TYPES[field.type]], nullable=True)
                else:
                    schema.add_field(name, kinds.VARCHAR, max_length=CHARACTERS, nullable=True)
            schema.add_field(self.layout.vector, kinds.FLOAT_VECTOR, dim=self.layout.dim)
            index = self._client.prepare_index_params()
            index.add_index(
                self.layout.vector, index_type="AUTOINDEX", metric_type=METRICS[self.layout.metric]
            )
            self._client.create_collection(self.layout.table, schema=schema, index_params=index)

    def drop(self) -> None:
        """Remove the collection."""
        with self._told():
            if self._client.has_collection(self.layout.table):
                self._client.drop_collection(self.layout.table)

    def encode(self, batch: pa.RecordBatch) -> list[list[dict[str, Any]]]:
        """Return the rows as batches of Python values."""
        columns = {self._names[name]: each for name, each in columns_of(batch, self.layout.vector).items()}
        columns[self.layout.vector] = list(matrix_of(batch, self.layout.vector))
        rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
        return [rows[begin:end] for begin, end in bounds(len(rows), ROWS)]

    def write(self, encoded: list[list[dict[str, Any]]], *, again: bool) -> None:
        """Write the rows; by their ids, if some may be there."""
        put = self._client.upsert if again else self._client.insert
        with self._told():
            for rows in encoded:
                put(self.layout.table, rows)

    def finish(self) -> str:
        """Let Milvus close its segments, so that all rows are indexed and counted."""
        with self._told():
            self._client.flush(self.layout.table)
        return "autoindex"

    def fetch(self, ids: Sequence[int]) -> list[Row]:
        """Return the rows of these ids."""
        own = {plain: name for name, plain in self._names.items()}
        with self._told():
            found = self._client.query(
                self.layout.table, ids=list(ids), output_fields=list(own), consistency_level="Strong"
            )
        return [{own[name]: _plain(value) for name, value in row.items() if name in own} for row in found]

    def search(self, vector: Vector, k: int, where: Sequence[Part] = ()) -> list[tuple[int, float]]:
        """Return ids and scores of the k nearest rows."""
        with self._told():
            found = self._client.search(
                self.layout.table,
                data=[vector.astype(np.float32).tolist()],
                anns_field=self.layout.vector,
                filter=" and ".join(map(self._expression, where)),
                limit=k,
                output_fields=["id"],
                search_params={"metric_type": METRICS[self.layout.metric]},
            )
        return [(int(hit["id"]), float(hit["distance"])) for hit in found[0]]

    def close(self) -> None:
        """Close the client."""
        self._client.close()

    def _expression(self, part: Part) -> str:
        name, op = self._names[part.column], {"=": "=="}.get(part.op, part.op)
        value = repr(part.value)
        return f"array_contains({name}, {value})" if op == "contains" else f"{name} {op} {value}"

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except self._pymilvus.MilvusException as error:
            raise _problem(self.address, error) from None


def _plain(value: Any) -> Any:  # noqa: ANN401
    """Return a value without the container that gRPC has for lists."""
    return value if value is None or isinstance(value, str | int | float) else list(value)


def _problem(address: Address, error: Exception) -> SpecError | StageError:
    said = address.without_secret(" ".join(str(getattr(error, "message", error)).split()))[:300]
    if "unauthenticated" in said.lower() or "auth check failure" in said.lower():
        return SpecError(f"{address} refuses: {said}; check user and password, or the token as the password")
    if "database not found" in said.lower():
        return SpecError(f"{address} refuses: {said}; name a database that is there, or create it")
    if "No space left" in said or "disk quota" in said.lower():
        return disk_full(address)
    if "Fail connecting" in said or "StatusCode.UNAVAILABLE" in said:
        return unreachable(address, said)
    if "lock" in said.lower() and address.variant == "file":
        return in_use(address)
    return failed(address, said)


KIND = Kind(
    name="milvus",
    title="Milvus server, or Milvus Lite in a file",
    extra="load-milvus",
    packages=("pymilvus",),
    variants=("", "file", "https"),
    open=Milvus,
    needs_vector=True,
)
