"""The blocks of profiles as the table `perfis` of one SQLite database."""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from synthprof.base.files import replacing
from synthprof.pipeline import FILES
from synthprof.schemas.schema import Column, Schema
from synthprof.spec.contents import PERFIS
from synthprof.stages.context import Context, Outcome
from synthprof.stages.ingest_children import ingest_children
from synthprof.store.receipts import read_receipts
from synthprof.store.sqlite.database import filling, in_sql
from synthprof.store.sqlite.indexes import Coded, add_indexes, can_index, index_statement
from synthprof.system.pool import ahead

TABLE = FILES[PERFIS].table


def run(context: Context) -> Outcome:
    """`perfis.db` holds all profiles by id, with its indexes; or the parts of the shard are made.

    Where there are two workers, the next block is read while SQLite takes one.
    """
    spec = context.spec
    if spec.in_parts:
        from synthprof.stages.parts import write_parts  # only who writes Parquet pays for it

        return write_parts(context)
    read_receipts(context.folder("generate"), spec.blocks)
    path = context.folder() / PERFIS
    first = context.blocks.profiles(0)
    codes = {
        column.name: ColumnCodes(column, spec.profiles)
        for column in context.schema.columns
        if _is_coded(column)
    }
    others = [column.name for column in context.schema.columns if column.indexed and column.name not in codes]

    def batches() -> Iterator[pa.RecordBatch]:
        for block in range(spec.blocks):
            batch = context.blocks.profiles(block) if block else first
            for name, parts in codes.items():
                parts.take(batch.column(name))
            yield batch

    with replacing(path) as temporary:
        with filling(temporary) as database:
            database.execute(table_statement(context.schema))
            read = ahead(batches()) if context.budget.workers > 1 else batches()
            rows = database.load(
                TABLE, first.schema, read, lambda done: context.progress(done, spec.profiles)
            )
            total = len(others) + len(codes)
            for number, name in enumerate(others):
                context.step(number, total, "indexes")
                database.execute(index_statement(TABLE, name))
        laid_out = {name: parts.column for name, parts in codes.items()}

        def indexed(done: int) -> None:
            context.step(len(others) + done, total, "indexes")

        add_indexes(temporary, TABLE, laid_out, indexed)
    return _with_children(context, Outcome(rows, (context.sealed(path),)))


def _with_children(context: Context, outcome: Outcome) -> Outcome:
    """Return the outcome with the databases of the child tables, and what is told of them."""
    if not context.schema.tables:
        return outcome
    made = {table.name: ingest_children(context, table) for table in context.schema.tables}
    files = (file for file, _ in made.values())
    facts = {name: facts for name, (_, facts) in made.items()}
    return Outcome(outcome.rows, (*outcome.files, *files), {"tables": facts})


def table_statement(schema: Schema) -> str:
    """Return the SQL that makes the table `perfis` of a schema."""
    columns = (f"{in_sql(column.name)} {column.sql_type}" for column in schema.columns)
    return f"CREATE TABLE IF NOT EXISTS {TABLE} (id INTEGER PRIMARY KEY, {', '.join(columns)})"


def _is_coded(column: Column) -> bool:
    """Return whether an index is wanted and can be laid out.

    SQLite itself sorts texts that differ in each row, values of models, and columns that may lack values.
    """
    if not column.indexed or column.value_kind is not None or column.may_lack:
        return False
    return column.kind in ("category", "integer", "flag") and can_index(_keys(column))


def _keys(column: Column) -> tuple[str, ...] | range:
    if column.kind == "category":
        return column.values
    low, high = column.span
    return range(low, high + 1)


class ColumnCodes:
    """The codes of an indexed column, block by block, in as few bytes as they need."""

    def __init__(self, column: Column, rows: int) -> None:
        keys = _keys(column)
        self._low = 0 if column.kind == "category" else column.span[0]
        self._rows = 0
        self.column = Coded(np.empty(rows, np.min_scalar_type(len(keys) - 1)), keys)

    def take(self, values: pa.Array) -> None:
        """Add the codes of the next block."""
        numbers = values.indices if isinstance(values, pa.DictionaryArray) else values
        end = self._rows + len(values)
        self.column.codes[self._rows : end] = numbers.to_numpy() - self._low
        self._rows = end
