"""Rows of a file of delimited values: its delimiter found, each row told by the line where it begins."""

import csv
import datetime
import io
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from synthprof.base.errors import SpecError
from synthprof.base.units import MIB
from synthprof.sources.arrow_files import check_columns
from synthprof.sources.files import steady
from synthprof.sources.reading import Part
from synthprof.sources.streams import MAX_LINE, compression_of, encoding_of, lines, said, text_of
from synthprof.sources.values import Columns, Seen, in_parts

DELIMITERS = {",": ",", ";": ";", "\t": "tab", "|": "|"}

SAMPLE_ROWS = 100

MAX_ROW = MIB
"""Characters of a row of several lines: a quote that never ends would take the rest of the file into one."""

MAX_AGAIN = 128 * MIB
"""Characters that are read again after quotes that do not end."""

Record = tuple[int, list[str], str]
"""Line, fields, and why the row cannot be taken, if so."""


class Delimited:
    """A reader of one file. wanted: columns that tell the right delimiter."""

    def __init__(self, path: Path, wanted: Sequence[str]) -> None:
        self.path = path
        self.size = path.stat().st_size
        self._encoding = encoding_of(path)
        self._delimiter, self._header = _layout(path, self._encoding, wanted)
        with path.open("rb") as file:
            packed = compression_of(file.read(8))
        kind = "TSV" if self._delimiter == "\t" else "CSV"
        self.said = ", ".join(
            filter(None, (kind, packed, said(self._encoding), f"delimiter {DELIMITERS[self._delimiter]}"))
        )
        self._types: dict[str, pa.DataType] = {}

    @property
    def header(self) -> list[str]:
        """The names of the columns."""
        return self._header

    @property
    def delimiter(self) -> str:
        """The character between two fields."""
        return self._delimiter

    def schema(self, columns: Sequence[str]) -> pa.Schema:
        """Return the types of the columns, from all their values: text where one of them is nothing else."""
        check_columns(columns, self._header, f"source={self.path}")
        new = {name: self._header.index(name) for name in columns if name not in self._types}
        seen = {name: Seen() for name in new}
        with steady(self.path):
            for _, fields, fault in self._records() if new else ():
                for name, place in [] if fault else new.items():
                    seen[name].add([value_of(fields[place])])
        self._types |= {name: each.arrow for name, each in seen.items()}
        return pa.schema([(name, self._types[name]) for name in columns])

    def parts(self, columns: Sequence[str]) -> Iterator[Part]:
        """Yield the rows. The first column is the id, the second the text."""
        check_columns(columns, self._header, f"source={self.path}")
        wanted = Columns(tuple(columns), ("key", "text", *self.schema(columns[2:]).types))
        places = [self._header.index(name) for name in columns]
        readers = [_or_none, _as_is, *(_reader_for(kind) for kind in wanted.types[2:])]
        with steady(self.path):
            rows = (
                (
                    line,
                    None
                    if fault
                    else [read(fields[place]) for read, place in zip(readers, places, strict=True)],
                    fault,
                )
                for line, fields, fault in self._records()
            )
            yield from in_parts(wanted, rows, "line")

    def cancel(self) -> None:
        """Do nothing: lines are read in a moment."""

    def watch(self) -> None:
        """Do nothing: reading takes nothing but memory."""

    def _records(self) -> Iterator[Record]:
        with text_of(self.path, self._encoding) as text:
            records = _records(lines(text), self._delimiter)
            next(records, None)
            for line, fields, fault in records:
                if not fault and len(fields) != len(self._header):
                    fault = f"the row has {len(fields)} fields, the first line {len(self._header)}"
                yield line, fields, fault


