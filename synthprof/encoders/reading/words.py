"""The words of a search, folded, with what stands between them."""

import re
import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from text_to_num import alpha2digit

_WORD = re.compile(r"\d{4}-\d\d(?:-\d\d)?(?!\d)|\d{1,3}(?:[.,]\d{3})+(?!\d)|\d+[.,]\d+(?!\d)|[^\W_]+")
_BREAK = re.compile(r"[,;:!?()\n/]|\.(?=\s|$)")
SPOKEN = ("de", "en", "es", "pt")
"""Languages whose numbers are read when they are written in words."""


@dataclass(frozen=True)
class Word:
    """A word: folded, as it was written, and the texts between it and the words beside it."""

    text: str
    said: str
    before: str
    after: str

    @property
    def begins(self) -> bool:
        """True where a comma or the like stands before the word."""
        return bool(_BREAK.search(self.before))

    @property
    def written(self) -> str:
        """The word in small letters, with its accents."""
        return self.said.lower()

    @property
    def is_name(self) -> bool:
        """True for a word with a capital letter, and small letters after it."""
        return self.said[:1].isupper() and not self.said.isupper()


def words_of(text: str, language: str = "") -> tuple[Word, ...]:
    """Return the words of a text, its numbers in digits: those of the language may be written in words.

    >>> [word.text for word in words_of("Há vinte anos, no PC", "pt")]
    ['ha', '20', 'anos', 'no', 'pc']
    """
    plain = unicodedata.normalize("NFC", text)
    if language in SPOKEN:
        plain = alpha2digit(plain, language)
    matches = list(_WORD.finditer(plain))
    edges = [0, *(edge for match in matches for edge in match.span()), len(plain)]
    between = [plain[edges[place] : edges[place + 1]] for place in range(0, len(edges), 2)]
    return tuple(
        Word(_folded(match[0]), match[0], before, after)
        for match, before, after in zip(matches, between, between[1:], strict=False)
    )


def accented(text: str) -> bool:
    """Return whether a text has accents, or a cedilla: who writes them means them.

    >>> accented("março"), accented("Marco")
    (True, False)
    """
    return any(unicodedata.combining(c) for c in unicodedata.normalize("NFKD", text))


def in_digits(words: Collection[str], language: str) -> dict[str, str]:
    """Return those words that `words_of` writes in digits, with their digits."""
    if language not in SPOKEN:
        return {}
    said = {word: alpha2digit(word, language) for word in words}
    return {word: _folded(digits) for word, digits in said.items() if digits != word}


def text_of(words: Sequence[Word]) -> str:
    """Return words as they were written."""
    return "".join(
        word.said if not place else f"{word.before}{word.said}" for place, word in enumerate(words)
    )


def _folded(word: str) -> str:
    """Return a word as `languages.folded` does, the thousands of a number without their marks."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", word.lower()) if not unicodedata.combining(c))
    if re.fullmatch(r"\d{1,3}([.,]\d{3})+", plain):
        return re.sub("[.,]", "", plain)
    return plain.replace(",", ".") if plain[:1].isdigit() else plain
