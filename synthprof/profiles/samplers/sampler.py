"""The input and the output of a sampler."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from synthprof.base.streams import Stream
from synthprof.profiles.axes import Cases, GivenAxis, taken
from synthprof.profiles.elementary import Floats, normal_tail
from synthprof.schemas.draw_kinds.model import DrawModel
from synthprof.schemas.schema import Column, Schema
from synthprof.schemas.tables import PARENT

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Setting:
    """All that a column's tables depend on: made once per process, for all blocks."""

    schema: Schema
    column: Column
    locale: str
    separation: float
    seed: int


@dataclass(frozen=True)
class Parents:
    """The parents of the rows of a child table, for what is done once for each of them.

    index: (count,) the place of each row's parent, ascending. given: returns a column of the parents,
    (parents,), in its own type, by its name in the child table, as `parent.age`.
    """

    index: npt.NDArray[np.intp]
    given: Callable[[str], pa.Array]


@dataclass(frozen=True)
class Rows:
    """The rows that are drawn: the first `count` of `total`.

    A value depends on nothing but its position: words are drawn for all `total` rows, and the first `count`
    of them are given out, so that fewer rows are the beginning of more.

    first: position of the first row in the whole table, from 0; of children, one that no other block reaches.
    archetypes: (count,) uint8. given: returns a column that was drawn before, (count,), in its own type,
    before values are taken away (`nulls`). missing: says in which rows a column has no value, (count,) bool;
    None if it has all. parents: of the rows of a child table. correlated: the column's standard
    normal numbers, (count,), where it is correlated with others.
    """

    first: int
    count: int
    total: int
    archetypes: npt.NDArray[np.uint8]
    given: Callable[[str], pa.Array]
    stream: Callable[[str], Stream]
    missing: Callable[[str], Flags | None] = lambda _: None
    parents: Parents | None = None
    correlated: Callable[[], Floats | None] = lambda: None

    def shown(self, column: str) -> pa.Array:
        """Return a column that was drawn before as the table shows it, (count,), in its own type."""
        return without(self.given(column), self.missing(column))

    def codes(self, axis: GivenAxis) -> Cases:
        """Return the code of each row on an axis, (count,); what parents have is looked up once for each."""
        if self.parents is not None and axis.column.startswith(PARENT):
            return taken(axis.codes(self.parents.given(axis.column)), self.parents.index)
        return axis.codes(self.given(axis.column))

    def words(self, purpose: str = "draw") -> npt.NDArray[np.uint64]:
        """Return a uniform word for each row, (count,) uint64."""
        return self.stream(purpose).words(self.total)[: self.count]

    def uniform(self, purpose: str = "draw") -> npt.NDArray[np.float64]:
        """Return a number in [0, 1) for each row, (count,) float64: multiples of 2**-53."""
        return self.stream(purpose).uniform(self.total)[: self.count]

    def tails(self, purpose: str = "draw") -> tuple[Floats, Floats]:
        """Return p and 1 - p for a uniform number p of each row, above 0 and below 1, each (count,) float64.

        p is (k + 1/2) * 2**-52, so that both are exact; of a correlated column it is its normal number's.
        """
        if (normals := self.correlated()) is not None:
            return normal_tail(normals), normal_tail(-normals)
        below = (self.words(purpose) >> np.uint64(12)).astype(np.float64)
        below += 0.5
        below *= 2.0**-52
        return below, 1.0 - below


def without(values: pa.Array, missing: Flags | None) -> pa.Array:
    """Return the values, (n,), but none where `missing` says so."""
    if missing is None:
        return values
    if isinstance(values, pa.DictionaryArray):
        return pa.DictionaryArray.from_arrays(without(values.indices, missing), values.dictionary)
    if pa.types.is_nested(values.type):
        places = pa.array(np.arange(len(values)), pa.int64(), mask=missing)
        return values.take(places)
    return pc.if_else(pa.array(missing), pa.scalar(None, values.type), values)


class Sampler(Protocol):
    """Draws a column for some rows."""

    def draw(self, rows: Rows) -> pa.Array:
        """Return the values, (count,), in the type of their kind: int64, double, string and so on."""


Samplers = Mapping[type[DrawModel], Callable[[Any, Setting], Sampler]]
"""The samplers of some models."""
