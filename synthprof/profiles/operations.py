"""Operations of expressions on many rows at once: numbers, truth and choices.

Only integer arithmetic and the basic operations of IEEE 754 are used, so that the values are the same on all
machines.
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from synthprof.profiles import vectors
from synthprof.profiles.rounding import rounded
from synthprof.profiles.text_operations import TEXTS_AND_DATES
from synthprof.profiles.vectors import (
    Flags,
    Vector,
    either,
    missing_of,
    plain,
    read_vector,
)
from synthprof.schemas.expressions.tree import MAX_INTEGER, Node

Value: TypeAlias = Any
"""A vector, or texts."""


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

SIGNS: Mapping[str, Callable[[Any, Any], Any]] = {
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
        return Vector(SIGNS[node.operation](one.values, other.values), either(one.missing, other.missing))
    sign = _TEXT_SIGNS[node.operation]
    if isinstance(one, pa.DictionaryArray) and isinstance(other, pa.Scalar):
        return _truth(sign(one.dictionary, other).take(one.indices))
    if isinstance(one, pa.Scalar) and isinstance(other, pa.DictionaryArray):
        return _truth(sign(one, other.dictionary).take(other.indices))
    return _truth(sign(plain(one), plain(other)))


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
    return pc.if_else(pa.array(true), plain(one), plain(other))


OPERATIONS: Mapping[str, Callable[[Node, list[Any]], Value]] = {
    **dict.fromkeys(("+", "-", "*"), _arithmetic),
    **dict.fromkeys(("/", "//", "%"), _divided),
    "negative": _negative,
    **dict.fromkeys(SIGNS, _compared),
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
    **TEXTS_AND_DATES,
}
"""The computation of each operation of a tree."""
