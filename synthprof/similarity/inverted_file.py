"""A file of FAISS with inverted lists, filled block by block without holding it, and read where it lies.

FAISS writes lists one behind the other, the codes of a list before its ids. Once it is known how many rows
each list gets, every row has its place. The bytes are those of faiss.write_index, which a test compares, and
what comes before the lists is written by FAISS itself (docs/adr/0074).
"""

from __future__ import annotations

import ctypes
import itertools
import mmap
from collections.abc import Iterable, Iterator, Sized
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import faiss
import numpy as np
from numpy.typing import NDArray

from synthprof.base.arrays import Ids, Matrix
from synthprof.base.errors import StageError
from synthprof.base.units import MIB
from synthprof.similarity.threads import faiss_thread, finite

BUFFER_BYTES = 64 * MIB
"""Codes that are held until they are put into their lists: of less, more and shorter pieces are written."""

_ID = np.dtype("<i8")
_SIZE = np.dtype("<u8")
_NO_LISTS = 32
"""Bytes at the end of an index of FAISS whose lists are all empty: the head of the lists."""

_MADV_DONTNEED = 4  # bits/mman-linux.h

Index = Any
"""FAISS's classes are untyped."""


def fill(index: Index, blocks: Iterable[Matrix], labels: NDArray[np.int32], path: Path, threads: int) -> None:
    """Write the file of the trained, empty index with all rows in their lists; ids go from 1 on.

    blocks: (n_i, d) float32, streamed. labels: (n,) the list of each row, which keeps the order of rows.
    Raises StageError if a vector is not finite or the labels are not as many as the rows.
    """
    index.ntotal = len(labels)
    layout = _Layout.of(index, np.bincount(labels, minlength=index.nlist))
    with path.open("wb", buffering=0) as file, faiss_thread(threads) as thread:
        _put(file, 0, layout.head)
        lists = _Lists(file, layout)
        for block in blocks:
            vectors, first = finite(block, "vectors"), lists.rows
            own = labels[first : first + len(vectors)]
            check_length(own, vectors, first)
            lists.add(thread.submit(_codes, index, vectors, own.astype(np.int64)).result(), own)
        check_length(labels[lists.rows :], (), lists.rows)
        lists.flush()


def opened(path: Path) -> Index:
    """Return the index of a file whose lists are read where they lie, as a search needs them."""
    return faiss.read_index(str(path), faiss.IO_FLAG_MMAP)


def is_mapped(index: Index) -> bool:
    """Return whether the lists of the index lie in a file."""
    return _mapped_lists(index) is not None


@dataclass(frozen=True)
class Stretch:
    """Lists of a mapped index that lie together: from number `first` to before `end`."""

    first: int
    end: int

    def let_go(self, index: Index) -> None:
        """Give back the memory of what was read of these lists; the system still caches the file."""
        lists, last = _mapped_lists(index), self.end - 1
        begin = int(lists.get_codes(self.first)) // mmap.PAGESIZE * mmap.PAGESIZE
        end = int(lists.get_ids(last)) + lists.list_size(last) * _ID.itemsize
        ctypes.CDLL(None).madvise(ctypes.c_void_p(begin), ctypes.c_size_t(end - begin), _MADV_DONTNEED)


