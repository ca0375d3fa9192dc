"""Rows in the few types that every target has: numbers, flags, texts, lists of texts, and a vector."""

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from synthprof.base.arrays import Matrix
from synthprof.base.values import as_text

TEXTS = pa.list_(pa.string())
"""The type of a list."""

RANGES = {"<": "lt", "<=": "lte", ">": "gt", ">=": "gte"}
"""Comparisons by the names that several targets have for them."""


def plain_schema(schema: pa.Schema, *, moments: bool) -> pa.Schema:
    """Return the columns in plain types.

    moments: dates stay dates and moments become timestamps in microseconds; otherwise both become texts, as
    do all types that are not int32, int64, float64, bool, or a list.
    """
    return pa.schema([field.with_type(_plain(field.type, moments)).remove_metadata() for field in schema])


def plain_batch(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    """Return the rows in the types of a plain schema; what has no plain type becomes its text."""
    arrays = [_cast(batch.column(field.name), field.type) for field in schema]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def matrix_of(batch: pa.RecordBatch, vector: str) -> Matrix:
    """Return the vectors of rows, (n, d) float32; NaN where a row has none."""
    lists = batch.column(vector)
    dim = lists.type.list_size
    values = lists.values.to_numpy(zero_copy_only=False)
    found = np.ascontiguousarray(values[lists.offset * dim : (lists.offset + len(lists)) * dim]).reshape(
        -1, dim
    )
    if lists.null_count:
        found = np.where(lists.is_null().to_numpy(zero_copy_only=False)[:, None], np.float32("nan"), found)
    return found


def columns_of(batch: pa.RecordBatch, vector: str) -> dict[str, list[Any]]:
    """Return the columns of rows as Python values, without the vector."""
    return {name: batch.column(name).to_pylist() for name in batch.schema.names if name != vector}


def without_nulls(columns: Mapping[str, list[Any]]) -> list[dict[str, Any]]:
    """Return rows of columns, each by the names of the columns in which it has a value.

    >>> without_nulls({"id": [1, 2], "size": [None, 3]})
    [{'id': 1}, {'id': 2, 'size': 3}]
    """
    rows = zip(*columns.values(), strict=True)
    return [
        {name: value for name, value in zip(columns, row, strict=True) if value is not None} for row in rows
    ]


def with_vector(batch: pa.RecordBatch, vector: str) -> pa.RecordBatch:
    """Return the rows that have a vector."""
    found = batch.column(vector)
    return batch.filter(found.is_valid()) if found.null_count else batch


def identifiers(names: Iterable[str]) -> dict[str, str]:
    """Return for each name one of ASCII letters, digits and _, as some targets demand; no two are equal.

    >>> identifiers(["age", "Preis (€)", "2x"])
    {'age': 'age', 'Preis (€)': 'Preis____', '2x': '_2x'}
    """
    found: dict[str, str] = {}
    for name in names:
        plain = re.sub(r"[^A-Za-z0-9_]", "_", name)
        plain = plain if re.match("[A-Za-z_]", plain) else f"_{plain}"
        while plain in found.values():
            plain += "_"
        found[name] = plain
    return found


def bounds(number: int, size: int) -> Iterator[tuple[int, int]]:
    """Yield begin and end of parts of at most so many rows.

    >>> list(bounds(5, 2))
    [(0, 2), (2, 4), (4, 5)]
    """
    for begin in range(0, number, size):
        yield begin, min(begin + size, number)


def same_row(one: Mapping[str, Any], other: Mapping[str, Any], vector: str) -> str:
    """Return the first column in which two rows differ, empty if none; a missing column is null.

    Targets keep numbers in their own ways: floats may differ by a millionth, vectors by a thousandth.
    """
    for name in one:
        mine, theirs = one[name], other.get(name)
        if name == vector:
            same = (mine is None) == (theirs is None) and (
                mine is None or np.allclose(mine, np.asarray(theirs, np.float32), rtol=1e-3, atol=1e-3)
            )
        elif isinstance(mine, float) and isinstance(theirs, float | int):
            same = math.isclose(mine, theirs, rel_tol=1e-6) or (math.isnan(mine) and math.isnan(theirs))
        else:
            same = mine == theirs
        if not same:
            return name
    return ""


def _plain(kind: pa.DataType, moments: bool) -> pa.DataType:
    if pa.types.is_fixed_size_list(kind) or kind in (pa.int32(), pa.int64(), pa.bool_()):
        return kind
    if pa.types.is_integer(kind) and kind != pa.uint64():
        return pa.int32() if kind.bit_width < 32 else pa.int64()
    if pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return pa.float64()
    if moments and pa.types.is_date(kind):
        return pa.date32()
    if moments and pa.types.is_timestamp(kind):
        return pa.timestamp("us", "UTC" if kind.tz else None)
    return TEXTS if pa.types.is_list(kind) else pa.string()


def _cast(values: pa.Array, kind: pa.DataType) -> pa.Array:
    if values.type == kind:
        return values
    if kind in (pa.string(), TEXTS):
        return _texts(values, kind)
    if pa.types.is_timestamp(kind):
        return values.cast(kind, safe=False)  # nanoseconds have more digits
    return values.cast(kind)


def _texts(values: pa.Array, kind: pa.DataType) -> pa.Array:
    """Return dates and moments in ISO 8601, which sorts as they do, and other values as people read them."""
    if pa.types.is_dictionary(values.type):
        return values.cast(pa.string())
    if pa.types.is_timestamp(values.type):
        return pc.strftime(values, "%Y-%m-%dT%H:%M:%SZ" if values.type.tz else "%Y-%m-%dT%H:%M:%S")
    if pa.types.is_date(values.type):
        return values.cast(pa.string())
    found = [None if each is None else _text(each, kind) for each in values.to_pylist()]
    return pa.array(found, kind)


def _text(value: Any, kind: pa.DataType) -> Any:  # noqa: ANN401
    return [as_text(each) for each in value] if kind == TEXTS else as_text(value)
