"""The second records of one block: each column is that of the original, then errors are made in it.

A column that follows from others without chance follows from what the record says, errors and all; unique
columns are the record's own. Errors happen independently of each other.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from synthprof.base.streams import Stream
from synthprof.profiles.samplers.sampler import Flags
from synthprof.profiles.second_records.letters import some
from synthprof.profiles.second_records.slips import DRAWN, Words
from synthprof.schemas.draw_kinds.expressions import Expression
from synthprof.schemas.draw_kinds.places import Follows
from synthprof.schemas.draw_kinds.templates import Template
from synthprof.schemas.draws import Lookup, Prose, Summary
from synthprof.schemas.duplicates import Duplicates, RecordError
from synthprof.schemas.schema import Column, Schema, deciding
from synthprof.schemas.unique import is_own

Rows = npt.NDArray[np.intp]

_FOLLOWING = (Lookup, Summary, Expression, Follows, Template, Prose)
"""Draws without chance of their own, or that only tell of other columns."""


def is_copied(column: Column) -> bool:
    """Return whether a second record has a column from its original."""
    return not (isinstance(column.draw, _FOLLOWING) or is_own(column))


def needed_of_originals(schema: Schema) -> list[Column]:
    """Return the columns that second records have from their originals, and what these hang on, in order."""
    asked = [column.name for column in schema.drawn_by_name.values() if is_copied(column)]
    found: set[str] = set()
    while asked:
        if (name := asked.pop()) not in found:
            found.add(name)
            column = schema.column(name)
            asked += [*column.given, *deciding(schema, (name, *column.shown))]
    return [column for column in schema.drawing_order if column.name in found]


@dataclass(frozen=True)
class Hit:
    """The second records of a block in which an error happens.

    rows: their places in the block, ascending. donors: a row above each, whose values it may take. words:
    random words, DRAWN for each.
    """

    error: RecordError
    rows: Rows
    donors: Rows
    words: Words


@dataclass
class SecondRecords:
    """The second records of the first `count` rows of a block.

    sources: (total,) the place of each row's original. changed: for each error, in their order, which of its
    rows it changed; those of which there was nothing to change are none.
    """

    duplicates: Duplicates
    sources: Rows
    count: int
    hits: tuple[Hit, ...]
    changed: dict[int, Flags] = field(default_factory=dict)

    @property
    def rows(self) -> Rows:
        """The places of the second records among the first rows."""
        return np.flatnonzero(self.sources[: self.count] != np.arange(self.count))

    def of(self, column: str) -> list[tuple[int, Hit]]:
        """Return the errors that happen in a column, each with its number."""
        return [(number, hit) for number, hit in enumerate(self.hits) if column in hit.error.columns]

    def note(self, number: int, changed: Flags) -> None:
        """Note which rows an error has changed, in one of its columns."""
        self.changed[number] = self.changed.get(number, np.zeros(len(changed), np.bool_)) | changed


def second_records(
    duplicates: Duplicates, sources: Rows, count: int, streams: Callable[[str, str], Stream]
) -> SecondRecords:
    """Return the second records of a block, and the errors that happen in the first `count` rows."""
    rows = np.flatnonzero(sources != np.arange(len(sources)))
    there = rows < count
    hits = []
    for number, error in enumerate(duplicates.errors):
        draw = streams("", f"error {number} of second records")
        chosen = (draw.uniform(len(rows)) < error.share) & there
        words = draw.words(len(rows) * DRAWN).reshape(-1, DRAWN)[chosen]
        donors = some(draw.words(len(rows))[chosen], rows[chosen])
        hits.append(Hit(error, rows[chosen], donors, words))
    return SecondRecords(duplicates, sources, count, tuple(hits))


def taken(values: Any, sources: Rows) -> Any:  # noqa: ANN401
    """Return values, (n,) or (m, n), of the first rows as their originals have them."""
    if isinstance(values, np.ndarray):
        return values.take(sources, axis=-1)
    return values.take(pa.array(sources[: len(values)]))


def put(values: pa.Array, rows: Rows, found: pa.Array) -> pa.Array:
    """Return an Arrow array with other values in some rows; of a dictionary, from the same one."""
    if not len(rows):
        return values
    if isinstance(values, pa.DictionaryArray):
        return pa.DictionaryArray.from_arrays(put(values.indices, rows, found.indices), values.dictionary)
    both = pa.concat_arrays([values, found.cast(values.type)])
    places = np.arange(len(values))
    places[rows] = len(values) + np.arange(len(rows))
    return both.take(pa.array(places))
