"""Rows by a composite key in SQLite's file format, laid out by NumPy some thousand at a time.

A table WITHOUT ROWID is a b-tree of whole rows by their key. SQLite puts rows one by one where they belong;
rows that come in the order of the key are copied as pages (benchmarks/bench_children.py,
docs/adr/0053-children-by-parent-and-number.md). SQLite makes the empty file with its schema.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa

from synthprof.store.sqlite.pages import (
    CHILD,
    HEADER,
    INTERIOR_HEADER,
    POINTER,
    Bytes,
    PageFile,
    PageKind,
    balanced_groups,
    headers,
    interior_page,
    page,
    page_file,
    stacked,
)
from synthprof.store.sqlite.records import Cells, Numbers, cells_of

ROOT = 2
"""The root page of the only table."""

ROWS_AT_ONCE = 65_536


def append_rows(
    path: Path, batches: Iterable[pa.RecordBatch], done: Callable[[int], None] = lambda _: None
) -> int:
    """Append rows to the one, empty table of a database, WITHOUT ROWID; return how many.

    path: a closed database. batches: rows in ascending order of the table's key, columns in the order of the
    table with those of the key first. done: hears the rows so far. Raises TooLong, and leaves a broken file,
    for a row that does not fit in a page.
    """
    with page_file(path) as pages:
        writer = _Writer(pages)
        for batch in batches:
            for first in range(0, batch.num_rows, ROWS_AT_ONCE):
                writer.add(cells_of(batch.slice(first, ROWS_AT_ONCE), writer.most))
            done(writer.rows)
        writer.end()
    return writer.rows


@dataclass
class _Level:
    """The open end of a level of the tree: its last pages, and the row that stands after each of them."""

    children: list[int] = field(default_factory=list)
    keys: list[bytes] = field(default_factory=list)
    longest: int = 0


class _Writer:
    """A b-tree that grows to the right: full pages are written, and its open end is kept."""

    def __init__(self, pages: PageFile) -> None:
        self.rows = 0
        self._pages = pages
        self._room = pages.page_bytes - HEADER
        # fileformat2, "Cell Payload Overflow Pages": X of an index b-tree
        self.most = (pages.page_bytes - 12) * 64 // 255 - 23
        self._data: Bytes = np.zeros(0, np.uint8)
        self._sizes: Numbers = np.zeros(0, np.int64)
        self._levels: list[_Level] = []
        self._used: Bytes = np.empty((0, pages.page_bytes), np.uint8)

    def add(self, cells: Cells) -> None:
        """Write the pages that the rows fill, and keep the rest."""
        self.rows += len(cells.sizes)
        self._data = np.concatenate([self._data, cells.data])
        self._sizes = np.concatenate([self._sizes, cells.sizes])
        self._cut()

    def end(self) -> None:
        """Write the rest, and the tree over the leaves with its root where the schema looks for it."""
        if not self.rows:
            return
        if (self._sizes + POINTER).sum() > self._room:  # a page, and one row that stands behind it
            self._cut_at(len(self._sizes) - 2)
        (last,) = self._pages.append(stacked([self._leaf(0, len(self._sizes), 0)]))
        at = 0
        while at < len(self._levels):  # closing one may begin the next
            last = self._close(at, last)
            at += 1
        self._pages.move_last(ROOT)

    def _cut(self) -> None:
        """Write full leaves while a row is left behind each and the row after it."""
        used = np.cumsum(self._sizes + POINTER)
        starts = np.cumsum(self._sizes) - self._sizes
        cuts, before, found = [-1], 0, used.searchsorted  # the method: it is asked for each page
        while (end := int(found(before + self._room, "right"))) + 1 < len(used):
            cuts.append(end)
            before = int(used[end])
        if len(cuts) == 1:
            return
        numbers = self._pages.append(self._leaves(cuts, starts))
        for number, cut in zip(numbers, cuts[1:], strict=True):
            self._push(0, number, self._data[starts[cut] : starts[cut] + self._sizes[cut]].tobytes())
        self._data, self._sizes = self._data[starts[cuts[-1] + 1] :], self._sizes[cuts[-1] + 1 :]

    def _leaves(self, cuts: Sequence[int], starts: Numbers) -> Bytes:
        """Return the leaves between rows that stand behind them, (n, page_bytes)."""
        page_bytes = self._pages.page_bytes
        edges = np.array(cuts, np.int64)
        firsts, ends = edges[:-1] + 1, edges[1:]  # rows from `firsts` to before `ends` are in the leaves
        begins, after = starts.take(firsts), starts.take(ends)
        at = page_bytes - (after - begins)
        leaves = self._fresh(len(ends))
        leaves[:, :HEADER] = headers(PageKind.INDEX_LEAF, ends - firsts, at)
        moved = np.repeat(at - begins, np.diff(edges))  # that of the row behind a leaf is not used
        pointers = (starts[: len(moved)] + moved).astype(">u2").view(np.uint8)
        bounds = zip(*(each.tolist() for each in (firsts, ends, begins, after, at)), strict=True)
        for leaf, (first, end, begin, behind, place) in zip(leaves, bounds, strict=True):
            leaf[place:] = self._data[begin:behind]
            room = HEADER + POINTER * (end - first)
            leaf[HEADER:room] = pointers[POINTER * first : POINTER * end]
            leaf[room:place] = 0
        return leaves

    def _fresh(self, count: int) -> Bytes:
        """Return room for so many pages, of the last ones where it suffices: new memory costs much."""
        if len(self._used) < count:
            self._used = np.empty((count, self._pages.page_bytes), np.uint8)
        return self._used[:count]

    def _cut_at(self, end: int) -> None:
        start = int(self._sizes[:end].sum())
        (number,) = self._pages.append(stacked([self._leaf(0, end, 0)]))
        after = start + int(self._sizes[end])
        self._push(0, number, self._data[start:after].tobytes())
        self._data, self._sizes = self._data[after:], self._sizes[end + 1 :]

    def _leaf(self, first: int, end: int, start: int) -> Bytes:
        sizes = self._sizes[first:end]
        cells = self._data[start : start + int(sizes.sum())].tobytes()
        return page(PageKind.INDEX_LEAF, self._pages.page_bytes, sizes, cells)

    def _push(self, at: int, child: int, key: bytes) -> None:
        """Add a page and the row after it to a level; write a page of that level where two are full."""
        if at == len(self._levels):
            self._levels.append(_Level())
        level = self._levels[at]
        level.children.append(child)
        level.keys.append(key)
        level.longest = max(level.longest, len(key))
        most = (self._pages.page_bytes - INTERIOR_HEADER) // (POINTER + CHILD + level.longest)
        if len(level.children) > 2 * most:
            (number,) = self._pages.append(
                stacked([self._interior(level.children[:most], level.keys[:most])])
            )
            after = level.keys[most - 1]
            del level.children[:most], level.keys[:most]
            self._push(at + 1, number, after)

    def _interior(self, children: list[int], keys: list[bytes]) -> Bytes:
        between = keys[: len(children) - 1]
        return interior_page(PageKind.INDEX_INTERIOR, self._pages.page_bytes, children, between)

    def _close(self, at: int, last: int) -> int:
        """Write the open end of a level with its last page; return the last page of the level above."""
        level = self._levels[at]
        children = [*level.children, last]
        groups = balanced_groups(len(children), self._pages.page_bytes, level.longest)
        numbers = self._pages.append(
            stacked(self._interior(children[first:end], level.keys[first:end]) for first, end in groups)
        )
        for number, (_, end) in zip(numbers[:-1], groups[:-1], strict=True):
            self._push(at + 1, number, level.keys[end - 1])
        return numbers[-1]
