"""Phrases and their meanings: values of the catalogue by names and synonyms, numbers, places."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from synthprof.base.errors import SpecError
from synthprof.encoders.catalogue.phrases import PhraseFinder, fold_all
from synthprof.encoders.catalogue.vocabulary import Vocabulary
from synthprof.schemas.files import Rows, read_csv, read_toml
from synthprof.schemas.schema import FLAG_VALUES

Tokens = tuple[tuple[str, str], ...]
"""The meaning of a phrase, as pairs of column and value; empty for a phrase without meaning."""

MAX_YEARS = 99
"""Numbers of years up to this one are read in texts."""


@dataclass(frozen=True)
class Lexicon:
    """The meaning of each folded phrase, and the folded words without meaning.

    weights: weight of a phrase by its column, where it differs from the column's weight in a profile.
    game: shares of the vector of a game that a text names, by column or attribute.
    """

    phrases: Mapping[str, Tokens]
    ignored: frozenset[str]
    weights: Mapping[str, float]
    game: Mapping[str, float]

    def finder(self) -> PhraseFinder:
        """Return a finder of the phrases in texts, which gives their positions in `phrases`."""
        return PhraseFinder(tuple(self.phrases), self.ignored)


def read_lexicon(vocabulary: Vocabulary, folder: Path) -> Lexicon:
    """Return every phrase with a meaning: values and genres by their own names, places, synonyms, numbers.

    folder: the schema's `texts_folder`, which has the phrases that are no names. Raises SpecError for a file
    that names an unknown value.
    """
    words = read_toml(folder / "words.toml")
    common = frozenset(words["common_cities"])
    tokens = _values(vocabulary, common) | _places(vocabulary, common, words["city"])
    known = {token for found in tokens.values() for token in found}
    tokens |= dict(_synonyms(read_csv(folder / "synonyms.csv"), known)) | _numbers(words)
    return Lexicon(
        {phrase: found for phrase, found in tokens.items() if phrase not in FLAG_VALUES},
        frozenset(words["ignored"]),
        words["weights"],
        words["game"],
    )


def _values(vocabulary: Vocabulary, common: frozenset[str]) -> dict[str, Tokens]:
    """Return the values by their own names, some of which mean values of several columns."""
    found: dict[str, Tokens] = {}
    for column, values in (*vocabulary.values, *vocabulary.attribute_values().items()):
        for phrase, value in zip(_folded(values), values, strict=True):
            if phrase not in common:
                found[phrase] = (*found.get(phrase, ()), (column, value))
    return found


def _places(vocabulary: Vocabulary, common: frozenset[str], phrase: str) -> dict[str, Tokens]:
    """Return cities with their states, and cities whose names are common words within a phrase."""
    found: dict[str, Tokens] = {}
    places = vocabulary.places
    folded = _folded([city for city, _ in places.cities])
    for name, (city, state) in zip(folded, places.cities, strict=True):
        found[f"{name} {state.lower()}"] = ((places.city, city), (places.state, state))
        if name in common:
            found[phrase.format(name)] = ((places.city, city),)
    return found


def _synonyms(rows: Rows, known: Collection[tuple[str, str]]) -> Iterator[tuple[str, Tokens]]:
    """Yield the phrase and meaning of each row of synonyms.csv. Raises SpecError for an unknown value."""
    for row in rows:
        phrase, names = row["frase"], [name for name in row["significado"].split(";") if name]
        tokens = tuple((column, value) for column, _, value in (name.partition("=") for name in names))
        if unknown := [name for name, token in zip(names, tokens, strict=True) if token not in known]:
            raise SpecError(f"synonyms.csv: {phrase!r} means {unknown[0]!r}, which is no value; correct it")
        yield phrase, tokens


def _numbers(words: Mapping[str, Any]) -> dict[str, Tokens]:
    """Return numbers of years, by the phrases that show which column is meant."""
    return {
        phrase.format(years): ((column, str(number)),)
        for number, years in _years(*words["years"])
        for column, phrases in words["numbers"].items()
        for phrase in phrases
    }


def _years(one: str, several: str) -> Iterator[tuple[int, str]]:
    for number in range(1, MAX_YEARS + 1):
        yield number, (one if number == 1 else several).format(number)


def _folded(values: Sequence[str]) -> list[str]:
    return fold_all(pa.array(values)).to_pylist()  # type: ignore[no-any-return]
