"""Parquet: files of about 512 MiB of values, with row groups of 128 MiB and columns of their own types."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from synthprof.delivery.exports.format import Format, Writing
from synthprof.delivery.exports.parts import Parts
from synthprof.delivery.rows import Rows
from synthprof.spec.spec import BLOCK_ROWS
from synthprof.store.columnar.parquet import settings_for


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
