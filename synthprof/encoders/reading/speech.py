"""The languages in which a schema is searched: grammar, words, and phrases with a meaning."""

import dataclasses
import functools
import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from synthprof.encoders.catalogue.lexicon import check_synonyms, named_phrases
from synthprof.encoders.catalogue.vocabulary import Vocabulary
from synthprof.encoders.reading.amounts import COMPARISONS, SLOT, Amounts
from synthprof.schemas.grammar import Grammar, load_grammar
from synthprof.schemas.languages import load_language
from synthprof.schemas.texts import Tokens, Tongue

_WORDS = ("denies", "spares", "verbs", "ors", "ands", "buts", "particles", "named", *COMPARISONS)

LONGEST_LINK = 3
"""Letters of a word that may stand between a town and its state."""


@dataclass(frozen=True)
class Speech:
    """One language of searches.

    ignored: words that say nothing of a row. own: these, and the words of its grammar and its phrases, by
    which a text shows that it is in this language; what values are called belongs to none. phrases: what its
    own folded phrases mean.
    """

    grammar: Grammar
    ignored: frozenset[str]
    own: frozenset[str]
    phrases: Mapping[str, Tokens]
    amounts: Amounts
    months: tuple[str, ...] = ()

    @functools.cached_property
    def _stemmer(self) -> Any:  # noqa: ANN401  of an untyped library
        import snowballstemmer  # with the algorithms of all languages

        return snowballstemmer.stemmer(self.grammar.stemmer)

    def stem(self, word: str) -> str:
        """Return the stem of a folded word; the word itself where the language has no algorithm."""
        return self._stemmer.stemWord(word) if self.grammar.stemmer else word

    @functools.cached_property
    def longer(self) -> tuple[str, ...]:
        """The phrases of several words, by which the language shows as well."""
        return tuple(each for each in self.phrases if " " in each and not self.own.isdisjoint(each.split()))

    @functools.cached_property
    def plain(self) -> frozenset[str]:
        """The words that say nothing, and those of the grammar."""
        return self.ignored | frozenset(_grammar_words(self.grammar))

    @functools.cached_property
    def ordinary(self) -> frozenset[str]:
        """The plain words, other frequent ones and the months, which are hardly meant as names of places."""
        return self.plain.union(self.grammar.common, self.months)

    @functools.cached_property
    def links(self) -> frozenset[str]:
        """Short words that may stand between a town and its state: of those that say nothing, no joins."""
        said = {name: set(getattr(self.grammar, name)) for name in ("denies", "ors", "ands", "buts", "verbs")}
        return frozenset(
            word
            for word in self.ignored
            if len(word) <= LONGEST_LINK and not any(word in of for of in said.values())
        )


def speeches_of(vocabulary: Vocabulary, language: str) -> tuple[Speech, ...]:
    """Return the language of a schema, a tag as `pt-BR`, then the further ones of its searches.

    Raises SpecError for a synonym of an unknown value.
    """
    texts = vocabulary.texts
    tongues = [Tongue(language, texts.years, texts.numbers, texts.synonyms)]
    for tongue in texts.tongues:
        alike = [place for place, each in enumerate(tongues) if _tag(each) == _tag(tongue)]
        if alike:
            tongues[alike[0]] = _joined(tongues[alike[0]], tongue)
        else:
            tongues.append(tongue)
    values = named_phrases(vocabulary, ())
    for tongue in tongues:
        check_synonyms(vocabulary, tongue.synonyms)
    ignored = [texts.ignored, *(() for _ in tongues[1:])]
    months = [texts.months, *(() for _ in tongues[1:])]
    return tuple(map(_speech, tongues, itertools.repeat(values), ignored, months))


def _tag(tongue: Tongue) -> str:
    return tongue.language.split("-")[0].lower()


def _joined(one: Tongue, other: Tongue) -> Tongue:
    """Return the words of two tongues of one language; of a phrase that both have, the second tells."""
    numbers = {name: (*one.numbers.get(name, ()), *each) for name, each in other.numbers.items()}
    synonyms = tuple((dict(one.synonyms) | dict(other.synonyms)).items())
    return dataclasses.replace(one, numbers={**one.numbers, **numbers}, synonyms=synonyms)


def _speech(
    tongue: Tongue, values: Mapping[str, Tokens], ignored: Sequence[str], months: Sequence[str]
) -> Speech:
    language, grammar = load_language(tongue.language), load_grammar(tongue.language)
    phrases = dict(tongue.synonyms)
    silent = frozenset(ignored) | frozenset(language.ignored)
    named = {word for phrase in values for word in phrase.split()}
    own = {word for phrase in phrases for word in phrase.split()} | set(_grammar_words(grammar)) | silent
    called = tuple(months or language.months)
    amounts = Amounts(grammar, tongue.years, called, tongue.numbers)
    return Speech(grammar, silent, frozenset(own - named), phrases, amounts, called)


def spoken_in(speeches: Sequence[Speech], words: Sequence[str]) -> Speech:
    """Return the language that most of the words belong to; the first of those that have as many.

    Words of its phrases of several words count twice: "no horror games" has no word that is English alone.
    """
    text = f" {' '.join(words)} "

    def score(speech: Speech) -> int:
        longer = [phrase.split() for phrase in speech.longer if f" {phrase} " in text]
        return sum(word in speech.own for word in words) + sum(map(len, longer))

    return max(speeches, key=score)


def _grammar_words(grammar: Grammar) -> Iterable[str]:
    phrases = (phrase for name in _WORDS for phrase in getattr(grammar, name))
    return (word for phrase in phrases for word in phrase.split() if word != SLOT)
