"""The blocks of profiles as the table `perfis` of one SQLite database."""

from collections.abc import Iterator

import pyarrow as pa

from synthprof.database import building
from synthprof.files import record
from synthprof.receipts import read_receipts
from synthprof.schema import Schema
from synthprof.stages.context import Context, Outcome

PERFIS = "perfis.db"


def run(context: Context) -> Outcome:
    """`perfis.db` holds all profiles by id, with its indexes."""
    spec = context.spec
    read_receipts(context.folder("generate"), spec.blocks)
    path = context.folder() / PERFIS
    first = context.blocks.profiles(0)

    def batches() -> Iterator[pa.RecordBatch]:
        yield first
        yield from (context.blocks.profiles(block) for block in range(1, spec.blocks))

    with building(path) as database:
        database.execute(table_statement(context.schema))
        rows = database.load(
            "perfis", first.schema, batches(), lambda done: context.progress(done, spec.profiles)
        )
        for statement in index_statements(context.schema):
            database.execute(statement)
    return Outcome(rows, (record(path, path.parent),))


def table_statement(schema: Schema) -> str:
    """The SQL that makes the table `perfis` of a schema."""
    columns = (f"{column.name} {column.sql_type}" for column in schema.columns)
    return f"CREATE TABLE IF NOT EXISTS perfis (id INTEGER PRIMARY KEY, {', '.join(columns)})"


def index_statements(schema: Schema) -> list[str]:
    """The SQL that makes an index for each column that asks for one."""
    names = (column.name for column in schema.columns if column.indexed)
    return [f"CREATE INDEX IF NOT EXISTS idx_perfis_{name} ON perfis ({name})" for name in names]
