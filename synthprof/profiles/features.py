"""Turns profiles into feature vectors: one fixed position per feature, as the schema declares them."""

import math

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from synthprof.base.errors import SpecError
from synthprof.base.text import LIST_SEPARATOR
from synthprof.profiles.codes import category_codes
from synthprof.schemas.features import Counted, Indexed, Measured, Scaled, TanhRatio
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

    batch: the schema's columns; categories as dictionaries or plain strings, such as read back from SQLite.
    Raises SpecError when dim is less than required_dim(schema) or a category is none of the schema's.
    """
    check_dim(schema, dim)
    vectors = np.zeros((batch.num_rows, dim), dtype=np.float32)
    featured = [column for column in schema.columns if column.feature is not None]
    for position, column in enumerate(featured):
        vectors[:, position] = _feature(column, batch.column(column.name))
    for position, ratio in enumerate(schema.derived, start=len(featured)):
        vectors[:, position] = _tanh_ratio(schema, ratio, batch)
    return vectors


def _feature(column: Column, values: pa.Array) -> Values:
    match column.feature:
        case Scaled(low=low, high=high):
            return _scaled(values, low, high)
        case Indexed():
            return category_codes(column, values) / len(column.values)
        case Counted(most=most):
            separators = pc.count_substring(values, LIST_SEPARATOR)
            return _scaled(pc.add(separators, 1), 0, most)
        case Measured(most=most):
            return _scaled(pc.utf8_length(values), 0, most)
    raise TypeError(f"{column.name} has no feature")


def _scaled(values: pa.Array, low: int, high: int) -> Values:
    scaled: Values = (values.to_numpy(zero_copy_only=False).astype(np.float64) - low) / (high - low)
    return np.clip(scaled, 0.0, 1.0)


def _tanh_ratio(schema: Schema, ratio: TanhRatio, batch: pa.RecordBatch) -> Values:
    """tanh(a / b), 1 where b is 0: looked up in a table of all pairs, each computed by the C library's tanh.

    NumPy's tanh is vectorised differently for different processors; a scalar function called once per pair
    is one source of difference less, and the table is small.
    """
    _, top = schema.column(ratio.numerator).span
    _, bottom = schema.column(ratio.denominator).span
    table = np.array(
        [[math.tanh(a / b) if b else 1.0 for b in range(bottom + 1)] for a in range(top + 1)],
        dtype=np.float64,
    )
    numerators = batch.column(ratio.numerator).to_numpy().astype(np.intp)
    denominators = batch.column(ratio.denominator).to_numpy().astype(np.intp)
    ratios: Values = table[numerators, denominators]
    return ratios
