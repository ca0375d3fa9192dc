"""The default embedding: a sum of token vectors, so that profiles that like similar things are near.

Every value of the catalogue has a direction of its own; a game also carries its genre, its styles and its
platforms. Values that the catalogue lacks are read as hashed words. A text is a sum of the same vectors, so
it lies near the profiles that it describes. Rows get noise, texts get none. Weights are whole numbers, hence
every sum is exact, and the bytes depend neither on neighbours and order nor on threads and processor.
"""

import copy
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from synthprof.base.arrays import Codes, Matrix
from synthprof.base.column_kinds import Kind
from synthprof.base.stored_lists import items_of
from synthprof.base.stored_numbers import as_numbers
from synthprof.base.sums import sum_columns
from synthprof.encoders.catalogue.tokens import FIELD_SCALE, TOKEN_SCALE, TokenVectors, whole
from synthprof.encoders.catalogue.vocabulary import Vocabulary
from synthprof.encoders.exact import unit_rows
from synthprof.encoders.noise import Hardness, Noise
from synthprof.schemas.schema import FLAG_VALUES, TRUTH_VALUES, Column
from synthprof.schemas.texts import Tokens

ROWS_BATCH = 16_384
CHARACTERS_BATCH = 1 << 21
"""Rows, or characters of texts, whose tokens are held at a time; this bounds memory (about 17 bytes for each
character) and has no effect on the result."""

SMALL_LIST = 24
"""Most values of a list column with few different texts, each of which is read once. Texts of other lists
mostly differ, so they are read item by item. The result is the same."""

INTEGER = Kind("integer")
"""The kind of numbers that are drawn by odds."""

ID = "id"
"""The column that numbers the rows, and their noise."""

JOINED_ROWS = 512
"""Most rows of a joined table: small beside a block, and it stays in the processor's cache."""


class CatalogueEncoder:
    """Encoder `catalogue`: a function of fields and dimension, and of seed and id where it has noise."""

    name = "catalogue"
    fast = True

    def __init__(self, dim: int, vocabulary: Vocabulary) -> None:
        """Make an encoder without noise."""
        self.dim = dim
        self._noise: Noise | None = None
        self._tokens = TokenVectors(dim, vocabulary)
        self._weights = vocabulary.encoding.weights
        self._columns = {column: vocabulary.columns[column] for column in self._weights}
        lists = {column: len(values) for column, values in vocabulary.values if column in self._weights}
        self._small = {column for column, count in lists.items() if count <= SMALL_LIST}

    def with_noise(self, seed: int, hardness: Hardness) -> "CatalogueEncoder":
        """Return an encoder with the same tokens and the noise of a seed."""
        found = copy.copy(self)
        found._noise = Noise(self.dim, seed, "noise", hardness, self._size)
        return found

    @property
    def _size(self) -> float:
        """Root of the mean square of a coordinate of a row's sum, if its columns were independent."""
        return FIELD_SCALE * TOKEN_SCALE * math.sqrt(math.fsum(each**2 for each in self._weights.values()))

    def encode(self, batch: pa.RecordBatch) -> Matrix:
        """Return one vector per profile, (n, dim) float32 with L2 norm 1; missing columns count nothing."""
        parts = range(0, max(batch.num_rows, 1), ROWS_BATCH)
        sums = [self._sums(batch.slice(first, ROWS_BATCH)) for first in parts]
        found = sums[0] if len(sums) == 1 else np.concatenate(sums)
        if self._noise is not None and ID in batch.schema.names:
            self._noise.add(found, batch.column(ID).to_numpy())
        return unit_rows(found)

    def encode_text(self, texts: Sequence[str]) -> Matrix:
        """Return one vector per text, (n, dim) float32 with L2 norm 1, in the space of the profiles."""
        vectors = np.empty((len(texts), self.dim), np.float32)
        for part in _parts(texts):
            vectors[part] = self._tokens.texts(pa.array(texts[part], pa.large_string()))
        return unit_rows(vectors)

    def encode_wishes(self, meanings: Sequence[Tokens], words: Sequence[str], sign: int = 1) -> Matrix | None:
        """Return one vector for all that a text wishes, (1, dim); None if profiles show nothing of it.

        meanings: columns and values, as those of one phrase. words: folded. sign: -1 for what is denied.
        """
        wished = self._tokens.wishes(meanings, words)
        return unit_rows(sign * wished) if wished.any() else None

    def _sums(self, batch: pa.RecordBatch) -> Matrix:
        """Return the weighted sum of each row's tokens, (n, dim); exact: all are integers below 2**24."""
        parts = _joined(list(self._singles(batch)))
        for column, declared in self._columns.items():
            if declared.kind == "list" and column not in self._small and column in batch.schema.names:
                parts.append(self._items(column, batch.column(column)))
        table = np.concatenate([np.zeros((0, self.dim), np.float32), *(part.table for part in parts)])
        firsts = np.cumsum([0, *(len(part.table) for part in parts)]).tolist()
        codes = [each + first for part, first in zip(parts, firsts, strict=False) for each in part.codes]
        return sum_columns(table, codes, batch.num_rows)

    def _items(self, column: str, texts: pa.Array) -> "_Part":
        """Return the items of each text, together as large as the column's weight for any number of items.

        The table holds every item as large as it is in a list of one, two … items, then a row of zeros.
        """
        lists = items_of(texts.cast(pa.string()))
        items = lists.flatten().dictionary_encode()
        starts, counts = lists.offsets.to_numpy()[:-1], np.diff(lists.offsets.to_numpy())
        most = int(counts.max(initial=1))
        shares = np.rint(FIELD_SCALE * self._weights[column] / np.sqrt(np.arange(1, most + 1)))
        values = self._tokens.values(column, items.dictionary)
        table = (shares.astype(np.float32)[:, None, None] * values).reshape(-1, self.dim)
        none, codes = len(table), np.append(items.indices.to_numpy(), 0)
        places = (np.minimum(starts + place, len(codes) - 1) for place in range(most))
        scaled = (codes[at] + (counts - 1) * len(values) for at in places)
        columns = (np.where(counts > place, each, none) for place, each in enumerate(scaled))
        return _Part(tuple(columns), np.concatenate([table, np.zeros((1, self.dim), np.float32)]))

    def _singles(self, batch: pa.RecordBatch) -> "Iterator[_Part]":
        """Yield the columns that have one token per row."""
        for column, values in zip(batch.schema.names, batch.columns, strict=True):
            if column not in self._columns:
                continue
            declared, weight = self._columns[column], whole(self._weights[column])
            if column in self._tokens.lines:
                yield self._number(declared, values, weight)
                continue
            match declared.kind:
                case "category" | "text":
                    encoded = _distinct(values)
                    yield _single(encoded.indices, weight * self._tokens.values(column, encoded.dictionary))
                case "list" if column in self._small:
                    encoded = _distinct(values)
                    items = self._items(column, encoded.dictionary)
                    sums = sum_columns(items.table, items.codes, len(encoded.dictionary))
                    yield _single(encoded.indices, sums)
                case "flag" | "bool":
                    said = FLAG_VALUES if declared.kind == "flag" else TRUTH_VALUES
                    yield _single(values, weight * self._tokens.values(column, pa.array(said)))

    def _number(self, column: Column, values: pa.Array, weight: int) -> "_Part":
        """Return the blends of the anchors that numbers, dates and times lie between."""
        line, numbers = self._tokens.lines[column.name], as_numbers(column.value_kind or INTEGER, values)
        missing = np.isnan(numbers)
        codes = line.codes(np.where(missing, 0.0, numbers))
        first = int(codes.min(initial=0))
        indices = pa.array(codes - first, mask=missing)
        return _single(indices, weight * line.blends[first:])


