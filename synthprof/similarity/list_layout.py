"""The places of inverted lists in a file: one behind the other, the codes of a list before its ids.

The bytes are those of faiss.write_index, and what comes before the lists is written by FAISS itself
(docs/adr/0074).
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Any

import faiss
import numpy as np
from numpy.typing import NDArray

from synthprof.base.errors import StageError

ID = np.dtype("<i8")
"""An id in a list."""

_SIZE = np.dtype("<u8")
_NO_LISTS = 32
"""Bytes at the end of an index of FAISS whose lists are all empty: the head of the lists."""

Index = Any
"""FAISS's classes are untyped."""

Sizes = NDArray[np.int64]
"""(nlist,) rows of each list."""


@dataclass(frozen=True)
class Layout:
    """The bytes before the lists, and where in the file the codes and the ids of each list begin and end."""

    head: bytes
    code_size: int
    codes_at: NDArray[np.int64]
    ids_at: NDArray[np.int64]
    ends: NDArray[np.int64]

    @classmethod
    def of(cls, head: bytes, code_size: int, sizes: Sizes) -> Layout:
        """Return the layout of lists of these sizes, (nlist,), behind the head."""
        row = code_size + ID.itemsize
        ends = len(head) + np.cumsum(sizes * row)
        codes_at = ends - sizes * row
        return cls(head, code_size, codes_at, codes_at + sizes * code_size, ends)

    @classmethod
    def in_index(cls, index: Index, sizes: Sizes) -> Layout:
        """Return the layout of the file of an index, as it is set, with lists of these sizes."""
        return cls.of(_head(index, sizes), int(index.code_size), sizes)


def stretches_of(ends: NDArray[np.int64], size: int) -> Iterator[tuple[int, int]]:
    """Yield all lists in stretches of at most about `size` bytes, first and end; a list is not cut.

    ends: (nlist,) where in a file each list ends.
    """
    cuts = [0, *(np.flatnonzero(np.diff(ends // size)) + 1).tolist(), len(ends)]
    return ((first, end) for first, end in itertools.pairwise(cuts) if first < end)


def put(file: IO[bytes], place: int, data: bytes | memoryview) -> None:
    """Write all of the data at a place of an unbuffered file."""
    left = memoryview(data).cast("B")
    file.seek(int(place))
    while left:
        left = left[file.write(left) :]


def _head(index: Index, sizes: Sizes) -> bytes:
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
