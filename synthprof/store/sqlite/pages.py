"""Pages of SQLite's file format, as far as b-trees laid out by NumPy need it.

The format is promised to stay (https://sqlite.org/fileformat2.html, sections 1.3 to 1.6 and 2.1). SQLite
makes the file and its schema; `blob_pages` and `index_pages` write the pages of what has a known shape.
"""

import itertools
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

LOCK_BYTES = 1 << 30
"""The page around this place holds nothing: SQLite locks these bytes."""

HEADER = 8
INTERIOR_HEADER = 12
"""Bytes before the pointers to a page's cells."""

POINTER = 2
CHILD = 4
"""Bytes of a pointer to a cell, and of a page's number."""

_PAGE_BYTES_AT = slice(16, 18)
_PAGES_AT = slice(28, 32)

Bytes = npt.NDArray[np.uint8]


class PageKind(IntEnum):
    """The first byte of a b-tree page."""

    INDEX_INTERIOR = 0x02
    TABLE_INTERIOR = 0x05
    INDEX_LEAF = 0x0A
    TABLE_LEAF = 0x0D


@dataclass
class PageFile:
    """A closed database whose pages are written here; page numbers count from 1."""

    file: BinaryIO
    page_bytes: int
    pages: int

    @property
    def _locked(self) -> int:
        return LOCK_BYTES // self.page_bytes + 1

    def append(self, pages: Bytes) -> list[int]:
        """Append the pages, (n, page_bytes), to the file; return their numbers."""
        before = self._locked - self.pages - 1
        numbers = [self.pages + 1 + place + (0 <= before <= place) for place in range(len(pages))]
        edge = min(max(before, 0), len(pages))
        for part in (slice(0, edge), slice(edge, len(pages))):
            if part.start < part.stop:
                self.put(numbers[part.start], pages[part].data)
        self.pages = numbers[-1]
        return numbers

    def put(self, number: int, content: "bytes | memoryview") -> None:
        """Write content at the page of this number."""
        self.file.seek((number - 1) * self.page_bytes)
        self.file.write(content)

    def move_last(self, number: int) -> None:
        """Move the last page of the file to this number."""
        self.file.seek((self.pages - 1) * self.page_bytes)
        self.put(number, self.file.read(self.page_bytes))
        self.pages -= 2 if self.pages - 1 == self._locked else 1
        self.file.truncate(self.pages * self.page_bytes)


@contextmanager
def page_file(path: Path) -> Iterator[PageFile]:
    """Open the pages of a closed database; at the end its header says how many there are."""
    with path.open("r+b") as file:
        header = file.read(100)
        page_bytes = int.from_bytes(header[_PAGE_BYTES_AT], "big")
        if page_bytes == 1:  # 65,536 does not fit in two bytes
            page_bytes = 65_536
        pages = PageFile(file, page_bytes, int.from_bytes(header[_PAGES_AT], "big"))
        yield pages
        file.seek(_PAGES_AT.start)
        file.write(pages.pages.to_bytes(4, "big"))


def header(kind: PageKind, cells: int, start: int) -> list[int]:
    """Return the first eight bytes of a b-tree page with content from `start`; 65,536 is written as 0."""
    return [kind, 0, 0, *cells.to_bytes(2, "big"), *(start % 65_536).to_bytes(2, "big"), 0]


def headers(kind: PageKind, cells: npt.NDArray[np.int64], starts: npt.NDArray[np.int64]) -> Bytes:
    """Return the first eight bytes of many b-tree pages, (n, HEADER); see `header`."""
    found = np.zeros((len(cells), HEADER), np.uint8)
    found[:, 0] = kind
    found[:, 3], found[:, 4] = cells >> 8, cells & 0xFF
    found[:, 5], found[:, 6] = starts >> 8 & 0xFF, starts & 0xFF
    return found


def page(
    kind: PageKind, page_bytes: int, sizes: npt.NDArray[np.int64], cells: bytes, right: bytes = b""
) -> Bytes:
    """Return a page of these cells, one behind the other at its end.

    sizes: (n,) bytes of each cell. right: the number of the last child, of an interior page.
    """
    start = page_bytes - len(cells)
    pointers = (start + np.cumsum(sizes) - sizes).astype(">u2").tobytes()
    front = bytes(header(kind, len(sizes), start)) + right + pointers
    return np.frombuffer(front.ljust(start, b"\0") + cells, np.uint8)


def interior_page(kind: PageKind, page_bytes: int, children: Sequence[int], keys: Sequence[bytes]) -> Bytes:
    """Return the parent page of the children; keys: the separators between one child and the next."""
    *others, right = (child.to_bytes(CHILD, "big") for child in children)
    cells = [child + key for child, key in zip(others, keys, strict=True)]
    sizes = np.array([len(cell) for cell in cells], np.int64)
    return page(kind, page_bytes, sizes, b"".join(cells), right)


def balanced_groups(children: int, page_bytes: int, longest_key: int) -> list[tuple[int, int]]:
    """First and end of the children of each interior page, evenly: none may have a single one."""
    most = (page_bytes - INTERIOR_HEADER) // (POINTER + CHILD + longest_key)
    pages = -(-children // most)
    edges = [children * each // pages for each in range(pages + 1)]
    return list(itertools.pairwise(edges))


def varint(value: int) -> list[int]:
    """Seven bits in each byte, the highest first, bit 7 set in all but the last."""
    found = [value & 0x7F]
    while value := value >> 7:
        found.insert(0, value & 0x7F | 0x80)
    return found


def stacked(pages: Iterable[Bytes]) -> Bytes:
    """Return the pages as one array, (n, page_bytes)."""
    return np.stack(list(pages))
