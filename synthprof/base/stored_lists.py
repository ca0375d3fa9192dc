"""The items of stored lists, all lists of a column at once."""

import pyarrow as pa
import pyarrow.compute as pc

from synthprof.base.text import LIST_SEPARATOR
from synthprof.base.values import list_items


def items_of(values: pa.Array) -> pa.ListArray:
    """Return the items of stored lists, (n,) lists of strings; where there is no list, none."""
    texts = values.cast(pa.string()) if pa.types.is_dictionary(values.type) else values
    as_json = pc.starts_with(texts, "[")
    if texts.null_count or pc.any(as_json).as_py():
        lists = [[] if text is None else list_items(text) for text in texts.to_pylist()]
        return pa.array(lists, pa.list_(pa.string()))
    return pc.split_pattern(texts, LIST_SEPARATOR)
