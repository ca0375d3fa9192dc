"""SQLite with sqlite-vec: a table with the columns, and beside it `<table>_<vector>`, which finds vectors.

APSW brings its own SQLite: Python's may have been built without extensions.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import pyarrow as pa

from synthprof.base.arrays import Vector
from synthprof.base.columns import quoted
from synthprof.base.errors import SpecError, first_line
from synthprof.base.files import make_folder
from synthprof.delivery.loaders.address import Address
from synthprof.delivery.loaders.faults import disk_full, failed, in_use
from synthprof.delivery.loaders.plain import TEXTS, columns_of, matrix_of
from synthprof.delivery.loaders.sql import as_sql
from synthprof.delivery.loaders.target import Kind, Layout, Row, check_metric, check_same
from synthprof.delivery.workloads.conditions import Part

BUSY_MILLISECONDS = 10_000

TYPES = {pa.int32(): "INTEGER", pa.int64(): "INTEGER", pa.float64(): "REAL", pa.bool_(): "INTEGER"}
"""SQLite's types; all others are TEXT, and lists are JSON."""

Encoded = tuple[list[tuple[Any, ...]], list[tuple[int, bytes]]]
"""Rows of the table, and ids with their vectors."""


class SQLite:
    """A table of an SQLite file. Each block is one transaction."""

    def __init__(self, address: Address, layout: Layout) -> None:
        """Open the file and load sqlite-vec. Raises SpecError if the file is not SQLite's."""
        import apsw
        import sqlite_vec

        check_metric(address, layout, ("cosine", "l2"))
        self.address, self.layout = address, layout
        self._errors = apsw
        make_folder(address.file.parent)
        with self._told():
            self._connection = apsw.Connection(str(address.file))
            self._connection.set_busy_timeout(BUSY_MILLISECONDS)
            self._connection.enable_load_extension(True)
            self._connection.load_extension(sqlite_vec.loadable_path())
            self._connection.execute("SELECT count(*) FROM sqlite_schema")

    @property
    def _table(self) -> str:
        return quoted(self.layout.table)

    @property
    def _vectors(self) -> str:
        return quoted(f"{self.layout.table}_{self.layout.vector}")

    def count(self) -> int | None:
        """Return the number of rows, or None without a table."""
        with self._told():
            found = {row[1]: row[2] for row in self._all(f"PRAGMA table_info({self._table})")}
            if not found:
                return None
            told = self._all(
                "SELECT sql FROM sqlite_schema WHERE name = ?", [f"{self.layout.table}_{self.layout.vector}"]
            )
            kind = "vector" if told and self._kind in told[0][0] else str(told)
            check_same(
                self.address,
                self.layout.table,
                self._types() | {self.layout.vector: "vector"},
                found | {self.layout.vector: kind},
            )
            return int(self._all(f"SELECT count(*) FROM {self._table}")[0][0])

    def prepare(self) -> None:
        """Make both tables unless they are there."""
        columns = [f"{quoted(name)} {kind}" for name, kind in self._types().items()]
        columns[0] += " PRIMARY KEY"
        with self._told(), self._connection:
            self._connection.execute(f"CREATE TABLE IF NOT EXISTS {self._table} ({', '.join(columns)})")
            self._connection.execute(
                f"CREATE VIRTUAL TABLE IF NOT EXISTS {self._vectors} USING vec0(id INTEGER PRIMARY KEY, "
                f"{self.layout.vector} {self._kind})"
            )

    def drop(self) -> None:
        """Remove both tables."""
        with self._told(), self._connection:
            self._connection.execute(f"DROP TABLE IF EXISTS {self._vectors}")
            self._connection.execute(f"DROP TABLE IF EXISTS {self._table}")

    def encode(self, batch: pa.RecordBatch) -> Encoded:
        """Return the rows as SQLite's values; a row without a vector has none beside."""
        columns = columns_of(batch, self.layout.vector)
        for field in batch.schema:
            if field.type == TEXTS:
                columns[field.name] = [
                    None if each is None else json.dumps(each, ensure_ascii=False)
                    for each in columns[field.name]
                ]
        vectors = matrix_of(batch, self.layout.vector)
        beside = [
            (number, vector.tobytes())
            for number, vector in zip(columns["id"], vectors, strict=True)
            if not np.isnan(vector[0])
        ]
        return list(zip(*columns.values(), strict=True)), beside

    def write(self, encoded: Encoded, *, again: bool) -> None:
        """Insert the rows in one transaction; first remove those that may be there."""
        rows, beside = encoded
        marks = ", ".join("?" * len(self._types()))
        with self._told(), self._connection:
            if again and rows:
                within = f"WHERE id BETWEEN {rows[0][0]} AND {rows[-1][0]}"
                self._connection.execute(f"DELETE FROM {self._table} {within}")
                self._connection.execute(f"DELETE FROM {self._vectors} {within}")
            self._connection.executemany(f"INSERT INTO {self._table} VALUES ({marks})", rows)
            self._connection.executemany(f"INSERT INTO {self._vectors} VALUES (?, ?)", beside)

    def finish(self) -> str:
        """Do nothing: sqlite-vec compares all vectors."""
        return ""

    def fetch(self, ids: Sequence[int]) -> list[Row]:
        """Return the rows of these ids."""
        listed = ", ".join(map(str, ids))
        names = [*self._types(), self.layout.vector]
        with self._told():
            found = self._all(
                f"SELECT t.*, v.{quoted(self.layout.vector)} FROM {self._table} AS t LEFT JOIN "
                f"(SELECT * FROM {self._vectors} WHERE id IN ({listed})) AS v ON v.id = t.id "
                f"WHERE t.id IN ({listed})"
            )
        return [self._row(dict(zip(names, row, strict=True))) for row in found]

    def search(self, vector: Vector, k: int, where: Sequence[Part] = ()) -> list[tuple[int, float]]:
        """Return ids and scores of the k nearest rows, exactly."""
        among = ""
        if where:
            condition = as_sql(
                where,
                lambda name, item: f"EXISTS (SELECT 1 FROM json_each({name}) WHERE value = {item})",
                ("0", "1"),
            )
            among = f" AND id IN (SELECT id FROM {self._table} WHERE {condition})"
        with self._told():
            found = self._all(
                f"SELECT id, distance FROM {self._vectors} WHERE {quoted(self.layout.vector)} MATCH ? "
                f"AND k = {int(k)}{among} ORDER BY distance",
                [vector.astype(np.float32).tobytes()],
            )
        if self.layout.metric == "cosine":
            return [(row, 1 - distance) for row, distance in found]
        return [(row, distance**2) for row, distance in found]

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    @property
    def _kind(self) -> str:
        """The vector's column as sqlite-vec declares it."""
        return f"float[{self.layout.dim}] distance_metric={self.layout.metric}"

    def _types(self) -> dict[str, str]:
        return {
            field.name: TYPES.get(field.type, "TEXT")
            for field in self.layout.schema
            if field.name != self.layout.vector
        }

    def _row(self, found: Row) -> Row:
        for field in self.layout.scalars:
            value = found[field.name]
            if value is not None and field.type == TEXTS:
                found[field.name] = json.loads(value)
            elif value is not None and field.type == pa.bool_():
                found[field.name] = bool(value)
        if found[self.layout.vector] is not None:
            found[self.layout.vector] = np.frombuffer(found[self.layout.vector], np.float32)
        return found

    def _all(self, statement: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        return list(self._connection.execute(statement, values))

    @contextmanager
    def _told(self) -> Iterator[None]:
        apsw = self._errors
        try:
            yield
        except apsw.FullError:
            raise disk_full(self.address) from None
        except (apsw.BusyError, apsw.LockedError):
            raise in_use(self.address) from None
        except (apsw.NotADBError, apsw.CantOpenError, apsw.ReadOnlyError, apsw.PermissionsError) as error:
            raise SpecError(
                f"cannot open {self.address}: {first_line(error)}; name an SQLite file that may be written, "
                "or a new one"
            ) from None
        except apsw.Error as error:
            raise failed(self.address, first_line(error)) from None


KIND = Kind(
    name="sqlite",
    title="SQLite file with sqlite-vec",
    extra="load-sqlite",
    packages=("sqlite_vec", "apsw"),
    names="(?i:(?!sqlite_))",
    rule="that do not begin with sqlite_",
    open=SQLite,
)
