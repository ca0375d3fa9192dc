"""Meanings of words that no phrase has as they are written: joined, inflected, or with a typing error."""

import functools
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from synthprof.encoders.reading.speech import Speech
from synthprof.schemas.texts import Tokens

LIMITS = ((5, 0), (8, 1), (16, 2))
"""Letters below which a phrase may have so many typing errors; longer ones may have MOST_ERRORS."""

MOST_ERRORS = 3
SHORT_STEM = 4
"""Stems of fewer letters than that are shared by too many words."""

FEW_LETTERS = 3
"""Letters of the shortest word that may be joined of several, or be left without its ending ..."""

LONG_ENDING = 4
"""... but without an ending as long as that, two letters will do."""

FIRST_LETTERS = 5
"""Letters from which on the first word of a value may stand for it."""

NEAREST = 8


class Unknown:
    """A search for the phrase that is meant by words, in one language."""

    def __init__(
        self, speech: Speech, phrases: Mapping[str, Tokens], values: Sequence[str], places: Collection[str]
    ) -> None:
        """Take a language, what phrases mean in it, those that are items of lists, and columns of places."""
        self._speech = speech
        self._phrases = phrases
        self._values = values
        self._places = places

    def meaning(self, words: Sequence[str]) -> str | None:
        """Return the phrase that is meant by words next to each other; None if there is none.

        One word may be inflected, a diminutive, or a typing error away from a phrase; several may be one
        word of a phrase, or one word too few.
        """
        squeezed = "".join(words)
        found = self._joined.get(squeezed) if len(squeezed) > FEW_LETTERS else None
        if found is None and len(words) == 1:
            found = self._begun.get(words[0]) or self._ending(words[0]) or self._inflected(words[0])
        return found or self._mistyped(squeezed, len(words))

    @functools.cached_property
    def _joined(self) -> dict[str, str]:
        """The phrases without their spaces."""
        meant = [phrase for phrase, tokens in self._phrases.items() if tokens]
        found = {phrase.replace(" ", ""): phrase for phrase in reversed(meant)}
        return found | {word: word for word in self._speech.plain}

    @functools.cached_property
    def _begun(self) -> dict[str, str]:
        """The items that have attributes by their first words, of those that begin one only."""
        found: dict[str, str] = {}
        twice: set[str] = set()
        for phrase in self._values:
            first = phrase.split()[0]
            twice |= {first} & found.keys()
            found[first] = phrase
        return {
            first: phrase
            for first, phrase in found.items()
            if len(first) >= FIRST_LETTERS and first not in twice
        }

    @functools.cached_property
    def _stems(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for phrase, tokens in self._phrases.items():
            if " " in phrase or not tokens or any(column in self._places for column, _ in tokens):
                continue  # names of places are not inflected
            stem = self._speech.stem(phrase)
            if len(stem) >= SHORT_STEM:
                found.setdefault(stem, phrase)
        return found

    def _inflected(self, word: str) -> str | None:
        return self._stems.get(self._speech.stem(word))

    def _ending(self, word: str) -> str | None:
        """Return the phrase that is left of a word without an ending of the language."""
        for rest in self._without_ending(word):
            if found := self._joined.get(rest):
                return found
        return None

    def _without_ending(self, word: str) -> Iterator[str]:
        for ending in self._speech.grammar.endings:
            rest = word.removesuffix(ending)
            if len(rest) < len(word) and len(rest) >= FEW_LETTERS - (len(ending) >= LONG_ENDING):
                yield rest

    def _mistyped(self, squeezed: str, words: int) -> str | None:
        """Return the phrase that is nearest by edit distance, within the errors that its length allows."""
        limit = next((errors for letters, errors in LIMITS if len(squeezed) < letters), MOST_ERRORS)
        if not limit:
            return None
        from rapidfuzz import process  # with all its algorithms, which few searches need
        from rapidfuzz.distance import OSA

        near: list[Any] = process.extract(
            squeezed, self._choices, scorer=OSA.distance, score_cutoff=limit, limit=NEAREST
        )
        ranked = sorted(
            (distance, choice[0] != squeezed[0], abs(len(choice) - len(squeezed)), place)
            for choice, distance, place in near
            if _same_digits(choice, squeezed)
            and (distance == 1 or choice[0] == squeezed[0])  # few who err twice err in the first letter
            and (words == 1 or " " in self._joined[choice])
        )
        return self._joined[self._choices[ranked[0][-1]]] if ranked else None

    @functools.cached_property
    def _choices(self) -> list[str]:
        return [each for each in self._joined if len(each) >= LIMITS[0][0] - 1]


def _same_digits(one: str, other: str) -> bool:
    """Return whether two texts have the same digits: another number is no typing error."""
    return [c for c in one if c.isdigit()] == [c for c in other if c.isdigit()]
