"""The rows of child tables, some thousand at a time, and those of one parent."""

from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa

from synthprof.base.columns import quoted
from synthprof.base.errors import SpecError
from synthprof.schemas.schema import ChildTable, Schema
from synthprof.schemas.tables import NUMBER, stored_schema
from synthprof.spec.contents import table_file
from synthprof.spec.limits import MAX_SHOWN
from synthprof.spec.spec import BLOCK_ROWS
from synthprof.store.sqlite.database import read
from synthprof.versions import filters
from synthprof.versions.published import Published
from synthprof.versions.typed import column_type, typed


def schema_of_children(version: Published, name: str) -> pa.Schema:
    """Return the columns of a child table. Raises SpecError if there is no such table."""
    columns = stored_schema(version.schema, version.schema.child(name)).columns
    return pa.schema([(column.name, column_type(column)) for column in columns])


def child_batches(
    version: Published, name: str, where: Sequence[str], schema: pa.Schema
) -> Iterator[pa.RecordBatch]:
    """Yield the rows of a child table that meet the conditions, by id and number, 16,384 at most at a time.

    schema: the columns to give out, some of `schema_of_children`.
    """
    table = version.schema.child(name)
    stored = stored_schema(version.schema, table)
    clause = filters.where(filters.parse_conditions(stored, where))
    key = quoted(table.key)
    names = dict.fromkeys([table.key, NUMBER, *schema.names])
    query = (
        f"SELECT {', '.join(map(quoted, names))} FROM {quoted(name)} WHERE {clause.sql} "
        f"AND ({key}, {NUMBER}) > (?, ?) ORDER BY {key}, {NUMBER} LIMIT {BLOCK_ROWS}"
    )
    path, after = version.folder / table_file(name).name, (0, 0)
    while (found := read(path, query, (*clause.parameters, *after))).num_rows:
        yield _typed(stored, found, schema)
        if found.num_rows < BLOCK_ROWS:
            return
        after = tuple(found.column(each)[-1].as_py() for each in (table.key, NUMBER))


def children_of(
    version: Published, name: str, parent: int, first: int = 1, count: int = MAX_SHOWN
) -> list[dict[str, Any]]:
    """Return children of a parent from the number `first` on, `count` at most, without the parent's id.

    Raises SpecError for an unknown table or numbers below 1.
    """
    table = version.schema.child(name)
    if first < 1 or not 1 <= count <= MAX_SHOWN:
        raise SpecError(f"first={first}, count={count}: count from 1, and at most {MAX_SHOWN} at a time")
    query = (
        f"SELECT * FROM {quoted(name)} WHERE {quoted(table.key)} = ? AND {NUMBER} >= ? "
        f"ORDER BY {NUMBER} LIMIT ?"
    )
    found = read(version.folder / table_file(name).name, query, (parent, first, count))
    stored = stored_schema(version.schema, table)
    return [stored.as_values(row) for row in found.drop_columns([table.key]).to_pylist()]


def counts_of(version: Published, parent: int) -> dict[str, int]:
    """Return how many children a parent has in each table, by name."""
    return {table.name: _count(version, table, parent) for table in version.schema.tables}


def _count(version: Published, table: ChildTable, parent: int) -> int:
    query = f"SELECT count(*) AS n FROM {quoted(table.name)} WHERE {quoted(table.key)} = ?"
    found = read(version.folder / table_file(table.name).name, query, (parent,))
    return int(found.column("n")[0].as_py())


def _typed(stored: Schema, found: pa.Table, schema: pa.Schema) -> pa.RecordBatch:
    arrays = []
    for field in schema:
        values, kind = found.column(field.name).combine_chunks(), stored.value_kind(field.name)
        arrays.append(values.cast(field.type) if kind is None else typed(kind, values))
    return pa.RecordBatch.from_arrays(arrays, schema=schema)
