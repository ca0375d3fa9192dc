"""Rows of a table or view of a DuckDB file, in the order of their id, all as they were at one moment."""

import contextlib
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from synthprof.base.errors import SpecError, StageError, first_line
from synthprof.base.extras import check_installed
from synthprof.sources.arrow_files import check_columns
from synthprof.sources.bounds import ROW_BYTES
from synthprof.sources.checks import MAX_CHARACTERS
from synthprof.sources.reading import Part

SETTINGS = {
    "memory_limit": "256MB",
    "max_temp_directory_size": "4GiB",
    "threads": "2",
    "autoload_known_extensions": "false",
}
"""Neither memory nor disk fill up."""

CLOSED = "SET enable_external_access = false; SET lock_configuration = true"
"""A view reads no other file; this can be said only after the folder of temporary files."""

ROWS_BATCH = 2_048


class Duck:
    """A reader of one table. table: may be empty if the file has only one."""

    said = "DuckDB"

    def __init__(self, path: Path, table: str) -> None:
        """Find the table. Raises SpecError that lists the tables."""
        check_installed("sources", "duckdb")
        self.path = path
        self.size = path.stat().st_size
        self._reading: Any = None
        with self._connected() as connection:
            query = "SELECT table_name FROM information_schema.tables WHERE table_schema = 'main' ORDER BY 1"
            known = [row[0] for row in connection.execute(query).fetchall()]
        self._table = table or (known[0] if len(known) == 1 else "")
        if self._table not in known:
            wrong = f"has no table {table!r}" if table else "has more than one table, or none"
            raise SpecError(f"source={path} {wrong}; name one by table: {', '.join(known) or 'it is empty'}")

    def schema(self, columns: Sequence[str]) -> pa.Schema:
        """Return the types of the columns."""
        with self._connected() as connection:
            query = f"SELECT * FROM {_quoted(self._table)} LIMIT 0"
            found = connection.sql(query).to_arrow_reader().schema
        check_columns(columns, found.names, f"table {self._table!r} of {self.path}")
        return pa.schema([(name, found.field(name).type) for name in columns])

    def names(self) -> list[str]:
        """Return the names of all columns."""
        with self._connected() as connection:
            found = connection.sql(f"SELECT * FROM {_quoted(self._table)} LIMIT 0").columns
        return list(found)

    def whole(self, columns: Sequence[str]) -> Iterator[Part]:
        """Yield the rows ordered by the first column, each column in its own type."""
        return self.parts(columns)

    def parts(self, columns: Sequence[str]) -> Iterator[Part]:
        """Yield the rows ordered by the first column, the id; the second is the text."""
        schema = self.schema(columns)
        most = [MAX_CHARACTERS, MAX_CHARACTERS, *[ROW_BYTES] * (len(columns) - 2)][: len(columns)]
        values = ", ".join(_clipped(each, limit) for each, limit in zip(schema, most, strict=True))
        order = _quoted(columns[0])
        first = 1
        with self._connected() as connection:
            query = f"SELECT {values} FROM {_quoted(self._table)} ORDER BY {order}"
            for batch in connection.sql(query).to_arrow_reader(ROWS_BATCH):
                arrays = batch.columns
                yield Part(
                    pa.RecordBatch.from_arrays(arrays, list(columns)), range(first, first + batch.num_rows)
                )
                first += batch.num_rows

    def cancel(self) -> None:
        """End the query at work."""
        if self._reading is not None:
            self._reading.interrupt()

    def watch(self) -> None:
        """Do nothing: DuckDB bounds its temporary files itself."""

    @contextlib.contextmanager
    def _connected(self) -> Iterator[Any]:
        import duckdb

        try:
            with tempfile.TemporaryDirectory(prefix="synthprof-") as folder:
                settings: dict[str, Any] = {"temp_directory": folder, **SETTINGS}
                with duckdb.connect(str(self.path), read_only=True, config=settings) as connection:
                    connection.execute(CLOSED)
                    connection.execute("BEGIN")
                    self._reading = connection
                    yield connection
        except duckdb.Error as error:
            reason = first_line(error)[:200]
            if "lock" in reason and isinstance(error, duckdb.IOException):
                raise StageError(
                    f"source={self.path} cannot be read: {reason}; try again when no process writes it, or "
                    "name a copy"
                ) from None
            raise SpecError(
                f"source={self.path} cannot be read: {reason}; correct its view, or name a sound DuckDB file"
            ) from None
        finally:
            self._reading = None


def _clipped(field: pa.Field, most: int) -> str:
    """Return an expression for a column's value, cut where it is longer than anything that is taken."""
    column = _quoted(field.name)
    if pa.types.is_string(field.type) or pa.types.is_large_string(field.type):
        return f"CASE WHEN strlen({column}) > {most} THEN left({column}, {most + 1}) ELSE {column} END"
    return column


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
