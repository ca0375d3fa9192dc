"""Wishes in plain language: phrases that name values of rows, in the words by which a schema is searched."""

import functools
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from synthprof.base.stored_lists import items_of
from synthprof.base.streams import Stream, stream
from synthprof.encoders.catalogue.vocabulary import vocabulary_of
from synthprof.profiles.elementary import log
from synthprof.schemas.bundle import Bundle
from synthprof.schemas.languages import Language, load_language
from synthprof.schemas.schema import Column
from synthprof.schemas.spans import DAYS, MEASURED

WISHES = (1, 1, 2, 2, 2, 3, 3, 4)
"""Wishes of a text, each of these counts as likely."""

MAX_YEARS = 120
"""Larger numbers are said without the word for years."""

DIGITS = 2
"""Digits of a number that people say; the others are 0."""


@dataclass(frozen=True, eq=False)
class Wishes:
    """The phrases of each row, `wish` apart from what joins them.

    phrases: a column's phrases for each row, null where the row has none. weights: of the columns.
    """

    phrases: tuple[pa.Array, ...]
    weights: tuple[float, ...]


def wishes_of(bundle: Bundle, rows: pa.RecordBatch, seed: int) -> Wishes:
    """Return the phrases that name values of rows, one for each column that texts can speak of."""
    speaking = _Speaking(bundle)
    found = {
        column.name: _phrases(speaking, column, rows.column(column.name), seed)
        for column in bundle.schema.columns
        if bundle.encoding.weights.get(column.name, 0) > 0 and speaking.speaks_of(column)
    }
    return Wishes(tuple(found.values()), tuple(bundle.encoding.weights[name] for name in found))


def asked(wishes: Wishes, language: Language, count: int, seed: int) -> pa.Array:
    """Return a text for each row: one to four of its wishes in no order, (count,) strings.

    Columns of larger weight are wished for more often. Rows without any phrase have an empty text.
    """
    draw = functools.partial(stream, seed, "workload.text")
    if not wishes.phrases:
        return pa.array([""] * count, pa.string())
    missing = np.stack([each.is_null().to_numpy(zero_copy_only=False) for each in wishes.phrases], axis=1)
    chances = draw("columns").uniform(count * len(wishes.weights)).reshape(count, -1)
    keys = np.stack([_keys(chances[:, i], weight) for i, weight in enumerate(wishes.weights)], axis=1)
    order = np.argsort(np.where(missing, np.inf, keys), axis=1, kind="stable")[:, : max(WISHES)]
    sizes = np.array(WISHES)[_below(draw("sizes"), count, len(WISHES))]
    sizes = np.minimum(sizes, np.maximum((~missing).sum(axis=1), 1))
    flat = pa.concat_arrays(wishes.phrases)
    joins = np.array(language.joins, object)[
        _below(draw("joins"), count * order.shape[1], len(language.joins))
    ]
    text = np.full(count, "", object)
    for place in range(order.shape[1]):
        said = flat.take(pa.array(order[:, place] * count + np.arange(count))).fill_null("")
        there = place < sizes
        between = joins[place * count : (place + 1) * count] if place else np.full(count, "", object)
        text = np.where(there, text + between + said.to_numpy(zero_copy_only=False), text)
    asks = np.array(language.asks, object)[_below(draw("asks"), count, len(language.asks))]
    return pa.array([ask.format(each) for ask, each in zip(asks, text, strict=True)], pa.string())