def stretches(index: Index, size: int) -> tuple[Stretch, ...]:
    """Return all lists of a mapped index in stretches of at most about so many bytes; a list is not cut."""
    ends = np.cumsum(_sizes(index)) * (index.code_size + _ID.itemsize)
    cuts = [0, *(np.flatnonzero(np.diff(ends // size)) + 1).tolist(), index.nlist]
    return tuple(Stretch(first, end) for first, end in itertools.pairwise(cuts) if first < end)


def lists_of(index: Index, ids: Ids) -> NDArray[np.int64]:
    """Return the number of the list that holds each id, in the shape of the ids; -1 for one in no list."""
    wanted = np.unique(ids)
    found = np.full(len(wanted), -1)
    for stretch in (parts := stretches(index, BUFFER_BYTES)):
        for number in range(stretch.first, stretch.end):
            own = _ids_of(index, number)
            places = np.minimum(np.searchsorted(wanted, own), len(wanted) - 1)
            found[places[wanted[places] == own]] = number
        if len(parts) > 1:
            stretch.let_go(index)
    return found[np.searchsorted(wanted, ids)]


def head_bytes(index: Index) -> int:
    """Return the bytes of the file of a mapped index before its lists."""
    lists = _mapped_lists(index)
    return int(lists.get_codes(0)) - int(lists.ptr)


def bytes_of(index: Index, number: int) -> Any:  # noqa: ANN401  a buffer
    """Return the bytes of a list of a mapped index where they lie: its codes, then its ids."""
    size = index.invlists.list_size(number) * (index.code_size + _ID.itemsize)
    if not size:
        return (ctypes.c_char * 0)()
    return (ctypes.c_char * size).from_address(int(index.invlists.get_codes(number)))


def ids_of(index: Index) -> Iterator[Ids]:
    """Yield the ids of each list of a mapped index, (n,) int64; what was read of the file is let go of."""
    for stretch in stretches(index, BUFFER_BYTES):
        for number in range(stretch.first, stretch.end):
            yield _ids_of(index, number)
        stretch.let_go(index)


def write_settings(index: Index, path: Path) -> None:
    """Write what was set in the index since its file was opened."""
    with path.open("r+b", buffering=0) as file:
        _put(file, 0, _Layout.of(index, _sizes(index)).head)


def copy_without(index: Index, ids: Ids, path: Path) -> None:
    """Write the mapped index without the rows of these ids, as `remove_ids` leaves one that is held."""
    kept = [_kept(_ids_of(index, number), ids) for number in range(index.nlist)]
    total = index.ntotal
    index.ntotal = sum(map(len, kept))
    layout = _Layout.of(index, np.array([len(rows) for rows in kept]))
    with path.open("wb", buffering=0) as file:
        _put(file, 0, layout.head)
        for number, rows in enumerate(kept):
            if len(rows):
                _put(file, layout.codes_at[number], _codes_of(index, number)[rows].data)
                _put(file, layout.ids_at[number], _ids_of(index, number)[rows].data)
    index.ntotal = total


def check_length(labels: Sized, rows: Sized, first: int) -> None:
    """Raise StageError unless there are as many labels as rows from row `first` on."""
    if len(labels) != len(rows):
        raise StageError(
            f"{len(labels)} labels for {len(rows)} rows from row {first} on; each row has one label: "
            "run it again with force, which makes all of them anew"
        )


@dataclass(frozen=True)
class _Layout:
    """The bytes before the lists, and where in the file the codes and the ids of each list begin."""

    head: bytes
    code_size: int
    codes_at: NDArray[np.int64]
    ids_at: NDArray[np.int64]

    @classmethod
    def of(cls, index: Index, sizes: NDArray[np.int64]) -> _Layout:
        """Return the layout of lists of these sizes, (nlist,)."""
        head = _head(index, sizes)
        code_size = int(index.code_size)
        ends = len(head) + np.cumsum(sizes * (code_size + _ID.itemsize))
        codes_at = ends - sizes * (code_size + _ID.itemsize)
        return cls(head, code_size, codes_at, codes_at + sizes * code_size)


def _head(index: Index, sizes: NDArray[np.int64]) -> bytes:
    """Return what FAISS writes before the lists: the index as it is set, and their sizes."""
    written = _serialized_empty(index)
    before, own = written[:-_NO_LISTS], _in_file(index.nlist, index.code_size)
    if written[-_NO_LISTS:] != b"ilar" + own + b"sprs" + _in_file(0):
        raise StageError(
            f"FAISS {faiss.__version__} writes inverted lists in another format than is known here; "
            "install a release of FAISS that synthprof was tested with"
        )
    there = np.flatnonzero(sizes)
    if len(there) > index.nlist // 2:
        kind, told = b"full", sizes
    else:
        kind, told = b"sprs", np.stack([there, sizes[there]], axis=1).ravel()
    return before + b"ilar" + own + kind + _in_file(len(told), *told)


def _serialized_empty(index: Index) -> bytes:
    """Return the index as FAISS writes it with no row in any list."""
    lists, owned = index.invlists, index.own_invlists
    empty = faiss.ArrayInvertedLists(index.nlist, index.code_size)
    index.own_invlists = False
    try:
        index.replace_invlists(empty, False)
        return faiss.serialize_index(index).tobytes()
    finally:
        index.replace_invlists(lists, owned)


def _in_file(*numbers: int) -> bytes:
    return np.array(numbers, _SIZE).tobytes()


class _Lists:
    """The lists of a file that is being filled: rows wait in a buffer, and go to their lists together."""

    def __init__(self, file: IO[bytes], layout: _Layout) -> None:
        self._file, self._layout = file, layout
        self._written = np.zeros(len(layout.codes_at), np.int64)
        room = max(1, BUFFER_BYTES // layout.code_size)
        self._codes = np.empty((room, layout.code_size), np.uint8)
        self._labels = np.empty(room, np.int32)
        self._held = 0
        self.rows = 0

    def add(self, codes: NDArray[np.uint8], labels: NDArray[np.int32]) -> None:
        """Add the next rows: their codes, (n, code_size), and their lists."""
        while len(codes):
            end = min(self._held + len(codes), len(self._codes))
            some = end - self._held
            self._codes[self._held : end], self._labels[self._held : end] = codes[:some], labels[:some]
            self._held, self.rows = end, self.rows + some
            codes, labels = codes[some:], labels[some:]
            if end == len(self._codes):
                self.flush()

    def flush(self) -> None:
        """Put the rows that wait into the file."""
        labels = self._labels[: self._held]
        order = np.argsort(labels, kind="stable")
        first_id = self.rows - self._held + 1
        for number, first, end in _runs(np.cumsum(np.bincount(labels, minlength=len(self._written)))):
            rows, done = order[first:end], self._written[number]
            codes, ids = self._codes[rows], (rows + first_id).astype(_ID)
            _put(self._file, self._layout.codes_at[number] + done * self._layout.code_size, codes.data)
            _put(self._file, self._layout.ids_at[number] + done * _ID.itemsize, ids.data)
            self._written[number] += len(rows)
        self._held = 0


def _runs(ends: NDArray[np.int64]) -> Iterator[tuple[int, int, int]]:
    """Yield the number, first and end of each run that is not empty."""
    firsts = np.concatenate([[0], ends[:-1]])
    for number in np.flatnonzero(ends > firsts).tolist():
        yield number, int(firsts[number]), int(ends[number])


def _put(file: IO[bytes], place: int, data: bytes | memoryview) -> None:
    left = memoryview(data).cast("B")
    file.seek(int(place))
    while left:
        left = left[file.write(left) :]


def _codes(index: Index, vectors: Matrix, lists: Ids) -> NDArray[np.uint8]:
    """Return the rows as the lists hold them, (n, code_size)."""
    codes = np.empty((len(vectors), index.code_size), np.uint8)
    pointers = (faiss.swig_ptr(each) for each in (vectors, lists, codes))
    index.encode_vectors(len(vectors), *pointers)
    return codes


def _mapped_lists(index: Index) -> Any:  # noqa: ANN401
    lists = faiss.downcast_InvertedLists(index.invlists) if hasattr(index, "invlists") else None
    return lists if isinstance(lists, faiss.OnDiskInvertedLists) else None


def _sizes(index: Index) -> NDArray[np.int64]:
    return np.array([index.invlists.list_size(number) for number in range(index.nlist)], np.int64)


def _ids_of(index: Index, number: int) -> Ids:
    return _copied(index.invlists.get_ids(number), index.invlists.list_size(number) * _ID.itemsize, _ID)


def _codes_of(index: Index, number: int) -> NDArray[np.uint8]:
    size = index.invlists.list_size(number) * index.code_size
    found = _copied(index.invlists.get_codes(number), size, np.dtype(np.uint8))
    return found.reshape(-1, index.code_size)


def _copied(pointer: Any, size: int, kind: np.dtype[Any]) -> NDArray[Any]:  # noqa: ANN401
    """Return a copy of memory of FAISS: lists in a file begin at any byte, values of NumPy do not."""
    return np.frombuffer(ctypes.string_at(int(pointer), size) if size else b"", kind)


def _kept(ids: Ids, without: Ids) -> NDArray[np.int64]:
    """Return the places of a list's rows that stay, in FAISS's order: the last row takes a freed place."""
    gone = np.isin(ids, without)
    if not gone.any():
        return np.arange(len(ids))
    order, left, place = list(range(len(ids))), len(ids), 0
    while place < left:
        if gone[order[place]]:
            left -= 1
            order[place] = order[left]
        else:
            place += 1
    return np.array(order[:left], np.int64)
