"""Columns as an expression computes with them: values, and the rows in which there are none."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from synthprof.schemas.expressions.tree import MAX_INTEGER

Flags = npt.NDArray[np.bool_]
Numbers = npt.NDArray[Any]

FIRST_DAY, LAST_DAY = -719_162, 2_932_896
"""The days 0001-01-01 and 9999-12-31, counted from 1970-01-01."""

_PER_DAY = {"s": 86_400, "ms": 86_400_000, "us": 86_400_000_000, "ns": 86_400_000_000_000}

ARROW_TYPES = {
    "integer": pa.int64(),
    "float": pa.float64(),
    "bool": pa.bool_(),
    "text": pa.string(),
    "date": pa.date32(),
}
"""The Arrow type of each type of value."""


@dataclass(frozen=True)
class Vector:
    """Values of one type, (n,) or a single one for all rows; 0 where there is none.

    values: int64 of integers and days, float64, or bool. missing: None where all have one.
    """

    values: Numbers
    missing: Flags | None = None


Text: TypeAlias = Any
"""Texts, (n,), as strings or as a dictionary, or a single one; null where there is none."""


def either(*flags: Flags | None) -> Flags | None:
    """Return the rows that any of the flags marks."""
    found = [each for each in flags if each is not None]
    if not found:
        return None
    result = found[0]
    for each in found[1:]:
        result = result | each
    return result


def without_rows(values: Numbers, missing: Flags | None, bad: Flags) -> Vector:
    """Return a vector that lacks the bad rows, too."""
    if not bad.any():
        return Vector(values, missing)
    return Vector(np.where(bad, values.dtype.type(0), values), either(missing, bad))


def integers(values: Numbers, missing: Flags | None) -> Vector:
    """Return integers, without those beyond ± 2^53."""
    return without_rows(values, missing, np.abs(values) > MAX_INTEGER)


def floats(values: Numbers, missing: Flags | None) -> Vector:
    """Return floats, without those that are infinite or no number."""
    return without_rows(values, missing, ~np.isfinite(values))


def days(values: Numbers, missing: Flags | None) -> Vector:
    """Return days, without those outside the years 1 to 9999."""
    return without_rows(values, missing, (values < FIRST_DAY) | (values > LAST_DAY))


def read_vector(values: pa.Array) -> Vector:
    """Return a column of numbers, truth, dates or times as a vector; times count as their day."""
    missing = values.is_null().to_numpy(zero_copy_only=False) if values.null_count else None
    kind = values.type
    if pa.types.is_boolean(kind):
        return Vector(values.fill_null(False).to_numpy(zero_copy_only=False), missing)
    if pa.types.is_date32(kind):
        return days(_filled(values.cast(pa.int32())).astype(np.int64), missing)
    if pa.types.is_timestamp(kind):
        return days(_filled(values.cast(pa.int64())) // _PER_DAY[kind.unit], missing)
    if pa.types.is_decimal(kind):
        return floats(_filled(values.cast(pa.float64())), missing)
    numbers = _filled(values)
    if pa.types.is_floating(kind):
        return floats(numbers.astype(np.float64, copy=False), missing)
    if pa.types.is_unsigned_integer(kind):
        bad = numbers > MAX_INTEGER
        return without_rows(np.where(bad, 0, numbers).astype(np.int64), missing, bad)
    return _bounded(numbers, missing)


def _bounded(numbers: Numbers, missing: Flags | None) -> Vector:
    if numbers.dtype != np.int64:
        return Vector(numbers.astype(np.int64), missing)
    return without_rows(numbers, missing, (numbers > MAX_INTEGER) | (numbers < -MAX_INTEGER))


def _filled(values: pa.Array) -> Numbers:
    if values.null_count:
        values = values.fill_null(pa.scalar(0, values.type))
    found: Numbers = values.to_numpy(zero_copy_only=False)
    return found


def written(vector: Vector, kind: pa.DataType, rows: int) -> pa.Array:
    """Return a vector as an Arrow array of `rows` values."""
    values = np.broadcast_to(vector.values, rows)
    missing = None if vector.missing is None else np.broadcast_to(vector.missing, rows)
    if pa.types.is_floating(kind):
        values = values.astype(np.float64) + 0.0  # -0.0 becomes 0.0
    if pa.types.is_date32(kind):
        return pa.array(values.astype(np.int32), pa.int32(), mask=missing).cast(kind)
    return pa.array(np.ascontiguousarray(values), kind, mask=missing)


def missing_of(values: Iterable[Vector | Text]) -> Flags | None:
    """Return the rows in which any of the values is missing."""
    return either(*(_missing(each) for each in values))


def _missing(value: Vector | Text) -> Flags | None:
    if isinstance(value, Vector):
        return value.missing
    if isinstance(value, pa.Scalar):
        return None if value.is_valid else np.ones((), np.bool_)
    return value.is_null().to_numpy(zero_copy_only=False) if value.null_count else None


def plain(text: Text) -> Text:
    """Return texts without a dictionary."""
    return text.dictionary_decode() if isinstance(text, pa.DictionaryArray) else text
