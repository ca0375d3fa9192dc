"""The columns that a collection carries, written as one text: `ano:integer,"data, hora":timestamp`."""

import re
from collections.abc import Mapping

from synthprof.base.column_kinds import Kind
from synthprof.base.errors import SpecError
from synthprof.base.text import UNPRINTABLE

MAX_NAME = 100
"""Characters of a column's name."""

_KIND = r'[^",:()]*(?:\((?:[^()":]|\([^()":]*\))*\))?'
_ITEM = re.compile(rf'\s*(?:"((?:[^"]|"")*)"|([^",:]*?))\s*(?::\s*({_KIND}?)\s*)?(?=,|$)')
_PLAIN = re.compile(r'[^",:\s](?:[^",:]*[^",:\s])?')


def parse_columns(text: str) -> dict[str, str]:
    """Return the kind of each column by its name, in order; an empty kind where none is named.

    A name stands in double quotes where it holds a comma, a colon or a quote, which is doubled.
    Raises SpecError for a name that is malformed or occurs twice, and for an unknown kind.
    """
    found: dict[str, str] = {}
    place = 0
    while text.strip() and place <= len(text):
        item = _ITEM.match(text, place)
        if item is None:
            rest = text[place : place + 80]
            raise SpecError(
                f"columns={text:.200}: {rest!r} is no list of columns; write name:kind, separated by commas, "
                'and a name that holds a comma, a colon or a quote in double quotes, as in "a, b":text'
            )
        quoted, plain, kind = item.groups()
        name = plain if quoted is None else quoted.replace('""', '"')
        _check(text, name, found)
        found[name] = _kind(text, name, kind)
        place = item.end() + 1
    return found


def written_columns(columns: Mapping[str, str]) -> str:
    """Return the text that `parse_columns` reads, sorted by name: the same columns are the same text."""
    items = (f"{written_name(name)}{':' if kind else ''}{kind}" for name, kind in columns.items())
    return ",".join(sorted(items))


def written_name(name: str) -> str:
    """Return a column's name, in double quotes where it would else be read otherwise."""
    return name if _PLAIN.fullmatch(name) else quoted(name)


def quoted(name: str) -> str:
    """Return the name in double quotes, as SQL has it: quotes in it are doubled."""
    return '"' + name.replace('"', '""') + '"'


def _check(text: str, name: str, known: Mapping[str, str]) -> None:
    where = f"columns={text:.200}"
    if not name.strip():
        raise SpecError(f"{where}: a name is missing; write one, or leave out the comma")
    if len(name) > MAX_NAME or UNPRINTABLE.search(name) or "\t" in name or "\n" in name:
        raise SpecError(
            f"{where}: {name[:MAX_NAME]!r} cannot be the name of a column, which has 1 to {MAX_NAME} "
            "characters that can be printed; rename it in a view"
        )
    if name.casefold() in {each.casefold() for each in known}:
        raise SpecError(f"{where}: names must differ in more than case; rename one")


def _kind(text: str, name: str, kind: str | None) -> str:
    if kind is None:
        return ""
    try:
        return str(Kind.of(kind.strip().lower()))
    except ValueError as error:
        raise SpecError(
            f"columns={text:.200}: {error}; a name that holds a colon stands in double quotes"
        ) from None
