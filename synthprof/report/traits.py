"""The traits that overview and map of a version read of its profiles: few columns, with lists as codes."""

import numpy as np
import pyarrow as pa

from synthprof.profiles.codes import UNKNOWN, Lists, list_codes
from synthprof.report.overview import counted_columns
from synthprof.schemas.schema import Column, Schema
from synthprof.schemas.spans import on_map


def traits_of(schema: Schema, profiles: pa.RecordBatch, lists: Lists) -> pa.RecordBatch:
    """Return the columns of profiles that are counted or that points are coloured by.

    profiles: n rows. lists: theirs. Lists become lists of dictionary codes, a tenth of
    their texts; an item that is none of the column's values is null. Other columns stay as they are.
    """
    counted = {column.name for column in counted_columns(schema)}
    columns = {}
    for column in schema.columns:
        if column.name in counted or on_map(column):
            values = profiles.column(column.name)
            columns[column.name] = _coded(column, values, lists) if column.kind == "list" else values
    return pa.RecordBatch.from_pydict(columns)


def _coded(column: Column, values: pa.Array, lists: Lists) -> pa.ListArray:
    """Return the lists of a column as lists of codes; a row without a list stays one."""
    lacking = bool(values.null_count)
    found = list_codes(column, values.drop_null()) if lacking else lists.of(column)
    sizes = np.zeros(len(values), np.int64)
    missing = values.is_null().to_numpy(zero_copy_only=False)
    sizes[~missing] = np.diff(found.offsets)
    kind = np.min_scalar_type(-len(column.values))
    codes = pa.array(found.items.astype(kind), mask=found.items == UNKNOWN)
    offsets = pa.array(np.concatenate([[0], np.cumsum(sizes)]), pa.int32())
    items = pa.DictionaryArray.from_arrays(codes, pa.array(column.values, pa.string()))
    return pa.ListArray.from_arrays(offsets, items, mask=pa.array(missing) if lacking else None)
