"""The mistakes of a schema's file: each with file, line, place, value, rule and remedy; all at once."""

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from synthprof.base.errors import SpecError
from synthprof.schemas.format.columns import DRAWS, OWN
from synthprof.schemas.lines import Path as Keys
from synthprof.schemas.lines import line_of, lines_of

MAX_SHOWN = 20
"""Mistakes of a file that are shown; the others are counted."""

MAX_QUOTED = 60
"""Characters of a value that a message quotes."""

_LISTS = {"column": "column", "archetype": "archetype", "table": "table", "rule": "rule", "margin": "margin"}


class Wrong(SpecError):
    """A mistake at a place of a table, which who reads the table locates in its file."""

    def __init__(self, message: str, *path: str | int) -> None:
        super().__init__(message)
        self.path = path


class SchemaError(SpecError):
    """The mistakes of a schema's files."""


@dataclass
class Mistakes:
    """Mistakes found in one file, in the order of its lines.

    shown: the name of the file in messages. table: what it holds. text: all of it, to count lines in.
    """

    shown: str
    table: Mapping[str, Any]
    text: str
    found: dict[tuple[int, str], None] = field(default_factory=dict)

    @functools.cached_property
    def _lines(self) -> Mapping[Keys, int]:
        return lines_of(self.text)  # takes a fifth of the time of reading a schema, which few have mistakes

    def add(self, path: Keys, message: str) -> None:
        """Note a mistake: `fact; remedy`."""
        line = line_of(path, self._lines)
        where = place(path, self.table)
        self.found[line, f"{where}: {message}" if where else message] = None

    def check(self) -> None:
        """Raise SchemaError if there are mistakes."""
        if not self.found:
            return
        told = [f"{self.shown}:{line}: {message}" for line, message in sorted(self.found)]
        if len(told) == 1:
            raise SchemaError(told[0])
        left = [f"… and {len(told) - MAX_SHOWN} more"] if len(told) > MAX_SHOWN else []
        raise SchemaError("\n".join([f"{self.shown} has {len(told)} mistakes:", *told[:MAX_SHOWN], *left]))


def shown_path(path: Path) -> str:
    """Return a path as messages show it: from the current folder, if it lies there."""
    try:
        return str(path.absolute().relative_to(Path.cwd()))
    except (ValueError, OSError):
        return str(path)


def place(path: Keys, table: Mapping[str, Any]) -> str:
    """Return the words for a place: `column age, draw normal`, `archetype night, odds.age`.

    The last key is left out where the message names it itself, with its value.
    """
    if not path:
        return ""
    first, *rest = path
    entry = _at(table, path[:2])
    if rest and isinstance(rest[0], int) and isinstance(entry, Mapping):
        told = f"{_LISTS.get(str(first), f'[[{first}]]')} {quoted(entry.get('name') or rest[0] + 1)}"
        if first == "table" and rest[1:2] in (["column"], ["rule"]):
            return f"{told}, {place(tuple(rest[1:]), entry)}"
        return ", ".join([told, *_inside(first, rest[1:], entry)])
    return ", ".join([f"[{first}]", *_dotted(rest[:-1])]) if rest and isinstance(rest[0], str) else ""


def quoted(value: object) -> str:
    """Return a value as messages quote it: short, on one line."""
    text = value if isinstance(value, str) else repr(value)
    text = "".join(each if each.isprintable() else "�" for each in text)
    return text if len(text) <= MAX_QUOTED else text[:MAX_QUOTED] + "…"


def meant(word: object, known: Sequence[str]) -> str:
    """Return the remedy for a word that is not known: the one that was meant, or those that are known."""
    close = get_close_matches(str(word)[:100], known, 1)
    if close:
        return f"did you mean {close[0]!r}?"
    some = ", ".join(known[:12])
    return f"known are {some}{' …' if len(known) > 12 else ''}" if known else "remove it"


def _inside(first: str | int, rest: Sequence[str | int], entry: Mapping[str, Any]) -> list[str]:
    draw, key = entry.get("draw"), rest[0] if rest else None
    of_draw = first == "column" and isinstance(draw, str) and draw in DRAWS and key not in OWN - {"draw"}
    return [f"draw {draw}"] * of_draw + _dotted(rest[:-1])


def _dotted(keys: Sequence[str | int]) -> list[str]:
    return [".".join(quoted(str(key)) for key in keys)] if keys else []


def _at(table: object, path: Keys) -> object:
    for key in path:
        try:
            table = table[key]  # type: ignore[index]
        except (LookupError, TypeError):
            return None
    return table
