"""Rows as records of SQLite's file format, made by columns.

The format is promised to stay (https://sqlite.org/fileformat2.html, section 2.1). A record is a header of
types, then the values; types follow from the values' lengths, so rows of equal layout are made together.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from synthprof.store.sqlite.pages import Bytes

MAX_COLUMNS = 60
"""With more columns the length of a record's header might need two bytes, as some types do."""

_SIZES = (1, 2, 3, 4, 6, 8)
_TYPES = {1: 1, 2: 2, 3: 3, 4: 4, 6: 5, 8: 6}
_FLOAT = 7
_ONE_BYTE = 128
"""The numbers below it are varints of one byte; those below its square of two."""

Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Cells:
    """Rows as the cells of a leaf, one behind the other: cell i is data[ends[i - 1] : ends[i]]."""

    data: Bytes
    sizes: Numbers


@dataclass(frozen=True)
class _Part:
    """A column of rows: the type of each value as a number, (n,), and the bytes of the values.

    width: of all values that are there. fixed: (n, width) where they are of one length, else None and texts.
    """

    types: Numbers
    lengths: Numbers
    fixed: Bytes | None
    texts: pa.StringArray | None


def cells_of(batch: pa.RecordBatch) -> Cells:
    """Return rows as cells of an index b-tree: the length of each record, and the record.

    batch: columns of integers, floats, texts and categories; at most MAX_COLUMNS, and of 65,536 rows.
    """
    parts = [_part(column) for column in batch.columns]
    groups = _groups(parts)
    if len(groups) == 1:
        made = _joined(parts)
    else:
        rows = np.concatenate(groups)
        sorted_cells = pa.concat_arrays(
            [_joined([_taken(part, group) for part in parts]) for group in groups]
        )
        made = sorted_cells.take(pa.array(np.argsort(rows)))
    offsets = np.frombuffer(made.buffers()[1], np.int32)[made.offset : made.offset + len(made) + 1]
    data = np.frombuffer(made.buffers()[2], np.uint8)[offsets[0] : offsets[-1]]
    return Cells(data, np.diff(offsets).astype(np.int64))


def _groups(parts: Sequence[_Part]) -> list[npt.NDArray[np.intp]]:
    """Return the rows of each layout: which values are there, and how long types and lengths are written."""
    length = _record_bytes(parts)
    layout = (length >= _ONE_BYTE).astype(np.int64)
    for part in parts:
        missing = (part.types == 0) & (part.fixed is not None)
        layout = layout * 4 + (part.types >= _ONE_BYTE) * 2 + missing
        if (layout == layout[0]).all():
            layout = np.zeros(len(layout), np.int64)
        else:
            layout = np.unique(layout, return_inverse=True)[1].reshape(-1)
    return [np.flatnonzero(layout == each) for each in range(int(layout.max()) + 1)]


def _record_bytes(parts: Sequence[_Part]) -> Numbers:
    """Return the length of each record, (n,): its header, with its own length, and the values."""
    length = np.ones(len(parts[0].types), np.int64)
    for part in parts:
        length += part.lengths + 1 + (part.types >= _ONE_BYTE)
    return length


def _taken(part: _Part, rows: npt.NDArray[np.intp]) -> _Part:
    """Return some rows of a column."""
    fixed = None if part.fixed is None else part.fixed[rows]
    texts = None if part.texts is None else part.texts.take(pa.array(rows))
    return _Part(part.types[rows], part.lengths[rows], fixed, texts)


def _joined(parts: Sequence[_Part]) -> pa.BinaryArray:
    """Return rows of one layout as cells."""
    types = [_varints(part.types) for part in parts]
    header = np.full((len(types[0]), 1), 1 + sum(each.shape[1] for each in types), np.uint8)
    pieces = list(_pieces([_varints(_record_bytes(parts)), header, *types], parts))
    return pieces[0] if len(pieces) == 1 else pc.binary_join_element_wise(*pieces, pa.scalar(b""))


def _pieces(front: list[Bytes], parts: Sequence[_Part]) -> Iterator[pa.BinaryArray]:
    """Yield the bytes of the rows from left to right; neighbours of fixed lengths are laid together."""
    run = front
    for part in parts:
        if part.fixed is not None:
            run.append(part.fixed[:, : int(part.lengths[0])])  # none, where the values are missing
        if part.texts is not None:
            if run:
                yield _binary(np.concatenate(run, axis=1))
                run = []
            yield part.texts.cast(pa.binary()).fill_null(b"")
    if run:
        yield _binary(np.concatenate(run, axis=1))


def _binary(rows: Bytes) -> pa.BinaryArray:
    count, width = rows.shape
    offsets = np.arange(count + 1, dtype=np.int32) * np.int32(width)
    return pa.Array.from_buffers(pa.binary(), count, [None, pa.py_buffer(offsets), pa.py_buffer(rows)])


def _varints(numbers: Numbers) -> Bytes:
    """Return numbers of one length as varints, (n, bytes): all below 128, or all from there below 16,384."""
    if numbers[0] < _ONE_BYTE:
        return numbers.astype(np.uint8).reshape(-1, 1)
    high, low = numbers >> 7 | 0x80, numbers & 0x7F
    return np.stack([high, low], axis=1).astype(np.uint8)


# --- columns ---------------------------------------------------------------------------------------------


def _part(column: pa.Array) -> _Part:
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_string(column.type):
        return _text_part(column)
    there = ~column.is_null(nan_is_null=True).to_numpy(zero_copy_only=False)  # SQLite has no NaN, but NULL
    if pa.types.is_floating(column.type):
        values = column.fill_null(0).to_numpy().astype(">f8")
        return _fixed(there, _FLOAT, values.view(np.uint8).reshape(-1, 8))
    numbers = column.fill_null(0).to_numpy().astype(np.int64)
    size = _integer_bytes(int(numbers.min()), int(numbers.max()))
    body = numbers.astype(">i8").view(np.uint8).reshape(-1, 8)[:, 8 - size :]
    return _fixed(there, _TYPES[size], body)


def _fixed(there: npt.NDArray[np.bool_], kind: int, body: Bytes) -> _Part:
    return _Part(np.where(there, kind, 0), np.where(there, body.shape[1], 0), body, None)


def _integer_bytes(low: int, high: int) -> int:
    return next(size for size in _SIZES if -(1 << 8 * size - 1) <= low and high < 1 << 8 * size - 1)


def _text_part(column: pa.StringArray) -> _Part:
    """Texts; where all are of one length, as those of dates, their bytes stand side by side already."""
    lengths = pc.binary_length(column).fill_null(0).to_numpy().astype(np.int64)
    there = ~column.is_null().to_numpy(zero_copy_only=False)
    types = np.where(there, 13 + 2 * lengths, 0)
    if there.all() and (lengths == lengths[0]).all():
        offsets = np.frombuffer(column.buffers()[1], np.int32)[column.offset :]
        data = column.buffers()[2]
        raw = np.frombuffer(data or b"", np.uint8)[offsets[0] : offsets[len(column)]]
        return _Part(types, lengths, raw.reshape(len(column), int(lengths[0])), None)
    return _Part(types, lengths, None, column)
