"""The blocks of a child table as one SQLite database, and the number of children of a parent."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa

from synthprof.base.files import FileRecord, replacing
from synthprof.profiles.children import stored_batches
from synthprof.schemas.schema import ChildTable
from synthprof.spec.contents import table_file
from synthprof.spec.spec import BLOCK_ROWS
from synthprof.stages.context import Context
from synthprof.store.children import fill
from synthprof.system.pool import ahead

BANDS = (0, 1, 2, 3, 4, 8, 16, 32, 64, 128, 256, 512, 1_024, 2_048, 4_096, 8_192, 16_384, 32_768)
"""Lowest number of children of each band that parents are counted by."""


def ingest_children(context: Context, table: ChildTable) -> tuple[FileRecord, dict[str, Any]]:
    """Make the database of a table; return its record, and its facts: rows, most children, parents by band.

    Where there are two workers, the next block is read while one is laid out.
    """
    path = context.folder() / table_file(table.name).name
    counted = np.zeros(len(BANDS), np.int64)
    most = 0

    def batches() -> Iterator[pa.RecordBatch]:
        nonlocal counted, most
        counted, most = np.zeros(len(BANDS), np.int64), 0
        for block in range(context.spec.blocks):
            batch = context.blocks.children(table.name, block)
            ids = batch.column(table.key).to_numpy() - (block * BLOCK_ROWS + 1)
            counts = np.bincount(ids, minlength=context.spec.block_rows(block))
            places = np.searchsorted(BANDS, counts, side="right") - 1
            counted, most = counted + np.bincount(places, minlength=len(BANDS)), max(most, int(counts.max()))
            yield batch

    def read() -> Iterator[pa.RecordBatch]:
        found = ahead(batches()) if context.budget.workers > 1 else batches()
        return stored_batches(table, found)

    with replacing(path) as temporary:
        rows = fill(temporary, table, read, lambda done: context.step(done, 0, f"rows of {table.name}"))
    bands = BANDS[: int(np.flatnonzero(counted).max(initial=0)) + 1]
    facts = {
        "rows": rows,
        "most": most,
        "parents": dict(zip(map(str, bands), counted.tolist(), strict=False)),
    }
    return context.sealed(path), facts
