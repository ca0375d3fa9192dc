"""Slips of hands and of machines that read: typing errors, and signs taken for others that look alike."""

import itertools

import numpy as np
import numpy.typing as npt

from synthprof.profiles.second_records.letters import Points, kept, lengths, looked_up, nth, opened, some

Words = npt.NDArray[np.uint64]
"""(n, DRAWN) random words, some for each row."""

DRAWN = 4
"""Random words of an error in a row."""

_LEFT_OUT, _PUT_IN, _EXCHANGED, _TURNED = range(4)

_KEYS = ("1234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm")
"""Rows of a keyboard: the key beside is hit by mistake."""

_ACCENTS = {"a": "áàâãä", "e": "éèê", "i": "íì", "o": "óòôõö", "u": "úùü", "c": "ç", "n": "ñ"}

_ALIKE = {
    **{"o": "0", "l": "1", "i": "l", "e": "c", "s": "5", "b": "6", "g": "9", "z": "2", "h": "b", "t": "f"},
    **{"u": "v", "a": "o", "c": "e", "f": "t", "O": "0", "I": "l", "S": "5", "B": "8", "Z": "2", "G": "6"},
    **{"D": "O", "0": "O", "1": "l", "5": "S", "8": "B", "6": "b", "2": "Z", "m": "r", "w": "v", "d": "c"},
}
"""Signs, and those that a machine reads in their place."""

_SECOND = {"m": "n", "w": "v", "d": "l"}
"""The second sign of those that it reads as two."""


def _in_both_cases(pairs: dict[str, str]) -> dict[str, str]:
    return pairs | {sign.upper(): other.upper() for sign, other in pairs.items()}


_PLAIN = {sign: plain for plain, signs in _ACCENTS.items() for sign in signs}
_RIGHT = _in_both_cases(_PLAIN | {a: b for row in _KEYS for a, b in itertools.pairwise(row + row[-2])})
_LEFT = _in_both_cases(_PLAIN | {b: a for row in _KEYS for a, b in itertools.pairwise(row[1] + row)})


def typo(points: Points, words: Words) -> Points:
    """Return texts with a sign left out, put in or exchanged, or two in the wrong order.

    It is rarely the first sign; the sign that comes in its place is beside it on a keyboard.
    """
    count, rows = lengths(points), np.arange(len(points))
    place = np.minimum(1 + some(words[:, 0], np.maximum(count - 1, 0)), np.maximum(count - 1, 0))
    sign = points[rows, place]
    beside = np.where(words[:, 1] & np.uint64(1), looked_up(_LEFT, sign), looked_up(_RIGHT, sign))
    before = points[rows, np.maximum(place - 1, 0)]
    slip = some(words[:, 2], np.full(len(points), 4))
    slip[(slip == _TURNED) & (before == sign)] = _EXCHANGED
    slip[(slip == _EXCHANGED) & (beside == 0)] = _LEFT_OUT
    slip[(slip == _LEFT_OUT) & (count < 3)] = _PUT_IN
    found = np.pad(points, ((0, 0), (0, 1)))
    out = slip == _LEFT_OUT
    found[out] = kept(found[out], np.arange(found.shape[1]) != place[out, None])
    wide = slip == _PUT_IN
    found[wide] = opened(points[wide], place[wide])
    hit = (wide & (beside > 0)) | (slip == _EXCHANGED)
    found[hit, place[hit]] = beside[hit]
    turned = np.flatnonzero(slip == _TURNED)
    found[turned, place[turned]], found[turned, place[turned] - 1] = before[turned], sign[turned]
    return found


def misread(points: Points, words: Words) -> Points:
    """Return texts in which a sign was read as one, or two, that look like it."""
    alike = looked_up(_ALIKE, points)
    place = nth(alike > 0, some(words[:, 0], np.count_nonzero(alike, axis=1)))
    rows = np.arange(len(points))
    sign, first = points[rows, place], alike[rows, place]
    second = looked_up(_SECOND, sign)
    found = np.pad(points, ((0, 0), (0, 1)))
    two = second > 0
    found[two] = opened(points[two], place[two])
    there = first > 0
    found[there, place[there]] = first[there]
    found[two, place[two] + 1] = second[two]
    return found


def digits_of(points: Points, words: Words) -> Points:
    """Return texts with a digit exchanged, or with two neighbours in the wrong order; unchanged without."""
    marked = (points >= ord("0")) & (points <= ord("9"))
    count, rows = np.count_nonzero(marked, axis=1), np.arange(len(points))
    number = some(words[:, 0], count)
    place, after = nth(marked, number), nth(marked, np.minimum(number + 1, np.maximum(count - 1, 0)))
    one, other = points[rows, place], points[rows, after]
    found, there = points.copy(), count > 0
    turned = there & (one != other) & (words[:, 1] & np.uint64(1) > 0)
    found[turned, place[turned]], found[turned, after[turned]] = other[turned], one[turned]
    else_ = there & ~turned
    found[else_, place[else_]] = _other_digit(one[else_] - np.uint32(ord("0")), words[else_, 2]) + ord("0")
    return found


def _other_digit(digit: npt.NDArray[np.uint32], words: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint32]:
    """Return another digit, each as likely."""
    further = some(words, np.full(len(digit), 9)).astype(np.uint32) + np.uint32(1)
    found: npt.NDArray[np.uint32] = (digit + further) % np.uint32(10)
    return found
