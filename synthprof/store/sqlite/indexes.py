"""Indexes on columns of few different values in SQLite's file format, laid out by NumPy.

SQLite sorts the entries of an index one by one; entries of equal keys are known to follow each other, by id
(benchmarks/bench_database.py, docs/adr/0021-index-pages-by-numpy.md). SQLite makes and fills the table; here
the index b-tree is written behind it, and entered into the schema.
"""

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from synthprof.store.sqlite.database import filling, in_sql
from synthprof.store.sqlite.pages import (
    HEADER,
    POINTER,
    Bytes,
    PageFile,
    PageKind,
    balanced_groups,
    interior_page,
    page,
    page_file,
    stacked,
    varint,
)

MAX_KEY_BYTES = 960
"""A longer key might need overflow pages, which nothing here writes. SQLite wants four entries in a page, so
that 1,002 bytes of each fit where pages hold 4 KiB, its record's header and the id among them."""

ROWS_BATCH = 65_536
PAGES_BATCH = 256

Key = str | int


@dataclass(frozen=True)
class Coded:
    """A column by codes: the value of row i, whose id is i + 1, is keys[codes[i]].

    codes: (n,) unsigned integers. keys: different values, all texts or all integers.
    """

    codes: npt.NDArray[np.unsignedinteger]
    keys: Sequence[Key]


def can_index(keys: Sequence[Key]) -> bool:
    """Return whether an index on such keys can be laid out."""
    return all(len(_body(key)) <= MAX_KEY_BYTES for key in keys)


def add_indexes(
    path: Path, table: str, columns: Mapping[str, Coded], done: Callable[[int], None] = lambda _: None
) -> None:
    """Add an index on each of the columns, named idx_<table>_<column>.

    path: a closed database with no such index, whose table has the ids from 1 on. done: hears the number of
    indexes so far.
    """
    roots: dict[str, int] = {}
    with page_file(path) as pages:
        for name, column in columns.items():
            roots[name] = _append_index(pages, column)
            done(len(roots))
    with filling(path) as database:
        database.execute("PRAGMA writable_schema=ON")
        for name, root in roots.items():
            database.execute(
                f"INSERT INTO sqlite_master VALUES ('index', 'idx_{table}_{name}', '{table}', {root}, "
                f"'{index_statement(table, name)}')"
            )


def index_statement(table: str, column: str) -> str:
    """Return the SQL that makes the index, and stands for it in the schema."""
    return f"CREATE INDEX idx_{table}_{column} ON {table} ({in_sql(column)})"


# --- entries ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Run:
    """Entries of one key whose ids are equally long: the same bytes but for the id at the end."""

    head: bytes
    ids: npt.NDArray[np.uint32]
    id_bytes: int

    @property
    def cell_bytes(self) -> int:
        return len(self.head) + self.id_bytes

    def cells(self, first: int, end: int) -> Bytes:
        """Entries as they lie in a leaf, (n, cell_bytes)."""
        cells = np.empty((end - first, self.cell_bytes), np.uint8)
        cells[:, : len(self.head)] = np.frombuffer(self.head, np.uint8)
        ids = self.ids[first:end].astype(">u4").view(np.uint8).reshape(-1, 4)
        cells[:, len(self.head) :] = ids[:, 4 - self.id_bytes :]
        return cells


_ID_BYTES = ((2, 9, 0), (1 << 7, 1, 1), (1 << 15, 2, 2), (1 << 23, 3, 3), (1 << 31, 4, 4))
"""Of the ids below a bound: their type in a record, and their bytes."""


