"""The databases of child tables: made from blocks, and asked."""

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa

from synthprof.base.errors import StageError
from synthprof.schemas.schema import ChildTable
from synthprof.schemas.tables import NUMBER
from synthprof.store.sqlite.database import filling, in_sql, read
from synthprof.store.sqlite.keyed_rows import append_rows
from synthprof.store.sqlite.records import TooLong

Batches = Callable[[], Iterator[pa.RecordBatch]]
"""Rows in stored forms by key and number; made once more where a first pass met one that is too long."""


def fill(path: Path, table: ChildTable, batches: Batches, done: Callable[[int], None]) -> int:
    """Make the database of a table at a new path, with its indexes; return the number of rows."""
    try:
        rows = _laid_out(path, table, batches(), done)
    except TooLong:
        path.unlink(missing_ok=True)
        rows = _loaded(path, table, batches(), done)
    if table.indexed:
        with filling(path) as database:
            for column in table.indexed:
                name = f"idx_{table.name}_{column.name}"
                database.execute(f"CREATE INDEX {in_sql(name)} ON {table.name} ({in_sql(column.name)})")
    return rows


def table_statement(table: ChildTable) -> str:
    """Return the SQL that makes a child table: rows by the parent's id and the number."""
    columns = "".join(f", {in_sql(column.name)} {column.sql_type}" for column in table.columns)
    key = in_sql(table.key)
    return (
        f"CREATE TABLE {table.name} ({key} INTEGER NOT NULL, {NUMBER} INTEGER NOT NULL{columns}, "
        f"PRIMARY KEY ({key}, {NUMBER})) WITHOUT ROWID"
    )


def check_children(path: Path, table: ChildTable, parents: int, rows: int | None = None) -> None:
    """Raise StageError unless each row of a sealed database has its parent among the ids 1 to `parents`.

    rows: how many there must be; None for any number.
    """
    key = in_sql(table.key)
    parts = (f"(SELECT {of} FROM {table.name})" for of in ("count(*)", f"min({key})", f"max({key})"))
    query = "SELECT {} AS n, {} AS low, {} AS high".format(*parts)  # each answered by the tree alone
    found = read(path, query).to_pylist()[0]
    fits = not found["n"] or (found["low"] >= 1 and found["high"] <= parents)
    if not fits or rows not in (None, found["n"]):
        wanted = "rows" if rows is None else f"{rows} rows"
        held = f"{found['n']} of {found['low']} to {found['high']}"
        raise StageError(
            f"{path} should hold {wanted} of the ids 1 to {parents}, but holds {held}; `synthprof repair` "
            "makes a version whole, a run with force makes all anew"
        )


def count_children(path: Path, table: ChildTable, first: int, parents: int) -> int:
    """Return the number of children of the ids from `first` on."""
    query = f"SELECT count(*) AS n FROM {table.name} WHERE {in_sql(table.key)} BETWEEN ? AND ?"
    return int(read(path, query, (first, first + parents - 1)).column("n")[0].as_py())


def stored_children(path: Path, table: ChildTable, first: int, parents: int) -> pa.Table:
    """Return the children of the ids from `first` on, by id and number."""
    key = in_sql(table.key)
    query = f"SELECT * FROM {table.name} WHERE {key} BETWEEN ? AND ? ORDER BY {key}, {NUMBER}"
    return read(path, query, (first, first + parents - 1))


def _laid_out(
    path: Path, table: ChildTable, batches: Iterator[pa.RecordBatch], done: Callable[[int], None]
) -> int:
    with filling(path) as database:
        database.execute(table_statement(table))
    return append_rows(path, batches, done)


def _loaded(
    path: Path, table: ChildTable, batches: Iterator[pa.RecordBatch], done: Callable[[int], None]
) -> int:
    first = next(batches)
    with filling(path) as database:
        database.execute(table_statement(table))
        return database.load(table.name, first.schema, itertools.chain([first], batches), done)
