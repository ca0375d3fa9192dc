"""The stored forms of drawn values: what SQLite holds, made a column at a time.

`base.values.stored` says the same of one value; a test compares both.
"""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from synthprof.base.column_kinds import MAX_DIGITS, Kind
from synthprof.base.text import LIST_SEPARATOR
from synthprof.base.values import item_text, stored
from synthprof.profiles.iso_texts import iso_seconds

_UNITS = {0: "s", 3: "ms", 6: "us", 9: "ns"}
_TIMES = {0: pa.time32("s"), 3: pa.time32("ms"), 6: pa.time64("us"), 9: pa.time64("ns")}


def stored_form(kind: Kind, values: pa.Array) -> pa.Array:
    """Return the stored form of values of a kind, (n,): int64 for bool and integer, double, or string.

    Times may be in a finer unit than that of the kind's digits, if they have no more digits.
    """
    match kind.name:
        case "bool":
            return values.cast(pa.int64())
        case "date" | "decimal":
            return values.cast(pa.string())
        case "time":
            return values.cast(_TIMES[kind.digits]).cast(pa.string())
        case "timestamp" | "timestamptz":
            return _moments(kind, values)
        case "integer" | "float":
            return values
        case "text":
            return values.dictionary_decode() if isinstance(values, pa.DictionaryArray) else values
        case "list" if kind.items is not None:
            return _lists(kind, values)
    raise TypeError(f"{kind} is not drawn")


def _moments(kind: Kind, values: pa.TimestampArray) -> pa.Array:
    if kind.name == "timestamp" and not kind.digits:
        return iso_seconds(values)
    texts = values.cast(pa.timestamp(_UNITS[kind.digits], values.type.tz)).cast(pa.string())
    return pc.binary_replace_slice(texts, 10, 11, "T")  # Arrow puts a space where ISO 8601 has T


def _lists(kind: Kind, values: pa.ListArray) -> pa.Array:
    """Return lists as texts: items joined, and JSON for those of which that would say something else."""
    assert kind.items is not None
    items = values.flatten()
    texts = items if pa.types.is_string(items.type) else _item_texts(kind.items, items)
    sizes = pc.fill_null(pc.list_value_length(values), 0)
    offsets = np.concatenate([[0], np.cumsum(sizes.to_numpy())]).astype(np.int32)
    joined = pc.binary_join(pa.ListArray.from_arrays(pa.array(offsets), texts), LIST_SEPARATOR)
    several = pc.equal(pc.count_substring(joined, LIST_SEPARATOR), pc.subtract(sizes, 1))
    plain = pc.fill_null(pc.and_(several, pc.invert(pc.starts_with(joined, "["))), False)
    joined = pc.if_else(values.is_valid(), joined, pa.scalar(None, pa.string()))
    strange = pc.and_(values.is_valid(), pc.invert(plain)).to_numpy(zero_copy_only=False)
    if not strange.any():
        return joined
    told = [stored(kind, each) for each in values.filter(pa.array(strange)).to_pylist()]
    return pc.replace_with_mask(joined, pa.array(strange), pa.array(told, pa.string()))


def _item_texts(kind: Kind, items: pa.Array) -> pa.Array:
    """Return the texts of items, of which each different one is told once."""
    known = items.dictionary_encode()
    texts = [item_text(kind, each) for each in known.dictionary.to_pylist()]
    return pa.array(texts, pa.string()).take(known.indices)


def own_form(kind: Kind, found: pa.Array) -> pa.Array:
    """Return stored forms of a kind as values in their own type, (n,), as expressions read them."""
    match kind.name:
        case "bool":
            return pc.not_equal(found, 0)
        case "date":
            return found.cast(pa.date32())
        case "timestamp" | "timestamptz":
            return pc.utf8_rtrim(found, "Z").cast(pa.timestamp(_UNITS[kind.digits]))
        case "decimal":
            return found.cast(pa.decimal128(MAX_DIGITS, kind.digits))
        case "unsigned":
            return found.cast(pa.uint64())
    return found