@dataclass(frozen=True)
class _Entries:
    """The entries of an index in their order, as runs."""

    runs: Sequence[_Run]

    @cached_property
    def ends(self) -> npt.NDArray[np.int64]:
        """The number of the entry after each run."""
        return np.cumsum([len(run.ids) for run in self.runs], dtype=np.int64)

    def between(self, first: int, end: int) -> Iterator[Bytes]:
        """Return the cells of entries `first` to `end`, one array for each run."""
        at = int(np.searchsorted(self.ends, first, side="right"))
        while first < end:
            before = int(self.ends[at]) - len(self.runs[at].ids)
            last = min(end, int(self.ends[at]))
            yield self.runs[at].cells(first - before, last - before)
            first, at = last, at + 1

    def one(self, number: int) -> bytes:
        """Return the cell of one entry."""
        (cells,) = self.between(number, number + 1)
        return cells.tobytes()

    def leaves(self, page_bytes: int) -> list[tuple[int, int]]:
        """First and end of the entries of each leaf, as many as it holds; one stands between two leaves."""
        cuts: list[int] = []
        place, room = 0, page_bytes - HEADER
        for run in self.runs:
            left, size = len(run.ids), run.cell_bytes + POINTER
            while left > (fits := room // size):
                cuts.append(place + fits)
                place, left, room = place + fits + 1, left - fits - 1, page_bytes - HEADER
            place, room = place + left, room - left * size
        if cuts and cuts[-1] == place - 1:  # the last leaf may not be empty
            cuts[-1] -= 1
        edges = [-1, *cuts, place]
        return [(before + 1, end) for before, end in itertools.pairwise(edges)]


def _entries(column: Coded) -> _Entries:
    order = sorted(range(len(column.keys)), key=lambda code: _sorting(column.keys[code]))
    runs: list[_Run] = []
    for code, ids in zip(order, _ids_by_key(column.codes, order), strict=True):
        edges = np.searchsorted(ids, [bound for bound, _, _ in _ID_BYTES]).tolist()
        for (first, end), (_, kind, size) in zip(itertools.pairwise([0, *edges]), _ID_BYTES, strict=True):
            if first < end:
                runs.append(_Run(_head(column.keys[code], kind, size), ids[first:end], size))
    return _Entries(runs)


def _ids_by_key(codes: npt.NDArray[np.unsignedinteger], order: Sequence[int]) -> list[npt.NDArray[np.uint32]]:
    """Return the ids of each code in this order of codes, ascending: a counting sort, in little memory."""
    rank = np.empty(len(order), np.uint16 if len(order) <= 1 << 16 else np.uint32)
    rank[list(order)] = np.arange(len(order))
    at_once = max(ROWS_BATCH, len(order))
    firsts = range(0, len(codes), at_once)

    def ranks_from(first: int) -> npt.NDArray[Any]:
        return rank.take(codes[first : first + at_once])

    counts = sum(np.bincount(ranks_from(first), minlength=len(order)) for first in firsts)
    ends = np.cumsum(counts)
    places = ends - counts
    ids = np.empty(len(codes), np.uint32)
    for first in firsts:
        ranks = ranks_from(first)
        rows = np.argsort(ranks, kind="stable")
        here = np.bincount(ranks, minlength=len(order))
        starts = places - (np.cumsum(here) - here)
        ids[np.repeat(starts, here) + np.arange(len(rows))] = rows + (first + 1)
        places += here
    return np.split(ids, ends[:-1])


def _sorting(key: Key) -> "bytes | int":
    return key.encode() if isinstance(key, str) else key


def _body(key: Key) -> bytes:
    """Return a value as a record holds it. 0 and 1 take no bytes: their type says them."""
    if isinstance(key, str):
        return key.encode()
    if key in (0, 1):
        return b""
    size = next(size for size in (1, 2, 3, 4, 6, 8) if -(1 << 8 * size - 1) <= key < 1 << 8 * size - 1)
    return key.to_bytes(size, "big", signed=True)


def _head(key: Key, id_kind: int, id_bytes: int) -> bytes:
    """Return an entry without its id: bytes of the record, its header, the key."""
    body = _body(key)
    if isinstance(key, str):
        kind = varint(13 + 2 * len(body))
    else:
        kind = [8 + key] if key in (0, 1) else [{6: 5, 8: 6}.get(len(body), len(body))]
    record = bytes([len(kind) + 2, *kind, id_kind]) + body
    return bytes(varint(len(record) + id_bytes)) + record


# --- pages -----------------------------------------------------------------------------------------------


def _append_index(pages: PageFile, column: Coded) -> int:
    """Append the index to the file; return its root page."""
    entries = _entries(column)
    leaves = entries.leaves(pages.page_bytes)
    children: list[int] = []
    for first in range(0, len(leaves), PAGES_BATCH):
        some = leaves[first : first + PAGES_BATCH]
        children += pages.append(stacked(_leaf(entries, pages.page_bytes, *leaf) for leaf in some))
    keys = [entries.one(end) for _, end in leaves[:-1]]
    while len(children) > 1:
        groups = balanced_groups(len(children), pages.page_bytes, max(map(len, keys)))
        children = pages.append(
            stacked(
                interior_page(
                    PageKind.INDEX_INTERIOR, pages.page_bytes, children[first:end], keys[first : end - 1]
                )
                for first, end in groups
            )
        )
        keys = [keys[end - 1] for _, end in groups[:-1]]
    return children[0]


def _leaf(entries: _Entries, page_bytes: int, first: int, end: int) -> Bytes:
    cells = list(entries.between(first, end))
    sizes = np.concatenate([np.full(len(some), some.shape[1]) for some in cells])
    return page(PageKind.INDEX_LEAF, page_bytes, sizes, b"".join(some.tobytes() for some in cells))
