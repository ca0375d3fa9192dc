"""The checks of a block of profiles, and what publishing needs to know of them once they are let go of."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from synthprof.base.errors import StageError
from synthprof.profiles.checks import check, check_family
from synthprof.profiles.codes import Lists
from synthprof.profiles.coherence import counts
from synthprof.profiles.second_records.origins import first_records
from synthprof.report.traits import traits_of
from synthprof.spec.spec import BLOCK_ROWS
from synthprof.store.blocks import Blocks

_COUNTS = b"counts"


def checked_traits(
    blocks: Blocks, block: int, profiles: pa.RecordBatch, tables: Mapping[str, pa.RecordBatch]
) -> pa.RecordBatch:
    """Return the traits of a block, with what is counted of it, in one pass over its columns.

    tables: the rows of its child tables, by name. Raises StageError if it breaks a rule of its schema.
    """
    schema = blocks.schema
    lists, only = Lists(profiles), _first_records(blocks, block)
    declared = profiles if only is None else profiles.filter(pa.array(only))
    own = lists if only is None else Lists(declared)
    violations = (*check(schema, declared, own), *_of_children(blocks, block, tables))
    if violations:
        raise StageError(
            f"block {block} is not as declared: {', '.join(violations)}; correct the schema if it is "
            "yours, and run it again with force"
        )
    found = counts(schema, profiles, tables, lists, only)
    told = {"coherence": found.tolist(), "tables": {name: rows.num_rows for name, rows in tables.items()}}
    return traits_of(schema, profiles, lists).replace_schema_metadata({_COUNTS: json.dumps(told)})


def coherence_counts(traits: pa.RecordBatch) -> npt.NDArray[np.int64]:
    """Return the sums of `coherence.counts` for a block, (m,)."""
    return np.array(_told(traits)["coherence"], np.int64)


def child_rows(traits: pa.RecordBatch) -> dict[str, int]:
    """Return how many rows each child table has of a block."""
    found: dict[str, int] = _told(traits)["tables"]
    return found


def _told(traits: pa.RecordBatch) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(traits.schema.metadata[_COUNTS])
    return found


def _of_children(blocks: Blocks, block: int, tables: Mapping[str, pa.RecordBatch]) -> Iterator[str]:
    """Yield what is wrong with the children of a block."""
    first, rows = block * BLOCK_ROWS + 1, blocks.spec.block_rows(block)
    for table in blocks.schema.tables:
        for fault in check_family(blocks.schema, table, tables[table.name], first, rows):
            yield f"table {table.name}: {fault}"


def _first_records(blocks: Blocks, block: int) -> npt.NDArray[np.bool_] | None:
    """Return which rows of a block are as the schema declares them, None for all: not second records."""
    duplicates = blocks.schema.duplicates
    if duplicates is None:
        return None
    return first_records(blocks.spec.seed, duplicates.share, block, blocks.spec.block_rows(block))
