"""Phrases and their meanings: values of the catalogue by names and synonyms, numbers, places."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa

from synthprof.base.errors import SpecError
from synthprof.encoders.catalogue.phrases import PhraseFinder, fold_all
from synthprof.encoders.catalogue.vocabulary import Vocabulary
from synthprof.schemas.schema import FLAG_VALUES
from synthprof.schemas.texts import Texts, Tokens

MAX_YEARS = 99
"""Numbers of years up to this one are read in texts."""


@dataclass(frozen=True)
class Lexicon:
    """The meaning of each folded phrase, and the folded words without meaning.

    weights: weight of a phrase by its column, where it differs from the column's weight in a profile.
    items: shares of the vector of an item that a text names, by column or attribute.
    """

    phrases: Mapping[str, Tokens]
    ignored: frozenset[str]
    weights: Mapping[str, float]
    items: Mapping[str, float]

    def finder(self) -> PhraseFinder:
        """Return a finder of the phrases in texts, which gives their positions in `phrases`."""
        return PhraseFinder(tuple(self.phrases), self.ignored)


def lexicon_of(vocabulary: Vocabulary) -> Lexicon:
    """Return every phrase with a meaning: values and genres by their own names, places, synonyms, numbers.

    Raises SpecError for a synonym of an unknown value.
    """
    texts = vocabulary.texts
    common = frozenset(texts.common_places)
    tokens = _values(vocabulary, common) | _places(vocabulary, common, texts.place)
    known = {token for found in tokens.values() for token in found}
    _check_synonyms(texts, known)
    tokens |= dict(texts.synonyms) | _numbers(texts)
    return Lexicon(
        {phrase: found for phrase, found in tokens.items() if phrase not in FLAG_VALUES},
        frozenset(texts.ignored),
        texts.weights,
        texts.items,
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


def _check_synonyms(texts: Texts, known: Collection[tuple[str, str]]) -> None:
    for phrase, tokens in texts.synonyms:
        if unknown := [f"{column}={value}" for column, value in tokens if (column, value) not in known]:
            raise SpecError(f"synonyms.csv: {phrase!r} means {unknown[0]!r}, which is no value; correct it")


def _numbers(texts: Texts) -> dict[str, Tokens]:
    """Return numbers of years, by the phrases that show which column is meant."""
    return {
        phrase.format(years): ((column, str(number)),)
        for number, years in _years(*texts.years)
        for column, phrases in texts.numbers.items()
        for phrase in phrases
    }


def _years(one: str, several: str) -> Iterator[tuple[int, str]]:
    for number in range(1, MAX_YEARS + 1):
        yield number, (one if number == 1 else several).format(number)


def _folded(values: Sequence[str]) -> list[str]:
    return fold_all(pa.array(values)).to_pylist()  # type: ignore[no-any-return]
