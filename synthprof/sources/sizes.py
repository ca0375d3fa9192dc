"""Sizes of Arrow's values once they are decoded, found without decoding them."""

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from synthprof.base.errors import SpecError

Sizes = npt.NDArray[np.int64]

OFFSET_BYTES = 8
"""Bytes that a list takes beside its items."""

_TEXTS = (pa.string(), pa.large_string(), pa.binary(), pa.large_binary())
_VIEWS = {pa.string_view(): pa.large_string(), pa.binary_view(): pa.large_binary()}


def plain(kind: pa.DataType) -> pa.DataType:
    """Return the type of the values once they are decoded."""
    if pa.types.is_dictionary(kind):
        return plain(kind.value_type)
    if isinstance(kind, pa.BaseExtensionType):
        return plain(kind.storage_type)
    return _plain_nested(kind) if kind.num_fields else _VIEWS.get(kind, kind)


def _plain_nested(kind: pa.DataType) -> pa.DataType:
    if pa.types.is_map(kind):
        return pa.map_(plain(kind.key_type), plain(kind.item_type))
    if pa.types.is_struct(kind):
        return pa.struct([each.with_type(plain(each.type)) for each in kind])
    if pa.types.is_fixed_size_list(kind):
        return pa.list_(kind.value_field.with_type(plain(kind.value_type)), kind.list_size)
    if pa.types.is_list(kind):
        return pa.list_(kind.value_field.with_type(plain(kind.value_type)))
    if pa.types.is_large_list(kind):
        return pa.large_list(kind.value_field.with_type(plain(kind.value_type)))
    return kind


def row_bytes(array: pa.Array) -> Sizes:
    """Return the bytes of each value once it is decoded, (n,) int64.

    Raises SpecError for a type that is not read.
    """
    kind = array.type
    if isinstance(array, pa.ExtensionArray):
        return row_bytes(array.storage)
    if pa.types.is_dictionary(kind):
        inner = row_bytes(array.dictionary)
        places = array.indices.fill_null(0).to_numpy(zero_copy_only=False).astype(np.int64)
        return inner[places] if len(inner) else np.zeros(len(array), np.int64)
    return _nested_bytes(array) if kind.num_fields else _flat_bytes(array)


def _flat_bytes(array: pa.Array) -> Sizes:
    kind = array.type
    if kind in _TEXTS:
        lengths = pc.binary_length(array).fill_null(0)
        return np.asarray(lengths.to_numpy(zero_copy_only=False), np.int64)
    if kind in _VIEWS:  # each view begins with the length
        views = np.frombuffer(array.buffers()[1], np.int32).reshape(-1, 4)
        return views[array.offset : array.offset + len(array), 0].astype(np.int64)
    width = 0 if pa.types.is_null(kind) else kind.bit_width // 8
    return np.full(len(array), width, np.int64)


def _nested_bytes(array: pa.Array) -> Sizes:
    kind = array.type
    if pa.types.is_struct(kind):
        return _sum(array.flatten(), len(array))
    if pa.types.is_fixed_size_list(kind):
        first = array.offset * kind.list_size
        inner = row_bytes(array.values.slice(first, len(array) * kind.list_size))
        return np.asarray(inner.reshape(len(array), -1).sum(axis=1), np.int64)
    if pa.types.is_map(kind):
        inner = _sum([array.keys, array.items], len(array.keys))
    elif pa.types.is_list(kind) or pa.types.is_large_list(kind):
        inner = row_bytes(array.values)
    else:
        raise SpecError(f"values of the type {kind} are not read; convert them, for example to text")
    upto = np.concatenate([[0], np.cumsum(inner)])
    offsets = array.offsets.to_numpy().astype(np.int64)
    return np.asarray(upto[offsets[1:]] - upto[offsets[:-1]] + OFFSET_BYTES, np.int64)


def _sum(arrays: list[pa.Array], rows: int) -> Sizes:
    return sum(map(row_bytes, arrays), np.zeros(rows, np.int64))
