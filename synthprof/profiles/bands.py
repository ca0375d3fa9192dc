"""Columns divided into bands, as the variants of a text ask for them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from synthprof.base.errors import SpecError
from synthprof.profiles.told import Told
from synthprof.profiles.vectors import read_vector
from synthprof.schemas.draws import Bound
from synthprof.schemas.expressions.types import TYPES
from synthprof.schemas.schema import Column

Index = npt.NDArray[np.intp]
Range = tuple[Bound, Bound]


@dataclass(frozen=True)
class Axis:
    """A column and the bands that its ranges divide it into: band i begins at edges[i - 1], band 0 before.

    type: of the numbers that are compared: `code` of a value, `items` of a list, `lack` where only a missing
    value counts, else the column's own. words: of a text, those that are named; its numbers are their places.
    may_lack: whether a last band holds the rows without a value. low, table: the band of each code, from low
    on.
    """

    column: str
    type: str
    edges: npt.NDArray[Any]
    words: tuple[str, ...]
    may_lack: bool
    low: int = 0
    table: Index | None = None

    @property
    def size(self) -> int:
        """Number of bands."""
        return len(self.edges) + 1 + self.may_lack

    def holds(self, band: int, low: Bound, high: Bound) -> bool:
        """Return whether a band lies in a range that was given when the axis was made."""
        missing = self.may_lack and band == self.size - 1
        if low is None or missing:
            return low is None and missing
        first, last = self._number(low), self._number(high)
        return band > 0 and first <= self.edges[band - 1] and bool(self.edges[band - 1] <= last)

    def _number(self, bound: Bound) -> Any:  # noqa: ANN401
        return number_of(self.type, self.words, bound)


def axis_of(column: Column, ranges: Sequence[Range]) -> Axis:
    """Return the bands of a column that ranges need. Raises SpecError for bounds that it cannot have."""
    kind = _type_of(column, bool(ranges))
    if not kind:
        raise SpecError(f"{column.name} is a {column.kind}, which has no ranges; ask for another column")
    given = [(low, high) for low, high in ranges if low is not None]
    words = tuple(dict.fromkeys(str(each) for pair in given for each in pair)) if kind == "text" else ()
    edges = set()
    for low, high in given:
        try:
            edges |= {number_of(kind, words, low), _after(kind, number_of(kind, words, high))}
        except (ValueError, TypeError, pa.ArrowInvalid):
            raise SpecError(
                f"{column.name}: {low!r} to {high!r} are no {column.kind}; write values of the column"
            ) from None
    ordered = np.array(sorted(edges), dtype=np.float64 if kind == "float" else np.int64)
    if kind != "code":
        return Axis(column.name, kind, ordered, words, column.may_lack)
    first, last = (0, len(column.values) - 1) if column.kind == "category" else column.span
    table = np.searchsorted(ordered, np.arange(first, last + 1), side="right")
    return Axis(column.name, kind, ordered, words, column.may_lack, first, table)


def _type_of(column: Column, asked: bool) -> str:
    """Return the type of the numbers that ranges of a column compare; empty for a column that has none."""
    if not asked:
        return "lack"
    if column.kind == "list":
        return "items"
    coded = column.value_kind is None and column.kind != "text"
    return "code" if coded else str(TYPES.get(column.kind, ""))


def number_of(kind: str, words: Sequence[str], bound: Bound) -> Any:  # noqa: ANN401
    """Return the number by which a bound is compared: of a date its day, of a text its place in words."""
    match kind:
        case "text":
            return words.index(str(bound))
        case "date":
            return pa.scalar(str(bound)).cast(pa.date32()).value
        case "float":
            return float(bound or 0)
    return int(bound or 0)


def _after(kind: str, number: Any) -> Any:  # noqa: ANN401
    return float(np.nextafter(number, np.inf)) if kind == "float" else number + 1


def place_of(axis: Axis, told: Told) -> Index:
    """Return the band of each row, (n,)."""
    places = _among(axis, told)
    missing = told.missing(axis.column)
    return places if missing is None else np.where(missing, axis.size - 1, places)


def _among(axis: Axis, told: Told) -> Index:
    """Return the band of each row that has a value."""
    numbers: npt.NDArray[Any]
    match axis.type:
        case "lack":
            return np.zeros(told.count, np.intp)
        case "code" if axis.table is not None:
            return axis.table.take(told.codes[axis.column].astype(np.intp) - axis.low)
        case "items" if axis.column in told.lists:
            numbers = told.lists[axis.column].counts
        case "items":
            numbers = pc.list_value_length(told.shown(axis.column)).fill_null(0).to_numpy()
        case "text":
            texts = told.shown(axis.column).cast(pa.string())
            numbers = pc.index_in(texts, pa.array(axis.words, pa.string())).fill_null(-1).to_numpy()
        case _:
            numbers = read_vector(told.shown(axis.column)).values
    found: Index = np.searchsorted(axis.edges, numbers, side="right")
    return found
