"""Columns as JSON texts, and lines of them, by Arrow for a whole block: objects would take longer."""

import json
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from synthprof.base.values import in_json

_SPECIAL = r'[\x00-\x1f"\\]'
"""Characters that JSON texts must escape."""

_PLAIN_WHOLE = 1e10
"""Below it Arrow writes a whole number without an exponent."""


def json_texts(values: pa.Array) -> pa.Array:
    """Return each value as the text of its JSON; what JSON lacks is a text, and no value is null.

    Numbers have as few digits as give the same number of their own width, 32 bits for vectors.

    >>> json_texts(pa.array([[0.1, 1.0], None], pa.list_(pa.float32(), 2))).to_pylist()
    ['[0.1,1.0]', 'null']
    """
    kind = values.type
    if pa.types.is_list(kind) or pa.types.is_fixed_size_list(kind):
        texts = _lists(values)
    elif pa.types.is_boolean(kind) or pa.types.is_integer(kind):
        texts = values.cast(pa.string())
    elif pa.types.is_floating(kind):
        texts = _numbers(values)
    elif pa.types.is_string(kind) and not pc.any(pc.match_substring_regex(values, _SPECIAL)).as_py():
        texts = pc.binary_join_element_wise('"', values, '"', "")
    else:
        found = [json.dumps(in_json(each), ensure_ascii=False) for each in values.to_pylist()]
        texts = pa.array(found, pa.string())
    return pc.fill_null(texts, "null")


def joined(columns: Sequence[pa.Array | str], end: str) -> memoryview:
    """Return the rows as bytes: in each the texts of the columns, one after the other, and the end."""
    lines = pc.binary_join_element_wise(*columns, end, "").cast(pa.large_string())
    _, offsets, content = lines.buffers()
    ends = np.frombuffer(offsets, np.int64)[lines.offset : lines.offset + len(lines) + 1]
    return memoryview(content)[ends[0] : ends[-1]]


def _lists(values: pa.Array) -> pa.Array:
    if pa.types.is_fixed_size_list(values.type):  # those of null, too, so that all are as long
        items, size = values.values, values.type.list_size
        items = items[values.offset * size : (values.offset + len(values)) * size]
        offsets = pa.array(np.arange(len(values) + 1, dtype=np.int32) * size)
    else:
        items, offsets = values.flatten(), _offsets(values)
    inner = pc.binary_join(pa.ListArray.from_arrays(offsets, json_texts(items)), ",")
    texts = pc.binary_join_element_wise("[", inner, "]", "")
    return pc.if_else(values.is_valid(), texts, None) if values.null_count else texts


def _offsets(values: pa.ListArray) -> pa.Array:
    """Return where the items of each list begin, without those that lists of null might hide."""
    lengths = pc.fill_null(values.value_lengths(), 0).to_numpy(zero_copy_only=False)
    return pa.array(np.concatenate(([0], np.cumsum(lengths))).astype(np.int32))


def _numbers(values: pa.Array) -> pa.Array:
    """Return the texts of floats: with a point or an exponent, so that no reader takes some for integers."""
    texts = values.cast(pa.string())
    whole = pc.and_(pc.equal(values, pc.trunc(values)), pc.less(pc.abs(values), _PLAIN_WHOLE))
    if pc.any(whole).as_py():
        texts = pc.if_else(whole, pc.binary_join_element_wise(texts, ".0", ""), texts)
    finite = pc.is_finite(values)
    if pc.all(finite).as_py() in (True, None):
        return texts
    infinite = pc.if_else(pc.is_nan(values), None, pc.binary_join_element_wise('"', texts, '"', ""))
    return pc.if_else(finite, texts, infinite)
