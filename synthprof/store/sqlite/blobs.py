"""Tables of ids and equally long BLOBs in SQLite's file format, laid out by NumPy a block at a time.

SQLite puts such rows one by one where they belong; as pages they are copied as fast as memory goes
(benchmarks/bench_database.py, docs/adr/0020-blob-pages-by-numpy.md). SQLite makes the empty file with its
schema; only the pages of the one table are written here.
"""

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from synthprof.store.sqlite.pages import (
    HEADER,
    POINTER,
    Bytes,
    PageFile,
    PageKind,
    balanced_groups,
    header,
    interior_page,
    page_file,
    stacked,
    varint,
)

ROOT = 2
"""The root page of the only table."""


@dataclass(frozen=True)
class _Child:
    """A page of the level below, and the largest id in it."""

    page: int
    last: int


def append_blobs(
    path: Path, matrices: Iterable[npt.NDArray[np.generic]], done: Callable[[int], None] = lambda _: None
) -> int:
    """Append the rows of the matrices to the one, empty table, with ids from 1; return how many.

    path: a closed database with a table (id INTEGER PRIMARY KEY, BLOB). matrices: (n, width) each,
    C-contiguous, of one width; a row is a BLOB as it lies in memory, with pages of BLOB_PAGE_BYTES one of 1
    to 65,472 bytes. done: hears the rows so far.
    """
    rows, leaves = 0, []
    with page_file(path) as pages:
        for matrix in matrices:
            data = matrix.view(np.uint8).reshape(len(matrix), -1)
            for first, end in runs(rows + 1, rows + 1 + len(data)):
                leaves += _append_leaves(pages, first, data[first - rows - 1 : end - rows - 1])
            rows += len(data)
            done(rows)
        if leaves:
            _append_tree(pages, leaves)
    return rows


def _append_leaves(pages: PageFile, first: int, data: Bytes) -> list[_Child]:
    """Append the rows, with ids from `first`, as leaf pages at the end of the file."""
    run = Run(first, len(data), data.shape[1], pages.page_bytes)
    ends = [min((place + 1) * run.per_page, run.rows) for place in range(run.pages)]
    numbers = pages.append(_leaf_pages(run, data))
    return [_Child(number, first + end - 1) for number, end in zip(numbers, ends, strict=True)]


@dataclass(frozen=True)
class Run:
    """Rows with equally long cells, on leaf pages of their own: ids from `first`, BLOBs of `width` bytes."""

    first: int
    rows: int
    width: int
    page_bytes: int

    def heads(self) -> Bytes:
        """Return what comes before the BLOB in each cell, (rows, bytes): length, id, header of the record."""
        record, ids = _record_header(self.width), _varints(self.first, self.rows)
        length = varint(len(record) + self.width)
        found = np.empty((self.rows, self.cell - self.width), np.uint8)
        found[:, : len(length)] = length
        found[:, len(length) : -len(record)] = ids
        found[:, -len(record) :] = record
        return found

    @property
    def cell(self) -> int:
        """Bytes of a cell."""
        size = len(_record_header(self.width)) + self.width
        return len(varint(size)) + len(varint(self.first)) + size

    @property
    def per_page(self) -> int:
        """Rows that fit in a page."""
        return min(self.rows, (self.page_bytes - HEADER) // (self.cell + POINTER))

    @property
    def pages(self) -> int:
        """Pages, the last of which may hold fewer rows."""
        return -(-self.rows // self.per_page)

    def cells(self, pages: Bytes) -> Iterator[tuple[slice, Bytes, Bytes]]:
        """Yield rows, the pages that have them, and views of their cells there, (pages, cells, bytes).

        pages: (pages, page_bytes). Those of the full pages come first, then those of the last one.
        """
        full = self.rows // self.per_page
        done = full * self.per_page
        for some, part in ((slice(0, done), pages[:full]), (slice(done, self.rows), pages[full:])):
            if len(part):
                count = (some.stop - some.start) // len(part)
                start = self.page_bytes - count * self.cell
                yield some, part, part[:, start:].reshape(len(part), count, self.cell)


def runs(first: int, end: int) -> list[tuple[int, int]]:
    """Cut the ids where their varints grow by a byte: cells of a run are equally long."""
    edges = [first, *(1 << 7 * n for n in range(1, 9) if first < 1 << 7 * n < end), end]
    return [(low, high) for low, high in itertools.pairwise(edges) if low < high]


def _leaf_pages(run: Run, data: Bytes) -> Bytes:
    """Return the pages of a run, (n, page_bytes)."""
    pages = np.zeros((run.pages, run.page_bytes), np.uint8)
    heads = run.heads()
    for some, part, cells in run.cells(pages):
        shape = cells.shape[:2]
        start = run.page_bytes - shape[1] * run.cell
        part[:, :HEADER] = header(PageKind.TABLE_LEAF, shape[1], start)
        pointers = (start + run.cell * np.arange(shape[1])).astype(">u2")
        part[:, HEADER : HEADER + POINTER * shape[1]] = pointers.view(np.uint8)
        cells[:, :, : heads.shape[1]] = heads[some].reshape(*shape, -1)
        cells[:, :, heads.shape[1] :] = data[some].reshape(*shape, run.width)
    return pages


def _append_tree(pages: PageFile, children: Sequence[_Child]) -> None:
    """Write the tree over the leaves, with its root where the schema looks for it."""
    while len(children) > 1:
        longest = len(varint(children[-1].last))
        groups = [children[a:b] for a, b in balanced_groups(len(children), pages.page_bytes, longest)]
        numbers = pages.append(stacked(_interior_page(pages.page_bytes, group) for group in groups))
        children = [_Child(number, group[-1].last) for number, group in zip(numbers, groups, strict=True)]
    pages.move_last(ROOT)


def _interior_page(page_bytes: int, children: Sequence[_Child]) -> Bytes:
    keys = [bytes(varint(child.last)) for child in children[:-1]]
    return interior_page(PageKind.TABLE_INTERIOR, page_bytes, [child.page for child in children], keys)


def _record_header(width: int) -> list[int]:
    """Return the header of the record (NULL, which stands for the id; a BLOB of so many bytes)."""
    kind = varint(12 + 2 * width)
    return [2 + len(kind), 0, *kind]


def _varints(first: int, count: int) -> Bytes:
    """Return the varints of consecutive ids that are equally long, (count, bytes)."""
    size = len(varint(first))
    ids = np.arange(first, first + count)[:, None] >> np.arange(7 * (size - 1), -1, -7)
    more = np.array([0x80] * (size - 1) + [0])
    found: Bytes = (ids & 0x7F | more).astype(np.uint8)
    return found
