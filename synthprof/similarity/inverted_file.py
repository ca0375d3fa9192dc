"""An index of FAISS with inverted lists, read where it lies in its file (docs/adr/0074)."""

from __future__ import annotations

import ctypes
import mmap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from synthprof.base.arrays import Ids
from synthprof.base.units import MIB
from synthprof.similarity.list_layout import ID, Index, Layout, put, stretches_of

READ_BYTES = 64 * MIB
"""Of a file that are read before their memory is given back."""

_MADV_DONTNEED = 4  # bits/mman-linux.h


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
        end = int(lists.get_ids(last)) + lists.list_size(last) * ID.itemsize
        ctypes.CDLL(None).madvise(ctypes.c_void_p(begin), ctypes.c_size_t(end - begin), _MADV_DONTNEED)


def stretches(index: Index, size: int) -> tuple[Stretch, ...]:
    """Return all lists of a mapped index in stretches of at most about so many bytes; a list is not cut."""
    ends = np.cumsum(_sizes(index)) * (index.code_size + ID.itemsize)
    return tuple(Stretch(first, end) for first, end in stretches_of(ends, size))


def lists_of(index: Index, ids: Ids) -> NDArray[np.int64]:
    """Return the number of the list that holds each id, in the shape of the ids; -1 for one in no list."""
    wanted = np.unique(ids)
    found = np.full(len(wanted), -1)
    for stretch in (parts := stretches(index, READ_BYTES)):
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
    size = index.invlists.list_size(number) * (index.code_size + ID.itemsize)
    if not size:
        return (ctypes.c_char * 0)()
    return (ctypes.c_char * size).from_address(int(index.invlists.get_codes(number)))


def ids_of(index: Index) -> Iterator[Ids]:
    """Yield the ids of each list of a mapped index, (n,) int64; what was read of the file is let go of."""
    for stretch in stretches(index, READ_BYTES):
        for number in range(stretch.first, stretch.end):
            yield _ids_of(index, number)
        stretch.let_go(index)


def write_settings(index: Index, path: Path) -> None:
    """Write what was set in the index since its file was opened."""
    with path.open("r+b", buffering=0) as file:
        put(file, 0, Layout.in_index(index, _sizes(index)).head)


def copy_without(index: Index, ids: Ids, path: Path) -> None:
    """Write the mapped index without the rows of these ids, as `remove_ids` leaves one that is held."""
    kept = [_kept(_ids_of(index, number), ids) for number in range(index.nlist)]
    total = index.ntotal
    index.ntotal = sum(map(len, kept))
    layout = Layout.in_index(index, np.array([len(rows) for rows in kept]))
    with path.open("wb", buffering=0) as file:
        put(file, 0, layout.head)
        for number, rows in enumerate(kept):
            if len(rows):
                put(file, layout.codes_at[number], _codes_of(index, number)[rows].data)
                put(file, layout.ids_at[number], _ids_of(index, number)[rows].data)
    index.ntotal = total


def _mapped_lists(index: Index) -> Any:  # noqa: ANN401
    lists = faiss.downcast_InvertedLists(index.invlists) if hasattr(index, "invlists") else None
    return lists if isinstance(lists, faiss.OnDiskInvertedLists) else None


def _sizes(index: Index) -> NDArray[np.int64]:
    return np.array([index.invlists.list_size(number) for number in range(index.nlist)], np.int64)


def _ids_of(index: Index, number: int) -> Ids:
    return _copied(index.invlists.get_ids(number), index.invlists.list_size(number) * ID.itemsize, ID)


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
