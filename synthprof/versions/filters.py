"""Conditions on columns: parsed from texts such as `height>=30`, and turned into SQL with parameters.

Column names in the SQL come from the schema alone, and every value is a parameter. The SQL is what SQLite and
DuckDB have in common, with the same meaning, but for words of a text and items of a list in JSON.
"""

import re
import string
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, cast

from synthprof.base.columns import quoted
from synthprof.base.errors import SpecError
from synthprof.base.text import LIST_SEPARATOR
from synthprof.schemas.schema import Column, Schema
from synthprof.spec.limits import MAX_CHARACTERS, MAX_CONDITIONS
from synthprof.store.tables import EVERY, Clause, Dialect
from synthprof.versions.literals import DECIMALS, is_ordered, read_literal


def base_of(letter: str) -> str:
    """Return a letter in lower case, without its accents."""
    return unicodedata.normalize("NFKD", letter.lower())[0]


Operator = Literal["=", "!=", "<", "<=", ">", ">=", "in"]

_NAME = r'"(?:[^"]|"")*"|[^=!<>]*?'
_FORM = re.compile(rf"\s*({_NAME})\s*(!=|<=|>=|=|<|>|\s(?:in|IN)\s)\s*(.*?)\s*", re.DOTALL)
_ACCENTED = tuple(map(chr, range(0xC0, 0x250)))
_LETTERS = {
    letter: f"[{letter}{letter.upper()}{''.join(each for each in _ACCENTED if base_of(each) == letter)}]"
    for letter in string.ascii_lowercase
}
"""For each letter a set, as GLOB takes it, of all letters that it is without its accents."""

_LISTED = re.compile(r"""\s*("(?:[^"]|"")*"|'(?:[^']|'')*'|[^,]*?)\s*(?:,|$)""")

Value = int | float | str | None


@dataclass(frozen=True)
class Condition:
    """A condition: a column of the schema, an operator, and a value in the form that the column stores.

    For a list the value is an item, for `in` a tuple of values; None is no value.
    """

    column: Column
    operator: Operator
    value: Value | tuple[Value, ...]


@dataclass(frozen=True)
class Named:
    """A condition on a text: it has the words, which are folded, in their order, whatever their accents.

    close: next to each other.
    """

    column: Column
    words: tuple[str, ...]
    close: bool


@dataclass(frozen=True)
class OneOf:
    """An alternative of conditions: it holds if all conditions of at least one of `ways` hold."""

    ways: "tuple[tuple[Filter, ...], ...]"


@dataclass(frozen=True)
class NoneOf:
    """A denial: it holds if of each of `ways` some condition does not hold, as of a row without a value."""

    ways: "tuple[tuple[Filter, ...], ...]"


Filter = Condition | Named | OneOf | NoneOf


def parse_conditions(schema: Schema, texts: Sequence[str]) -> tuple[Condition, ...]:
    """Return the conditions that texts such as `colour=red` or `colour in red, blue` state; all must hold.

    Raises SpecError for a malformed condition, an unknown column or value, and for more than 20 conditions.
    """
    if len(texts) > MAX_CONDITIONS:
        raise SpecError(f"{len(texts)} conditions are more than {MAX_CONDITIONS}; give fewer")
    return tuple(_condition(schema, text) for text in texts)


def where(conditions: Iterable[Filter], dialect: Dialect = "sqlite") -> Clause:
    """Return one clause for all conditions; without conditions it is always true."""
    clauses = [_filter(each, dialect) for each in conditions]
    return _joined(clauses, " AND ") if clauses else EVERY


def _filter(condition: Filter, dialect: Dialect) -> Clause:
    if isinstance(condition, Condition):
        return _clause(condition, dialect)
    if isinstance(condition, Named):
        return _named(condition, dialect)
    joined = _joined([where(way, dialect) for way in condition.ways], " OR ")
    sql = f"({joined.sql})" if isinstance(condition, OneOf) else f"NOT coalesce({joined.sql}, false)"
    return Clause(sql, joined.parameters)


def _named(condition: Named, dialect: Dialect) -> Clause:
    """Return whether a text has words; by sets of letters, accents and capitals count nothing.

    SQLite has no regular expressions, and DuckDB's GLOB took sets byte by byte until its release 2.
    """
    words = ["".join(_LETTERS.get(letter, letter) for letter in word) for word in condition.words]
    text = f"(' ' || {quoted(condition.column.name)} || ' ')"
    if dialect == "duckdb":
        between = "[ -]" if condition.close else "[ -].*"
        return Clause(f"regexp_matches({text}, ?, 's')", (f" {between.join(words)} ",))
    between = "[ -]" if condition.close else "[ -]*"
    return Clause(f"{text} GLOB ?", (f"* {between.join(words)} *",))


def _joined(clauses: Sequence[Clause], by: str) -> Clause:
    sql = by.join(clause.sql for clause in clauses)
    return Clause(sql, tuple(value for clause in clauses for value in clause.parameters))


