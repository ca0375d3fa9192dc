"""Attributes that a text names, and those of them that a profile has: the reasons for a search result."""

import functools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from synthprof.base.kept import kept
from synthprof.base.text import LIST_SEPARATOR
from synthprof.base.values import as_text
from synthprof.encoders.catalogue.lexicon import lexicon_of
from synthprof.encoders.catalogue.vocabulary import Vocabulary, vocabulary_of
from synthprof.schemas.bundle import Bundle
from synthprof.schemas.spans import DAYS, number_of

NUMBER_NEAR = 3
"""Largest difference between two whole numbers that agree, as of years."""

PART_NEAR = 20
"""Other values agree within such a part of the line from the first anchor to the last."""

SIZE_NEAR = 0.1
"""Numbers without bounds agree within that part of the larger one."""

FEW_ANCHORS = 20
"""Anchors of a line with ends; a line without ends has more."""


@dataclass(frozen=True)
class Meaning:
    """One attribute that a text names, or that a profile has."""

    column: str
    value: str

    def __str__(self) -> str:
        return f"{self.column}={self.value}"


@dataclass(frozen=True)
class ReadText:
    """The attributes that a text names, each once, and what agrees with them.

    >>> from synthprof.schemas.draws import Choice
    >>> from synthprof.schemas.schema import Column, Schema
    >>> colour = Column("colour", Choice(("red", "light blue"), (1, 1)), None, "Colour of a car.")
    >>> read = meanings_of(Bundle(Schema("car", (colour,), ()))).read("something light blue")
    >>> [str(each) for each in read.attributes]
    ['colour=light blue']
    >>> [str(each) for each in read.agreeing({"colour": "light blue"})]
    ['colour=light blue']
    """

    attributes: tuple[Meaning, ...]
    _meanings: "Meanings" = field(repr=False, compare=False)

    def agreeing(self, profile: Mapping[str, Any]) -> tuple[Meaning, ...]:
        """Return the named attributes that a profile has, each once, with the values of the profile."""
        found = (agreed for each in self.attributes for agreed in self._meanings.agreeing(each, profile))
        return tuple(dict.fromkeys(found))

    def agreeing_text(self, text: str) -> tuple[Meaning, ...]:
        """Return the attributes that another text names too."""
        others = self._meanings.read(text).attributes
        return tuple(each for each in self.attributes if each in others)


@dataclass(frozen=True)
class Nearness:
    """The agreement of two values of a column: within `width`, or within `share` of the larger.

    kind: of the column.
    """

    kind: str
    width: float
    share: float = 0.0

    def agree(self, one: Any, other: Any) -> bool:  # noqa: ANN401
        """Return whether two values are near; a part of a date, as 2024-03, must be that of the other."""
        mine, theirs = (number_of(self.kind, value) for value in (one, other))
        if mine is None or theirs is None:
            return False
        part = min(str(one), str(other), key=len)
        if self.kind in DAYS and len(part) < len("2024-01-31"):
            return str(one).startswith(part) and str(other).startswith(part)
        return abs(mine - theirs) <= max(self.width, self.share * max(abs(mine), abs(theirs)))


def nearness_of(vocabulary: Vocabulary) -> dict[str, Nearness]:
    """Return when values agree, by column, for the columns whose values lie on a line."""
    found = {}
    for name, anchors in vocabulary.anchors.items():
        column, width = vocabulary.columns[name], (anchors[-1] - anchors[0]) / PART_NEAR
        if column.value_kind is None:
            found[name] = Nearness(column.kind, NUMBER_NEAR)
        elif len(anchors) > FEW_ANCHORS and column.kind not in DAYS:
            found[name] = Nearness(column.kind, 0.0, SIZE_NEAR)
        else:
            found[name] = Nearness(column.kind, width)
    return found


class Meanings:
    """The lexicon of one schema, by which texts are read whatever encoder made the embeddings."""

    def __init__(self, bundle: Bundle) -> None:
        vocabulary = vocabulary_of(bundle)
        lexicon = lexicon_of(vocabulary)
        self._tokens = tuple(lexicon.phrases.values())
        self._finder = lexicon.finder()
        self.near = nearness_of(vocabulary)
        self._item_column = vocabulary.item_column
        self._items = {item.name: item.attributes for item in vocabulary.items}
        self._attributes = tuple(vocabulary.attribute_values())

    def read(self, text: str) -> ReadText:
        """Return the attributes that the text names, with the means to compare them with profiles."""
        found = self._finder.find(pa.array([text], pa.large_string())).phrases.tolist()
        named = dict.fromkeys(Meaning(*token) for phrase in found for token in self._tokens[phrase])
        return ReadText(tuple(named), self)

    def agreeing(self, attribute: Meaning, profile: Mapping[str, Any]) -> Iterable[Meaning]:
        """Return the values of a profile that agree with one attribute of a text."""
        if attribute.column in self._attributes:
            return self._items_with(attribute, profile)
        value = profile.get(attribute.column)
        if attribute.column in self.near:
            agree = self.near[attribute.column].agree(attribute.value, value)
            return (Meaning(attribute.column, as_text(value)),) if agree else ()
        return (attribute,) if attribute.value in _items(value) else ()

    def _items_with(self, attribute: Meaning, profile: Mapping[str, Any]) -> Iterable[Meaning]:
        """Return the items of a profile that have an attribute, as the books of an author."""
        column = self._item_column
        for name in _items(profile.get(column)):
            if attribute.value in self._items.get(name, {}).get(attribute.column, ()):
                yield Meaning(column, name)


@functools.lru_cache(maxsize=4)
def meanings_of(bundle: Bundle) -> Meanings:
    """Return the meanings of a schema's words, made once per machine.

    Raises SpecError for a synonym of an unknown value.
    """
    return kept("meanings", [bundle.digest, np.__version__], lambda: Meanings(bundle))


def shared(
    one: Mapping[str, Any], other: Mapping[str, Any], columns: Iterable[str], near: Mapping[str, Nearness]
) -> tuple[Meaning, ...]:
    """Return the attributes that two profiles have in common, in the order of the columns.

    near: the columns whose values agree when they are near.
    """
    found: list[Meaning] = []
    for column in columns:
        mine, theirs = one.get(column), other.get(column)
        if column in near:
            if near[column].agree(mine, theirs):
                found.append(Meaning(column, as_text(theirs)))
        else:
            found.extend(Meaning(column, item) for item in _items(mine) if item in _items(theirs))
    return tuple(found)


def _items(value: Any) -> tuple[str, ...]:  # noqa: ANN401
    if isinstance(value, list):
        return tuple(map(as_text, value))
    return () if value is None else tuple(as_text(value).split(LIST_SEPARATOR))
