"""What a text asks for, by attribute, and which of it a profile has: the reason for a search result."""

import functools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from synthprof.encoders.catalogue.lexicon import read_lexicon
from synthprof.encoders.catalogue.tokens import ANCHORS, GAMES
from synthprof.encoders.catalogue.vocabulary import read_vocabulary
from synthprof.schemas.draws import LIST_SEPARATOR
from synthprof.schemas.loader import texts_folder

STATE, CITY, LANGUAGES = "estado", "cidade", "idiomas"

GENRE = "genero"
"""Not a column: the genre of a game, of which a profile has those of its games."""

NUMBER_NEAR = 3
"""A number that a text names agrees with one that differs by at most so much."""


@dataclass(frozen=True)
class Meaning:
    """One attribute that a text names, or that a profile has."""

    column: str
    value: str

    def __str__(self) -> str:
        return f"{self.column}={self.value}"


class Meanings:
    """Reads texts by the lexicon of one schema, whatever encoder made the embeddings."""

    def __init__(self, schema: str) -> None:
        vocabulary = read_vocabulary(schema)
        lexicon = read_lexicon(vocabulary, texts_folder(schema))
        self._tokens = tuple(lexicon.phrases.values())
        self._finder = lexicon.finder()
        self._genres = {game.name: game.genre for game in vocabulary.games}
        self._states = dict(vocabulary.cities)

    def of_text(self, text: str) -> tuple[Meaning, ...]:
        """The attributes that the text names, each once."""
        found = self._finder.find(pa.array([text], pa.large_string())).phrases.tolist()
        return tuple(dict.fromkeys(Meaning(*token) for phrase in found for token in self._tokens[phrase]))

    def homes(self, asked: Sequence[Meaning]) -> tuple[tuple[Meaning, ...], ...]:
        """Each place to live in that is among them, with its state; a state only if none of its cities is."""
        cities = [each for each in asked if each.column == CITY]
        states = {self._states[city.value] for city in cities}
        of_cities = ((Meaning(STATE, self._states[city.value]), city) for city in cities)
        alone = ((each,) for each in asked if each.column == STATE and each.value not in states)
        return (*of_cities, *alone)

    def agreeing(self, asked: Iterable[Meaning], profile: Mapping[str, Any]) -> tuple[Meaning, ...]:
        """Those of the attributes asked for that the profile has, with the values that it has."""
        return tuple(dict.fromkeys(found for each in asked for found in self._agreeing(each, profile)))

    def _agreeing(self, asked: Meaning, profile: Mapping[str, Any]) -> Iterable[Meaning]:
        if asked.column == GENRE:
            games = _items(profile.get(GAMES))
            return (Meaning(GAMES, game) for game in games if self._genres.get(game) == asked.value)
        value = profile.get(asked.column)
        if asked.column in ANCHORS:
            near = value is not None and abs(int(value) - int(asked.value)) <= NUMBER_NEAR
            return (Meaning(asked.column, str(value)),) if near else ()
        return (asked,) if asked.value in _items(value) else ()


@functools.lru_cache(maxsize=4)
def load_meanings(schema: str) -> Meanings:
    """The meanings of a built-in schema, read once. Raises SpecError for an unknown one."""
    return Meanings(schema)


def shared(one: Mapping[str, Any], other: Mapping[str, Any], columns: Iterable[str]) -> tuple[Meaning, ...]:
    """The attributes that two profiles have in common, in the order of the columns."""
    found: list[Meaning] = []
    for column in columns:
        mine, theirs = one.get(column), other.get(column)
        if column in ANCHORS:
            if mine is not None and theirs is not None and abs(int(mine) - int(theirs)) <= NUMBER_NEAR:
                found.append(Meaning(column, str(theirs)))
        else:
            found.extend(Meaning(column, item) for item in _items(mine) if item in _items(theirs))
    return tuple(found)


def _items(value: Any) -> tuple[str, ...]:  # noqa: ANN401
    return () if value is None else tuple(str(value).split(LIST_SEPARATOR))
