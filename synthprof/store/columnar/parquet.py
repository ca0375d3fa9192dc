"""Settings of Parquet files whose bytes follow from the rows and the release of pyarrow alone."""

from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

REPEATED = 0.25
"""Distinct values in the rows of the first block, at most, of a column that gets a dictionary."""

ZSTD_LEVEL = 1
"""Level 3 took 40 % more time for 0.3 % fewer bytes (benchmarks/bench_export.py)."""


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
