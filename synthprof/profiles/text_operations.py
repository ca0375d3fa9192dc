"""Operations of expressions on texts and dates, on many rows at once."""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from synthprof.profiles.vectors import (
    ARROW_TYPES,
    Text,
    Vector,
    either,
    plain,
    read_vector,
    written,
)
from synthprof.schemas.expressions.tree import Node

Value: TypeAlias = Any
"""A vector, or texts."""


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
        return plain(value)
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


TEXTS_AND_DATES: Mapping[str, Callable[[Node, list[Any]], Value]] = {
    "concat": _concat,
    "lower": _of_text(lambda _, text: pc.utf8_lower(text)),
    "upper": _of_text(lambda _, text: pc.utf8_upper(text)),
    "length": _length,
    "substring": _of_text(_substring),
    **dict.fromkeys(("year", "month", "day", "weekday"), _date_part),
    "days_between": _days_between,
}
"""The computation of each operation on texts and dates."""