class _Feed:
    """Lines for the csv module, which can be taken back: those of the row in hand are kept."""

    def __init__(self, numbered: Iterator[tuple[int, str | None]]) -> None:
        self._numbered = numbered
        self._back: list[tuple[int, str | None]] = []
        self.row: list[tuple[int, str | None]] = []
        self._held = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        found = self._back.pop() if self._back else next(self._numbered, None)
        if found is None:
            raise StopIteration
        self.row.append(found)
        self._held += len(found[1] or "")
        if found[1] is None:
            raise csv.Error(f"the line has more than {MAX_LINE:,} characters")
        if len(self.row) > 1 and self._held > MAX_ROW:
            raise csv.Error("a quote does not end")
        return found[1]

    def begin(self) -> None:
        """Begin a row."""
        self.row, self._held = [], 0

    def take_back(self) -> int:
        """Give the lines of this row again, except the first; return how many characters these are."""
        self._back += self.row[:0:-1]
        return self._held


def _records(numbered: Iterator[tuple[int, str | None]], delimiter: str) -> Iterator[Record]:
    """Yield the rows that are not blank. Raises SpecError for a file full of quotes that do not end."""
    feed, again = _Feed(numbered), 0
    csv.field_size_limit(2 * MAX_LINE)
    reader = csv.reader(feed, delimiter=delimiter, strict=True)
    while True:
        feed.begin()
        fault, fields = "", list[str]()
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            ended = "unexpected end of data" in str(error)
            fault = f"the row cannot be read: {'a quote does not end' if ended else error}"
        if fault and len(feed.row) > 1:
            again += feed.take_back()
            if again > MAX_AGAIN:
                line = feed.row[0][0]
                raise SpecError(f"line {line}: one more quote does not end; mend the quotes of the file")
            reader = csv.reader(feed, delimiter=delimiter, strict=True)
        if fields or fault:
            yield feed.row[0][0], fields, fault


def _layout(path: Path, encoding: str, wanted: Sequence[str]) -> tuple[str, list[str]]:
    """Return the delimiter and the names in the first row: the wanted ones are there, or most rows agree."""
    with text_of(path, encoding) as text:
        sample = list(io.StringIO(text.read(MAX_ROW), newline=""))
    sample = sample[:-1] or sample
    best: tuple[tuple[bool, float, int], str, list[str]] | None = None
    for delimiter in DELIMITERS:
        records = [fields for _, fields, _ in _first(_records(iter(enumerate(sample, 1)), delimiter))]
        if not records:
            continue
        header = [name.strip() for name in records[0]]
        alike = sum(len(fields) == len(header) for fields in records) / len(records)
        score = (set(wanted) <= set(header), alike if len(header) > 1 else 0.0, len(header))
        if best is None or score > best[0]:
            best = score, delimiter, header
    if best is None:
        raise SpecError(f"source={path} has no rows; name one that has")
    return best[1], best[2]


def _first(records: Iterator[Record]) -> Iterator[Record]:
    for _, record in zip(range(SAMPLE_ROWS), records, strict=False):
        yield record


# --- values ---------------------------------------------------------------------------------------------

_WHOLE = re.compile(r"-?(0|[1-9]\d{0,18})")
_NUMBER = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d{1,3})?")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?")
_BOOL = {"true": True, "false": False}


def value_of(text: str) -> Any:  # noqa: ANN401
    """Return the value that a field means: empty is none; a number whose form is lost as a number is text."""
    if not text:
        return None
    if _WHOLE.fullmatch(text):
        return int(text)
    if _NUMBER.fullmatch(text):
        return float(text)
    if (flag := _BOOL.get(text.lower())) is not None:
        return flag
    try:
        if _DAY.fullmatch(text):
            return datetime.date.fromisoformat(text)
        if _MOMENT.fullmatch(text):
            return datetime.datetime.fromisoformat(text)
    except ValueError:  # the 31st of February
        pass
    return text


def _or_none(text: str) -> str | None:
    return text or None


def _as_is(text: str) -> str:
    return text


def _reader_for(kind: Any) -> Callable[[str], Any]:  # noqa: ANN401
    return _or_none if kind == pa.string() else value_of
