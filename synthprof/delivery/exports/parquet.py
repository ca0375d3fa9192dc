"""Parquet: files of about 512 MiB of values, with row groups of 128 MiB and columns of their own types."""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from synthprof.delivery.exports.format import Format, Writing
from synthprof.delivery.exports.parts import Parts
from synthprof.delivery.rows import Rows
from synthprof.spec.spec import BLOCK_ROWS

REPEATED = 0.25
"""Distinct values in the rows of the first block, at most, of a column that gets a dictionary."""

ZSTD_LEVEL = 1
"""Level 3 took 40 % more time for 0.3 % fewer bytes (benchmarks/bench_export.py)."""


@dataclass(frozen=True)
class Parquet(Format):
    """`data/rows-00000-of-000NN.parquet`, by id. `data/` holds nothing else: readers take it as one table."""

    name: str = "parquet"
    written_by: tuple[str, ...] = ("pyarrow",)

    def write(self, writing: Writing) -> Iterator[int]:
        """Write a file in each step."""
        yield from write_parts(writing, "data/rows")


FORMAT = Parquet()


def write_parts(writing: Writing, stem: str) -> Iterator[int]:
    """Write the rows as Parquet files `<stem>-00000-of-000NN.parquet`, a step each; yield the rows done."""
    rows, making = writing.rows, writing.making
    parts, settings = _plan(rows)
    blocks = rows.ahead(making.steps * parts.part, parts.group)  # the next group while one is written
    done = min(making.steps * parts.part, rows.blocks)
    for part in range(making.steps, parts.number):
        with (
            making.whole(parts.name(part, stem, "parquet"), in_order=True) as path,
            pq.ParquetWriter(path, rows.schema, **settings) as writer,
        ):
            for size in parts.groups(part):
                writer.write_table(_table(blocks, size), size * BLOCK_ROWS)  # freed before the next is read
                done += size
                yield rows.ids(done - 1)[-1]
        making.step(checkpoint=True)


def _plan(rows: Rows) -> tuple[Parts, dict[str, Any]]:
    first = rows.block(0)
    return Parts.of(first, rows.blocks), settings_for(first)


def _table(blocks: Iterator[pa.RecordBatch], size: int) -> pa.Table:
    return pa.Table.from_batches(itertools.islice(blocks, size))


def settings_for(first: pa.RecordBatch) -> dict[str, Any]:
    """Return the settings of a writer for rows like these.

    A dictionary where values repeat; neither it nor statistics for numbers of vectors, whose bytes are put
    side by side by their place, so that they compress better.
    """
    leaves = {field.name: _leaf(field) for field in first.schema}
    vectors = [name for name in leaves if pa.types.is_fixed_size_list(first.schema.field(name).type)]
    others = [name for name in leaves if name not in vectors]
    return {
        "compression": "zstd",
        "compression_level": ZSTD_LEVEL,
        "use_dictionary": [leaves[name] for name in others if _repeats(first.column(name))],
        "use_byte_stream_split": [leaves[name] for name in vectors],
        "write_statistics": [leaves[name] for name in others],
        "sorting_columns": _sorting(first.schema.names),
    }


def _sorting(names: Sequence[str]) -> list[pq.SortingColumn]:
    return [pq.SortingColumn(names.index("id"))] if "id" in names else []


def _leaf(field: pa.Field) -> str:
    """Return the path of a column's values in Parquet."""
    path, kind = str(field.name), field.type
    while pa.types.is_nested(kind):
        path, kind = f"{path}.list.element", kind.value_type
    return path


def _repeats(values: pa.Array) -> bool:
    while pa.types.is_nested(values.type):
        values = values.flatten()
    if pa.types.is_floating(values.type) or pa.types.is_boolean(values.type):
        return False
    return bool(pc.count_distinct(values).as_py() <= REPEATED * len(values))
