"""Search for the phrases of a lexicon in texts, all texts at once; the rest are single words."""

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from synthprof.encoders.hashes import Hashes, hash_strings, mix

Positions = npt.NDArray[np.int64]

WORD_SALT = 0x70616C61767261
"""Salt of all word hashes ("palavra" in ASCII)."""


@dataclass(frozen=True)
class Found:
    """Results of a search in texts: (text, phrase) pairs and (text, hash of word) pairs."""

    phrase_texts: Positions
    phrases: Positions
    word_texts: Positions
    words: Hashes


class PhraseFinder:
    """A search for phrases, the longest first, so that no word serves two of them."""

    def __init__(self, phrases: Sequence[str], ignored: Iterable[str]) -> None:
        self._ignored = hash_words(sorted(ignored))
        self._by_length: dict[int, tuple[Hashes, Positions]] = {}
        lengths = np.array([len(phrase.split()) for phrase in phrases], np.int64)
        for length in sorted(set(lengths.tolist()), reverse=True):
            numbers = np.flatnonzero(lengths == length)
            words = hash_words([word for number in numbers.tolist() for word in phrases[number].split()])
            hashes = _windows(words, length)[::length]
            order = np.argsort(hashes)
            self._by_length[length] = hashes[order], numbers[order]

    def find(self, texts: pa.Array) -> Found:
        """Return the phrases and the other words of each text, without the words to be ignored."""
        words, text_of = _words(texts)
        free = np.ones(len(words), np.bool_)
        starts: list[Positions] = []
        phrases: list[Positions] = []
        for length, (known, numbers) in self._by_length.items():
            at, which = _matches(words, text_of, free, length, known)
            starts.append(at)
            phrases.append(numbers[which])
            free[(at[:, None] + np.arange(length)).ravel()] = False
        free &= ~np.isin(words, self._ignored)
        found_at = np.concatenate(starts) if starts else np.zeros(0, np.int64)
        found = np.concatenate(phrases) if phrases else found_at
        return Found(text_of[found_at], found, text_of[free], words[free])


def fold_all(texts: pa.Array) -> pa.Array:
    """Return each text in lower case without accents; all but letters and digits become single spaces."""
    if not texts.null_count and (folded := _folded(texts.to_pylist())) is not None:
        return pa.array(folded, pa.large_string())
    plain = pc.utf8_normalize(pc.utf8_lower(texts.cast(pa.large_string())), "NFKD")
    plain = pc.replace_substring_regex(plain, r"\p{M}+", "")
    return pc.utf8_trim_whitespace(pc.replace_substring_regex(plain, r"[^\p{L}\p{N}]+", " "))


def _folded(texts: Sequence[str]) -> list[str] | None:
    """Return what `fold_all` returns for texts in Latin 1, by other means; None for others."""
    if not all(map(_is_latin, texts)):
        return None
    return [" ".join(text.translate(_LATIN).split()) for text in texts]


def _is_latin(text: str) -> bool:
    try:
        text.encode("latin-1")
    except UnicodeEncodeError:
        return False
    return True


def _plain(letter: str) -> str:
    """Return what `fold_all` makes of a letter, with a space for what is neither letter nor digit."""
    kinds = ((each, unicodedata.category(each)[0]) for each in unicodedata.normalize("NFKD", letter.lower()))
    return "".join(each if kind in "LN" else " " for each, kind in kinds if kind != "M")


_LATIN = str.maketrans({letter: _plain(letter) for letter in map(chr, range(256))})
"""Each letter of Latin 1 as it is folded. Arrow takes 2.5 ms for its expressions alone, and 1.7 times as long
for a block of texts."""


def hash_words(words: Sequence[str]) -> Hashes:
    """Return the hashes of folded words."""
    return hash_strings(pa.array(words, pa.large_string()), WORD_SALT)


def _words(texts: pa.Array) -> tuple[Hashes, Positions]:
    """Return the hash of each word of each text in turn, and the number of its text."""
    lists = pc.split_pattern(fold_all(pc.fill_null(texts, "")), " ")
    words = lists.flatten()
    text_of = np.repeat(np.arange(len(lists)), np.diff(lists.offsets.to_numpy()))
    given = np.asarray(pc.not_equal(words, ""))
    return hash_strings(words, WORD_SALT)[given], text_of[given]


def _windows(words: Hashes, length: int) -> Hashes:
    """Return a hash of each run of `length` words, which depends on their order."""
    count = max(0, len(words) - length + 1)
    hashes = words[:count]
    for place in range(1, length):
        hashes = mix(hashes) + words[place : place + count]
    return hashes


def _matches(
    words: Hashes, text_of: Positions, free: npt.NDArray[np.bool_], length: int, known: Hashes
) -> tuple[Positions, Positions]:
    """Return starts and numbers of known runs of free words; of overlapping runs the later is left out."""
    hashes = _windows(words, length)
    if not len(hashes):
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    which = np.minimum(np.searchsorted(known, hashes), len(known) - 1)
    last = slice(length - 1, length - 1 + len(hashes))
    hit = (known[which] == hashes) & (text_of[: len(hashes)] == text_of[last])
    for place in range(length):
        hit &= free[place : place + len(hashes)]
    at = _apart(np.flatnonzero(hit), length)
    return at, which[at]


def _apart(starts: Positions, length: int) -> Positions:
    """Return the ascending starts without those that overlap with one kept before."""
    if (np.diff(starts) >= length).all():
        return starts
    kept = [int(starts[0])]
    for start in starts[1:].tolist():
        if start >= kept[-1] + length:
            kept.append(start)
    return np.array(kept, np.int64)
