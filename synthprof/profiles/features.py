"""Turns profiles into feature vectors: fixed positions for each feature, as the schema declares them.

Only the basic operations of IEEE 754 and tables take part, so that every machine makes the same bytes.
"""

import functools
import hashlib
import math

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from synthprof.base.column_kinds import Kind
from synthprof.base.errors import SpecError
from synthprof.base.stored_lists import items_of
from synthprof.base.stored_numbers import as_numbers
from synthprof.profiles.codes import UNKNOWN, category_codes, codes_or_unknown
from synthprof.profiles.elementary import log
from synthprof.profiles.rounds import ROUNDS, part_of, round_table, step_of
from synthprof.profiles.shares import own_shares
from synthprof.schemas.features import (
    Counted,
    Cyclic,
    DatePart,
    Elements,
    Feature,
    Flagged,
    Frequency,
    Hashed,
    Indexed,
    Logged,
    Measured,
    OneHot,
    Scaled,
    Since,
    Standardised,
    TanhRatio,
)
from synthprof.schemas.schema import Column, Schema

Features = npt.NDArray[np.float32]
Values = npt.NDArray[np.float64]


def required_dim(schema: Schema) -> int:
    """Return the fewest values that a feature vector of this schema can have."""
    return len(schema.feature_names)


def check_dim(schema: Schema, dim: int) -> None:
    """Raise SpecError if a feature vector of `dim` values cannot hold the features of the schema."""
    needed = required_dim(schema)
    if dim < needed:
        raise SpecError(
            f"dim_vector={dim} is less than the {needed} features of schema {schema.name}; "
            f"use dim_vector={needed} or more"
        )


def features(schema: Schema, batch: pa.RecordBatch, dim: int) -> Features:
    """Return the feature vectors of a batch, (n, dim) float32, C-contiguous, each value in [0, 1].

    batch: the schema's columns in stored form; categories as dictionaries or plain strings, such as read back
    from SQLite. A row without a value has the feature's `missing` in all its positions. Raises SpecError when
    dim is less than required_dim(schema) or a category is none of the schema's. A ratio of which a number is
    missing is 0.
    """
    check_dim(schema, dim)
    vectors = np.zeros((batch.num_rows, dim), dtype=np.float32)
    place = 0
    for column in schema.columns:
        if column.feature is not None:
            values, size = batch.column(column.name), len(column.feature_names)
            vectors[:, place : place + size] = _positions(schema, column, column.feature, values)
            if values.null_count:
                empty = values.is_null().to_numpy(zero_copy_only=False)
                vectors[empty, place : place + size] = column.feature.missing
            place += size
    for at, ratio in enumerate(schema.derived, start=place):
        vectors[:, at] = _tanh_ratio(schema, ratio, batch)
    return vectors


def _positions(schema: Schema, column: Column, feature: Feature, values: pa.Array) -> Values:
    """Return the values of a feature's positions, (n, positions); those of missing values mean nothing."""
    match feature:
        case OneHot():
            codes = _codes(column, values)
            return np.asarray(codes[:, None] == np.arange(len(column.as_declared.values)), np.float64)
        case Elements():
            return _elements(column, values)
        case Hashed(size=size):
            return _hashed(column, values, size)
        case Cyclic(of=of):
            return round_table(ROUNDS[of])[_filled(step_of(of, values), 0).astype(np.intp)]
    return _value(schema, column, feature, values)[:, None]


def _value(schema: Schema, column: Column, feature: Feature, values: pa.Array) -> Values:  # noqa: C901
    """Return the value of a feature that has one position, (n,)."""
    match feature:
        case Scaled(low=low, high=high):
            return _scaled(_numbers(column, values), low, high)
        case Flagged():
            return _scaled(_numbers(column, values), 0, 1)
        case Logged(low=low, high=high):
            above = np.maximum(_filled(_numbers(column, values), low) - low, 0.0)
            return _scaled(log(1.0 + above), 0.0, float(log(np.array([1.0 + (high - low)]))[0]))
        case Standardised(mean=mean, deviation=deviation, clip=clip):
            return _scaled((_numbers(column, values) - mean) / deviation, -clip, clip)
        case Indexed():
            return _codes(column, values) / len(column.as_declared.values)
        case Counted(most=most):
            counts = np.diff(items_of(values).offsets.to_numpy()).astype(np.float64)
            return _scaled(counts, 0, most)
        case Measured(most=most):
            return _scaled(_numbers(column, pc.utf8_length(values), Kind("integer")), 0, most)
        case Since(first=first, days=days):
            start = (np.datetime64(first) - np.datetime64(0, "D")).astype(int)
            return _scaled(_numbers(column, values), start, start + days)
        case DatePart(of=of):
            return _scaled(part_of(of, values), *feature.bounds)
        case Frequency():
            codes = _codes(column, values)
            return np.append(own_shares(schema, column), 0.0)[codes]
    raise TypeError(f"{column.name} has no feature")


