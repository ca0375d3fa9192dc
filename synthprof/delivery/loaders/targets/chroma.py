"""Chroma, embedded in a folder or as a server: ids are texts, lists are lists, dates are texts."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import pyarrow as pa

from synthprof.base.arrays import Matrix, Vector
from synthprof.base.errors import SpecError, StageError, first_line
from synthprof.base.files import make_folder
from synthprof.delivery.loaders.address import Address
from synthprof.delivery.loaders.faults import another_table, disk_full, failed, unreachable
from synthprof.delivery.loaders.plain import TEXTS, bounds, columns_of, matrix_of, without_nulls
from synthprof.delivery.loaders.target import Kind, Layout, Row
from synthprof.delivery.workloads.conditions import Part

SPACES = {"cosine": "cosine", "dot": "ip", "l2": "l2"}

OPERATORS = {
    "=": "$eq",
    "<": "$lt",
    "<=": "$lte",
    ">": "$gt",
    ">=": "$gte",
    "in": "$in",
    "contains": "$contains",
}

PORT = 8000

Encoded = tuple[list[str], Matrix, list[dict[str, Any] | None]]
"""Ids, vectors, and the other columns of each row without nulls."""


class Chroma:
    """A collection of Chroma."""

    def __init__(self, address: Address, layout: Layout) -> None:
        """Open the folder, or connect to the server."""
        import chromadb
        from chromadb.config import Settings

        self.address, self.layout = address, layout
        self._missing = chromadb.errors.NotFoundError
        settings = Settings(anonymized_telemetry=False)
        with self._told():
            if address.variant == "file":
                make_folder(address.file)
                self._client = chromadb.PersistentClient(str(address.file), settings=settings)
            else:
                token = {"Authorization": f"Bearer {address.password}"} if address.password else None
                self._client = chromadb.HttpClient(
                    address.host or "localhost",
                    address.port or PORT,
                    ssl=address.variant == "https",
                    headers=token,
                    settings=settings,
                )
        self._collection: Any = None

    def count(self) -> int | None:
        """Return the number of rows, or None without a collection."""
        with self._told():
            try:
                self._collection = self._client.get_collection(self.layout.table, embedding_function=None)
            except self._missing:
                return None
            count = int(self._collection.count())
            found = self._collection.get(limit=1, include=["embeddings"])["embeddings"]
            if count and found.shape[1] != self.layout.dim:
                raise another_table(
                    self.address,
                    f"{self.layout.table!r} has {found.shape[1]} dimensions, not {self.layout.dim}",
                )
            return count

    def prepare(self) -> None:
        """Make the collection unless it is there."""
        with self._told():
            self._collection = self._client.get_or_create_collection(
                self.layout.table,
                embedding_function=None,
                configuration={"hnsw": {"space": SPACES[self.layout.metric]}},
            )

    def drop(self) -> None:
        """Remove the collection."""
        with self._told():
            try:
                self._client.delete_collection(self.layout.table)
            except self._missing:
                return

    def encode(self, batch: pa.RecordBatch) -> Encoded:
        """Return ids as texts, vectors, and the other columns of each row."""
        columns = columns_of(batch, self.layout.vector)
        ids = [str(each) for each in columns.pop("id")]
        rows = [
            {name: value for name, value in row.items() if value != []} or None
            for row in without_nulls(columns)
        ]
        return ids, matrix_of(batch, self.layout.vector), rows or [None] * len(ids)

    def write(self, encoded: Encoded, *, again: bool) -> None:
        """Write the rows by their ids, in parts as large as Chroma takes."""
        ids, vectors, rows = encoded
        put = self._collection.upsert if again else self._collection.add
        with self._told():
            for begin, end in bounds(len(ids), self._client.get_max_batch_size()):
                put(ids=ids[begin:end], embeddings=vectors[begin:end], metadatas=rows[begin:end])

    def finish(self) -> str:
        """Do nothing: Chroma keeps its index up to date."""
        return "hnsw"

    def fetch(self, ids: Sequence[int]) -> list[Row]:
        """Return the rows of these ids."""
        with self._told():
            found = self._collection.get(ids=[str(each) for each in ids], include=["embeddings", "metadatas"])
        rows = zip(found["ids"], found["embeddings"], found["metadatas"], strict=True)
        return [self._row(int(number), vector, values or {}) for number, vector, values in rows]

    def search(self, vector: Vector, k: int, where: Sequence[Part] = ()) -> list[tuple[int, float]]:
        """Return ids and scores of the k nearest rows."""
        conditions: list[Any] = [{part.column: {OPERATORS[part.op]: part.value}} for part in where]
        condition = {"$and": conditions} if len(conditions) > 1 else next(iter(conditions), None)
        with self._told():
            found = self._collection.query(
                query_embeddings=[vector.astype(np.float32)],
                n_results=k,
                where=condition,
                include=["distances"],
            )
        distances = found["distances"][0]
        scores = distances if self.layout.metric == "l2" else [1 - distance for distance in distances]
        return [(int(number), score) for number, score in zip(found["ids"][0], scores, strict=True)]

    def close(self) -> None:
        """Close the client."""
        self._client.close()

    def _row(self, number: int, vector: Vector, values: dict[str, Any]) -> Row:
        row: Row = {"id": number, self.layout.vector: vector}
        for field in self.layout.scalars:
            row[field.name] = values.get(field.name, [] if field.type == TEXTS else None)
        return row

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except (SpecError, StageError, OSError):
            raise
        except Exception as error:  # Chroma passes on errors of SQLite, of its own and of HTTP clients
            said = self.address.without_secret(first_line(error))[:300]
            if "disk is full" in said or "No space left" in said:
                raise disk_full(self.address) from None
            if "connect" in said.lower():
                raise unreachable(self.address, said) from None
            raise failed(self.address, said) from None


KIND = Kind(
    name="chroma",
    title="Chroma, in a folder or a server",
    extra="load-chroma",
    packages=("chromadb",),
    variants=("", "file", "https"),
    open=Chroma,
    needs_vector=True,
    names="[A-Za-z0-9].+[A-Za-z0-9]$",
    rule="of at least three characters, with a letter or digit first and last",
)
