"""Rows of a file of JSON: an array of objects, or objects one after the other, mostly one on each line."""

import io
import itertools
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from synthprof.base.errors import SpecError
from synthprof.base.units import MIB
from synthprof.sources.arrow_files import check_columns
from synthprof.sources.files import steady
from synthprof.sources.reading import Part
from synthprof.sources.streams import MAX_LINE, compression_of, encoding_of, lines, said, text_of
from synthprof.sources.values import Columns, Role, Row, Seen, in_parts

SAMPLE_ROWS = 1_000
"""Objects whose names are what a message lists as columns."""

HEAD = 4_096

MAX_NAMES = 10_000
"""Names of columns that are listed at most."""

Item = tuple[int, dict[str, Any], str]
"""Number, object, and why it cannot be taken, if so."""


class Json:
    """A reader of one file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.size = path.stat().st_size
        self._encoding = encoding_of(path)
        with path.open("rb") as file:
            packed = compression_of(file.read(8))
        self._by_line = self._is_by_line()
        kind = "JSON Lines" if self._by_line else "JSON"
        self.said = ", ".join(filter(None, (kind, packed, said(self._encoding))))
        self._types: dict[str, pa.DataType] = {}

    def schema(self, columns: Sequence[str]) -> pa.Schema:
        """Return the types of the columns, from all their values; a column need not be in every object."""
        self._check(columns)
        seen = {name: Seen() for name in columns if name not in self._types}
        with steady(self.path):
            for _, item, _ in self._items() if seen else ():
                for name, each in seen.items():
                    each.add([item.get(name)])
        self._types |= {name: each.arrow for name, each in seen.items()}
        return pa.schema([(name, self._types[name]) for name in columns])

    def parts(self, columns: Sequence[str]) -> Iterator[Part]:
        """Yield the rows. The first column is the id, the second the text."""
        self._check(columns[:2])
        return self._parts(columns, ("key", "text", *self.schema(columns[2:]).types))

    def names(self) -> list[str]:
        """Return the names that any of the objects has, in the order in which they come up."""
        found: dict[str, None] = {}
        with steady(self.path):
            for _, item, _ in self._items():
                found |= dict.fromkeys(item)
                if len(found) > MAX_NAMES:
                    raise SpecError(
                        f"source={self.path}: its objects have more than {MAX_NAMES:,} different names; "
                        "name a file whose objects are rows of one table"
                    )
        return list(found)

    def whole(self, columns: Sequence[str]) -> Iterator[Part]:
        """Yield the rows, each column in its own type."""
        return self._parts(columns, tuple(self.schema(columns).types))

    def _parts(self, columns: Sequence[str], types: tuple[Role | pa.DataType, ...]) -> Iterator[Part]:
        wanted = Columns(tuple(columns), types)
        with steady(self.path):
            rows: Iterator[Row] = (
                (number, None if fault else [item.get(name) for name in columns], fault)
                for number, item, fault in self._items()
            )
            yield from in_parts(wanted, rows, "line" if self._by_line else "item")

    def cancel(self) -> None:
        """Do nothing: items are read in a moment."""

    def watch(self) -> None:
        """Do nothing: reading takes nothing but memory."""

    def _check(self, columns: Sequence[str]) -> None:
        known: dict[str, None] = {}
        for _, item, _ in itertools.islice(self._items(), SAMPLE_ROWS):
            known |= dict.fromkeys(item)
        if known:
            check_columns(columns, list(known), f"source={self.path}")

    def _is_by_line(self) -> bool:
        """Return whether the first line that is not blank is an object, or too long to tell."""
        with text_of(self.path, self._encoding) as text:
            if text.read(HEAD).lstrip().startswith("["):
                return False
        with text_of(self.path, self._encoding) as text:
            for _, line in lines(text):
                if line is None or line.strip():
                    return line is None or isinstance(_loaded(line)[0], dict)
        return True

    def _items(self) -> Iterator[Item]:
        with text_of(self.path, self._encoding) as text:
            found = self._lines(text) if self._by_line else _values(text, self.path)
            for number, value, fault in found:
                if not fault and not isinstance(value, dict):
                    fault = "it is not an object"
                yield number, {} if fault else value, fault

    def _lines(self, text: io.TextIOWrapper) -> Iterator[tuple[int, Any, str]]:
        for number, line in lines(text):
            if line is None:
                yield number, None, f"the line has more than {MAX_LINE:,} characters"
            elif line.strip():
                yield number, *_loaded(line)


def _loaded(line: str) -> tuple[Any, str]:
    """Return what a text in JSON means, or why it means nothing."""
    try:
        return json.loads(line), ""
    except RecursionError:
        return None, "it is nested too deep"
    except ValueError as error:
        return None, f"it is not JSON ({str(error)[:80]})"


def _values(text: io.TextIOWrapper, path: Path) -> Iterator[tuple[int, Any, str]]:
    """Yield the items of an array, or values one after the other, of bounded size each.

    Raises SpecError where the text is not JSON: nobody knows where the next item would begin.
    """
    decoder, number = json.JSONDecoder(), 0
    window = _Window(text)
    while window.skip("[" if not number else ","):
        number += 1
        while True:
            try:
                value, end = decoder.raw_decode(window.held, window.at)
            except RecursionError:
                raise SpecError(f"source={path}: item {number} is nested too deep; leave it out") from None
            except ValueError as error:
                if window.more():
                    continue
                wrong = (
                    f"is not JSON ({str(error)[:80]})"
                    if window.ended
                    else f"has more than {MAX_LINE:,} characters"
                )
                raise SpecError(f"source={path}: item {number} {wrong}; mend it") from None
            if end < len(window.held) or not window.more():
                break
        window.at = end
        yield number, value, ""


class _Window:
    """The part of a text that is looked at."""

    def __init__(self, text: io.TextIOWrapper) -> None:
        self._text = text
        self.held, self.at, self.ended = "", 0, False

    def more(self) -> bool:
        """Add to what is held; return False at the end, and where one value is too long."""
        if self.ended or len(self.held) - self.at > MAX_LINE:
            return False
        found = self._text.read(max(MIB, len(self.held) - self.at))
        self.held, self.at = self.held[self.at :] + found, 0
        self.ended = not found
        return bool(found)

    def skip(self, mark: str) -> bool:
        """Go past white space and one mark; return whether a value follows."""
        for _ in range(2):
            while True:
                rest = len(self.held)
                while self.at < rest and self.held[self.at] in " \t\r\n\ufeff":
                    self.at += 1
                if self.at < rest or not self.more():
                    break
            if self.at < len(self.held) and self.held[self.at] == mark:
                self.at += 1
                mark = ""
            else:
                break
        return self.at < len(self.held) and self.held[self.at] != "]"
