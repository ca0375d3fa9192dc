"""Picks of several values for each row: the items of lists, the parts of names."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from synthprof.base.streams import Stream
from synthprof.profiles.fragments import Pieces
from synthprof.profiles.odds import Drawn, code_type
from synthprof.profiles.tables import ByItems, ByName, Rows
from synthprof.schemas.draws import Subset

_CANDIDATES = 3
"""Candidates drawn per place in a list before it stays shorter than wanted: with two, a third of the lists of
four styles did at separation 0.8, since an archetype has few styles."""

_REDRAWN = 8
"""Most times that a last name is drawn anew because it says the first name again; the chance of that is below
one in eight for every first name of every locale."""


@dataclass(frozen=True)
class Picks:
    """Items of lists: items[j, i] is the j-th item of row i, or the number of values where it has fewer.

    items: (most, n) uint16 or uint32. counts: (n,) intp.
    """

    items: Drawn
    counts: Rows


@dataclass(frozen=True)
class PickedNames:
    """The names of rows: (n,) int32 codes of first names, and the pieces of the whole names."""

    first: npt.NDArray[np.int32]
    pieces: Pieces


def pick(
    draw: Subset,
    by: ByItems,
    words: Stream,
    total: int,
    rows_of: Callable[[Rows], Rows | None],
    by_place: bool,
) -> Picks:
    """Return different items: rows that still want one draw a candidate and pass it over if they hold it.

    rows_of: gives the rows of the table of items for a candidate of some rows. by_place: words go by place.
    """
    wanted = by.sizes.draw(words.uint32(total)).astype(np.intp) + 1
    most, none = len(draw.sizes), len(draw.values)
    items = np.full((most, total), none, dtype=code_type(none + 1))
    counts = np.zeros(total, dtype=np.intp)
    begun = 0 if draw.first is None else 1
    if draw.first is not None:
        items[0] = draw.values.index(draw.first)
        counts[:] = 1
    left = np.flatnonzero(counts < wanted)
    for number in range(_CANDIDATES * most):
        candidate = by.table.draw(words_of(words.uint32, left, total if by_place else None), rows_of(left))
        fresh = np.flatnonzero((items[: begun + number].take(left, axis=1) != candidate).all(axis=0))
        put = left.take(fresh)
        items[counts.take(put), put] = candidate.take(fresh)
        counts[put] += 1
        left = left.compress(counts.take(left) < wanted.take(left))
    return Picks(items, counts)


def words_of(words: Callable[[int], npt.NDArray[Any]], left: Rows, total: int | None) -> npt.NDArray[Any]:
    """Return a word for each of some rows: one after the other, or of `total` that of the row's place.

    By place where a sampler's column decides which rows are left, as it draws no rows but the first.
    """
    return words(len(left)) if total is None else words(total).take(left)


def pieces_of(picks: Picks, values: int) -> Pieces:
    """Return the pieces of lists as they are read, of so many values."""
    first, *later = (item.astype(np.int32) for item in picks.items)
    return [first + np.int32(1), *((item + np.int32(1 + values)) * (item < values) for item in later)]


def pick_names(by: ByName, words: Stream, rows: Rows, sex: Rows) -> PickedNames:
    """Return full names; rows: of the table of first names, (n,). sex: rows of that of last names, (n,)."""
    total = len(rows)
    first = by.firsts.draw(words.uint32(total), rows).astype(np.int32) + np.int32(1)
    start = np.int32(1 + len(by.names.firsts))

    def last_names() -> npt.NDArray[np.int32]:
        return by.lasts.draw(words.uint32(total), sex).astype(np.int32) + start

    last, second = last_names(), last_names()
    two = words.uint16(total) < round(by.names.two_lasts * 65_536)
    for _ in range(_REDRAWN):
        if not (doubled := by.doubled(first, last)).any():
            break
        last = np.where(doubled, last_names(), last)
    if by.names.last_stands_first:
        return PickedNames(first, [last, first])
    return PickedNames(first, [first, last, second * (two & (second != last) & ~by.doubled(first, second))])
