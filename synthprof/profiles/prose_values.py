"""The fragments of what texts name: the values of columns that are codes, and the items of lists of codes."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from synthprof.base.errors import SpecError
from synthprof.base.text import LIST_SEPARATOR
from synthprof.profiles.told import Told
from synthprof.profiles.written import write
from synthprof.schemas.draws import Prose, Reading, Subset
from synthprof.schemas.schema import Column, Schema
from synthprof.schemas.text_templates import Field

Codes32 = npt.NDArray[np.int32]
Filling = Callable[[Told, int], list[Codes32]]
"""Gives the pieces of a named value: codes into fragments that begin at a number."""


@dataclass(frozen=True)
class Value:
    """The values that a text names: its fragments, the number of its pieces, and the pieces of each row.

    Without `fill` it has no fragments: the text of each row is written by itself.
    """

    key: str
    fragments: tuple[str, ...]
    width: int
    fill: Filling | None


def value_of(
    schema: Schema, draw: Prose, key: str, strings: Mapping[str, Sequence[str]], capital: bool
) -> Value:
    """Return a value by its key in templates, `column` or `column:format`.

    strings: by column the values of a category or number, or the fragments of names. capital: whether it
    begins a sentence. Raises SpecError for a reading of a column that is no code.
    """
    name, _, form = key.partition(":")
    reading = next(
        (each for each in draw.readings if (each.name, each.column) == (form.partition(" ")[0], name)), None
    )
    if draw.first_name and name == draw.first_name:
        return Value(key, tuple(strings[draw.name]), 1, _FirstNames(draw.name))
    column = schema.column(name)
    if column.value_kind is not None or column.kind == "text":
        if reading:
            raise SpecError(
                f"reading {reading.name}: {name} is no column of codes; name a category, number or list"
            )
        return Value(key, (), 1, None)
    if isinstance(column.draw, Subset):
        return _list_value(key, column.draw, form, reading, capital)
    texts = tuple(read(reading, strings[name]) if reading else _formatted(column, form, strings[name]))
    low = column.span[0] if column.kind in ("integer", "flag") else 0
    return Value(key, tuple(map(capitalised, texts)) if capital else texts, 1, _Codes(name, low))


def capitalised(text: str) -> str:
    """Return a text with a capital letter first."""
    return text[:1].upper() + text[1:]


def read(reading: Reading, values: Sequence[str]) -> list[str]:
    """Return what values read."""
    own = dict(reading.values)
    texts = ((own.get(value, reading.other), value) for value in values)
    return [text.replace("{lower}", value.lower()).replace("{}", value) for text, value in texts]


def _formatted(column: Column, form: str, texts: Sequence[str]) -> Sequence[str]:
    """Return what each value of a column that is codes reads in a format."""
    if not form:
        return texts
    if "|" in form:
        words = form.split("|")
        return words if column.kind == "category" else words[::-1]
    values = pa.array(texts, pa.string())
    written, _ = write(
        Field(column.name, form, 0), values if column.kind == "category" else values.cast(pa.int64())
    )
    found: list[str] = written.to_pylist()
    return found


def _list_value(key: str, draw: Subset, form: str, reading: Reading | None, capital: bool) -> Value:
    name = key.partition(":")[0]
    if "|" in form:
        return Value(key, tuple(form.split("|")), 1, _OneOrSeveral(name))
    case, _, word = form.rpartition(" ") if not reading else ("", "", form.partition(" ")[2])
    if not reading and form in ("upper", "lower"):
        case, word = form, ""
    items = read(reading, draw.values) if reading else list(draw.values)
    if case:
        items = [getattr(item, case)() for item in items]
    firsts = map(capitalised, items) if capital else items
    later = [LIST_SEPARATOR + item for item in items]
    last = [f" {word} {item}" for item in items] if word else later
    return Value(key, (*firsts, *later, *last), len(draw.sizes), _Items(name, len(items)))


@dataclass(frozen=True)
class _FirstNames:
    """The first name of each row."""

    of: str

    def __call__(self, told: Told, start: int) -> list[Codes32]:
        return [told.firsts[self.of] + np.int32(start)]


@dataclass(frozen=True)
class _Codes:
    """The value of each row in a column of codes, the first of which is `low`."""

    name: str
    low: int

    def __call__(self, told: Told, start: int) -> list[Codes32]:
        return [(told.codes[self.name].astype(np.int64) + (start - self.low)).astype(np.int32)]


@dataclass(frozen=True)
class _OneOrSeveral:
    """One of two words by the number of items in each row's list."""

    name: str

    def __call__(self, told: Told, start: int) -> list[Codes32]:
        return [(told.lists[self.name].counts > 1).astype(np.int32) + np.int32(start)]


@dataclass(frozen=True)
class _Items:
    """Items: the first, later ones, and the last of several; 0 where a list has fewer. count: items known."""

    name: str
    count: int

    def __call__(self, told: Told, start: int) -> list[Codes32]:
        picks, count = told.lists[self.name], self.count
        first, *later = (item.astype(np.int32) for item in picks.items)
        pieces = [first + np.int32(start)]
        for place, item in enumerate(later, start=2):
            codes = item + np.where(
                picks.counts == place, np.int32(start + 2 * count), np.int32(start + count)
            )
            pieces.append(codes * (picks.counts >= place))
        return pieces
