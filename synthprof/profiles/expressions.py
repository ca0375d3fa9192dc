"""Expressions of columns, computed for many rows at once by NumPy and Arrow.

Only integer arithmetic and the basic operations of IEEE 754 are used, so that the values are the same on all
machines. A value that is missing is 0 under the hood, and marked.
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from synthprof.profiles import vectors
from synthprof.profiles.rounding import rounded
from synthprof.profiles.vectors import Flags, Text, Vector, either, missing_of, read_vector, written
from synthprof.schemas.expressions.tree import COLUMN, LITERAL, MAX_INTEGER, Node

ARROW_TYPES = {
    "integer": pa.int64(),
    "float": pa.float64(),
    "bool": pa.bool_(),
    "text": pa.string(),
    "date": pa.date32(),
}
"""The Arrow type of each type of value."""

Value: TypeAlias = Any
"""A vector, or texts."""
Columns = Callable[[str], pa.Array]


def evaluate(node: Node, wanted: str, columns: Columns, rows: int) -> pa.Array:
    """Return the values of a checked expression, (rows,), in the Arrow type of the wanted type.

    columns: gives those that are named, (rows,), as the table shows them, in their own type.
    """
    with np.errstate(all="ignore"):
        found = _Evaluation(columns).value(node)
    kind = ARROW_TYPES[wanted]
    if isinstance(found, Vector):
        return written(found, kind, rows)
    if isinstance(found, pa.Scalar):
        return pa.repeat(found, rows)
    return _plain(found)


class _Evaluation:
    """One computation; each column is read once."""

    def __init__(self, columns: Columns) -> None:
        self.columns = columns
        self.known: dict[str, Value] = {}

    def value(self, node: Node) -> Value:
        if node.operation == LITERAL:
            return _literal(node)
        if node.operation == COLUMN:
            name = str(node.value)
            if name not in self.known:
                self.known[name] = _column(self.columns(name), node.type)
            return self.known[name]
        return OPERATIONS[node.operation](node, [self.value(each) for each in node.arguments])


def _literal(node: Node) -> Value:
    if node.type == "text":
        return pa.scalar(str(node.value), pa.string())
    if node.type == "null":
        return Vector(np.zeros((), np.int64), np.ones((), np.bool_))
    return Vector(np.asarray(node.value))


def _column(values: pa.Array, kind: str) -> Value:
    if kind == "text":
        return values
    found = read_vector(values)
    return Vector(found.values != 0, found.missing) if kind == "bool" else found


def _plain(text: Text) -> Text:
    """Return texts without a dictionary."""
    return text.dictionary_decode() if isinstance(text, pa.DictionaryArray) else text


def _as(value: Value, kind: str) -> Value:
    """Return a value in the type that it has beside others: null as text, integers as float."""
    if kind == "text":
        return pa.scalar(None, pa.string()) if isinstance(value, Vector) else value
    assert isinstance(value, Vector)
    dtype = {"float": np.float64, "bool": np.bool_}.get(kind, np.int64)
    return value if value.values.dtype == dtype else Vector(value.values.astype(dtype), value.missing)


# --- numbers ---------------------------------------------------------------------------------------------


def _result(kind: str, values: npt.NDArray[Any], missing: Flags | None) -> Vector:
    if kind == "integer":
        return vectors.integers(values, missing)
    return vectors.days(values, missing) if kind == "date" else vectors.floats(values, missing)


def _arithmetic(node: Node, given: list[Any]) -> Vector:
    one, other = given
    missing = either(one.missing, other.missing)
    match node.operation:
        case "+":
            values = one.values + other.values
        case "-":
            values = one.values - other.values
        case _:
            values = one.values * other.values
            if node.type == "integer":
                return _product(values, one.values.astype(np.float64) * other.values, missing)
    return _result(node.type, values, missing)


def _product(values: npt.NDArray[Any], near: npt.NDArray[Any], missing: Flags | None) -> Vector:
    """Return products of integers; beyond 64 bits they wrap, which the same products as floats tell."""
    wrapped = np.abs(near) > 2.0 * MAX_INTEGER
    if not wrapped.any():
        return vectors.integers(values, missing)
    found = vectors.without_rows(values, missing, wrapped)
    return vectors.integers(found.values, found.missing)


def _divided(node: Node, given: list[Any]) -> Vector:
    one, other = given
    missing = either(one.missing, other.missing)
    zero = other.values == 0
    divisor = np.where(zero, other.values.dtype.type(1), other.values) if zero.any() else other.values
    match node.operation:
        case "/":
            values = one.values / divisor
            found = vectors.floats(values, missing)
        case "//":
            found = Vector(one.values // divisor, missing)
        case _:
            found = Vector(one.values % divisor, missing)
    return vectors.without_rows(found.values, found.missing, zero)


def _negative(_: Node, given: list[Any]) -> Vector:
    return Vector(-given[0].values, given[0].missing)


def _abs(_: Node, given: list[Any]) -> Vector:
    return Vector(np.abs(given[0].values), given[0].missing)


def _whole(node: Node, given: list[Any]) -> Vector:
    """Return floor, ceil or round as an integer."""
    values, missing = given[0].values, given[0].missing
    if values.dtype == np.int64:
        return Vector(values, missing)
    found = {"floor": np.floor, "ceil": np.ceil, "round": np.rint}[node.operation](values)
    beyond = np.abs(found) > MAX_INTEGER
    return vectors.without_rows(np.where(beyond, 0.0, found).astype(np.int64), missing, beyond)


def _round(node: Node, given: list[Any]) -> Vector:
    if len(given) == 1:
        return _whole(node, given)
    value, decimals = given
    return Vector(rounded(value.values.astype(np.float64), int(decimals.values)), value.missing)


def _least(node: Node, given: list[Any]) -> Vector:
    least = np.minimum if node.operation == "min" else np.maximum
    found = _as(given[0], node.type).values
    for each in given[1:]:
        found = least(found, _as(each, node.type).values)
    return Vector(found, missing_of(given))


# --- truth -----------------------------------------------------------------------------------------------

_SIGNS: Mapping[str, Callable[[Any, Any], Any]] = {
    "=": np.equal, "!=": np.not_equal, "<": np.less, "<=": np.less_equal, ">": np.greater,
    ">=": np.greater_equal,
}  # fmt: skip
_TEXT_SIGNS: Mapping[str, Callable[[Any, Any], Any]] = {
    "=": pc.equal, "!=": pc.not_equal, "<": pc.less, "<=": pc.less_equal, ">": pc.greater,
    ">=": pc.greater_equal,
}  # fmt: skip


def _compared(node: Node, given: list[Any]) -> Vector:
    one, other = given
    if isinstance(one, Vector):
        return Vector(_SIGNS[node.operation](one.values, other.values), either(one.missing, other.missing))
    sign = _TEXT_SIGNS[node.operation]
    if isinstance(one, pa.DictionaryArray) and isinstance(other, pa.Scalar):
        return _truth(sign(one.dictionary, other).take(one.indices))
    if isinstance(one, pa.Scalar) and isinstance(other, pa.DictionaryArray):
        return _truth(sign(one, other.dictionary).take(other.indices))
    return _truth(sign(_plain(one), _plain(other)))


def _truth(found: pa.Array | pa.BooleanScalar) -> Vector:
    if isinstance(found, pa.Scalar):
        known = found.as_py()
        return Vector(np.asarray(bool(known)), None if known is not None else np.ones((), np.bool_))
    return read_vector(found)


def _in(_: Node, given: list[Any]) -> Vector:
    value, *among = given
    if isinstance(value, Vector):
        found = np.isin(value.values, np.array([each.values for each in among]))
        return Vector(found, value.missing)
    known = pa.array([each.as_py() for each in among], pa.string())
    if isinstance(value, pa.DictionaryArray):
        return _truth(pc.is_in(value.dictionary, known).take(value.indices))
    truth = _truth(pc.is_in(value, known))
    return Vector(truth.values, missing_of([value]))


def _and(node: Node, given: list[Any]) -> Vector:
    """Return and, or: decided as soon as one of both decides, even if the other is missing."""
    one, other = given
    both = node.operation == "and"
    values = one.values & other.values if both else one.values | other.values
    missing = either(one.missing, other.missing)
    if missing is None:
        return Vector(values)
    decided = [(each.values != both) & ~_none(each.missing) for each in given]
    settled = decided[0] | decided[1]
    return Vector(np.where(settled, not both, values & ~missing), missing & ~settled)


def _none(missing: Flags | None) -> Any:  # noqa: ANN401
    return np.zeros((), np.bool_) if missing is None else missing


def _not(_: Node, given: list[Any]) -> Vector:
    return Vector(~given[0].values, given[0].missing)


# --- choices ---------------------------------------------------------------------------------------------


def _missing(_: Node, given: list[Any]) -> Vector:
    return Vector(np.asarray(_none(missing_of(given))))


def _if(node: Node, given: list[Any]) -> Value:
    condition, *_ = given
    true = condition.values if condition.missing is None else condition.values & ~condition.missing
    return _chosen(node.type, true, given[1], given[2])


def _coalesce(node: Node, given: list[Any]) -> Value:
    *firsts, found = given
    for each in reversed(firsts):
        missing = missing_of([each])
        found = each if missing is None else _chosen(node.type, ~missing, each, found)
    return _as(found, node.type)


def _chosen(kind: str, true: Flags, one: Value, other: Value) -> Value:
    """Return the one where it is true, else the other."""
    one, other = _as(one, kind), _as(other, kind)
    if isinstance(one, Vector) and isinstance(other, Vector):
        values = np.where(true, one.values, other.values)
        if one.missing is None and other.missing is None:
            return Vector(values)
        return Vector(values, np.where(true, _none(one.missing), _none(other.missing)))
    if true.ndim == 0:
        return one if true else other
    return pc.if_else(pa.array(true), _plain(one), _plain(other))


# --- texts and dates -------------------------------------------------------------------------------------


def _of_text(change: Callable[[Node, Any], Any]) -> Callable[[Node, list[Any]], Any]:
    """Return the operation on a text; of a dictionary, its values are changed once."""

    def operation(node: Node, given: list[Any]) -> Any:  # noqa: ANN401
        text = given[0]
        if isinstance(text, pa.DictionaryArray):
            return change(node, text.dictionary).take(text.indices)
        return change(node, text)

    return operation


def _substring(node: Node, text: Any) -> Any:  # noqa: ANN401
    start, count = (int(each.value or 0) for each in node.arguments[1:])
    return pc.utf8_slice_codeunits(text, start - 1, start - 1 + count)


def _length(node: Node, given: list[Any]) -> Vector:
    found = _of_text(lambda _, text: pc.utf8_length(text))(node, given)
    if isinstance(found, pa.Scalar):
        found = pa.array([found.as_py()], pa.int32())
        one = read_vector(found)
        return Vector(one.values[0], None if one.missing is None else one.missing[0])
    return read_vector(found)


def _concat(node: Node, given: list[Any]) -> Text:
    parts = [_said(each, value) for each, value in zip(node.arguments, given, strict=True)]
    return pc.binary_join_element_wise(*parts, pa.scalar("", pa.string()))


def _said(node: Node, value: Value) -> Text:
    if not isinstance(value, Vector):
        return _plain(value)
    if value.values.ndim == 0 and (value.missing is None or value.missing.ndim == 0):
        return written(value, ARROW_TYPES[node.type], 1).cast(pa.string())[0]
    rows = max(value.values.size, 1 if value.missing is None else value.missing.size)
    return written(value, ARROW_TYPES[node.type], rows).cast(pa.string())


def _date_part(node: Node, given: list[Any]) -> Vector:
    found, missing = given[0].values, given[0].missing
    match node.operation:
        case "weekday":  # 1970-01-01 was a Thursday, the fourth day
            return Vector((found + 3) % 7 + 1, missing)
        case "year":
            return Vector(_calendar(found, "Y") + 1970, missing)
        case "month":
            return Vector(_calendar(found, "M") % 12 + 1, missing)
    months = found.astype("datetime64[D]").astype("datetime64[M]")
    return Vector(found - months.astype("datetime64[D]").astype(np.int64) + 1, missing)


def _calendar(days: npt.NDArray[np.int64], unit: str) -> npt.NDArray[np.int64]:
    found: npt.NDArray[np.int64] = days.astype("datetime64[D]").astype(f"datetime64[{unit}]").astype(np.int64)
    return found


def _days_between(_: Node, given: list[Any]) -> Vector:
    one, other = given
    return Vector(other.values - one.values, either(one.missing, other.missing))


OPERATIONS: Mapping[str, Callable[[Node, list[Any]], Value]] = {
    **dict.fromkeys(("+", "-", "*"), _arithmetic),
    **dict.fromkeys(("/", "//", "%"), _divided),
    "negative": _negative,
    **dict.fromkeys(_SIGNS, _compared),
    "in": _in,
    **dict.fromkeys(("and", "or"), _and),
    "not": _not,
    "if": _if,
    **dict.fromkeys(("min", "max"), _least),
    "abs": _abs,
    "round": _round,
    **dict.fromkeys(("floor", "ceil"), _whole),
    "coalesce": _coalesce,
    "missing": _missing,
    "concat": _concat,
    "lower": _of_text(lambda _, text: pc.utf8_lower(text)),
    "upper": _of_text(lambda _, text: pc.utf8_upper(text)),
    "length": _length,
    "substring": _of_text(_substring),
    **dict.fromkeys(("year", "month", "day", "weekday"), _date_part),
    "days_between": _days_between,
}
"""The computation of each operation of a tree."""
