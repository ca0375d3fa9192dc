"""Errors in the columns of second records, made as each column is drawn."""

from collections.abc import Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from synthprof.base.arrays import Codes
from synthprof.profiles.picks import Picks
from synthprof.profiles.samplers.sampler import Flags
from synthprof.profiles.second_records.letters import Points, points_of, texts_of
from synthprof.profiles.second_records.numerals import other_date, other_integer
from synthprof.profiles.second_records.records import Hit, SecondRecords, is_copied, put, taken
from synthprof.profiles.second_records.slips import Words, digits_of, misread, typo
from synthprof.profiles.second_records.truth import truth_of
from synthprof.profiles.second_records.written_anew import (
    abbreviated,
    cut,
    first_words,
    last_first,
    other_case,
    other_form,
    other_last,
    short_first,
)
from synthprof.profiles.told import Renamed
from synthprof.schemas.draws import FullName
from synthprof.schemas.duplicates import OF_TEXTS
from synthprof.schemas.schema import Column, Schema

_BY_SIGNS: dict[str, Callable[[Points, Words], Points]] = {
    "typo": typo,
    "ocr": misread,
    "abbreviated": abbreviated,
    "truncated": cut,
    "digits": digits_of,
}
"""Errors of texts that are made sign by sign."""


class Drawn(Protocol):
    """The columns of a block, as `drawing.Drawing` has them."""

    rows: int
    codes: dict[str, Codes]
    picks: dict[str, Picks]
    first_names: dict[str, Any]
    texts: dict[str, pa.StringArray]
    values: dict[str, pa.Array]

    def missing(self, name: str) -> Flags | None:
        """Return the rows in which a column has no value."""


