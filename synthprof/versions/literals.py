"""The values of conditions, read as people write them into the form that the column stores."""

import difflib
import re
import unicodedata
from decimal import Decimal

from synthprof.base.column_kinds import NUMBERS, ORDERED, Kind
from synthprof.base.errors import SpecError
from synthprof.base.values import Stored, item_text, stored, without_zeros
from synthprof.schemas.schema import Column
from synthprof.spec.written import Bounds, read_number, read_truth, read_whole

LARGEST = 2**63 - 1
DECIMALS = ("unsigned", "decimal", "duration")
"""Kinds of numbers that are stored as texts."""

_QUOTED = re.compile(r""""((?:[^"]|"")*)"|'((?:[^']|'')*)'""", re.DOTALL)
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_ZONE = re.compile(r"(Z|UTC|[+-]\d\d:?\d\d)$")
_WORDS_FOR_INFINITY = ("inf", "+inf", "-inf", "infinity", "-infinity")


def is_ordered(column: Column) -> bool:
    """Return whether values of the column can be less or more than others."""
    if column.value_kind is None:
        return column.sql_type == "INTEGER"
    return column.kind in ORDERED


def read_literal(column: Column, text: str, value: str) -> Stored | None:
    """Return the value in the form that the column stores, or None for `null` without quotes.

    text: the whole condition. A value in quotes is taken as it stands in them. Raises SpecError for a value
    that is not of the column's kind, and for one that a column with a list of values does not have.
    """
    if value.casefold() == "null":
        return None
    if _QUOTED.fullmatch(value):
        value = value[1:-1].replace(value[0] * 2, value[0])
    if column.value_kind is not None:
        return _carried(column.value_kind, column.name, text, value)
    if column.kind == "flag":
        return int(read_truth(column.name, value))
    if column.kind == "integer":
        return read_whole(column.name, value, -LARGEST, LARGEST)
    return _known(column, value)


def _carried(kind: Kind, name: str, text: str, value: str) -> Stored:
    if kind.name == "bool":
        return int(read_truth(name, value))
    if kind.name in NUMBERS and ":" not in value:
        return _number(kind, name, value)
    try:
        if kind.items is not None:
            return str(item_text(kind.items, _carried(kind.items, name, text, value)))
        found = stored(kind, _in_utc(value) if kind.name == "timestamptz" else value)
    except SpecError:
        raise
    except ValueError as error:
        raise SpecError(f"{text!r}: {value!r} is {error}; correct it") from None
    assert found is not None  # no text is NaN but of a number
    return without_zeros(Decimal(found)) if kind.name == "duration" else found


def _in_utc(value: str) -> str:
    """Return a time with a zone: one without is in UTC, as those that are stored."""
    return value if _ZONE.search(value) else value + ("T00:00:00Z" if _DAY.fullmatch(value) else "Z")


def _number(kind: Kind, name: str, value: str) -> Stored:
    if kind.name == "integer":
        return read_whole(name, value, -LARGEST, LARGEST)
    if kind.name == "float" and value.strip().lower() in _WORDS_FOR_INFINITY:
        return float(value)
    number = read_number(name, value, Bounds(kind.name == "unsigned"))
    return float(number) + 0.0 if kind.name == "float" else without_zeros(number)


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
