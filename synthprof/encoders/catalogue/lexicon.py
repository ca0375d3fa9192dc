"""Phrases and their meanings: values of the catalogue by names and synonyms, numbers, places."""

import functools
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa

from synthprof.base.errors import SpecError
from synthprof.encoders.catalogue.phrases import PhraseFinder, fold_all
from synthprof.encoders.catalogue.vocabulary import Vocabulary
from synthprof.schemas.schema import FLAG_VALUES, TRUTH_VALUES, Column
from synthprof.schemas.spans import DAYS, ends, number_of, year_of
from synthprof.schemas.texts import Tokens

MAX_YEARS = 99
"""Numbers up to this one are read in texts about any column."""

DIGITS, MAX_NUMBER = 2, 10**9
"""Larger numbers, as far as a column can have them, are read where only so many of their digits are not 0."""

YEARS, MANY_YEARS = range(1950, 2051), 40
"""Years of dates without bounds; of more years than that the months are not read."""


@dataclass(frozen=True)
class Lexicon:
    """The meaning of each folded phrase, and the folded words without meaning."""

    phrases: Mapping[str, Tokens]
    ignored: frozenset[str]

    def finder(self) -> PhraseFinder:
        """Return a finder of the phrases in texts, which gives their positions in `phrases`."""
        return PhraseFinder(tuple(self.phrases), self.ignored)


def lexicon_of(vocabulary: Vocabulary) -> Lexicon:
    """Return every phrase with a meaning: values and genres by their own names, places, synonyms, numbers.

    Sets of values, as regions, have no part in embeddings, so their names are words as others are.
    Raises SpecError for a synonym of an unknown value.
    """
    texts, sets = vocabulary.texts, {group.name for group in vocabulary.texts.groups}
    named = named_phrases(vocabulary, texts.synonyms)
    tokens = {
        phrase: found
        for phrase, found in named.items()
        if not found or any(column not in sets for column, _ in found)
    }
    return Lexicon(tokens | _numbers(vocabulary), frozenset(texts.ignored))


def named_phrases(vocabulary: Vocabulary, synonyms: Sequence[tuple[str, Tokens]]) -> dict[str, Tokens]:
    """Return the phrases that mean values: these by their own names, sets of them, places, and synonyms.

    Raises SpecError for a synonym of an unknown value.
    """
    check_synonyms(vocabulary, synonyms)
    tokens = _own_names(vocabulary) | dict(synonyms)
    return {phrase: found for phrase, found in tokens.items() if phrase not in (*FLAG_VALUES, *TRUTH_VALUES)}


@functools.lru_cache(maxsize=4)
def _own_names(vocabulary: Vocabulary) -> dict[str, Tokens]:
    """Return the phrases that mean values without synonyms; made once."""
    common = frozenset(vocabulary.texts.common_places)
    tokens = _sets(vocabulary) | _values(vocabulary, common)
    return tokens | _places(vocabulary, common, vocabulary.texts.place)


def _sets(vocabulary: Vocabulary) -> dict[str, Tokens]:
    """Return the names of sets of values, as of regions."""
    found: dict[str, Tokens] = {}
    for group in vocabulary.texts.groups:
        names = list(dict.fromkeys(value for value, _ in group.members))
        for phrase, value in zip(_folded(names), names, strict=True):
            found[phrase] = (*found.get(phrase, ()), (group.name, value))
    return found


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
    states = _folded([state for _, state in places.cities])
    for name, said, (city, state) in zip(folded, states, places.cities, strict=True):
        found[f"{name} {said}"] = ((places.city, city), (places.state, state))
        if name in common:
            found[phrase.format(name)] = ((places.city, city),)
    return found


def check_synonyms(vocabulary: Vocabulary, synonyms: Sequence[tuple[str, Tokens]]) -> None:
    """Raise SpecError for a synonym of what is neither a known value nor a number of a column of numbers."""
    known = _known(vocabulary)
    for phrase, tokens in synonyms:
        for column, value in tokens:
            if (column, value) not in known and not _is_number(vocabulary, column, value):
                raise SpecError(
                    f"the synonym {phrase!r} means '{column}={value}', which is no value; correct it"
                )


@functools.lru_cache(maxsize=4)
def _known(vocabulary: Vocabulary) -> Collection[tuple[str, str]]:
    """Return all values that have names, and both values of sets that have none."""
    named = {token for found in _own_names(vocabulary).values() for token in found}
    unnamed = {
        group.name
        for group in vocabulary.texts.groups
        if {each for each, _ in group.members} <= {TRUTH_VALUES[1]}
    }
    return named | {(name, value) for name in unnamed for value in TRUTH_VALUES}


def _is_number(vocabulary: Vocabulary, name: str, value: str) -> bool:
    """Return whether a text is a number that a column of numbers can have."""
    if name not in vocabulary.anchors or vocabulary.columns[name].kind in DAYS:
        return False
    try:
        number = number_of(vocabulary.columns[name].kind, unsigned(value))
    except ValueError:
        return False
    low, high = ends(vocabulary.columns[name])
    return number is not None and (low is None or number >= low) and (high is None or number <= high)


def unsigned(value: str) -> str:
    """Return the number of a bound, as 60 of `>=60`; another value as it is."""
    return value.lstrip("<>=")


def _numbers(vocabulary: Vocabulary) -> dict[str, Tokens]:
    """Return numbers, and years and months of dates, by the phrases that show which column is meant."""
    return {
        phrase.format(said): ((name, value),)
        for name, phrases in vocabulary.texts.numbers.items()
        for value, said in _said(vocabulary, vocabulary.columns[name])
        for phrase in phrases
    }


def _said(vocabulary: Vocabulary, column: Column) -> Iterator[tuple[str, str]]:
    """Yield the values of a column that texts name, and how they do."""
    if column.kind in DAYS:
        yield from _dates(column, vocabulary.texts.months)
        return
    one, several = vocabulary.texts.years
    _, high = ends(column)
    most = max(MAX_YEARS, vocabulary.anchors.get(column.name, (0,))[-1] if high is None else high)
    number, step = 1, 1
    while number <= min(most, MAX_NUMBER):
        yield str(number), (one if number == 1 else several).format(number)
        step = max(1, 10 ** (len(str(number)) - DIGITS))
        number += step


def _dates(column: Column, months: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield the years that a column of dates can have, and their months where the years are few."""
    low, high = ends(column)
    years = [year_of(each) for each in (low, high) if each is not None]
    span = range(years[0], years[1] + 1) if len(years) == 2 else YEARS
    for year in span:
        yield str(year), str(year)
        for number, name in enumerate(months if len(span) <= MANY_YEARS else (), start=1):
            yield f"{year}-{number:02}", f"{name} {year}"


def _folded(values: Sequence[str]) -> list[str]:
    return fold_all(pa.array(values)).to_pylist()  # type: ignore[no-any-return]