def _condition(schema: Schema, text: str) -> Condition:
    form = _FORM.fullmatch(text) if len(text) <= MAX_CHARACTERS else None
    if form is None or not form[1]:
        raise SpecError(
            f"{text[:MAX_CHARACTERS]!r} is not a condition; write a column, one of = != < <= > >= in and a "
            f"value, at most {MAX_CHARACTERS} characters in all, as in colour=red or height>=30"
        )
    name, sign, value = form[1], form[2].strip().lower(), form[3]
    column = _column(schema, name[1:-1].replace('""', '"') if name.startswith('"') else name)
    operator = cast(Operator, sign)
    if operator == "in":
        values = _listed(value)
        if not values:
            raise SpecError(f"{text!r} names no value; write some, as in colour in red, blue")
        return Condition(column, operator, tuple(read_literal(column, text, each) for each in values))
    found = read_literal(column, text, value)
    if operator not in ("=", "!="):
        _check_order(column, text, found)
    return Condition(column, operator, found)


def _column(schema: Schema, name: str) -> Column:
    """Return the column of a name, which may be typed in another Unicode form than it has in the source."""
    same = {unicodedata.normalize("NFC", each): each for each in schema.by_name}
    return schema.stored(
        name if name in schema.by_name else same.get(unicodedata.normalize("NFC", name), name)
    )


def _listed(value: str) -> list[str]:
    """Return the values of `in`, which commas divide; brackets around all of them may be left out."""
    inner = value[1:-1] if value.startswith("(") and value.endswith(")") else value
    found, place = [], 0
    while place < len(inner) and (item := _LISTED.match(inner, place)):
        found.append(item[1])
        place = item.end()
    return [each for each in found if each]


def _check_order(column: Column, text: str, value: Value) -> None:
    if not is_ordered(column):
        kind = column.kind if column.value_kind else "text"
        raise SpecError(f"{text!r}: {column.name} is {kind}, which has no order; use =, != or in")
    if value is None:
        raise SpecError(f"{text!r}: null has no order; use = or !=")


# --- SQL -------------------------------------------------------------------------------------------------


def _clause(condition: Condition, dialect: Dialect) -> Clause:
    column, operator, value = condition.column, condition.operator, condition.value
    if isinstance(value, tuple):
        return _joined_in_brackets([_clause(Condition(column, "=", each), dialect) for each in value])
    name = quoted(column.name)
    if value is None:
        return Clause(f"{name} IS {'NOT ' if operator == '!=' else ''}NULL", ())
    if column.kind == "list":
        found = _has_item(column, name, str(value), dialect)
        return found if operator == "=" else Clause(f"NOT coalesce({found.sql}, false)", found.parameters)
    if column.kind in DECIMALS:
        return _numeric(column, name, operator, str(value))
    return Clause(f"{name} {_SIGNS.get(operator, operator)} ?", (value,))


_SIGNS = {"!=": "IS DISTINCT FROM"}
"""NULL also differs."""


def _joined_in_brackets(clauses: Sequence[Clause]) -> Clause:
    joined = _joined(clauses, " OR ")
    return Clause(f"({joined.sql})", joined.parameters)


def _has_item(column: Column, name: str, item: str, dialect: Dialect) -> Clause:
    """Return whether a list has an item. One that is carried may be JSON, one that is drawn never is."""
    joined = f"instr('{LIST_SEPARATOR}' || {name} || '{LIST_SEPARATOR}', ?) > 0"
    enclosed = f"{LIST_SEPARATOR}{item}{LIST_SEPARATOR}"
    if column.value_kind is None:  # most lists hold the text of the item nowhere, which is found out sooner
        return Clause(f"(instr({name}, ?) > 0 AND {joined})", (item, enclosed))
    in_json = f"EXISTS (SELECT 1 FROM json_each({name}) WHERE value = ?)"
    if dialect == "duckdb":
        in_json = f"list_contains(json_extract_string({name}, '$[*]'), ?)"
    if LIST_SEPARATOR in item:  # joined, it would be two items
        return Clause(f"CASE substr({name}, 1, 1) WHEN '[' THEN {in_json} ELSE false END", (item,))
    return Clause(f"CASE substr({name}, 1, 1) WHEN '[' THEN {in_json} ELSE {joined} END", (item, enclosed))


def _numeric(column: Column, name: str, operator: Operator, value: str) -> Clause:
    """Return a comparison of decimals that are stored as texts, exact for any number of digits.

    Without zeros at the end, two numbers from 0 on compare by the length of their whole part and then by
    their text; below 0 the other way round.
    """
    places = column.value_kind.digits if column.value_kind else 0

    def text(of: str) -> str:
        return f"rtrim(rtrim({of}, '0'), '.')" if places else of

    if operator in ("=", "!="):
        return Clause(f"{text(name)} {_SIGNS.get(operator, operator)} ?", (value,))
    negative, less = value.startswith("-"), operator.startswith("<")
    size = f"substr({name}, 2)" if negative else name
    whole = f"length({size}) - {places + 1 if places else 0}"
    sign = operator.translate(_TURNED) if negative else operator
    has_sign = f"substr({name}, 1, 1) {'=' if less else '<>'} '-'"
    both = "AND" if negative == less else "OR"
    amount = value.lstrip("-")
    length = len(amount.partition(".")[0])
    compared = f"({whole} {sign[0]} ? OR ({whole} = ? AND {text(size)} {sign} ?))"
    return Clause(f"({has_sign} {both} {compared})", (length, length, amount))


_TURNED = str.maketrans("<>", "><")
