"""A folder that `datasets.load_dataset` opens: shards of Parquet, and child tables as configurations."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from synthprof.delivery.children import Children, children_of
from synthprof.delivery.exports.format import Format, Writing
from synthprof.delivery.exports.parquet import write_parts
from synthprof.delivery.exports.parts import Parts
from synthprof.spec.spec import BLOCK_ROWS
from synthprof.store.columnar.parquet import settings_for

GROUP_ROWS = 8 * BLOCK_ROWS
"""Rows in a row group of a child table, whose rows are short."""


@dataclass(frozen=True)
class HuggingFace(Format):
    """`data/profiles-00000-of-000NN.parquet`, child tables in folders of their own, `README.md`."""

    name: str = "huggingface"
    written_by: tuple[str, ...] = ("pyarrow",)

    def write(self, writing: Writing) -> Iterator[int]:
        """Write a shard in each step: those of the profiles, then those of each child table."""
        yield from write_parts(writing, "data/profiles")
        rows, making = writing.rows, writing.making
        parts = Parts.of(rows.block(0), rows.blocks)
        tables = children_of(rows)
        for step in range(making.steps, parts.number * (1 + len(tables))):
            place, part = divmod(step - parts.number, parts.number)
            table = tables[place]
            with making.whole(parts.name(part, f"{table.name}/{table.name}", "parquet")) as path:
                _write(path, table, parts, part)
            making.step(checkpoint=True)
            yield rows.version.rows


FORMAT = HuggingFace()


def _write(path: Path, table: Children, parts: Parts, part: int) -> None:
    """Write the children of the parents in a shard, in row groups of a bounded number of rows."""
    first, end = part * parts.part, min((part + 1) * parts.part, parts.blocks)
    batches = (batch for block in range(first, end) for batch in table.block(block))
    empty = pa.RecordBatch.from_pylist([], schema=table.schema)
    waiting = [next(batches, empty)]
    with pq.ParquetWriter(path, table.schema, **settings_for(waiting[0])) as writer:
        for batch in batches:
            waiting.append(batch)
            if sum(each.num_rows for each in waiting) >= GROUP_ROWS:
                writer.write_table(pa.Table.from_batches(waiting), GROUP_ROWS)
                waiting = []
        if waiting:
            writer.write_table(pa.Table.from_batches(waiting), GROUP_ROWS)
