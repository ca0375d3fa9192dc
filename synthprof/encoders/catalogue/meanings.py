"""Attributes that a text names, and those of them that a profile has: the reasons for a search result."""

import functools
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from synthprof.base.text import LIST_SEPARATOR
from synthprof.base.values import as_text
from synthprof.encoders.catalogue.lexicon import lexicon_of
from synthprof.encoders.catalogue.vocabulary import vocabulary_of
from synthprof.schemas.bundle import Bundle

NUMBER_NEAR = 3
"""Largest difference between two numbers that agree."""


@dataclass(frozen=True)
class Meaning:
    """One attribute that a text names, or that a profile has."""

    column: str
    value: str

    def __str__(self) -> str:
        return f"{self.column}={self.value}"


Alternatives = tuple[tuple[Meaning, ...], ...]
"""A condition that holds where all attributes of at least one entry do."""


@dataclass(frozen=True)
class ReadText:
    """The attributes that a text names, each once, and what follows from them for a search.

    >>> from synthprof.schemas.loader import load_bundle
    >>> read = meanings_of(load_bundle("gamer_br")).read("joga RPG, mora em Curitiba")
    >>> [str(each) for each in read.attributes]
    ['genero=RPG', 'cidade=Curitiba']
    >>> [str(each) for each in read.agreeing({"jogos_favoritos": "Elden Ring", "cidade": "Recife"})]
    ['jogos_favoritos=Elden Ring']
    """

    attributes: tuple[Meaning, ...]
    _meanings: "Meanings" = field(repr=False, compare=False)

    @property
    def conditions(self) -> tuple[Alternatives, ...]:
        """The homes and languages that the text names: all conditions of a search must hold (ADR 24).

        A home is a city with its state, or a state of which no city is named. Several homes are alternatives
        of one condition; each language is a condition of its own.
        """
        homes = self._meanings.homes(self.attributes)
        others = self._meanings.conditions
        alone = (((each,),) for each in self.attributes if each.column in others)
        return (*((homes,) if homes else ()), *alone)

    def agreeing(self, profile: Mapping[str, Any]) -> tuple[Meaning, ...]:
        """Return the named attributes that a profile has, each once, with the values of the profile."""
        found = (agreed for each in self.attributes for agreed in self._meanings.agreeing(each, profile))
        return tuple(dict.fromkeys(found))

    def agreeing_text(self, text: str) -> tuple[Meaning, ...]:
        """Return the attributes that another text names too."""
        others = self._meanings.read(text).attributes
        return tuple(each for each in self.attributes if each in others)


class Meanings:
    """The lexicon of one schema, by which texts are read whatever encoder made the embeddings."""

    def __init__(self, bundle: Bundle) -> None:
        vocabulary = vocabulary_of(bundle)
        lexicon = lexicon_of(vocabulary)
        self._tokens = tuple(lexicon.phrases.values())
        self._finder = lexicon.finder()
        self.conditions = vocabulary.encoding.conditions
        self._numbers = tuple(vocabulary.encoding.anchors)
        self._item_column = vocabulary.item_column
        self._items = {item.name: item.attributes for item in vocabulary.items}
        self._attributes = tuple(vocabulary.attribute_values())
        self._places = vocabulary.places
        self._states = dict(vocabulary.places.cities)

    def read(self, text: str) -> ReadText:
        """Return the attributes that the text names, with the means to compare them with profiles."""
        found = self._finder.find(pa.array([text], pa.large_string())).phrases.tolist()
        named = dict.fromkeys(Meaning(*token) for phrase in found for token in self._tokens[phrase])
        return ReadText(tuple(named), self)

    def homes(self, attributes: Sequence[Meaning]) -> Alternatives:
        """Return each city among the attributes with its state, then each state without a named city."""
        column = self._places.state
        cities = [each for each in attributes if each.column == self._places.city]
        states = {self._states[city.value] for city in cities}
        of_cities = ((Meaning(column, self._states[city.value]), city) for city in cities)
        alone = ((each,) for each in attributes if each.column == column and each.value not in states)
        return (*of_cities, *alone)

    def agreeing(self, attribute: Meaning, profile: Mapping[str, Any]) -> Iterable[Meaning]:
        """Return the values of a profile that agree with one attribute of a text."""
        if attribute.column in self._attributes:
            return self._items_with(attribute, profile)
        value = profile.get(attribute.column)
        if attribute.column in self._numbers:
            near = value is not None and abs(int(value) - int(attribute.value)) <= NUMBER_NEAR
            return (Meaning(attribute.column, str(value)),) if near else ()
        return (attribute,) if attribute.value in _items(value) else ()

    def _items_with(self, attribute: Meaning, profile: Mapping[str, Any]) -> Iterable[Meaning]:
        """Return the items of a profile that have an attribute, as its games of a genre."""
        column = self._item_column
        for name in _items(profile.get(column)):
            if attribute.value in self._items.get(name, {}).get(attribute.column, ()):
                yield Meaning(column, name)


@functools.lru_cache(maxsize=4)
def meanings_of(bundle: Bundle) -> Meanings:
    """Return the meanings of a schema's words, made once.

    Raises SpecError for a synonym of an unknown value.
    """
    return Meanings(bundle)


def shared(
    one: Mapping[str, Any], other: Mapping[str, Any], columns: Iterable[str], numbers: Container[str]
) -> tuple[Meaning, ...]:
    """Return the attributes that two profiles have in common, in the order of the columns.

    numbers: the columns whose values agree when they are near, by NUMBER_NEAR at most.
    """
    found: list[Meaning] = []
    for column in columns:
        mine, theirs = one.get(column), other.get(column)
        if column in numbers:
            if mine is not None and theirs is not None and abs(int(mine) - int(theirs)) <= NUMBER_NEAR:
                found.append(Meaning(column, str(theirs)))
        else:
            found.extend(Meaning(column, item) for item in _items(mine) if item in _items(theirs))
    return tuple(found)


def _items(value: Any) -> tuple[str, ...]:  # noqa: ANN401
    if isinstance(value, list):
        return tuple(map(as_text, value))
    return () if value is None else tuple(str(value).split(LIST_SEPARATOR))
