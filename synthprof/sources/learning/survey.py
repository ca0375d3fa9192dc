"""The first look at a table's columns: which are numbers, categories or keys, and which are not learned."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import pyarrow as pa

from synthprof.sources.learning.grids import Fineness, Grid, numbers_of
from synthprof.sources.learning.sketches import Array, Numbers, Spread, Texts
from synthprof.sources.learning.types import LEARNED, Type

MAX_CATEGORIES = 4_096
"""Values of a category that are kept; rarer ones become the other ones."""

MOST_OTHER = 0.6
"""A column whose rare values are more than this share is no category."""

LEFT_OUT_SHARE = 0.005
"""Share of rows with rare values that are left out, where they are too few for a value of their own."""

MAX_WIDTH = 18
"""Digits of a running number."""

PROSE_WORDS = 5
"""Words of a text on average from which on it is prose."""


@dataclass(frozen=True)
class Numeric:
    """A column of numbers, dates or times to be learned."""

    type: Type
    grid: Grid
    spread: Spread


@dataclass(frozen=True)
class Categorical:
    """A column of categories to be learned: those seen often enough, in alphabetical order."""

    type: Type
    values: tuple[str, ...]
    other: bool


@dataclass(frozen=True)
class Key:
    """A column in which each row has a value of its own.

    uuid: its texts are UUIDs. prefix: what every text begins with, before digits. width: of the digits; 0 if
    they differ.
    """

    numbers: bool
    uuid: bool = False
    prefix: str = ""
    width: int = 0


@dataclass(frozen=True)
class Omitted:
    """A column that is not learned, and why, in words."""

    why: str


Plan = Numeric | Categorical | Key | Omitted


@dataclass
class _Column:
    type: Type
    rows: int = 0
    there: int = 0
    numbers: Numbers = field(default_factory=Numbers)
    texts: Texts = field(default_factory=Texts)
    problem: str = ""
    rising: bool = True
    last: int | None = None
    least: int = 0
    greatest: int = 0

    def __post_init__(self) -> None:
        self.fineness = Fineness(self.type.name)

    def add(self, array: pa.Array) -> None:
        self.rows += len(array)
        if self.problem or self.type.name not in LEARNED:
            return
        values = self.type.values(array)
        self.there += len(values) - values.null_count
        if self.type.name in ("text", "bool"):
            self.texts.add(values.drop_null().cast(pa.string()))
        else:
            self._add_numbers(values)

    def _add_numbers(self, values: pa.Array) -> None:
        self.fineness.scale = values.type.scale if pa.types.is_decimal(values.type) else 0
        try:
            found = numbers_of(self.type.name, values)
        except (OverflowError, pa.ArrowInvalid):
            self.problem = "it has numbers beyond 62 bits, or moments beyond the calendar"
            return
        self.fineness.add(found)
        self.numbers.add(found)
        if len(found) and self.type.name in ("integer", "unsigned"):
            self._add_order(found)

    def _add_order(self, found: Array) -> None:
        first, least, greatest = int(found[0]), int(found.min()), int(found.max())
        self.least = least if self.last is None else min(self.least, least)
        self.greatest = greatest if self.last is None else max(self.greatest, greatest)
        self.rising &= bool((found[1:] > found[:-1]).all()) and (self.last is None or first > self.last)
        self.last = int(found[-1])


def plans_of(
    batches: Iterable[pa.RecordBatch], types: list[Type], k: int, progress: Callable[[int], None]
) -> tuple[int, list[Plan]]:
    """Return the rows of a table, and what is to be learned of each of its columns.

    k: rows that must share a value at least. progress: called with the rows of each batch.
    """
    columns = [_Column(each) for each in types]
    rows = 0
    for batch in batches:
        rows += batch.num_rows
        for column, array in zip(columns, batch.columns, strict=True):
            column.add(array)
        progress(batch.num_rows)
    return rows, [_plan(column, k) for column in columns]


def _plan(column: _Column, k: int) -> Plan:
    if column.type.name == "null":
        return Omitted("it has no values")
    if column.type.name not in LEARNED:
        return Omitted(f"columns of the type {column.type.name} are not learned")
    if column.problem:
        return Omitted(column.problem)
    if column.there < k:
        return Omitted(f"only {column.there} rows have a value, fewer than {k}")
    if column.type.name in ("text", "bool"):
        return _plan_of_texts(column, k)
    spread = column.numbers.spread()
    if column.there == column.rows and _is_sequence(column, spread):
        return Key(numbers=True)
    try:
        return Numeric(column.type, column.fineness.grid(spread), spread)
    except OverflowError:
        return Omitted("its numbers are too large or too small")


def _is_sequence(column: _Column, spread: Spread) -> bool:
    """Return whether the numbers are those of the rows: each one greater, or dense in another order."""
    if column.type.name not in ("integer", "unsigned") or (not spread.exact and not column.rising):
        return False
    span = column.greatest - column.least + 1
    different = column.rising or len(spread.values) == column.rows
    return different and span == column.rows


def is_few(rest: int, rows: int, k: int) -> bool:
    """Return whether the rows of rare values are too few to be told, and too many to be left out."""
    return LEFT_OUT_SHARE * rows < rest < k


def _plan_of_texts(column: _Column, k: int) -> Plan:
    texts = column.texts
    if texts.unique and len(texts.counts) > 1:
        if texts.words >= PROSE_WORDS * texts.rows:
            return Omitted("it is free text, of which nothing is copied")
        width = min(texts.widths) if len(texts.widths) == 1 else 0
        return Key(False, texts.uuids, texts.prefix or "", width if 0 < width <= MAX_WIDTH else 0)
    common = {text: count for text, count in texts.counts.items() if count >= k}
    kept = sorted(common, key=lambda text: (-common[text], text))[:MAX_CATEGORIES]
    rest = column.there - sum(common[text] for text in kept)
    while is_few(rest, column.there, k) and kept:  # the other ones must be k rows, too
        rest += common[kept.pop()]
    if not kept or rest > MOST_OTHER * column.there:
        if texts.words >= PROSE_WORDS * texts.rows:
            return Omitted("it is free text, of which nothing is copied")
        share = 1 - rest / column.there
        return Omitted(
            f"it has too many different values: only {share:.0%} of its rows have one of {k} or more"
        )
    return Categorical(column.type, tuple(sorted(kept)), rest > 0)
