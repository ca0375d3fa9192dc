"""The vectors of tokens: one for every value of the catalogue, every game and every word, always the same.

A token's direction is ±1 in each dimension, from splitmix64 steps on a hash of its name; all else is made of
directions by whole-number weights, so that sums of tokens are exact in float32.
"""

import functools
import itertools
import math
from collections.abc import Collection, Iterable, Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from synthprof.base.arrays import Matrix
from synthprof.base.sums import sum_groups
from synthprof.encoders.catalogue.lexicon import lexicon_of, unsigned
from synthprof.encoders.catalogue.phrases import PhraseFinder, fold_all, hash_words
from synthprof.encoders.catalogue.vocabulary import Vocabulary
from synthprof.encoders.hashes import GOLDEN, Hashes, hash_name, mix
from synthprof.schemas.spans import number_of, shown
from synthprof.schemas.texts import Tokens
from synthprof.schemas.uses import Item

Token = tuple[str, str]
"""A column and one of its values."""

TOKEN_SCALE = 16
"""Factor on a token's direction, so that the parts of an item can be whole numbers."""

FIELD_SCALE = 64
"""Factor of a field of weight 1, so that an item's share of a list can be a whole number."""

WORD_WEIGHT = 100
"""Weight of a word of a text that is in no phrase."""


def whole(weight: float) -> int:
    """Return the whole-number factor of a field with that weight."""
    return round(FIELD_SCALE * weight)


class TokenVectors:
    """The token vectors of a vocabulary in one dimension."""

    def __init__(self, dim: int, vocabulary: Vocabulary) -> None:
        self.dim = dim
        self._vocabulary = vocabulary
        column, items = vocabulary.item_column, vocabulary.items
        self._known = {name: pa.array(values, pa.large_string()) for name, values in vocabulary.values}
        self._rows = {name: self._named(name, values) for name, values in vocabulary.values}
        if items:
            self._known[column] = pa.array([item.name for item in items], pa.large_string())
            self._rows[column] = self._items(items, vocabulary.shares)

    @functools.cached_property
    def _phrases(self) -> tuple[PhraseFinder, Matrix]:
        """The finder of phrases, and the vector of each phrase; made when the first text is read."""
        lexicon = lexicon_of(self._vocabulary)
        return lexicon.finder(), self._vectors_of(lexicon.phrases.values())

    def values(self, column: str, values: pa.Array) -> Matrix:
        """Return the vector of each value of a column, (k, dim); unknown values are read as words."""
        found = np.zeros((len(values), self.dim), np.float32)
        known = np.full(len(values), -1)
        if column in self._known:
            known = pc.fill_null(
                pc.index_in(values.cast(pa.large_string()), self._known[column]), -1
            ).to_numpy()
            found[known >= 0] = self._rows[column][known[known >= 0]]
        if (known < 0).any():
            found[known < 0] = self._words(values.filter(pa.array(known < 0)))
        return found

    @functools.cached_property
    def lines(self) -> dict[str, "Line"]:
        """The lines on which the values of columns lie, by column."""
        anchors = self._vocabulary.anchors.items()
        return {column: Line(self._named(column, list(map(shown, each))), each) for column, each in anchors}

    def texts(self, texts: pa.Array) -> Matrix:
        """Return the sum of the phrases and words of each text, (n, dim)."""
        finder, vectors = self._phrases
        found = finder.find(texts)
        phrases, phrase_codes = np.unique(found.phrases, return_inverse=True)
        words, word_codes = np.unique(found.words, return_inverse=True)
        table = np.concatenate([vectors[phrases], WORD_WEIGHT * directions(words, self.dim)])
        rows = np.concatenate([found.phrase_texts, found.word_texts])
        codes = np.concatenate([phrase_codes, word_codes + len(phrases)])
        order = np.argsort(rows, kind="stable")
        edges = np.searchsorted(rows[order], np.arange(len(texts) + 1))
        return sum_groups(table, codes[order], edges)

    def _named(self, column: str, values: Sequence[str]) -> Matrix:
        vectors = self._by_name((column, value) for value in values)
        return np.stack([vectors[column, value] for value in values])

    def _by_name(self, tokens: Iterable[Token]) -> dict[Token, Matrix]:
        """Return the direction of each different token, times TOKEN_SCALE."""
        names = list(dict.fromkeys(tokens))
        hashes = np.array([hash_name(f"{column}={value}") for column, value in names], np.uint64)
        return dict(zip(names, TOKEN_SCALE * directions(hashes, self.dim), strict=True))

    def _items(self, items: Sequence[Item], shares: Mapping[str, float]) -> Matrix:
        """Return the direction of each item plus its attributes, each part as large as its share."""
        own = self._vocabulary.item_column
        tokens = [{own: (item.name,), **item.attributes} for item in items]
        vectors = self._by_name((column, value) for of in tokens for column in of for value in of[column])
        found = np.zeros((len(items), self.dim), np.float32)
        for row, of in zip(found, tokens, strict=True):
            for column, values in of.items():
                share = round(TOKEN_SCALE * shares.get(column, 0) / math.sqrt(len(values)))
                row += share * sum(vectors[column, value] / TOKEN_SCALE for value in values)
        return found

    def _words(self, values: pa.Array) -> Matrix:
        """Return the sum of each value's words, (k, dim), as large as one token."""
        lists = pc.split_pattern(fold_all(pc.fill_null(values, "")), " ")
        edges, words = lists.offsets.to_numpy(), lists.flatten()
        vectors = directions(hash_words(words), self.dim)
        vectors[np.asarray(pc.equal(words, ""))] = 0
        sums = sum_groups(vectors, np.arange(len(words)), edges)
        sums *= np.rint(TOKEN_SCALE / np.sqrt(np.diff(edges))).astype(np.float32)[:, None]
        return sums

    def wishes(self, meanings: Sequence[Tokens], words: Sequence[str]) -> Matrix:
        """Return the sum of meanings, each as that of a phrase, and of words, (1, dim)."""
        known = self._vectors_of(meanings)
        others = WORD_WEIGHT * directions(hash_words(words), self.dim)
        total: Matrix = np.concatenate([known, others]).sum(axis=0, keepdims=True)
        return total

    @functools.cached_property
    def _named_items(self) -> dict[str, Matrix]:
        """The vector of each item as a text that names it has it."""
        items, shares = self._vocabulary.items, self._vocabulary.texts.items
        return dict(zip((item.name for item in items), self._items(items, shares), strict=True))

    def _vectors_of(self, phrases: Collection[Tokens]) -> Matrix:
        """Return the vector of each phrase, (phrases, dim): its tokens, together as large as one of them."""
        own, texts, encoding = self._vocabulary.item_column, self._vocabulary.texts, self._vocabulary.encoding
        named = self._named_items
        weights = {column: whole(each) for column, each in {**encoding.weights, **texts.weights}.items()}
        lines = self.lines
        others = self._by_name(
            token for tokens in phrases for token in tokens if token[0] not in (*lines, own)
        )
        table = np.zeros((len(phrases), self.dim), np.float32)
        for row, tokens in zip(table, phrases, strict=True):
            for column, value in tokens:
                if column not in weights:  # it counts nothing in a profile
                    continue
                if column in lines:
                    vector = self._on_line(column, value)
                else:
                    vector = named[value] if column == own else others[column, value]
                row += round(weights[column] / math.sqrt(len(tokens))) * vector
        return table

    def _on_line(self, column: str, value: str) -> Matrix:
        """Return the vector of a number, or of a date or part of one, as a text says it; (dim,)."""
        number = number_of(self._vocabulary.columns[column].kind, unsigned(value))
        line = self.lines[column]
        blend: Matrix = line.blends[line.codes(np.array([number], np.float64))[0]]
        return blend


