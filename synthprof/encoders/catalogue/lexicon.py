"""What phrases stand for: the values of the catalogue by their names and synonyms, numbers, places."""

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
"""What a phrase stands for, as (column, value); none where it says nothing."""

MAX_YEARS = 99
"""Numbers of years up to this one are read in texts."""


@dataclass(frozen=True)
class Lexicon:
    """What each folded phrase stands for, and the folded words that say nothing of a profile.

    weights: what a phrase counts by its column, where that is not what the column counts in a profile.
    game: shares of the vector of a game that a text names, by what they are of.
    """

    phrases: Mapping[str, Tokens]
    ignored: frozenset[str]
    weights: Mapping[str, float]
    game: Mapping[str, float]

    def finder(self) -> PhraseFinder:
        """What finds the phrases in texts, by their places in `phrases`."""
        return PhraseFinder(tuple(self.phrases), self.ignored)


def read_lexicon(vocabulary: Vocabulary, folder: Path) -> Lexicon:
    """Every phrase that names something: values and genres by their own names, places, synonyms, numbers.

    folder: the schema's `texts_folder`, where those stand that are no names. Raises SpecError where what one
    of its files says is wrong.
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
    """Values by their own names, of which some mean values of several columns."""
    found: dict[str, Tokens] = {}
    for column, values in (*vocabulary.values, *vocabulary.attribute_values().items()):
        for phrase, value in zip(_folded(values), values, strict=True):
            if phrase not in common:
                found[phrase] = (*found.get(phrase, ()), (column, value))
    return found


def _places(vocabulary: Vocabulary, common: frozenset[str], phrase: str) -> dict[str, Tokens]:
    """Cities with their states, and in a phrase those whose names are words as well."""
    found: dict[str, Tokens] = {}
    places = vocabulary.places
    folded = _folded([city for city, _ in places.cities])
    for name, (city, state) in zip(folded, places.cities, strict=True):
        found[f"{name} {state.lower()}"] = ((places.city, city), (places.state, state))
        if name in common:
            found[phrase.format(name)] = ((places.city, city),)
    return found


def _synonyms(rows: Rows, known: Collection[tuple[str, str]]) -> Iterator[tuple[str, Tokens]]:
    """What each row of synonyms.csv says. Raises SpecError if that is no value."""
    for row in rows:
        phrase, names = row["frase"], [name for name in row["significado"].split(";") if name]
        tokens = tuple((column, value) for column, _, value in (name.partition("=") for name in names))
        if unknown := [name for name, token in zip(names, tokens, strict=True) if token not in known]:
            raise SpecError(f"synonyms.csv: {phrase!r} means {unknown[0]!r}, which is no value; correct it")
        yield phrase, tokens


def _numbers(words: Mapping[str, Any]) -> dict[str, Tokens]:
    """Numbers of years, by the phrases that tell which column is meant."""
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
