"""Files of inverted lists, filled block by block without holding them: of a whole index, or of a part.

Once it is known how many rows each list gets, every row has its place. A part holds the lists of its rows as
the index has them, and before them their sizes; `lay_out` joins parts to the file that all rows at once give.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sized
from functools import partial
from pathlib import Path
from typing import IO

import faiss
import numpy as np
import xxhash
from numpy.typing import NDArray

from synthprof.base.arrays import Ids, Matrix
from synthprof.base.errors import Damaged, StageError
from synthprof.base.files import start_writing
from synthprof.base.units import MIB
from synthprof.similarity.list_layout import ID, Index, Layout, Sizes, put, stretches_of
from synthprof.similarity.threads import faiss_thread, finite

BUFFER_BYTES = 64 * MIB
"""Codes that are held until they are put into their lists: of less, more and shorter pieces are written."""


def fill(index: Index, blocks: Iterable[Matrix], labels: NDArray[np.int32], path: Path, threads: int) -> None:
    """Write the file of the trained, empty index with all rows in their lists; ids go from 1 on.

    blocks: (n_i, d) float32, streamed. labels: (n,) the list of each row, which keeps the order of rows.
    Raises StageError if a vector is not finite, or the labels are not as many as the rows or name no list.
    """
    sizes = _sizes(labels, index.nlist)
    index.ntotal = len(labels)
    _write(index, blocks, labels, path, Layout.in_index(index, sizes), 1, threads)


def fill_part(
    index: Index, blocks: Iterable[Matrix], labels: NDArray[np.int32], path: Path, first_id: int
) -> None:
    """Write the lists of some rows of the trained, empty index, whose ids go from `first_id` on.

    Parameters and errors are those of `fill`. The file begins with the sizes of the lists, (nlist,) int64.
    """
    sizes = _sizes(labels, index.nlist)
    layout = Layout.of(sizes.astype(ID).tobytes(), int(index.code_size), sizes)
    _write(index, blocks, labels, path, layout, first_id, threads=1)


def lay_out(
    index: Index,
    parts: Mapping[Path, str],
    path: Path,
    progress: Callable[[int, int], None] = lambda *_: None,
) -> None:
    """Write the file of the trained, empty index with the rows of all parts, as `fill` does at once.

    parts: files of `fill_part` in the order of their ids, with their XXH3-128. Each is read once, from its
    beginning to its end, a stretch of lists of all parts at a time. progress: called with the rows that are
    laid out, and all. Raises Damaged for a part that is not what its checksum says.
    """
    read = [_Part(part, index.nlist, int(index.code_size)) for part in parts]
    sizes: Sizes = np.zeros(index.nlist, np.int64)
    for each in read:
        sizes += each.sizes
    index.ntotal = int(sizes.sum())
    layout = Layout.in_index(index, sizes)
    with path.open("wb", buffering=0) as file:
        put(file, 0, layout.head)
        for first, end in stretches_of(layout.ends, BUFFER_BYTES):
            _lay_stretch(file, layout, read, first, end)
            start_writing(path)
            progress(int(sizes[:end].sum()), index.ntotal)
    for each, checksum in zip(read, parts.values(), strict=True):
        if each.digest.hexdigest() != checksum:
            raise Damaged(each.path)


def check_length(labels: Sized, rows: Sized, first: int) -> None:
    """Raise StageError unless there are as many labels as rows from row `first` on."""
    if len(labels) != len(rows):
        raise StageError(
            f"{len(labels)} labels for {len(rows)} rows from row {first} on; each row has one label: "
            "run it again with force, which makes all of them anew"
        )


def _sizes(labels: NDArray[np.int32], nlist: int) -> Sizes:
    if labels.size and not 0 <= labels.min() <= labels.max() < nlist:
        raise StageError(
            f"labels {labels.min()}..{labels.max()} are not within 0..{nlist - 1}, the centroids; "
            "run it again with force, which makes all of them anew"
        )
    return np.bincount(labels, minlength=nlist)


def _write(
    index: Index,
    blocks: Iterable[Matrix],
    labels: NDArray[np.int32],
    path: Path,
    layout: Layout,
    first_id: int,
    threads: int,
) -> None:
    coding = threads if hasattr(index, "pq") else 1  # else there is so little to do that threads only wait
    with path.open("wb", buffering=0) as file, faiss_thread(coding) as thread:
        put(file, 0, layout.head)
        lists = _Lists(path, file, layout, first_id)
        for block in blocks:
            vectors, first = finite(block, "vectors"), lists.rows
            own = labels[first : first + len(vectors)]
            check_length(own, vectors, first)
            lists.add(thread.submit(_codes, index, vectors, own.astype(np.int64)).result(), own)
        check_length(labels[lists.rows :], (), lists.rows)
        lists.flush()


class _Lists:
    """The lists of a file that is being filled: rows wait in a buffer, and go to their lists together."""

    def __init__(self, path: Path, file: IO[bytes], layout: Layout, first_id: int) -> None:
        self._path, self._file, self._layout, self._first_id = path, file, layout, first_id
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
        first_id = self.rows - self._held + self._first_id
        for number, first, end in _runs(np.cumsum(np.bincount(labels, minlength=len(self._written)))):
            rows, done = order[first:end], self._written[number]
            codes, ids = self._codes[rows], (rows + first_id).astype(ID)
            put(self._file, self._layout.codes_at[number] + done * self._layout.code_size, codes.data)
            put(self._file, self._layout.ids_at[number] + done * ID.itemsize, ids.data)
            self._written[number] += len(rows)
        self._held = 0
        start_writing(self._path)


def _runs(ends: NDArray[np.int64]) -> Iterator[tuple[int, int, int]]:
    """Yield the number, first and end of each run that is not empty."""
    firsts = np.concatenate([[0], ends[:-1]])
    for number in np.flatnonzero(ends > firsts).tolist():
        yield number, int(firsts[number]), int(ends[number])


def _codes(index: Index, vectors: Matrix, lists: Ids) -> NDArray[np.uint8]:
    """Return the rows as the lists hold them, (n, code_size)."""
    codes = np.empty((len(vectors), index.code_size), np.uint8)
    pointers = (faiss.swig_ptr(each) for each in (vectors, lists, codes))
    index.encode_vectors(len(vectors), *pointers)
    return codes


class _Part:
    """A part that is read from its beginning to its end; its file is open only while it is read.

    sizes: (nlist,) uint32, as there may be thousands of parts. digest: XXH3-128 of what was read.
    """

    def __init__(self, path: Path, nlist: int, code_size: int) -> None:
        """Read the sizes. Raises Damaged if the file has not the length that they tell."""
        self.path, self._row, self._place = path, code_size + ID.itemsize, 0
        self.digest = xxhash.xxh3_128()
        head, length = self._next(nlist * ID.itemsize), path.stat().st_size - self._place
        if length < 0 or len(head) < nlist * ID.itemsize:
            raise Damaged(path)
        sizes = head.view(ID)
        if sizes.min() < 0 or sizes.max() > length or sizes.sum() * self._row != length:
            raise Damaged(path)
        self.sizes = sizes.astype(np.uint32)

    def next_lists(self, first: int, end: int) -> NDArray[np.uint8]:
        """Return the bytes of lists `first` to before `end`, those behind the ones read last."""
        return self._next(int(self.sizes[first:end].sum(dtype=np.int64)) * self._row)

    def _next(self, length: int) -> NDArray[np.uint8]:
        found = np.fromfile(self.path, np.uint8, length, offset=self._place)
        self._place += len(found)
        self.digest.update(found.data)
        return found


def _lay_stretch(file: IO[bytes], layout: Layout, parts: list[_Part], first: int, end: int) -> None:
    """Write the lists `first` to before `end`; one that has no room in the buffer goes in pieces."""
    begin, length = int(layout.codes_at[first]), int(layout.ends[end - 1] - layout.codes_at[first])
    room = np.empty(length if length <= 2 * BUFFER_BYTES else 0, np.uint8)
    place_in = partial(_hold, room, begin) if len(room) else partial(put, file)
    codes_at, ids_at = layout.codes_at[first:end].tolist(), layout.ids_at[first:end].tolist()
    for part in parts:
        data, at = part.next_lists(first, end), 0
        for number in np.flatnonzero(part.sizes[first:end]).tolist():
            rows = int(part.sizes[first + number])
            codes, ids = rows * layout.code_size, rows * ID.itemsize
            place_in(codes_at[number], data[at : at + codes].data)
            place_in(ids_at[number], data[at + codes : at + codes + ids].data)
            codes_at[number] += codes
            ids_at[number] += ids
            at += codes + ids
    if len(room):
        put(file, begin, room.data)


def _hold(room: NDArray[np.uint8], begin: int, place: int, data: memoryview) -> None:
    room[place - begin : place - begin + len(data)] = data
