"""Conditions of a filtered search, as workloads write them in JSON, and as SQL."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from synthprof.base.columns import quoted
from synthprof.base.errors import SpecError

Operator = Literal["=", "in", "<", "<=", ">", ">=", "contains"]


@dataclass(frozen=True)
class Clause:
    """A condition on one column. value: of `in`, a list; of `contains`, an item of the column's lists."""

    column: str
    op: Operator
    value: Any


def clauses_of(condition: str | dict[str, Any]) -> tuple[Clause, ...]:
    """Return the clauses of a condition, which must all hold; none of an empty one.

    condition: {"and": [{"column", "op", "value"}, ...]}, or its JSON. Raises SpecError for anything else.

    >>> clauses_of('{"and": [{"column": "age", "op": ">=", "value": 18}]}')
    (Clause(column='age', op='>=', value=18),)
    """
    try:
        found = json.loads(condition or "{}") if isinstance(condition, str) else condition
        clauses = tuple(Clause(**each) for each in found.get("and", ()))
    except (ValueError, TypeError, AttributeError):
        clauses = (Clause("", "=", None),)
    for clause in clauses:
        if not clause.column or clause.op not in get_args(Operator):
            raise SpecError(
                f"{str(condition)[:200]!r} is no condition; write it as "
                '{"and": [{"column": ..., "op": ..., "value": ...}]} with the operators '
                f"{', '.join(get_args(Operator))}"
            )
    return clauses


def as_sql(clauses: Sequence[Clause], contains: Callable[[str, str], str], truth: Sequence[str]) -> str:
    """Return the clauses as an SQL expression with its literals; of none, one that always holds.

    contains: gives the expression for an item in a column's list, both as SQL. truth: the words for false
    and true.
    """

    def literal(value: Any) -> str:  # noqa: ANN401
        if isinstance(value, bool):
            return truth[value]
        if isinstance(value, int | float):
            return repr(value)
        return "'" + str(value).replace("'", "''") + "'"

    def expression(clause: Clause) -> str:
        name = quoted(clause.column)
        match clause.op:
            case "contains":
                return contains(name, literal(clause.value))
            case "in":
                return f"{name} IN ({', '.join(map(literal, clause.value))})"
        return f"{name} {clause.op} {literal(clause.value)}"

    return " AND ".join(map(expression, clauses)) or "1 = 1"
