"""Conditions on columns: parsed from texts such as `idade>=30`, and turned into SQL with parameters.

Column names in the SQL come from the schema alone, and every value is a parameter.
"""

import difflib
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, cast

from synthprof.base.errors import SpecError
from synthprof.schemas.draws import LIST_SEPARATOR
from synthprof.schemas.schema import Column, Schema
from synthprof.spec.limits import MAX_CHARACTERS, MAX_CONDITIONS

Operator = Literal["=", "!=", "<", "<=", ">", ">="]

_FORM = re.compile(r"\s*([^\s=!<>]+)\s*(!=|<=|>=|=|<|>)\s*(.*?)\s*", re.DOTALL)


@dataclass(frozen=True)
class Condition:
    """A condition: a column of the schema, an operator, and a value of its type or, for a list, an item."""

    column: Column
    operator: Operator
    value: int | str


@dataclass(frozen=True)
class OneOf:
    """An alternative of conditions: it holds if all conditions of at least one of `ways` hold."""

    ways: tuple[tuple[Condition, ...], ...]


@dataclass(frozen=True)
class Clause:
    """A condition for SQL's WHERE, and the parameters of its question marks."""

    sql: str
    parameters: tuple[int | str, ...]


def parse_conditions(schema: Schema, texts: Sequence[str]) -> tuple[Condition, ...]:
    """Return the conditions that texts such as `estado=SP` state; all of them must hold.

    Raises SpecError for a malformed condition, an unknown column or value, and for more than 20 conditions.
    """
    if len(texts) > MAX_CONDITIONS:
        raise SpecError(f"{len(texts)} conditions are more than {MAX_CONDITIONS}; give fewer")
    return tuple(_condition(schema, text) for text in texts)


def where(conditions: Iterable[Condition | OneOf]) -> Clause:
    """Return one clause for all conditions; without conditions it is always true."""
    clauses = [_one_of(each) if isinstance(each, OneOf) else _clause(each) for each in conditions]
    return _joined(clauses, " AND ") if clauses else Clause("1", ())


def _one_of(either: OneOf) -> Clause:
    joined = _joined([where(way) for way in either.ways], " OR ")
    return Clause(f"({joined.sql})", joined.parameters)


def _joined(clauses: Sequence[Clause], by: str) -> Clause:
    sql = by.join(clause.sql for clause in clauses)
    return Clause(sql, tuple(value for clause in clauses for value in clause.parameters))


def _condition(schema: Schema, text: str) -> Condition:
    form = _FORM.fullmatch(text) if len(text) <= MAX_CHARACTERS else None
    if form is None:
        raise SpecError(
            f"{text[:MAX_CHARACTERS]!r} is not a condition; write a column, one of = != < <= > >= and a "
            f"value, at most {MAX_CHARACTERS} characters in all, as in estado=SP or idade>=30"
        )
    name, operator, value = form.groups()
    column = schema.column(name)
    if column.sql_type == "INTEGER":
        return Condition(column, cast(Operator, operator), _number(text, value))
    if operator not in ("=", "!="):
        raise SpecError(f"{text!r}: {name} is text, which has no order; use = or !=")
    return Condition(column, cast(Operator, operator), _known(column, value))


def _number(text: str, value: str) -> int:
    if re.fullmatch(r"[+-]?[0-9]{1,18}", value) is None:
        raise SpecError(
            f"{text!r}: {value!r} is not a whole number of at most 18 digits; write one, as in 30"
        )
    return int(value)


def _known(column: Column, value: str) -> str:
    """Return the value as the column spells it, found without regard to case and Unicode form.

    A column without a list of values takes any text. Raises SpecError for an unknown value.
    """
    values = column.values
    if not values or value in values:
        return value
    spelled = {_folded(known): known for known in values}
    if _folded(value) in spelled:
        return spelled[_folded(value)]
    near = difflib.get_close_matches(_folded(value), spelled, n=3, cutoff=0.5)
    some = [spelled[each] for each in near] or list(values[:30])
    raise SpecError(
        f"{column.name}={value!r} is not a value of {column.name}; "
        f"{'similar values' if near else 'some values'}: {', '.join(some)}"
    )


def _folded(text: str) -> str:
    return unicodedata.normalize("NFC", text).casefold()


def _clause(condition: Condition) -> Clause:
    name = f'"{condition.column.name}"'
    if condition.column.kind == "list":
        found = f"instr('{LIST_SEPARATOR}' || {name} || '{LIST_SEPARATOR}', ?) > 0"
        sql = found if condition.operator == "=" else f"NOT {found}"
        return Clause(sql, (f"{LIST_SEPARATOR}{condition.value}{LIST_SEPARATOR}",))
    operator = "IS NOT" if condition.operator == "!=" else condition.operator  # NULL also differs
    return Clause(f"{name} {operator} ?", (condition.value,))
