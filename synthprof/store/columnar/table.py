"""Parts of the table `perfis`: Parquet files with a row group for each block."""

import itertools
from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from synthprof.base.files import start_writing
from synthprof.schemas.schema import Schema
from synthprof.spec.spec import BLOCK_ROWS
from synthprof.store.columnar.parquet import settings_for

PAGE_BYTES = 4_096
"""Bytes of a page, which has 1,024 rows at least. With pages of a MiB the rows of ten ids cost five times the
CPU time, for 6 % fewer bytes (benchmarks/bench_parts_read.py)."""

_TYPES = {"INTEGER": pa.int64(), "REAL": pa.float64(), "TEXT": pa.string()}


def table_schema(schema: Schema) -> pa.Schema:
    """Return the columns of a part: `id` and those of the schema, in the types that SQLite has for them."""
    columns = [(column.name, _TYPES[column.sql_type]) for column in schema.columns]
    return pa.schema([("id", pa.int64()), *columns])


def write_table(path: Path, schema: Schema, blocks: Iterable[pa.RecordBatch]) -> None:
    """Write blocks of stored rows as a Parquet file, with statistics and an index of its pages.

    The same blocks give the same bytes by the same release of pyarrow, whose name is in the file.
    """
    columns = table_schema(schema)
    batches = (_stored(block, columns) for block in blocks)
    first = next(batches)
    own = {"write_page_index": True, "store_schema": False, "data_page_size": PAGE_BYTES}
    settings = settings_for(first) | own
    with pq.ParquetWriter(path, columns, **settings) as writer:
        for batch in itertools.chain([first], batches):
            writer.write_batch(batch, BLOCK_ROWS)
            start_writing(path)


def table_ids(path: Path) -> tuple[int, int, int]:
    """Return the number of rows, the lowest and the highest id of a part, as its statistics tell.

    Raises ValueError or OSError for a file that is no such part.
    """
    found = pq.read_metadata(path)
    place = found.schema.names.index("id")
    groups = [found.row_group(group).column(place).statistics for group in range(found.num_row_groups)]
    return found.num_rows, min(each.min for each in groups), max(each.max for each in groups)


def _stored(block: pa.RecordBatch, columns: pa.Schema) -> pa.RecordBatch:
    return pa.record_batch([_cast(block.column(each.name), each.type) for each in columns], columns)


def _cast(values: pa.Array, kind: pa.DataType) -> pa.Array:
    """Return the values in the type of the file; a number that is none is missing, as in SQLite."""
    if pa.types.is_dictionary(values.type):
        values = values.dictionary_decode()
    if pa.types.is_floating(values.type):
        values = pc.if_else(pc.is_nan(values), pa.scalar(None, values.type), values)
    return values.cast(kind)
