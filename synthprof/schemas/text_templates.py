"""Templates of texts: literal text and the columns between it, each with a format of a closed set.

`{name}` and `{name:format}` stand for a column; `{{` and `}}` are braces. Formats by the kind of the column:

- integer: `,` `.` `'` or a space between thousands, or `05` for at least five digits;
- float and decimal: `.2f`, or `,2f` for a comma before the decimals; `,.2f` and `.,2f` divide thousands, too;
- date and timestamp: `%d.%m.%Y` and other characters, with %Y %y %m %d %H %M %S, and %-d %-m without a zero;
- bool and flag: `yes|no`, the words for true and false;
- text and category: `upper`, `lower`, or `.3` for the first three characters;
- list: `upper`, `lower`, the word before the last item as `and`, or both as `lower and`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from synthprof.schemas.expressions.tokens import ExpressionError

MAX_LENGTH = 2_000
"""Characters of a template."""

MAX_FIELDS = 50
"""Columns in a template."""

NUMBER = re.compile(r"([,.' ]?)([.,])([0-6])f")
"""Matches the format of a float: the sign between thousands, the sign before decimals, their count."""

DATE_CODES = ("%Y", "%y", "%m", "%d", "%-m", "%-d", "%%")
TIME_CODES = ("%H", "%M", "%S")

_FIELD = re.compile(r"\{([^\W\d]\w*(?:\.[^\W\d]\w*)?)(?::([^{}]*))?\}")
_PLAIN = re.compile(r"(?:[^{}]|\{\{|\}\})+")
_CODE = re.compile(r"%-?.?")


@dataclass(frozen=True)
class Field:
    """A column in a template, its format, and its place from 0 on."""

    column: str
    format: str
    at: int


Part = str | Field


def parse_template(text: str) -> tuple[Part, ...]:
    """Return the parts of a template in order. Raises ExpressionError, which names the place, for others."""
    if len(text) > MAX_LENGTH:
        raise ExpressionError(MAX_LENGTH, f"{len(text)} characters", f"at most {MAX_LENGTH}")
    parts: list[Part] = []
    place = 0
    while place < len(text):
        if plain := _PLAIN.match(text, place):
            parts.append(plain[0].replace("{{", "{").replace("}}", "}"))
            place = plain.end()
        elif field := _FIELD.match(text, place):
            parts.append(Field(field[1], field[2] or "", place))
            place = field.end()
        else:
            found = text[place : text.find("}", place) + 1 or place + 20][:40]
            raise ExpressionError(place, repr(found), "{column}, {column:format}, or {{ and }} for braces")
    if sum(isinstance(part, Field) for part in parts) > MAX_FIELDS:
        raise ExpressionError(0, "too many columns", f"at most {MAX_FIELDS}")
    return tuple(parts)


def columns_of(parts: tuple[Part, ...]) -> tuple[str, ...]:
    """Return the columns of a template, each once."""
    return tuple(dict.fromkeys(part.column for part in parts if isinstance(part, Field)))


def check_format(field: Field, kind: str) -> None:
    """Raise ExpressionError for a format that a column of the kind does not have."""
    allowed, told = _FORMATS.get(kind, (re.compile(""), "no format"))
    if not allowed.fullmatch(field.format):
        name = f"{field.column}, of kind {kind}, "
        found = f"{name}with format {field.format!r}" if field.format else f"{name}without a format"
        raise ExpressionError(field.at, found, told)
    if kind in ("date", "timestamp", "timestamptz"):
        codes = DATE_CODES + (TIME_CODES if kind != "date" else ())
        if unknown := [code for code in _CODE.findall(field.format) if code not in codes]:
            raise ExpressionError(field.at, repr(unknown[0]), f"one of {' '.join(codes)}")


def date_parts(text: str) -> tuple[str, ...]:
    """Return the codes of a date's format and the texts between them, in order."""
    return tuple(part for part in re.split(r"(%-?.)", text) if part)


_INTEGER = (re.compile(r"[,.' ]?|0([1-9]|1[0-9])"), "no format, a sign between thousands, or 05")
_FLOAT = (NUMBER, "a count of decimals up to 6 as in .2f or ,2f, with thousands ,.2f or .,2f")
_DATE = (re.compile(r"[^{}|]{0,40}"), "a format as in %d.%m.%Y")
_TRUTH = (re.compile(r"|[^|]*\|[^|]*"), "no format, or words for true and false as in yes|no")
_TEXT = (re.compile(r"|upper|lower|\.[1-9][0-9]{0,3}"), "no format, upper, lower, or a count as in .3")
_LIST = (
    re.compile(r"|upper|lower|((upper|lower) )?[^\W\d_]{1,20}"),
    "no format, upper, lower, the word before the last item as in lower and",
)

_FORMATS: Mapping[str, tuple[re.Pattern[str], str]] = {
    **dict.fromkeys(("integer", "unsigned"), _INTEGER),
    "float": _FLOAT,
    "decimal": (re.compile(f"|{NUMBER.pattern}"), _FLOAT[1]),
    **dict.fromkeys(("date", "timestamp", "timestamptz"), _DATE),
    **dict.fromkeys(("bool", "flag"), _TRUTH),
    **dict.fromkeys(("text", "category"), _TEXT),
    "list": _LIST,
}
