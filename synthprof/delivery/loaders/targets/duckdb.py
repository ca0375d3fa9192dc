"""DuckDB: a table in a file, with lists as lists and vectors as arrays of fixed size."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import pyarrow as pa

from synthprof.base.arrays import Vector
from synthprof.base.columns import quoted
from synthprof.base.errors import SpecError, StageError, first_line
from synthprof.base.files import make_folder
from synthprof.delivery.loaders.address import Address
from synthprof.delivery.loaders.faults import disk_full, failed, in_use
from synthprof.delivery.loaders.sql import as_sql
from synthprof.delivery.loaders.target import Kind, Layout, Row, check_metric, check_same
from synthprof.delivery.workloads.conditions import Part

TYPES = {
    pa.int32(): "INTEGER",
    pa.int64(): "BIGINT",
    pa.float64(): "DOUBLE",
    pa.bool_(): "BOOLEAN",
    pa.string(): "VARCHAR",
    pa.date32(): "DATE",
    pa.timestamp("us"): "TIMESTAMP",
    pa.timestamp("us", "UTC"): "TIMESTAMP WITH TIME ZONE",
    pa.list_(pa.string()): "VARCHAR[]",
}

SCORES = {
    "cosine": ("array_cosine_similarity", "DESC"),
    "dot": ("array_inner_product", "DESC"),
    "l2": ("array_distance", "ASC"),
}


class DuckDB:
    """A table of a DuckDB file. Rows go from Arrow straight into it, in one transaction for each block."""

    def __init__(self, address: Address, layout: Layout) -> None:
        """Open the file. Raises SpecError if it is not DuckDB's, or if another process has it."""
        import duckdb

        check_metric(address, layout, tuple(SCORES))
        self.address, self.layout = address, layout
        self._errors = duckdb.Error
        make_folder(address.file.parent)
        with self._told():
            self._connection = duckdb.connect(str(address.file))

    @property
    def _name(self) -> str:
        return quoted(self.layout.table)

    def count(self) -> int | None:
        """Return the number of rows, or None without a table."""
        with self._told():
            found = dict(
                self._all(
                    "SELECT column_name, data_type FROM information_schema.columns WHERE table_name = ?",
                    [self.layout.table],
                )
            )
            if not found:
                return None
            check_same(self.address, self.layout.table, self._types(), found)
            return int(self._all(f"SELECT count(*) FROM {self._name}")[0][0])

    def prepare(self) -> None:
        """Make the table unless it is there."""
        columns = [f"{quoted(name)} {kind}" for name, kind in self._types().items()]
        columns[0] += " PRIMARY KEY"
        self._run(f"CREATE TABLE IF NOT EXISTS {self._name} ({', '.join(columns)})")

    def drop(self) -> None:
        """Remove the table."""
        self._run(f"DROP TABLE IF EXISTS {self._name}")

    def encode(self, batch: pa.RecordBatch) -> pa.Table:
        """Return the rows as a table, which DuckDB reads in place."""
        return pa.Table.from_batches([batch])

    def write(self, encoded: pa.Table, *, again: bool) -> None:
        """Insert the rows in one transaction; replace those that may be there."""
        verb = "INSERT OR REPLACE" if again else "INSERT"
        with self._told():
            self._connection.register("synthprof_rows", encoded)
            try:
                self._connection.execute(f"{verb} INTO {self._name} SELECT * FROM synthprof_rows")
            finally:
                self._connection.unregister("synthprof_rows")

    def finish(self) -> str:
        """Move what the log holds into the file; DuckDB has no index of vectors without an extension."""
        self._run("CHECKPOINT")
        return ""

    def fetch(self, ids: Sequence[int]) -> list[Row]:
        """Return the rows of these ids."""
        listed = ", ".join(map(str, ids))
        with self._told():
            found = self._connection.sql(f"SELECT * FROM {self._name} WHERE id IN ({listed})")
            return list(found.to_arrow_table().to_pylist())

    def search(self, vector: Vector, k: int, where: Sequence[Part] = ()) -> list[tuple[int, float]]:
        """Return ids and scores of the k nearest rows, exactly: DuckDB compares all of them."""
        function, order = SCORES[self.layout.metric]
        column = quoted(self.layout.vector)
        condition = as_sql(where, lambda name, item: f"list_contains({name}, {item})", ("false", "true"))
        with self._told():
            found = self._all(
                f"SELECT id, {function}({column}, ?::FLOAT[{self.layout.dim}]) AS score FROM {self._name} "
                f"WHERE {column} IS NOT NULL AND {condition} ORDER BY score {order}, id LIMIT {int(k)}",
                [vector.tolist()],
            )
        power = 2 if self.layout.metric == "l2" else 1
        return [(row, score**power) for row, score in found]

    def close(self) -> None:
        """Close the file."""
        with suppress(self._errors):
            self._connection.close()

    def _types(self) -> dict[str, str]:
        return {
            field.name: f"FLOAT[{field.type.list_size}]"
            if pa.types.is_fixed_size_list(field.type)
            else TYPES[field.type]
            for field in self.layout.schema
        }

    def _run(self, statement: str) -> None:
        with self._told():
            self._connection.execute(statement)

    def _all(self, statement: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        return list(self._connection.execute(statement, list(values)).fetchall())

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except self._errors as error:
            raise _problem(self.address, first_line(error)) from None


def _problem(address: Address, said: str) -> SpecError | StageError:
    """Return the error in our words: DuckDB tells the causes apart only in its text."""
    if "lock" in said:
        return in_use(address)
    if "No space" in said or "Out of disk" in said or "disk full" in said.lower():
        return disk_full(address)
    if "not a valid DuckDB" in said or "Cannot open file" in said:
        return SpecError(
            f"cannot open {address}: {said}; name a DuckDB file that may be written, or a new one"
        )
    return failed(address, said)


KIND = Kind(
    name="duckdb",
    title="DuckDB file",
    extra="load-duckdb",
    packages=("duckdb",),
    open=DuckDB,
    moments=True,
)