def _scaled(values: Values, low: float, high: float) -> Values:
    return np.clip((values - low) / (high - low), 0.0, 1.0)


def _numbers(column: Column, values: pa.Array, kind: Kind | None = None) -> Values:
    """Return the column's values as numbers; what is missing is NaN."""
    return as_numbers(kind or column.value_kind or Kind("integer"), values)


def _filled(numbers: Values, number: float) -> Values:
    return np.where(np.isnan(numbers), number, numbers)


def _codes(column: Column, values: pa.Array) -> npt.NDArray[np.int64]:
    """Return the index of each value, (n,); 0 where there is none. Raises SpecError for an unknown value."""
    if column.kind in ("integer", "flag"):
        low, high = column.span
        return np.clip(_filled(_numbers(column, values), low).astype(np.int64), low, high) - low
    if values.null_count:
        values = pc.fill_null(values.cast(pa.string()), column.values[0])
    return category_codes(column, values)


def _elements(column: Column, values: pa.Array) -> Values:
    lists = items_of(values)
    codes = codes_or_unknown(column, lists.flatten())
    rows = np.repeat(np.arange(len(lists)), np.diff(lists.offsets.to_numpy()))
    found = np.zeros((len(lists), len(column.values)))
    found[rows[codes != UNKNOWN], codes[codes != UNKNOWN]] = 1.0
    return found


def _hashed(column: Column, values: pa.Array, size: int) -> Values:
    """Return 1 at the position of each value's hash, or of each item's."""
    lists = items_of(values) if column.kind == "list" else None
    single = values if pa.types.is_dictionary(values.type) else values.cast(pa.string())
    encoded = (single if lists is None else lists.flatten()).dictionary_encode()
    places = np.array([_hash(text) % size for text in encoded.dictionary.to_pylist()] or [0])
    codes = encoded.indices.fill_null(0).to_numpy()
    counts = np.ones(len(values), np.int64) if lists is None else np.diff(lists.offsets.to_numpy())
    found = np.zeros((len(values), size))
    found[np.repeat(np.arange(len(values)), counts), places[codes]] = 1.0
    return found


def _hash(text: str) -> int:
    """Return 64 bits of BLAKE2b over a text: the same in every process and release."""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little")


@functools.lru_cache(maxsize=8)
def _tanh_table(top: int, bottom: int) -> Values:
    """Return tanh(a / b) of all pairs, 1 where b is 0, each computed by the C library's tanh.

    NumPy's tanh is vectorised differently for different processors; a scalar function called once per pair
    is one source of difference less, and the table is small.
    """
    rows = [[math.tanh(a / b) if b else 1.0 for b in range(bottom + 1)] for a in range(top + 1)]
    return np.array(rows, dtype=np.float64)


def _tanh_ratio(schema: Schema, ratio: TanhRatio, batch: pa.RecordBatch) -> Values:
    _, top = schema.column(ratio.numerator).span
    _, bottom = schema.column(ratio.denominator).span
    numbers = [batch.column(name) for name in (ratio.numerator, ratio.denominator)]
    above, below = (pc.fill_null(each, 0).to_numpy().astype(np.intp) for each in numbers)
    ratios: Values = _tanh_table(top, bottom)[above, below]
    if any(each.null_count for each in numbers):
        there = [each.is_valid().to_numpy(zero_copy_only=False) for each in numbers]
        ratios = np.where(there[0] & there[1], ratios, 0.0)
    return ratios