class _Speaking:
    """The phrases in which the values of a schema are spoken of."""

    def __init__(self, bundle: Bundle) -> None:
        self.texts, self.places = bundle.texts, vocabulary_of(bundle).places
        self.synonyms: Mapping[tuple[str, str], list[str]] = defaultdict(list)
        for phrase, tokens in self.texts.synonyms:
            if len(tokens) == 1:
                self.synonyms[tokens[0]].append(phrase)

    def speaks_of(self, column: Column) -> bool:
        """Return whether texts can name a value of the column."""
        return (
            bool(column.values)
            or column.kind in (*MEASURED, "flag", "bool")
            or column.name
            in (
                self.places.city,
                self.places.state,
            )
        )

    def phrases(self, column: Column, value: str) -> tuple[str, ...]:
        """Return the phrases that name a value, as it is stored; none where there are none."""
        if column.kind in MEASURED:
            return tuple(self._measured(column, value))
        own = self.synonyms.get((column.name, value), [])
        if column.kind in ("flag", "bool"):
            truth = {"0": "false", "1": "true"}.get(value, value)
            return tuple(own or self.synonyms.get((column.name, truth), []))
        if column.name == self.places.city:
            return (self.texts.place.format(value),)
        return (value, *own)

    def _measured(self, column: Column, value: str) -> Iterator[str]:
        templates = self.texts.numbers.get(column.name, ())
        if column.kind in DAYS:
            yield from (template.format(value[:4]) for template in templates)
            return
        number = re.match(r"-?\d+", value)
        if number and int(number[0]) > 0:
            spoken = _round(int(number[0]))
            one, several = self.texts.years
            said = (one if spoken == 1 else several).format(spoken) if spoken <= MAX_YEARS else f"{spoken}"
            yield from (template.format(said) for template in templates)


def language_of(bundle: Bundle) -> Language:
    """Return the language of a schema; one without words if it names none that is known."""
    return load_language(bundle.view.language)


def _phrases(speaking: _Speaking, column: Column, values: pa.Array, seed: int) -> pa.Array:
    """Return a phrase for the value of each row, (n,) strings, null where it has none."""
    draw = functools.partial(stream, seed, f"workload.text.{column.name}")
    texts = values.cast(pa.string())
    if column.kind == "list":
        texts = _one_item(texts, draw("items"))
    encoded = texts.dictionary_encode()
    known = [speaking.phrases(column, value) for value in encoded.dictionary.to_pylist()]
    counts = np.array([len(each) for each in known] or [0])
    firsts, flat = (
        np.cumsum(counts) - counts,
        pa.array([text for each in known for text in each], pa.string()),
    )
    codes = encoded.indices.fill_null(0).to_numpy()
    none = encoded.indices.is_null().to_numpy(zero_copy_only=False) | (counts[codes] == 0)
    which = firsts[codes] + (draw("phrases").uniform(len(codes)) * counts[codes]).astype(np.int64)
    return flat.take(pa.array(np.where(none, 0, which), mask=none))


def _one_item(texts: pa.Array, draw: Stream) -> pa.Array:
    """Return one item of each list, (n,) strings, null where there is none."""
    lists = items_of(texts)
    offsets = lists.offsets.to_numpy()
    counts = np.diff(offsets)
    which = offsets[:-1] + (draw.uniform(len(counts)) * counts).astype(np.int64)
    return lists.values.take(pa.array(np.where(counts > 0, which, 0), mask=counts == 0))


def _keys(chances: npt.NDArray[np.float64], weight: float) -> npt.NDArray[np.float64]:
    """Return keys whose least ones are a choice without repetition by weight (Efraimidis, Spirakis 2006)."""
    return -log(1 - chances) / weight


def _below(draw: Stream, count: int, bound: int) -> npt.NDArray[np.intp]:
    return (draw.uniform(count) * bound).astype(np.intp)


def _round(number: int) -> int:
    """Return the number with its first digits, as people say it."""
    step: int = 10 ** max(0, len(str(number)) - DIGITS)
    return number // step * step


def misspelt(texts: Sequence[str], share: float, seed: int) -> list[str]:
    """Return the texts with one word of a part of them spelt wrong: letters swapped, lost or doubled."""
    chances = stream(seed, "workload.text", "misspelt").uniform(3 * len(texts)).reshape(-1, 3)
    return [
        _misspelt(text, place, how) if chance < share else text
        for text, (chance, place, how) in zip(texts, chances.tolist(), strict=True)
    ]


def _misspelt(text: str, place: float, how: float) -> str:
    """Return the text with one of its words of five letters or more spelt wrong. place, how: in [0, 1)."""
    words = [found.span() for found in re.finditer(r"[^\W\d_]{5,}", text)]
    if not words:
        return text
    start, end = words[int(place * len(words))]
    at = start + 1 + int(how * (end - start - 2))
    edits = (text[at + 1] + text[at], text[at + 1], text[at] * 2 + text[at + 1])
    return text[:at] + edits[int(how * 1_000) % len(edits)] + text[at + 2 :]
