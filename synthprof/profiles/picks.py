"""Picks of several values for each row: the items of lists."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from synthprof.base.streams import Stream
from synthprof.profiles.alias import WORD, Drawn, Shares, code_type
from synthprof.profiles.fragments import Pieces
from synthprof.profiles.item_lists import ALWAYS, ByItems, Flags
from synthprof.profiles.tables import Rows
from synthprof.schemas.draws import Subset

_CANDIDATES = 3
"""Candidates drawn per place in a list before it stays shorter than wanted: with two, a third of the lists of
four styles did at separation 0.8, since an archetype has few styles."""

_CANDIDATES_KEPT = 6
"""As many where candidates may be passed over for the factors of columns."""


@dataclass(frozen=True)
class Picks:
    """Items of lists: items[j, i] is the j-th item of row i, or the number of values where it has fewer.

    items: (most, n) uint16 or uint32. counts: (n,) intp.
    """

    items: Drawn
    counts: Rows


@dataclass(frozen=True)
class Candidates:
    """The things by which candidates for a list are drawn, for some rows at a time.

    words, halves, keeping: the streams of candidates, of the item of the other list behind each, and of what
    is kept. given, kept: the row of each profile in the table without the other list, and in that of what is
    kept, (total,). held: the other list. by_place: words go by place.
    """

    by: ByItems
    words: Stream
    halves: Stream
    keeping: Stream
    total: int
    given: Rows | None
    kept: Rows | None
    held: Picks | None
    by_place: bool

    def draw(self, left: Rows, first: Flags | None) -> Drawn:
        """Return a candidate for each of some rows; the code after the last value is none.

        first: true for rows that take the first item of the other list, as both are in order of preference,
        and false for those that take any; None for any.
        """
        item = self._items(left, first)
        rows = None if item is None and self.given is None else self._rows(item, left)
        found = self.by.table.draw(self._of(self.words.uint32, left), rows)
        if self.by.kept is None or self.kept is None:
            return found
        none = self.by.parts.shape[1]
        case = self.kept.take(left)
        factor = self.by.kept.ravel().take(case * none + np.minimum(found, none - 1))
        most = self.by.best.ravel().take(case if item is None else case * len(self.by.base) + item)
        keep = self._of(self.keeping.uint16, left) * most < factor * ALWAYS
        return np.where(keep, found, found.dtype.type(none))

    def last(self, left: Rows) -> Drawn:
        """Return a value for each of some rows whose candidates were all passed over, out of all at once.

        Where the factors leave none, they do not count: a list has at least one item.
        """
        parts, base = np.zeros((2, len(left), self.by.parts.shape[1]))
        for held, rows, others in self._all_rows(left):
            parts += np.where(held[:, None], self.by.parts.take(rows, axis=0), 0)
            base += np.where(held[:, None], self.by.base.take(others, axis=0), 0)
        kept = parts
        if self.by.kept is not None and self.kept is not None:
            kept = parts * self.by.kept.take(self.kept.take(left), axis=0)
        weights = _first_of(kept, parts, base)
        sums = np.cumsum(weights, axis=1)
        at = self._of(self.words.uint32, left).astype(np.float64) / WORD * sums[:, -1]
        found: Drawn = (sums <= at[:, None]).sum(axis=1).astype(code_type(weights.shape[1] + 1))
        return found

    def _of(self, words: Callable[[int], npt.NDArray[Any]], left: Rows) -> npt.NDArray[Any]:
        """Return a word for each of some rows: one after the other, or that of the row's place.

        By place where a sampler's column decides which rows are left, as it draws no rows but the first.
        """
        return words(self.total).take(left) if self.by_place else words(len(left))

    def _items(self, left: Rows, first: Flags | None) -> Rows | None:
        """Return an item of the other list for each of some rows; None where there is no such list."""
        if self.held is None:
            return None
        which = self._of(self.halves.uint16, left) * self.held.counts.take(left) >> 16
        if first is not None:
            which = np.where(first, 0, which)
        item: Rows = self.held.items[which, left].astype(np.intp)
        return item

    def _rows(self, item: Rows | None, left: Rows) -> Rows:
        """Return the rows of the table of candidates for items of the other list."""
        rows = np.zeros(len(left), np.intp) if item is None else item
        return rows if self.given is None else rows + self.given.take(left) * len(self.by.base)

    def _all_rows(self, left: Rows) -> Iterator[tuple[Flags, Rows, Rows]]:
        """Yield for each item of the other list: whether rows hold it, their rows of the table, the item."""
        if self.held is None:
            yield np.ones(len(left), np.bool_), self._rows(None, left), np.zeros(len(left), np.intp)
            return
        for items in self.held.items:
            held = items.take(left) < len(self.by.base)
            item = np.where(held, items.take(left), 0).astype(np.intp)
            yield held, self._rows(item, left), item


def _first_of(*weights: Shares) -> Shares:
    """Return for each row its weights in the first table, (n, values), in which it has any."""
    *before, found = weights
    for each in reversed(before):
        found = np.where(each.any(axis=1, keepdims=True), each, found)
    return found


def pick(draw: Subset, candidates: Candidates, wanted: Rows) -> Picks:
    """Return different items: rows that still want one draw a candidate and pass it over if they hold it.

    wanted: the number of items of each row, (n,).
    """
    most, none = len(draw.sizes), len(draw.values)
    items = np.full((most, len(wanted)), none, dtype=code_type(none + 1))
    counts = np.zeros(len(wanted), dtype=np.intp)
    if draw.first is not None:
        items[0] = draw.values.index(draw.first)
        counts[:] = 1
    left = np.flatnonzero(counts < wanted)
    for number in range(_candidates(candidates.by) * most):
        if not len(left):
            break
        first = counts.take(left) == 0 if number < _candidates(candidates.by) else None
        _put(items, counts, left, candidates.draw(left, first), candidates.by)
        left = left.compress(counts.take(left) < wanted.take(left))
    empty = np.flatnonzero(counts == 0)
    if len(empty):
        items[0, empty] = candidates.last(empty)
        counts[empty] = 1
    return Picks(items, counts)


def _candidates(by: ByItems) -> int:
    return _CANDIDATES if by.kept is None else _CANDIDATES_KEPT


def _put(items: Drawn, counts: Rows, left: Rows, candidate: Drawn, by: ByItems) -> None:
    """Add to the lists of some rows the candidates that they may hold."""
    fresh = candidate != by.parts.shape[1]
    held = items[: int(counts.max()) or 1].take(left, axis=1)
    fresh &= (held != candidate).all(axis=0)
    if by.barred is not None:
        fresh &= ~by.barred[held, candidate].any(axis=0)
    if by.needed is not None:
        fresh &= by.needed[candidate, held].any(axis=0)
    put = left.compress(fresh)
    items[counts.take(put), put] = candidate.compress(fresh)
    counts[put] += 1


def pieces_of(picks: Picks, values: int) -> Pieces:
    """Return the pieces of lists as they are read, of so many values."""
    first, *later = (item.astype(np.int32) for item in picks.items)
    return [first + np.int32(1), *((item + np.int32(1 + values)) * (item < values) for item in later)]
