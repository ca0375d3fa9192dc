"""Columns divided into bands, as the variants of a text ask for them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from synthprof.base.arrays import Codes
from synthprof.base.errors import SpecError
from synthprof.profiles.samplers.sampler import Flags
from synthprof.profiles.vectors import read_vector
from synthprof.schemas.draws import Bound
from synthprof.schemas.expressions.types import TYPES
from synthprof.schemas.schema import Column

Index = npt.NDArray[np.intp]
Range = tuple[Bound, Bound]


@dataclass(frozen=True)
class Axis:
    """A column and the bands that its ranges divide it into: band i begins at edges[i - 1], band 0 before.

    words: of a text, those that are named; its numbers are their places. may_lack: whether a last band holds
    the rows without a value.
    """

    column: str
    type: str
    edges: npt.NDArray[Any]
    words: tuple[str, ...]
    may_lack: bool

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
    coded = column.value_kind is None and column.kind not in ("text", "list")
    kind = "code" if coded else str(TYPES.get(column.kind, ""))
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
    dtype = np.float64 if kind == "float" else np.int64
    return Axis(column.name, kind, np.array(sorted(edges), dtype=dtype), words, column.may_lack)


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


def place_of(
    axis: Axis, codes: Mapping[str, Codes], shown: Callable[[str], pa.Array], missing: Flags | None
) -> Index:
    """Return the band of each row, (n,)."""
    if axis.type == "code":
        numbers: npt.NDArray[Any] = codes[axis.column]
    elif axis.type == "text":
        found = pc.index_in(shown(axis.column).cast(pa.string()), pa.array(axis.words, pa.string()))
        numbers = found.fill_null(-1).to_numpy()
    else:
        numbers = read_vector(shown(axis.column)).values
    places: Index = np.searchsorted(axis.edges, numbers, side="right")
    return places if missing is None else np.where(missing, axis.size - 1, places)