@dataclass
class SecondColumns:
    """The second records of a drawing, whose columns are rewritten in place.

    of: the drawing without second records, which has the columns of all originals.
    """

    drawing: Drawn
    of: Drawn
    records: SecondRecords
    renamed: dict[str, Renamed] = field(default_factory=dict)

    def copy(self, name: str) -> None:
        """Give second records a column of their originals, and first ones their own."""
        sources, stores = self.records.sources, _stores(self.drawing)
        for store, of in zip(stores, _stores(self.of), strict=True):
            if name in of:
                store[name] = taken(of[name], sources)
        if name in self.of.picks:
            picks = self.of.picks[name]
            self.drawing.picks[name] = Picks(taken(picks.items, sources), taken(picks.counts, sources))

    def change(self, column: Column) -> None:
        """Make the errors of a column that was just copied or drawn."""
        name = column.name
        hits = self.records.of(name)
        for number, hit in hits:
            self._change(number, hit, column)
        if isinstance(column.draw, FullName):
            rows = [hit.rows for _, hit in hits if hit.error.kind != "missing"]
            found = np.unique(np.concatenate(rows)) if rows else np.zeros(0, np.intp)
            self.renamed[name] = Renamed(found, first_words(self.drawing.texts[name]))

    def missing(self, column: Column, drawn: Callable[[], Flags | None]) -> Flags | None:
        """Return the rows without a value, (rows,). drawn: tells those of a column that is not copied."""
        found = self._missing_of_originals(column.name) if is_copied(column) else drawn()
        for number, hit in self.records.of(column.name):
            if hit.error.kind == "missing":
                found = np.zeros(self.drawing.rows, np.bool_) if found is None else found.copy()
                self.records.note(number, ~found[hit.rows])
                found[hit.rows] = True
        return found

    def truth(self, schema: Schema, profiles: pa.RecordBatch) -> pa.RecordBatch:
        """Return the truth on the second records of the block. profiles: its rows, as they are stored."""
        return truth_of(schema, self.records, profiles)

    def _missing_of_originals(self, name: str) -> Flags | None:
        found = self.of.missing(name)
        return None if found is None else found.take(self.records.sources[: self.drawing.rows])

    def _change(self, number: int, hit: Hit, column: Column) -> None:
        kind, name = hit.error.kind, column.name
        if kind == "moved":
            self._move(number, hit, name)
        elif kind == "swapped" and len(hit.error.columns) == 2:
            self._exchange(number, hit)
        elif kind in OF_TEXTS or (kind == "digits" and column.kind == "text"):
            store = self._texts(name)
            old = store[name].take(pa.array(hit.rows))
            self._put(number, hit, store, name, _rewritten(hit, old, store[name]))
        elif kind == "digits":
            self._miscount(number, hit, column)

    def _texts(self, name: str) -> dict[str, Any]:
        return self.drawing.texts if name in self.drawing.texts else self.drawing.values

    def _put(self, number: int, hit: Hit, store: dict[str, Any], name: str, found: pa.Array) -> None:
        """Put other values in the rows that an error hits, where there was one and there is one now."""
        old = store[name].take(pa.array(hit.rows))
        found = found.cast(old.type)
        whole = pc.and_(old.is_valid(), found.is_valid())
        if pa.types.is_string(old.type):
            whole = pc.and_(whole, pc.greater(pc.utf8_length(found).fill_null(0), 0))
        changed = pc.and_(whole, pc.not_equal(_plain(old), _plain(found)).fill_null(False))
        flags = changed.to_numpy(zero_copy_only=False)
        self.records.note(number, flags)
        store[name] = put(store[name], hit.rows[flags], found.filter(changed))

    def _move(self, number: int, hit: Hit, name: str) -> None:
        """Take the values of other rows."""
        drawing, donors = self.drawing, hit.donors
        if name in drawing.codes:
            codes = drawing.codes[name]
            self.records.note(number, codes[donors] != codes[hit.rows])
            codes[hit.rows] = codes[donors]
        if name in drawing.picks:
            picks = drawing.picks[name]
            picks.items[:, hit.rows] = picks.items[:, donors]
            picks.counts[hit.rows] = picks.counts[donors]
        for store in (drawing.texts, drawing.values):
            if name in store:
                self._put(number, hit, store, name, store[name].take(pa.array(donors)))

    def _exchange(self, number: int, hit: Hit) -> None:
        """Exchange the texts of two columns, once both are drawn."""
        one, other = hit.error.columns
        stores = self._texts(one), self._texts(other)
        if not (one in stores[0] and other in stores[1]):
            return
        rows = pa.array(hit.rows)
        texts = stores[0][one].take(rows), stores[1][other].take(rows)
        self._put(number, hit, stores[0], one, texts[1])
        self._put(number, hit, stores[1], other, texts[0])

    def _miscount(self, number: int, hit: Hit, column: Column) -> None:
        name = column.name
        if name in self.drawing.codes:
            codes = self.drawing.codes[name]
            old = codes[hit.rows].astype(np.int64)
            found = other_integer(old, hit.words, column.span)
            self.records.note(number, found != old)
            codes[hit.rows] = found
            return
        values = self.drawing.values[name]
        old = values.take(pa.array(hit.rows))
        there = old.is_valid()
        width = pa.int32() if pa.types.is_date32(values.type) else pa.int64()
        numbers = old.cast(width).fill_null(0).to_numpy().astype(np.int64)
        found = (
            other_date(numbers, hit.words) if width == pa.int32() else other_integer(numbers, hit.words, None)
        )
        made = pc.if_else(there, pa.array(found).cast(width).cast(values.type), None)
        self._put(number, hit, self.drawing.values, name, made)


def _stores(drawing: Drawn) -> tuple[MutableMapping[str, Any], ...]:
    return drawing.codes, drawing.first_names, drawing.texts, drawing.values


def _rewritten(hit: Hit, old: pa.StringArray, every: pa.StringArray) -> pa.StringArray:
    """Return the texts of the rows that an error hits as it leaves them; every: those of all rows."""
    if not len(old):
        return old
    texts, words = old.fill_null(""), hit.words
    if change := _BY_SIGNS.get(hit.error.kind):
        return texts_of(change(points_of(texts), words))
    match hit.error.kind:
        case "short_name":
            return short_first(texts, hit.error.short, words)
        case "married":
            return other_last(texts, every.take(pa.array(hit.donors)).fill_null(""))
        case "swapped":
            return last_first(texts)
        case "case":
            return other_case(texts, words)
    return other_form(texts, words)


def _plain(values: pa.Array) -> pa.Array:
    return values.dictionary_decode() if isinstance(values, pa.DictionaryArray) else values
