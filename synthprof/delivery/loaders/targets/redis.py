"""Redis or Valkey: a hash for each row, its vector as float32; an index where the server can search.

Keys: `<table>:<id>` for rows, `synthprof:<table>:ids` for the ids, `synthprof:<table>:layout`.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import pyarrow as pa

from synthprof.base.arrays import Vector
from synthprof.base.errors import SpecError, StageError, first_line
from synthprof.delivery.loaders.address import Address
from synthprof.delivery.loaders.faults import failed, unreachable
from synthprof.delivery.loaders.plain import TEXTS, bounds, columns_of, matrix_of, without_nulls
from synthprof.delivery.loaders.target import Kind, Layout, Row, check_same
from synthprof.delivery.workloads.conditions import Part

PORT, SECONDS = 6_379, 30

ROWS = 1_024
"""Rows of one pipeline."""

METRICS = {"cosine": "COSINE", "dot": "IP", "l2": "L2"}

SEPARATOR = "|"
"""Between the items of a list in the index: RediSearch splits a tag there."""

Encoded = list[tuple[list[int], list[dict[str, Any]]]]
"""Batches of ids and hashes."""


class Redis:
    """Hashes in a Redis database. Without the search module they can be read by id, and not searched."""

    def __init__(self, address: Address, layout: Layout) -> None:
        """Connect."""
        import redis

        self.address, self.layout = address, layout
        self._redis: Any = redis
        if not (address.last or "0").isdigit():
            raise SpecError(f"into={address} names no database; end it with its number: redis://host:6379/0")
        self._client: Any = redis.Redis(
            host=address.host or "localhost",
            port=address.port or PORT,
            db=int(address.last or 0),
            username=address.user or None,
            password=address.password or None,
            ssl=address.scheme in ("rediss", "valkeys"),
            socket_timeout=SECONDS,
            socket_connect_timeout=SECONDS,
        )
        with self._told():
            self._client.ping()
            self._can_search = self._has_search()

    @property
    def _ids(self) -> str:
        return f"synthprof:{self.layout.table}:ids"

    @property
    def _layout(self) -> str:
        return f"synthprof:{self.layout.table}:layout"

    def count(self) -> int | None:
        """Return the number of rows, or None without any table of ours."""
        with self._told():
            found = self._client.get(self._layout)
            if found is None:
                return None
            check_same(self.address, self.layout.table, self._types(), json.loads(found))
            return int(self._client.zcard(self._ids))

    def prepare(self) -> None:
        """Note the columns, and make the index where the server can search."""
        with self._told():
            self._client.set(self._layout, json.dumps(self._types()))
            if self._can_search and self.layout.index and not self._is_indexed():
                self._client.execute_command("FT.CREATE", self.layout.table, *self._declared())

    def drop(self) -> None:
        """Remove index, rows and notes."""
        with self._told():
            if self._can_search and self._is_indexed():
                self._client.execute_command("FT.DROPINDEX", self.layout.table)
            while found := self._client.zrange(self._ids, 0, ROWS - 1):
                self._client.unlink(*(self._key(int(each)) for each in found))
                self._client.zrem(self._ids, *found)
            self._client.delete(self._layout)

    def encode(self, batch: pa.RecordBatch) -> Encoded:
        """Return the rows as hashes, without nulls."""
        columns = columns_of(batch, self.layout.vector)
        ids = columns.pop("id")
        for field in self.layout.scalars:
            columns[field.name] = [_stored(field.type, each) for each in columns[field.name]]
        columns[self.layout.vector] = [
            None if np.isnan(each[0]) else each.tobytes() for each in matrix_of(batch, self.layout.vector)
        ]
        rows = without_nulls(columns)
        return [(ids[begin:end], rows[begin:end]) for begin, end in bounds(len(ids), ROWS)]

    def write(self, encoded: Encoded, *, again: bool) -> None:
        """Write the rows by their ids; first remove those that may be there."""
        with self._told():
            for ids, rows in encoded:
                pipeline = self._client.pipeline(transaction=False)
                if again:
                    pipeline.unlink(*map(self._key, ids))
                for number, row in zip(ids, rows, strict=True):
                    pipeline.hset(self._key(number), mapping=row or {"": ""})
                pipeline.zadd(self._ids, {str(number): number for number in ids})
                pipeline.execute()

    def finish(self) -> str:
        """Do nothing: the index follows the rows."""
        return "hnsw" if self._can_search and self.layout.index else ""

    def fetch(self, ids: Sequence[int]) -> list[Row]:
        """Return the rows of these ids."""
        with self._told():
            pipeline = self._client.pipeline(transaction=False)
            for number in ids:
                pipeline.hgetall(self._key(number))
            found = pipeline.execute()
        return [self._row(number, row) for number, row in zip(ids, found, strict=True) if row]

    def search(self, vector: Vector, k: int, where: Sequence[Part] = ()) -> list[tuple[int, float]]:
        """Return ids and scores of the k nearest rows. Raises SpecError if the server cannot search."""
        if not self._can_search:
            raise SpecError(
                f"{self.address} cannot search: it lacks the search module; use Redis 8 or newer, Redis "
                "Stack, or Valkey with valkey-search"
            )
        query = (
            f"({' '.join(map(_query, where)) or '*'})=>[KNN {int(k)} @{self.layout.vector} $vector AS score]"
        )
        with self._told():
            found = self._client.execute_command(
                *(
                    "FT.SEARCH",
                    self.layout.table,
                    query,
                    "PARAMS",
                    2,
                    "vector",
                    vector.astype("f4").tobytes(),
                ),
                *("RETURN", 1, "score", "SORTBY", "score", "LIMIT", 0, int(k), "DIALECT", 2),
            )
        hits = zip(found[1::2], found[2::2], strict=True)
        pairs = [(int(key.rpartition(b":")[2]), float(values[1])) for key, values in hits]
        return [(number, far if self.layout.metric == "l2" else 1 - far) for number, far in pairs]

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _key(self, number: int) -> str:
        return f"{self.layout.table}:{number}"

    def _types(self) -> dict[str, str]:
        return {field.name: str(field.type) for field in self.layout.schema}

    def _has_search(self) -> bool:
        try:
            self._client.execute_command("FT._LIST")
        except self._redis.ResponseError:
            return False
        return True

    def _is_indexed(self) -> bool:
        return self.layout.table.encode() in self._client.execute_command("FT._LIST")

    def _declared(self) -> list[Any]:
        """Return the index's columns: numbers, tags for flags, texts and lists, and the vector."""
        words: list[Any] = ["ON", "HASH", "PREFIX", 1, f"{self.layout.table}:", "SCHEMA"]
        for field in self.layout.scalars:
            if field.type in (pa.int32(), pa.int64(), pa.float64(), pa.bool_()):
                words += [field.name, "NUMERIC"]
            else:
                words += [field.name, "TAG", "SEPARATOR", SEPARATOR]
        vector = ("TYPE", "FLOAT32", "DIM", self.layout.dim, "DISTANCE_METRIC", METRICS[self.layout.metric])
        return [*words, self.layout.vector, "VECTOR", "HNSW", len(vector), *vector]

    def _row(self, number: int, found: dict[bytes, bytes]) -> Row:
        row: Row = {"id": number}
        for field in self.layout.scalars:
            row[field.name] = _value(field.type, found.get(field.name.encode()))
        vector = found.get(self.layout.vector.encode())
        return row | {self.layout.vector: None if vector is None else np.frombuffer(vector, np.float32)}

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except self._redis.RedisError as error:
            raise self._problem(error) from None

    def _problem(self, error: Exception) -> SpecError | StageError:
        said = self.address.without_secret(first_line(error))[:300]
        if isinstance(error, self._redis.AuthenticationError) or said.startswith(("NOAUTH", "WRONGPASS")):
            return SpecError(f"{self.address} refuses: {said}; check user and password")
        if isinstance(error, self._redis.ConnectionError | self._redis.TimeoutError):
            return unreachable(self.address, said)
        if "OOM" in said or isinstance(error, self._redis.exceptions.OutOfMemoryError):
            return SpecError(
                f"{self.address} has no memory left: {said}; raise its maxmemory, then run it again"
            )
        if "MISCONF" in said:
            return SpecError(f"{self.address} cannot save: {said}; free some space there, then run it again")
        return failed(self.address, said)