class Line:
    """The vectors of numbers between anchors: each is a blend of the nearest two, by sixteenths.

    blends: (16 x (anchors - 1) + 1, dim), one row a sixteenth of the way.
    """

    def __init__(self, directions: Matrix, anchors: Sequence[float]) -> None:
        self._anchors = np.array(anchors, np.float64)
        rows = directions / TOKEN_SCALE
        upper = np.arange(TOKEN_SCALE, dtype=np.float32)[:, None]
        parts = [(TOKEN_SCALE - upper) * a + upper * b for a, b in itertools.pairwise(rows)]
        self.blends: Matrix = np.concatenate([*parts, TOKEN_SCALE * rows[-1:]]).astype(np.float32)

    def codes(self, numbers: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
        """Return the row of `blends` of each number, (n,); those beyond the anchors have the nearest one."""
        cut = np.clip(numbers, self._anchors[0], self._anchors[-1])
        below = np.clip(np.searchsorted(self._anchors, cut, side="right") - 1, 0, len(self._anchors) - 2)
        way = (cut - self._anchors[below]) / (self._anchors[below + 1] - self._anchors[below])
        return TOKEN_SCALE * below + np.rint(TOKEN_SCALE * way).astype(np.int64)


def directions(hashes: Hashes, dim: int) -> Matrix:
    """Return a vector of ±1 for each hash, (k, dim)."""
    steps = np.arange(1, -(-dim // 64) + 1, dtype=np.uint64) * GOLDEN
    words = mix(hashes[:, None] + steps).astype("<u8", copy=False)
    bits = np.unpackbits(words.view(np.uint8), axis=1, count=dim, bitorder="little")
    return 1 - 2 * bits.astype(np.float32)
