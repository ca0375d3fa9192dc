"""Texts as somebody else writes them: abbreviated, shortened, in another order, case or form."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from synthprof.profiles.second_records.letters import (
    POINT,
    SPACE,
    Points,
    kept,
    lengths,
    nth,
    points_of,
    some,
    texts_of,
)
from synthprof.profiles.second_records.slips import Words

SHORTEST = 3
"""Letters of which a word that is abbreviated has more, and that a cut text keeps."""

_SHORTENED = 5
"""Letters of the shortest word that has a short form of its first letters."""

_DIGITS = 3
"""Digits from which on a text is a number with signs between, as of a telephone, and no handle."""


def abbreviated(points: Points, words: Words) -> Points:
    """Return texts with one word as its initial and a point; not the last word if there are several."""
    wide = np.pad(points, ((0, 0), (0, 1)))
    begins = np.zeros(wide.shape, np.bool_)
    begins[:, 1:] = wide[:, :-1] == SPACE
    word = np.cumsum(begins, axis=1)
    count = word[:, -1] + 1
    sizes = np.stack([np.count_nonzero((word == n) & (wide > 0) & (wide != SPACE), axis=1) for n in range(8)])
    long = np.zeros(sizes.T.shape, np.bool_)
    long[sizes.T > SHORTEST] = True
    several = np.flatnonzero(count > 1)
    long[several, np.minimum(count[several] - 1, 7)] = False
    there = np.count_nonzero(long, axis=1)
    chosen = np.where(there > 0, nth(long, some(words[:, 0], there)), -1)
    mine = (word == chosen[:, None]) & (wide > 0) & (wide != SPACE)
    place = np.cumsum(mine, axis=1)
    wide[mine & (place == 2)] = POINT
    return kept(wide, ~(mine & (place > 2)))


def cut(points: Points, words: Words) -> Points:
    """Return the first half to the first nine tenths of texts, without a space at the end."""
    count = lengths(points)
    tenths = 5 + some(words[:, 0], np.full(len(points), 5))
    end = np.maximum(count * tenths // 10, np.minimum(SHORTEST, count))
    found = points.copy()
    found[np.arange(points.shape[1]) >= end[:, None]] = 0
    last = np.maximum(lengths(found) - 1, 0)
    rows = np.arange(len(points))
    found[rows, last] = np.where(found[rows, last] == SPACE, np.uint32(0), found[rows, last])
    return found


def plain(texts: pa.StringArray) -> pa.StringArray:
    """Return texts without accents."""
    return pc.replace_substring_regex(pc.utf8_normalize(texts, "NFD"), r"\p{Mn}", "")


def other_case(texts: pa.StringArray, words: Words) -> pa.StringArray:
    """Return texts without accents, in upper or in lower case."""
    upper = pa.array((words[:, 0] & np.uint64(1)).astype(np.bool_))
    return pc.if_else(upper, pc.utf8_upper(plain(texts)), pc.utf8_lower(plain(texts)))


def other_form(texts: pa.StringArray, words: Words) -> pa.StringArray:
    """Return numbers with other signs or none between their digits, and other texts as handles."""
    digits = pc.count_substring_regex(texts, r"[0-9]")
    bare = pc.replace_substring_regex(texts, r"[\s().,/+-]", "")
    spaced = pc.replace_substring_regex(bare, r"(...)(...)", r"\1 \2-")
    free = pa.array((words[:, 0] & np.uint64(1)).astype(np.bool_))
    number = pc.if_else(pc.and_(free, pc.not_equal(bare, texts)), bare, spaced)
    joined = [pc.replace_substring(pc.utf8_lower(plain(texts)), " ", sign) for sign in (".", "_", "")]
    which = pa.array(some(words[:, 1], np.full(len(words), 3)))
    handle = pc.choose(which, *joined)
    return pc.if_else(pc.greater_equal(digits, _DIGITS), number, handle)


def last_first(texts: pa.StringArray) -> pa.StringArray:
    """Return texts with their last word first."""
    return pc.replace_substring_regex(texts, r"^(.*\S)\s+(\S+)$", r"\2 \1")


def short_first(texts: pa.StringArray, short: Sequence[tuple[str, str]], words: Words) -> pa.StringArray:
    """Return texts with a short form of their first word: one that is listed, else its first letters.

    A word of four letters or less that is not listed stays.
    """
    first, rest = _first(texts)
    known = pc.index_in(first, pa.array([full for full, _ in short], pa.string()))
    listed = pa.array([name for _, name in short], pa.string()).take(known)
    points = points_of(first)
    count = lengths(points)
    letters = np.where(count < _SHORTENED, count, SHORTEST + some(words[:, 0], np.minimum(count - 4, 2)))
    points[np.arange(points.shape[1]) >= letters[:, None]] = 0
    return pc.binary_join_element_wise(pc.coalesce(listed, texts_of(points)), rest, "")


def other_last(texts: pa.StringArray, others: pa.StringArray) -> pa.StringArray:
    """Return texts with the last word of other texts in place of their own; unchanged if it is the only."""
    own, last = r"^(.*\s)\S+$", r"^.*\s"
    kept_words = pc.replace_substring_regex(texts, own, r"\1")
    whole = pc.binary_join_element_wise(kept_words, pc.replace_substring_regex(others, last, ""), "")
    return pc.if_else(pc.match_substring_regex(texts, r"\s"), whole, texts)


def first_words(texts: pa.StringArray) -> pa.StringArray:
    """Return the first word of each text, without a point behind it."""
    return pc.utf8_rtrim(_first(texts)[0], ".,")


def _first(texts: pa.StringArray) -> tuple[pa.StringArray, pa.StringArray]:
    """Return the first word of each text, and the rest with the space before it."""
    first = pc.replace_substring_regex(texts, r"^(\S*)(.*)$", r"\1")
    rest = pc.replace_substring_regex(texts, r"^(\S*)(.*)$", r"\2")
    return first, rest
