"""Names of people in a search: words of the schema's names, or what stands where a name is said."""

from collections.abc import Container, Iterator, Sequence

from synthprof.encoders.catalogue.vocabulary import Vocabulary
from synthprof.encoders.reading.amounts import SLOT
from synthprof.encoders.reading.speech import Speech
from synthprof.encoders.reading.words import Word, accented
from synthprof.schemas.draws import FullName
from synthprof.schemas.grammar import Grammar
from synthprof.schemas.languages import folded

LONG = 5
"""Letters from which on a word beside a name may have a typing error."""


class Persons:
    """The columns of names, and the words that names are made of."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        draws = {name: column.draw for name, column in vocabulary.columns.items()}
        named = {name: draw for name, draw in draws.items() if isinstance(draw, FullName)}
        self.column = next(iter(named), "")
        self._firsts = frozenset(_words(name for draw in named.values() for of in draw.firsts for name in of))
        self._all = self._firsts | frozenset(_words(name for draw in named.values() for name in draw.lasts))
        written = {name for draw in named.values() for names in (*draw.firsts, draw.lasts) for name in names}
        self._accented = set(_words(word for name in written for word in name.split() if accented(word)))
        self._sorted = sorted(self._all)

    def is_part(self, word: str) -> bool:
        """Return whether names have the folded word."""
        return word in self._all

    def is_first(self, word: str) -> bool:
        """Return whether first names have the folded word."""
        return word in self._firsts

    def find(
        self,
        words: Sequence[Word],
        free: Sequence[bool],
        speech: Speech,
        known: Container[str],
    ) -> Iterator[tuple[int, int, str]]:
        """Yield the first and the last place (not included) of each name, and its folded words.

        Two words of names make a name, and one does that is a first name, stands alone, or stands where a
        name is said. known: words that are no name with a typing error.
        """
        silent, grammar = speech.plain, speech.grammar
        if not self.column:
            return
        place = 0
        while place < len(words):
            said = self._said(words, free, place, grammar)
            last = self._end(words, free, place, known, grammar)
            parts = [word.text for word in words[place:last]]
            if last > place and self._is_name(words, place, last, speech, said):
                yield place, last, " ".join(map(self._corrected, parts))
            elif said and last == place and free[place] and words[place].text not in silent:
                last = place + 1
                yield place, last, words[place].text
            place = max(last, place + 1)

    def _end(
        self,
        words: Sequence[Word],
        free: Sequence[bool],
        first: int,
        known: Container[str],
        grammar: Grammar,
    ) -> int:
        """Return where the run of words of a name ends that begins at a place, which may be there."""
        last = place = first
        while place < len(words) and free[place] and (place == first or not words[place].begins):
            word = words[place].text
            if word in grammar.particles and place > first:
                place += 1
                continue
            if word in grammar.particles or not (
                word in self._all
                or (last == place > first and word not in known and self._corrected(word) in self._all)
            ):
                break
            last = place + 1
            place += 1
        return last

    def _is_name(
        self,
        words: Sequence[Word],
        first: int,
        last: int,
        speech: Speech,
        said: bool,
    ) -> bool:
        if said or last - first > 1:
            return True
        word = words[first]
        if word.text in speech.ordinary and accented(word.said) and word.text not in self._accented:
            return False  # `março` is not Marco
        alone = (first == 0 or words[first].begins) and (last == len(words) or words[last].begins)
        return word.text not in speech.plain and (alone or word.text in self._firsts)

    def _corrected(self, word: str) -> str:
        """Return a word of a name without its typing error."""
        if word in self._all or len(word) < LONG:
            return word
        from rapidfuzz import process  # with all its algorithms, which few searches need
        from rapidfuzz.distance import OSA

        found = process.extractOne(word, self._sorted, scorer=OSA.distance, score_cutoff=1)
        return found[0] if found else word

    @staticmethod
    def _said(words: Sequence[Word], free: Sequence[bool], place: int, grammar: Grammar) -> bool:
        """Return whether a phrase stands before a place after which a name is said."""
        for phrase in grammar.named:
            before = tuple(phrase.split()[:-1]) if phrase.endswith(SLOT) else ()
            first = place - len(before)
            if before and first >= 0 and tuple(word.text for word in words[first:place]) == before:
                return all(free[first:place])
        return False


def _words(names: Iterator[str]) -> Iterator[str]:
    return (word for name in names for word in folded(name).split() if len(word) > 1)
