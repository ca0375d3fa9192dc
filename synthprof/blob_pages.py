"""Tables of ids and equally long BLOBs in SQLite's file format, laid out by NumPy a block at a time.

SQLite inserts half a million such rows a second; as pages they are copied as fast as memory goes
(benchmarks/bench_database.py, docs/adr/0020-blob-pages-by-numpy.md). The format is promised to stay
(https://sqlite.org/fileformat2.html, sections 1.3, 1.4, 1.6 and 2.1): table b-tree pages, one cell per row.
SQLite makes the empty file with its schema; only the pages of the one table are written here.
"""

import itertools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from synthprof.spec import BLOCK_ROWS

PAGE_BYTES = 65_536
"""The largest there is: embeddings of 4,096 float32 need no overflow pages."""

LOCK_PAGE = (1 << 30) // PAGE_BYTES + 1
"""The page around the bytes that SQLite locks; it holds nothing."""

ROOT = 2
"""The root page of the only table."""

_LEAF, _INTERIOR = 0x0D, 0x05
_LEAF_HEADER, _INTERIOR_HEADER = 8, 12
_PAGES_IN_HEADER = 28
_MOST_HEAD = 13
"""Bytes of a cell before the BLOB, at most."""

Pages = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class _Child:
    """A page of the level below, and the largest id in it."""

    page: int
    last: int


def append_blobs(
    path: Path, matrices: Iterable[npt.NDArray[np.generic]], done: Callable[[int], None] = lambda _: None
) -> int:
    """The rows of the matrices are rows of the one, empty table, with ids from 1; returns how many.

    path: a closed database with pages of PAGE_BYTES and a table (id INTEGER PRIMARY KEY, BLOB). matrices: (n,
    width) each, C-contiguous, of one width; a row is a BLOB as it lies in memory, of 1 to 65,472 bytes.
    done: hears the rows so far.
    """
    rows, leaves = 0, []
    with path.open("r+b") as file:
        writer = _Writer(file)
        for matrix in matrices:
            data = matrix.view(np.uint8).reshape(len(matrix), -1)
            for first, end in _runs(rows + 1, rows + 1 + len(data)):
                leaves += writer.leaves(first, data[first - rows - 1 : end - rows - 1])
            rows += len(data)
            done(rows)
        writer.root(leaves)
    return rows