@dataclass(frozen=True)
class _Part:
    """The tokens of each row in one column, or in several joined: rows of the table, (n,) codes for each."""

    codes: tuple[Codes, ...]
    table: Matrix


def _parts(texts: Sequence[str]) -> Iterator[slice]:
    """Yield runs of texts that are held at a time; a text that is too long for a run is held alone."""
    first = characters = 0
    for place, text in enumerate(texts):
        characters += len(text)
        if place > first and characters > CHARACTERS_BATCH:
            yield slice(first, place)
            first, characters = place, len(text)
    if first < len(texts):
        yield slice(first, len(texts))


def _distinct(values: pa.Array) -> pa.DictionaryArray:
    return values if pa.types.is_dictionary(values.type) else values.dictionary_encode()


def _single(numbers: pa.Array, table: Matrix) -> _Part:
    """Return numbers as codes, cut to the table's rows; a row of zeros after them stands for null."""
    most = len(table)
    codes = np.clip(pc.fill_null(numbers.cast(pa.int64()), 0).to_numpy(), 0, max(most - 1, 0))
    if numbers.null_count or not most:
        codes = np.where(numbers.is_null().to_numpy(zero_copy_only=False), most, codes)
        table = np.concatenate([table, np.zeros((1, table.shape[1]), np.float32)])
    return _Part((codes,), table[: codes.max(initial=0) + 1])


def _joined(singles: list[_Part]) -> list[_Part]:
    """Join small tables into one with a row for each pair of rows: the same sums from fewer tokens."""
    joined: list[_Part] = []
    for single in sorted(singles, key=lambda single: len(single.table)):
        if joined and len(joined[-1].table) * len(single.table) <= JOINED_ROWS:
            last = joined.pop()
            pairs = (last.table[:, None] + single.table).reshape(-1, single.table.shape[1])
            single = _Part((last.codes[0] * len(single.table) + single.codes[0],), pairs)
        joined.append(single)
    return joined
