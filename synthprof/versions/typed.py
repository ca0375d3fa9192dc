"""The carried columns of a version as Arrow types, made of what SQLite holds."""

import itertools

import pyarrow as pa
import pyarrow.compute as pc

from synthprof.base.column_kinds import MAX_DIGITS, Kind
from synthprof.base.values import list_items
from synthprof.schemas.schema import Column

UNITS = {0: "s", 3: "ms", 6: "us", 9: "ns"}
"""Units of time by the digits of a second."""

_SIMPLE = {
    "bool": pa.bool_(),
    "integer": pa.int64(),
    "unsigned": pa.uint64(),
    "float": pa.float64(),
    "date": pa.date32(),
    "binary": pa.binary(),
}


def arrow_type(kind: Kind) -> pa.DataType:
    """Return the Arrow type of a kind; of a struct, whose parts are not declared, the text of its JSON."""
    match kind.name:
        case "decimal":
            return pa.decimal128(MAX_DIGITS, kind.digits)
        case "duration":
            return pa.duration(UNITS[kind.digits])
        case "time":
            return (pa.time32 if kind.digits <= 3 else pa.time64)(UNITS[kind.digits])
        case "timestamp" | "timestamptz":
            return pa.timestamp(UNITS[kind.digits], "UTC" if kind.name == "timestamptz" else None)
        case "list" if kind.items is not None:
            return pa.list_(arrow_type(kind.items))
    return _SIMPLE.get(kind.name, pa.string())


def column_type(column: Column) -> pa.DataType:
    """Return the Arrow type of a column of any schema."""
    if column.value_kind is not None:
        return arrow_type(column.value_kind)
    return pa.int64() if column.sql_type == "INTEGER" else pa.string()


def typed(kind: Kind, found: pa.Array) -> pa.Array:
    """Return the values of stored forms in the Arrow type of their kind."""
    wanted = arrow_type(kind)
    match kind.name:
        case "time":
            moments = pc.binary_join_element_wise("1970-01-01T", found.cast(pa.string()), "")
            return moments.cast(pa.timestamp(UNITS[kind.digits])).cast(wanted)
        case "duration":
            seconds = found.cast(pa.string()).cast(pa.decimal128(MAX_DIGITS, kind.digits))
            counts = [None if each is None else int(each.scaleb(kind.digits)) for each in seconds.to_pylist()]
            return pa.array(counts, pa.int64()).cast(wanted)
        case "binary":
            digits = found.to_pylist()
            return pa.array([None if each is None else bytes.fromhex(each) for each in digits], wanted)
        case "list" if kind.items is not None:
            return _lists(kind.items, found.to_pylist())
        case "timestamp" | "timestamptz" | "date" | "decimal" | "unsigned":
            return found.cast(pa.string()).cast(wanted)  # NULLs alone have no type
    return found.cast(wanted)


def _lists(kind: Kind, found: list[str | None]) -> pa.Array:
    lists = [None if each is None else list_items(each) for each in found]
    items = typed(kind, pa.array([item for each in lists for item in each or ()], pa.string()))
    ends = itertools.accumulate(len(each or ()) for each in lists)
    starts = [None if each is None else end - len(each) for each, end in zip(lists, ends, strict=True)]
    return pa.ListArray.from_arrays(pa.array([*starts, len(items)], pa.int32()), items)
