"""Conditions of a filtered search as SQL."""

from collections.abc import Callable, Sequence
from typing import Any

from synthprof.base.columns import quoted
from synthprof.delivery.workloads.conditions import Part


def as_sql(parts: Sequence[Part], contains: Callable[[str, str], str], truth: Sequence[str]) -> str:
    """Return the parts of a condition as an SQL expression with its literals; of none, one that always holds.

    contains: gives the expression for an item in a column's list, both as SQL. truth: the words for false
    and true.
    """

    def literal(value: Any) -> str:  # noqa: ANN401
        if isinstance(value, bool):
            return truth[value]
        if isinstance(value, int | float):
            return repr(value)
        return "'" + str(value).replace("'", "''") + "'"

    def expression(part: Part) -> str:
        name = quoted(part.column)
        match part.op:
            case "contains":
                return contains(name, literal(part.value))
            case "in":
                return f"{name} IN ({', '.join(map(literal, part.value))})"
        return f"{name} {part.op} {literal(part.value)}"

    return " AND ".join(map(expression, parts)) or "1 = 1"
