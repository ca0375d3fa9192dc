"""PostgreSQL with pgvector: files for COPY in its binary format, and the SQL that makes and fills tables."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import pyarrow as pa

from synthprof.base.columns import quoted
from synthprof.delivery.children import Children, children_of
from synthprof.delivery.exports import copy_binary
from synthprof.delivery.exports.copy_binary import HEADER, TRAILER, pg_type
from synthprof.delivery.exports.format import Format, Writing
from synthprof.delivery.rows import Rows
from synthprof.schemas.tables import NUMBER

TABLE = "profiles"

PART_BLOCKS = 64
"""Blocks in a file, 1,048,576 rows: several files can be loaded side by side."""

MOST_INDEXED = 2_000
"""Dimensions that an index of pgvector takes at most."""


@dataclass(frozen=True)
class PgVector(Format):
    """`profiles-00000.copy` and so on, those of child tables, `schema.sql`, `load.sql` and `indexes.sql`."""

    name: str = "pgvector"

    def write(self, writing: Writing) -> Iterator[int]:
        """Append a block to a file in each step: those of the profiles, then those of each child table."""
        rows, making = writing.rows, writing.making
        tables = children_of(rows)
        blocks, done = rows.ahead(min(making.steps, rows.blocks)), rows.version.rows
        for step in range(making.steps, rows.blocks * (1 + len(tables))):
            place, block = divmod(step, rows.blocks)
            batches: Iterable[pa.RecordBatch] = (
                (next(blocks),) if place == 0 else tables[place - 1].block(block)
            )
            name = _part(TABLE if place == 0 else tables[place - 1].name, block)
            for data in _framed(batches, block, rows.blocks):
                making.append(name, data)
            making.step()
            yield rows.ids(block)[-1] if place == 0 else done
        for name, text in _statements(rows, tables).items():
            with making.whole(name) as path:
                path.write_text(text, encoding="utf-8")


FORMAT = PgVector()


def _part(table: str, block: int) -> str:
    return f"{table}-{block // PART_BLOCKS:05}.copy"


def _framed(batches: Iterable[pa.RecordBatch], block: int, blocks: int) -> Iterator[bytes | memoryview]:
    """Yield the rows of a block, with the begin and the end of their file."""
    if block % PART_BLOCKS == 0:
        yield HEADER
    for batch in batches:
        yield from copy_binary.rows(batch)
    if (block + 1) % PART_BLOCKS == 0 or block + 1 == blocks:
        yield TRAILER


def _statements(rows: Rows, tables: tuple[Children, ...]) -> dict[str, str]:
    parts = math.ceil(rows.blocks / PART_BLOCKS)
    creates = [_table(TABLE, rows.schema), *(_table(each.name, each.schema) for each in tables)]
    names = [TABLE, *(each.name for each in tables)]
    copies = [_copy(name, part * PART_BLOCKS) for name in names for part in range(parts)]
    keys = [f"ALTER TABLE {TABLE} ADD PRIMARY KEY (id);", *map(_keys, tables)]
    return {
        "schema.sql": "\n\n".join(["CREATE EXTENSION IF NOT EXISTS vector;", *creates]) + "\n",
        "load.sql": "\n".join([*_HEAD, *copies, *keys, *(f"ANALYZE {quoted(name)};" for name in names)])
        + "\n",
        "indexes.sql": "\n".join(_indexes(rows)) + "\n",
    }


_HEAD = (
    "-- psql -d DATABASE -f schema.sql -f load.sql -f indexes.sql, in the folder of these files",
    r"\set ON_ERROR_STOP on",
)


def _copy(table: str, block: int) -> str:
    return rf"\copy {quoted(table)} FROM '{_part(table, block)}' WITH (FORMAT binary)"


def _keys(children: Children) -> str:
    name, key = quoted(children.name), quoted(children.table.key)
    return (
        f"ALTER TABLE {name} ADD PRIMARY KEY ({key}, {NUMBER}), "
        f"ADD FOREIGN KEY ({key}) REFERENCES {TABLE} (id);"
    )


def _table(name: str, schema: pa.Schema) -> str:
    columns = (f"  {quoted(field.name)} {pg_type(field.type).name}" for field in schema)
    create = f"CREATE TABLE {quoted(name)} (\n" + ",\n".join(columns) + "\n);"
    return "\n".join([create, *_comments(name, schema)])


def _comments(name: str, schema: pa.Schema) -> Iterator[str]:
    for field in schema:
        if doc := (field.metadata or {}).get(b"description", b"").decode():
            told = doc.replace("'", "''")
            yield f"COMMENT ON COLUMN {quoted(name)}.{quoted(field.name)} IS '{told}';"


def _indexes(rows: Rows) -> Iterator[str]:
    """Yield indexes of columns that are looked up, and of vectors by the nearness they are made for."""
    declared = rows.version.schema.by_name
    for field in rows.schema:
        column = quoted(field.name)
        if pa.types.is_fixed_size_list(field.type):
            measure = "vector_cosine_ops" if field.name == "embedding" else "vector_l2_ops"
            off = "" if field.type.list_size <= MOST_INDEXED else f"-- more than {MOST_INDEXED} dimensions: "
            yield f"{off}CREATE INDEX ON {TABLE} USING hnsw ({column} {measure});"
        elif field.name == "cluster_id" or (field.name in declared and declared[field.name].indexed):
            yield f"CREATE INDEX ON {TABLE} ({column});"