def bytes_of(rows: int, width: int) -> int:
    """Bytes of a database of so many rows, at most: each block and each length of varint begins a page."""
    per_page = (PAGE_BYTES - _LEAF_HEADER) // (width + _MOST_HEAD + 2)
    return PAGE_BYTES * (ROOT + rows // per_page + -(-rows // BLOCK_ROWS) + len(_varint(rows)) + 1)


def _runs(first: int, end: int) -> list[tuple[int, int]]:
    """The ids cut where their varints grow by a byte: cells of a run are equally long."""
    edges = [first, *(1 << 7 * n for n in range(1, 9) if first < 1 << 7 * n < end), end]
    return [(low, high) for low, high in itertools.pairwise(edges) if low < high]


@dataclass
class _Writer:
    """Writes pages after those the file has, and the root last, once all else is known."""

    file: BinaryIO
    pages: int = ROOT

    def leaves(self, first: int, data: Pages) -> list[_Child]:
        """The rows, with ids from `first`, as leaf pages."""
        per_page, pages = _leaf_pages(first, data)
        numbers = self._write(pages)
        ends = [min((place + 1) * per_page, len(data)) for place in range(len(pages))]
        return [_Child(number, first + end - 1) for number, end in zip(numbers, ends, strict=True)]

    def root(self, children: Sequence[_Child]) -> None:
        """The tree over the children is complete, and the header says how many pages there are."""
        if not children:
            return
        while len(children) > 1:
            groups = _groups(children)
            pages = [_interior_page(group) for group in groups]
            if len(groups) == 1:
                self._at(ROOT, pages[0])
                break
            numbers = self._write(np.frombuffer(b"".join(pages), np.uint8).reshape(-1, PAGE_BYTES))
            children = [_Child(number, group[-1].last) for number, group in zip(numbers, groups, strict=True)]
        else:
            self._only_leaf(children[0])
        self.file.seek(_PAGES_IN_HEADER)
        self.file.write(self.pages.to_bytes(4, "big"))

    def _only_leaf(self, leaf: _Child) -> None:
        """A single leaf is the root itself."""
        self.file.seek((leaf.page - 1) * PAGE_BYTES)
        page = self.file.read(PAGE_BYTES)
        self._at(ROOT, page)
        self.pages = ROOT
        self.file.truncate(ROOT * PAGE_BYTES)

    def _write(self, pages: Pages) -> list[int]:
        """The numbers under which the pages, (n, PAGE_BYTES), lie at the end of the file."""
        before = min(len(pages), max(0, LOCK_PAGE - self.pages - 1)) if self.pages < LOCK_PAGE else len(pages)
        numbers = [self.pages + 1 + place + (place >= before) for place in range(len(pages))]
        for part in (slice(0, before), slice(before, len(pages))):
            if part.start < part.stop:
                self._at(numbers[part.start], pages[part].data)
        self.pages = numbers[-1]
        return numbers

    def _at(self, number: int, content: "bytes | memoryview") -> None:
        self.file.seek((number - 1) * PAGE_BYTES)
        self.file.write(content)


def _leaf_pages(first: int, data: Pages) -> tuple[int, Pages]:
    """How many rows fit in a page, and the pages, (n, PAGE_BYTES); the last one may hold fewer."""
    rows, width = data.shape
    ids = _varints(first, rows)
    header = _record_header(width)
    head = [*_varint(len(header) + width), *[0] * ids.shape[1], *header]
    cell = len(head) + width
    per_page = min(rows, (PAGE_BYTES - _LEAF_HEADER) // (cell + 2))
    full, rest = divmod(rows, per_page)
    pages = np.zeros((full + bool(rest), PAGE_BYTES), np.uint8)
    where = len(head) - len(header) - ids.shape[1]
    for part, count, done in ((pages[:full], per_page, 0), (pages[full:], rest, full * per_page)):
        if not len(part) or not count:
            continue
        start = PAGE_BYTES - count * cell
        part[:, :_LEAF_HEADER] = _header(_LEAF, count, start)
        pointers = (start + cell * np.arange(count)).astype(">u2")
        part[:, _LEAF_HEADER : _LEAF_HEADER + 2 * count] = pointers.view(np.uint8)
        cells = part[:, start:].reshape(len(part), count, cell)
        cells[:, :, : len(head)] = head
        some = slice(done, done + len(part) * count)
        cells[:, :, where : where + ids.shape[1]] = ids[some].reshape(len(part), count, -1)
        cells[:, :, len(head) :] = data[some].reshape(len(part), count, width)
    return per_page, pages


def _groups(children: Sequence[_Child]) -> list[Sequence[_Child]]:
    """The children that one interior page each can hold, shared out evenly: none may have a single one."""
    most = (PAGE_BYTES - _INTERIOR_HEADER) // (2 + 4 + len(_varint(children[-1].last)))
    pages = -(-len(children) // most)
    edges = [len(children) * page // pages for page in range(pages + 1)]
    return [children[first:end] for first, end in itertools.pairwise(edges)]


def _interior_page(children: Sequence[_Child]) -> bytes:
    """Cells of all children but the last, which the header names."""
    *others, right = children
    cells = [child.page.to_bytes(4, "big") + bytes(_varint(child.last)) for child in others]
    start, pointers = PAGE_BYTES, []
    for cell in cells:
        start -= len(cell)
        pointers.append(start.to_bytes(2, "big"))
    front = bytes(_header(_INTERIOR, len(cells), start)) + right.page.to_bytes(4, "big") + b"".join(pointers)
    return front.ljust(start, b"\0") + b"".join(reversed(cells))


def _header(kind: int, cells: int, start: int) -> list[int]:
    """The first eight bytes of a b-tree page whose content begins at `start`; 65,536 is written as 0."""
    return [kind, 0, 0, *cells.to_bytes(2, "big"), *(start % 65_536).to_bytes(2, "big"), 0]


def _record_header(width: int) -> list[int]:
    """The header of the record (NULL, which stands for the id; a BLOB of so many bytes)."""
    kind = _varint(12 + 2 * width)
    return [2 + len(kind), 0, *kind]


def _varint(value: int) -> list[int]:
    """Seven bits in each byte, the highest first, bit 7 set in all but the last."""
    found = [value & 0x7F]
    while value := value >> 7:
        found.insert(0, value & 0x7F | 0x80)
    return found


def _varints(first: int, count: int) -> Pages:
    """The varints of consecutive ids that are equally long, (count, bytes)."""
    size = len(_varint(first))
    ids = np.arange(first, first + count)[:, None] >> np.arange(7 * (size - 1), -1, -7)
    more = np.array([0x80] * (size - 1) + [0])
    found: Pages = (ids & 0x7F | more).astype(np.uint8)
    return found
