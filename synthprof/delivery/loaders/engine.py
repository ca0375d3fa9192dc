"""An index of Elasticsearch or OpenSearch: both take the same requests but for the type of vectors."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pyarrow as pa

from synthprof.base.arrays import Vector
from synthprof.delivery.loaders.address import Address
from synthprof.delivery.loaders.bulk import Ask, Lines, encode, index_name, refusal, send
from synthprof.delivery.loaders.faults import another_table
from synthprof.delivery.loaders.plain import RANGES
from synthprof.delivery.loaders.target import Layout, Row
from synthprof.delivery.workloads.conditions import Part

PORT, SECONDS = 9_200, 60

TYPES = {
    pa.int32(): "integer",
    pa.int64(): "long",
    pa.float64(): "double",
    pa.bool_(): "boolean",
}
"""The engines' types; all others are keywords, whose lists need no type of their own."""

CHARACTERS = 8_191
"""Characters of a text that are indexed: more bytes than 32,766 are refused."""


class Dialect(Protocol):
    """The ways that one of the engines has of its own."""

    def vector_type(self, layout: Layout) -> dict[str, Any]:
        """Return the declaration of the vector's column."""

    def settings(self) -> dict[str, Any]:
        """Return the settings of the index."""

    def query(self, layout: Layout, vector: list[float], k: int, must: list[Any]) -> dict[str, Any]:
        """Return the body of a search for the nearest k that meet the conditions."""


@dataclass
class Engine:
    """One index. ask: sends a request. closing: closes the client."""

    address: Address
    layout: Layout
    ask: Ask
    dialect: Dialect
    closing: Any

    @property
    def _path(self) -> str:
        return f"/{index_name(self.layout)}"

    def count(self) -> int | None:
        """Return the number of rows, or None without an index."""
        status, answer = self.ask("GET", f"{self._path}/_mapping", None)
        if status == 404:
            return None
        self._check(status, answer)
        (mapping,) = (each["mappings"].get("properties", {}) for each in answer.values())
        found = mapping.get(self.layout.vector, {})
        dim = found.get("dims", found.get("dimension"))
        if dim != self.layout.dim or set(mapping) != set(self.layout.schema.names):
            raise another_table(self.address, f"{index_name(self.layout)!r} has other columns or dimensions")
        self._check(*self.ask("POST", f"{self._path}/_refresh", None))
        status, answer = self.ask("GET", f"{self._path}/_count", None)
        self._check(status, answer)
        return int(answer["count"])

    def prepare(self) -> None:
        """Make the index unless it is there."""
        if self.ask("GET", f"{self._path}/_mapping", None)[0] != 404:
            return
        properties: dict[str, Any] = {"id": {"type": "long"}}
        for field in self.layout.scalars:
            kind = TYPES.get(field.type)
            properties[field.name] = (
                {"type": kind} if kind else {"type": "keyword", "ignore_above": CHARACTERS}
            )
        properties[self.layout.vector] = self.dialect.vector_type(self.layout)
        body = {
            "settings": self.dialect.settings(),
            "mappings": {"dynamic": "strict", "properties": properties},
        }
        self._check(*self.ask("PUT", self._path, body))

    def drop(self) -> None:
        """Remove the index."""
        status, answer = self.ask("DELETE", self._path, None)
        if status != 404:
            self._check(status, answer)

    def encode(self, batch: pa.RecordBatch) -> list[Lines]:
        """Return the rows as requests."""
        return encode(batch, self.layout)

    def write(self, encoded: list[Lines], *, again: bool) -> None:
        """Write the rows by their ids."""
        send(self.ask, self.address, encoded)

    def finish(self) -> str:
        """Make all rows visible to searches."""
        self._check(*self.ask("POST", f"{self._path}/_refresh", None))
        return "hnsw"

    def fetch(self, ids: Sequence[int]) -> list[Row]:
        """Return the rows of these ids."""
        body = {"ids": [str(each) for each in ids]}
        # Elasticsearch 9.2 leaves vectors out unless told; others do not know the parameter
        status, answer = self.ask("POST", f"{self._path}/_mget?_source_exclude_vectors=false", body)
        if status == 400:
            status, answer = self.ask("POST", f"{self._path}/_mget", body)
        self._check(status, answer)
        found = [each["_source"] for each in answer["docs"] if each.get("found")]
        vector = self.layout.vector
        return [
            row | {vector: np.asarray(row[vector], np.float32) if row.get(vector) else None} for row in found
        ]

    def search(self, vector: Vector, k: int, where: Sequence[Part] = ()) -> list[tuple[int, float]]:
        """Return ids and scores of the k nearest rows."""
        must = [_condition(part) for part in where]
        body = self.dialect.query(self.layout, vector.astype(np.float32).tolist(), k, must)
        status, answer = self.ask("POST", f"{self._path}/_search", body | {"size": k, "_source": False})
        self._check(status, answer)
        hits = answer["hits"]["hits"]
        return [(int(hit["_id"]), score_of(self.layout.metric, float(hit["_score"]))) for hit in hits]

    def close(self) -> None:
        """Close the client."""
        self.closing()

    def _check(self, status: int, answer: Any) -> None:  # noqa: ANN401
        if status >= 300:
            raise refusal(self.address, status, answer)


def score_of(metric: str, found: float) -> float:
    """Return cosine, inner product or squared distance from the score that both engines make of them."""
    if metric == "cosine":
        return 2 * found - 1
    if metric == "l2":
        return 1 / found - 1
    return found - 1 if found >= 1 else 1 - 1 / found


def _condition(part: Part) -> dict[str, Any]:
    if part.op in RANGES:
        return {"range": {part.column: {RANGES[part.op]: part.value}}}
    if part.op == "in":
        return {"terms": {part.column: list(part.value)}}
    return {"term": {part.column: part.value}}