def _stored(kind: pa.DataType, value: Any) -> Any:  # noqa: ANN401
    if value is None or kind not in (TEXTS, pa.bool_(), pa.float64()):
        return value
    if kind == TEXTS:
        return (
            SEPARATOR.join(map(str, value))
            if value and not any(SEPARATOR in str(x) for x in value)
            else json.dumps(value)
        )
    return int(value) if kind == pa.bool_() else repr(value)


def _value(kind: pa.DataType, found: bytes | None) -> Any:  # noqa: ANN401
    if found is None:
        return None
    text = found.decode()
    if kind == TEXTS:
        return json.loads(text) if text.startswith("[") else text.split(SEPARATOR)
    if kind == pa.bool_():
        return text == "1"
    return float(text) if kind == pa.float64() else int(text) if pa.types.is_integer(kind) else text


def _query(part: Part) -> str:
    """Return a part in the words of RediSearch."""
    name, value = part.column, part.value
    if isinstance(value, bool):
        value = int(value)
    if isinstance(value, int | float):
        ends = {
            "=": f"{value} {value}",
            "<": f"-inf ({value}",
            "<=": f"-inf {value}",
            ">": f"({value} +inf",
            ">=": f"{value} +inf",
        }
        return f"@{name}:[{ends[part.op]}]"
    values = value if isinstance(value, list | tuple) else [value]
    if values and all(isinstance(each, int | float) for each in values):
        return "(" + " | ".join(f"@{name}:[{each} {each}]" for each in values) + ")"
    if part.op in ("<", "<=", ">", ">="):
        raise SpecError(f"{name} {part.op} {value!r}: Redis compares numbers only; leave out this filter")
    return f"@{name}:{{{' | '.join(map(_escaped, map(str, values)))}}}"


def _escaped(text: str) -> str:
    return "".join(each if each.isalnum() or each == "_" else f"\\{each}" for each in text)


KIND = Kind(
    name="redis",
    title="Redis or Valkey",
    extra="load-redis",
    packages=("redis",),
    open=Redis,
)
