"""The words of a search, and the parts of it that were read."""

from collections.abc import Iterator, Mapping, Sequence

from synthprof.encoders.reading.reading import Test
from synthprof.encoders.reading.scope import Item, Kind
from synthprof.encoders.reading.words import Word, text_of
from synthprof.schemas.texts import Tokens

WINDOW = 3
"""Most words next to each other that may be one phrase with a typing error."""

LONGEST = 12
"""Words of a phrase; no value that is called by more is found in a text."""


def meaning_of(words: Sequence[Word], phrases: Mapping[str, Tokens]) -> Tokens | None:
    """Return what words mean: with their accents, as a phrase may have them, or else without."""
    written = phrases.get(" ".join(word.written for word in words))
    return phrases.get(" ".join(word.text for word in words)) if written is None else written


class Parts:
    """The words of a text, and the parts of it that were read."""

    def __init__(self, words: Sequence[Word]) -> None:
        self.words = list(words)
        self.free = [True] * len(words)
        self._items: list[Item] = []
        self._ranks: dict[int, Tokens] = {}
        self.close: dict[int, Test] = {}

    @property
    def items(self) -> list[Item]:
        """The parts in the order of the text."""
        return sorted(self._items, key=lambda item: item.first)

    def take(
        self,
        kind: Kind,
        first: int,
        last: int,
        tokens: Tokens = (),
        tests: tuple[Test, ...] = (),
        ranks: Tokens = (),
    ) -> None:
        """Note a part; ranks: the meaning that ranks rows, where that is not `tokens`."""
        self.free[first:last] = [False] * (last - first)
        begins = self.words[first].begins or self.words[first].before.count("/") > 0
        self._items.append(Item(kind, first, last, begins, tokens, tests))
        self._ranks[first] = ranks or tokens

    def take_phrases(self, phrases: Mapping[str, Tokens]) -> None:
        """Take all phrases that mean something or, by themselves, nothing; the longest first."""
        for first, last in self._runs(LONGEST):
            tokens = meaning_of(self.words[first:last], phrases)
            if tokens is not None:
                self.take("wish" if tokens else "word", first, last, tokens)

    def take_kinds(self, kinds: Mapping[str, Kind]) -> None:
        """Take the phrases of a grammar; then every word that is left says nothing."""
        for first, last in self._runs(LONGEST):
            if kind := kinds.get(self._text(first, last)):
                self.take(kind, first, last)
        self.unread = [place for place, free in enumerate(self.free) if free]
        for place in self.unread:
            self.take("word", place, place + 1)

    def _runs(self, longest: int) -> Iterator[tuple[int, int]]:
        """Yield the runs of free words, the longest first; no comma stands in a run."""
        for length in range(min(longest, len(self.words)), 0, -1):
            for first in range(len(self.words) - length + 1):
                last = first + length
                if all(self.free[first:last]):
                    yield first, last

    def _text(self, first: int, last: int) -> str:
        return " ".join(word.text for word in self.words[first:last])

    def windows(self, plain: frozenset[str]) -> list[tuple[int, int]]:
        """Return the runs of up to WINDOW words that hold a free, unknown one, the longest first."""
        free = (place for place, free in enumerate(self.free) if free)
        unknown = [place for place in free if self.words[place].text not in plain]
        runs = (
            (first, first + length)
            for length in range(WINDOW, 0, -1)
            for place in unknown
            for first in range(max(0, place - length + 1), place + 1)
            if first + length <= len(self.words)
        )
        return list(dict.fromkeys(runs))

    def correct(self, first: int, last: int, phrase: str) -> None:
        """Write a phrase for one word that means it, so that it is read as the phrase is."""
        if last - first == 1:
            word = self.words[first]
            self.words[first] = Word(phrase, word.said, word.before, word.after)

    def stands_alone(self, first: int, last: int) -> bool:
        """Return whether commas or the ends of the text stand around words."""
        ends = last == len(self.words) or self.words[last].begins
        return ends and (first == 0 or self.words[first].begins)

    def meaning(self, wish: Item) -> Tokens:
        """Return the columns and values by which a wish ranks rows."""
        return self._ranks[wish.first]

    def left(self, plain: frozenset[str]) -> list[int]:
        """Return the places of words that no phrase, number, name or grammar took."""
        return [place for place in self.unread if self.words[place].text not in plain]

    def without(self, denied: Sequence[Item]) -> str:
        """Return the text without what it denies."""
        gone = {place for item in denied for place in range(item.first, item.last)}
        return text_of([word for place, word in enumerate(self.words) if place not in gone]).strip()
