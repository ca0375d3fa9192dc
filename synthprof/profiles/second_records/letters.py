"""Texts as matrices of code points, which are edited by columns: no text is touched by Python."""

import functools
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Points = npt.NDArray[np.uint32]
"""(n, width) code points, 0 behind the end of a text."""

Places = npt.NDArray[np.intp]
Flags = npt.NDArray[np.bool_]

SPACE, POINT, COMMA = (np.uint32(ord(sign)) for sign in " .,")


def points_of(texts: pa.StringArray) -> Points:
    """Return texts, none of them missing, as code points."""
    found = np.array(texts.to_numpy(zero_copy_only=False), dtype=np.str_)
    if not found.dtype.itemsize:
        return np.zeros((len(found), 1), np.uint32)
    return found.view(np.uint32).reshape(len(found), -1).copy()


def texts_of(points: Points) -> pa.StringArray:
    """Return code points as texts."""
    rows, width = points.shape
    return pa.array(np.ascontiguousarray(points).view(f"<U{width}").reshape(rows), pa.string())


def lengths(points: Points) -> Places:
    """Return the number of signs of each text, (n,)."""
    found: Places = np.count_nonzero(points, axis=1)
    return found


def kept(points: Points, keep: Flags) -> Points:
    """Return the signs that are kept, moved together. keep: (n, width)."""
    order = np.argsort(~(keep & (points > 0)), axis=1, kind="stable")
    ends = np.count_nonzero(keep & (points > 0), axis=1)
    found = np.take_along_axis(points, order, axis=1)
    found[np.arange(points.shape[1]) >= ends[:, None]] = 0
    return found


def opened(points: Points, place: Places) -> Points:
    """Return texts with room for one sign at a place of each: the sign there now stands there twice."""
    at = np.arange(points.shape[1] + 1)
    source = at - (at > place[:, None])
    wide = np.pad(points, ((0, 0), (0, 1)))
    found: Points = np.take_along_axis(wide, np.minimum(source, points.shape[1]), axis=1)
    return found


def nth(marked: Flags, number: Places) -> Places:
    """Return the place of the marked sign of that number, from 0, of each text, (n,); 0 where none is."""
    counted = np.cumsum(marked, axis=1)
    found: Places = np.argmax(marked & (counted == number[:, None] + 1), axis=1)
    return found


def some(words: npt.NDArray[np.uint64], count: Places) -> Places:
    """Return a number below the count of each row, from a random word; 0 where the count is 0."""
    found: Places = (((words >> np.uint64(32)) * count.astype(np.uint64)) >> np.uint64(32)).astype(np.intp)
    return found


def looked_up(table: Mapping[str, str], points: Points) -> Points:
    """Return what each sign is in a table, in its own case; 0 for signs that it lacks."""
    signs = _signs(tuple(table.items()))
    found: Points = signs.take(np.minimum(points, np.uint32(len(signs) - 1)))
    return found


@functools.lru_cache(maxsize=8)
def _signs(pairs: tuple[tuple[str, str], ...]) -> Points:
    found = np.zeros(max(ord(sign) for sign, _ in pairs) + 2, np.uint32)
    for sign, other in pairs:
        found[ord(sign)] = ord(other)
    return found
