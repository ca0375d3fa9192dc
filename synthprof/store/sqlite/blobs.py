"""Tables of ids and equally long BLOBs in SQLite's file format, laid out by NumPy a block at a time.

SQLite puts such rows one by one where they belong; as pages they are copied as fast as memory goes
(benchmarks/bench_database.py, docs/adr/0020-blob-pages-by-numpy.md). SQLite makes the empty file with its
schema; only the pages of the one table are written here.
"""

import itertools
from collections.abc import Callable, Iterable, Sequence
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
            for first, end in _runs(rows + 1, rows + 1 + len(data)):
                leaves += _append_leaves(pages, first, data[first - rows - 1 : end - rows - 1])
            rows += len(data)
            done(rows)
        if leaves:
            _append_tree(pages, leaves)
    return rows


def _runs(first: int, end: int) -> list[tuple[int, int]]:
    """Cut the ids where their varints grow by a byte: cells of a run are equally long."""
    edges = [first, *(1 << 7 * n for n in range(1, 9) if first < 1 << 7 * n < end), end]
    return [(low, high) for low, high in itertools.pairwise(edges) if low < high]


def _append_leaves(pages: PageFile, first: int, data: Bytes) -> list[_Child]:
    """Append the rows, with ids from `first`, as leaf pages at the end of the file."""
    per_page, leaves = _leaf_pages(pages.page_bytes, first, data)
    ends = [min((place + 1) * per_page, len(data)) for place in range(len(leaves))]
    return [_Child(number, first + end - 1) for number, end in zip(pages.append(leaves), ends, strict=True)]


def _leaf_pages(page_bytes: int, first: int, data: Bytes) -> tuple[int, Bytes]:
    """Return the rows that fit in a page, and the pages, (n, page_bytes); the last may hold fewer."""
    rows, width = data.shape
    ids = _varints(first, rows)
    record = _record_header(width)
    head = [*varint(len(record) + width), *[0] * ids.shape[1], *record]
    cell = len(head) + width
    per_page = min(rows, (page_bytes - HEADER) // (cell + POINTER))
    full, rest = divmod(rows, per_page)
    pages = np.zeros((full + bool(rest), page_bytes), np.uint8)
    where = len(head) - len(record) - ids.shape[1]
    for part, count, done in ((pages[:full], per_page, 0), (pages[full:], rest, full * per_page)):
        if not len(part):
            continue
        start = page_bytes - count * cell
        part[:, :HEADER] = header(PageKind.TABLE_LEAF, count, start)
        pointers = (start + cell * np.arange(count)).astype(">u2")
        part[:, HEADER : HEADER + POINTER * count] = pointers.view(np.uint8)
        cells = part[:, start:].reshape(len(part), count, cell)
        cells[:, :, : len(head)] = head
        some = slice(done, done + len(part) * count)
        cells[:, :, where : where + ids.shape[1]] = ids[some].reshape(len(part), count, -1)
        cells[:, :, len(head) :] = data[some].reshape(len(part), count, width)
    return per_page, pages


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
