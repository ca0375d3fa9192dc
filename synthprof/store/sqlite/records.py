"""Rows as records of SQLite's file format, made by columns.

The format is promised to stay (https://sqlite.org/fileformat2.html, section 2.1). A record is a header of
types, then the values; types follow from the values' lengths, so rows of equal layout are made together.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

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
_FEW_BYTES = 8
"""Columns of so many bytes are copied a byte of all rows at a time, 0.4 ns each; NumPy takes 4 for a row."""

_ONE_BYTE = 128
"""The numbers below it are varints of one byte; those below its square of two."""

Numbers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Cells:
    """Rows as the cells of a leaf, one behind the other; sizes: (n,) bytes of each."""

    data: Bytes
    sizes: Numbers


@dataclass(frozen=True)
class _Fixed:
    """A column whose values are of one type and length: body (n, width). missing: rows without a value."""

    type: int
    body: Bytes
    missing: Flags | None = None


@dataclass(frozen=True)
class _Texts:
    """A column of texts as codes (n,) into the texts; lengths: (n,) bytes, types: (n,), 0 without a value."""

    codes: npt.NDArray[np.int32]
    texts: pa.BinaryArray
    lengths: Numbers
    types: Numbers


_Part = _Fixed | _Texts


class TooLong(Exception):
    """A row does not fit in a page: SQLite must write it, which knows overflow pages."""


def cells_of(batch: pa.RecordBatch, most: int) -> Cells:
    """Return rows as cells of an index b-tree: the length of each record, and the record.

    batch: columns of integers, floats, texts and categories; at most MAX_COLUMNS, and of 65,536 rows.
    Raises TooLong for a record of more than `most` bytes.
    """
    parts = [_part(column) for column in batch.columns]
    lengths = _record_bytes(parts, batch.num_rows)
    if len(parts) > MAX_COLUMNS or (lengths > most).any():
        raise TooLong
    groups = _groups(parts, lengths)
    if len(groups) == 1:
        made = _joined(parts, lengths)
    else:
        each = [_joined([_taken(part, rows) for part in parts], lengths[rows]) for rows in groups]
        made = pa.concat_arrays(each).take(pa.array(np.argsort(np.concatenate(groups))))
    offsets = np.frombuffer(made.buffers()[1], np.int32)[: len(made) + 1]
    data = np.frombuffer(made.buffers()[2], np.uint8)[offsets[0] : offsets[-1]]
    return Cells(data, np.diff(offsets).astype(np.int64))


def record_bytes(batch: pa.RecordBatch) -> Numbers:
    """Return the length of each row's record, (n,), without its cell's head."""
    return _record_bytes([_part(column) for column in batch.columns], batch.num_rows)


def _groups(parts: Sequence[_Part], lengths: Numbers) -> list[npt.NDArray[np.intp]]:
    """Return the rows of each layout: which values are there, and how long types and lengths are written."""
    marks = [part.missing for part in parts if isinstance(part, _Fixed) and part.missing is not None]
    marks += [part.types >= _ONE_BYTE for part in parts if isinstance(part, _Texts)]
    marks.append(lengths >= _ONE_BYTE)
    layout = np.zeros(len(lengths), np.int64)
    for mark in marks:
        if mark.any() and not mark.all():
            layout = np.unique(layout * 2 + mark, return_inverse=True)[1].reshape(-1)
    return [np.flatnonzero(layout == each) for each in range(int(layout.max(initial=0)) + 1)]


def _record_bytes(parts: Sequence[_Part], rows: int) -> Numbers:
    """Return the length of each record, (n,): its header, with its own length, and the values."""
    length = np.ones(rows, np.int64)
    for part in parts:
        if isinstance(part, _Texts):
            length += part.lengths + 1 + (part.types >= _ONE_BYTE)
        else:
            width = part.body.shape[1]
            length += (
                1 + (part.type >= _ONE_BYTE) + (width if part.missing is None else ~part.missing * width)
            )
    return length


def _taken(part: _Part, rows: npt.NDArray[np.intp]) -> _Part:
    """Return some rows of a column, all with values or all without."""
    if isinstance(part, _Texts):
        return _Texts(part.codes[rows], part.texts, part.lengths[rows], part.types[rows])
    if part.missing is not None and part.missing[rows[0]]:
        return _Fixed(0, part.body[rows, :0])
    return replace(part, body=part.body[rows], missing=None)


def _joined(parts: Sequence[_Part], lengths: Numbers) -> pa.BinaryArray:
    """Return rows of one layout as cells. lengths: (n,) bytes of their records.

    Taking all pieces in order lays the cells side by side already: with only some of the offsets they are
    rows (`profiles.fragments.join` does the same for texts).
    """
    parts = [_without_missing(part) for part in parts]
    types = [_type_bytes(part) for part in parts]
    header = _constant(1 + sum(each.shape[1] for each in types))
    rows = len(lengths)
    pieces = list(_pieces([_varints(lengths), header, *types], parts, rows))
    if len(pieces) == 1:
        return pieces[0][1]
    codes = np.empty((rows, len(pieces)), np.int32)
    before = 0
    for place, (own, table) in enumerate(pieces):
        codes[:, place] = own
        codes[:, place] += np.int32(before)
        before += len(table)
    taken = pa.concat_arrays([table for _, table in pieces]).take(pa.array(codes.reshape(-1)))
    _, offsets, data = taken.buffers()
    every = np.frombuffer(offsets, np.int32)[: rows * len(pieces) + 1 : len(pieces)]
    return pa.Array.from_buffers(pa.binary(), rows, [None, pa.py_buffer(np.ascontiguousarray(every)), data])


def _without_missing(part: _Part) -> _Part:
    """Return a column of which all values are missing, or none, as it is written."""
    if isinstance(part, _Texts) or part.missing is None or not part.missing.any():
        return part
    return _Fixed(0, part.body[:, :0])


def _pieces(
    front: list[Bytes], parts: Sequence[_Part], rows: int
) -> Iterator[tuple[npt.NDArray[np.int32], pa.BinaryArray]]:
    """Yield the rows from left to right, as codes and what they stand for; fixed neighbours are one."""
    run = front
    for part in parts:
        if isinstance(part, _Fixed):
            run.append(part.body)
            continue
        if run:
            yield _side_by_side(run, rows)
            run = []
        yield part.codes, part.texts
    if run:
        yield _side_by_side(run, rows)


def _side_by_side(columns: Sequence[Bytes], rows: int) -> tuple[npt.NDArray[np.int32], pa.BinaryArray]:
    ends = np.cumsum([column.shape[1] for column in columns])
    width = int(ends[-1])
    cells = np.empty((rows, width), np.uint8)
    for column, end in zip(columns, ends.tolist(), strict=True):
        begin = end - column.shape[1]
        if end - begin > _FEW_BYTES:
            cells[:, begin:end] = column
            continue
        for place in range(begin, end):
            cells[:, place] = column[:, place - begin]
    places = np.arange(rows + 1, dtype=np.int32)
    buffers = [None, pa.py_buffer(places * np.int32(width)), pa.py_buffer(cells)]
    return places[:-1], pa.Array.from_buffers(pa.binary(), rows, buffers)


def _type_bytes(part: _Part) -> Bytes:
    return _constant(part.type) if isinstance(part, _Fixed) else _varints(part.types)


def _constant(number: int) -> Bytes:
    """Return the varint of a number for all rows, (1, bytes)."""
    return _varints(np.array([number], np.int64))


def _varints(numbers: Numbers) -> Bytes:
    """Return numbers of one length as varints, (n, bytes): all below 128, or all from there below 16,384."""
    if numbers[0] < _ONE_BYTE:
        return numbers.astype(np.uint8).reshape(-1, 1)
    high, low = numbers >> 7 | 0x80, numbers & 0x7F
    return np.stack([high, low], axis=1).astype(np.uint8)


# --- columns ---------------------------------------------------------------------------------------------


def _part(column: pa.Array) -> _Part:
    if pa.types.is_dictionary(column.type):
        return _texts(column.indices, column.dictionary)
    if pa.types.is_string(column.type):
        return _text_part(column)
    if pa.types.is_floating(column.type):
        values = column.fill_null(0).to_numpy().astype(">f8")
        missing = column.is_null(nan_is_null=True)  # SQLite has no NaN, but NULL
        return _Fixed(_FLOAT, values.view(np.uint8).reshape(-1, 8), _flags(missing))
    numbers = (column.fill_null(0) if column.null_count else column).to_numpy().astype(np.int64)
    size = _integer_bytes(int(numbers.min()), int(numbers.max()))
    body = numbers.astype(">i8").view(np.uint8).reshape(-1, 8)[:, 8 - size :]
    return _Fixed(_TYPES[size], body, _flags(column.is_null()) if column.null_count else None)


def _flags(found: pa.BooleanArray) -> Flags | None:
    """Return the flags, None where there is none."""
    flags: Flags = found.to_numpy(zero_copy_only=False)
    return flags if flags.any() else None


def _integer_bytes(low: int, high: int) -> int:
    return next(size for size in _SIZES if -(1 << 8 * size - 1) <= low and high < 1 << 8 * size - 1)


def _text_part(column: pa.StringArray) -> _Part:
    """Texts; where all are of one length, as those of dates, their bytes stand side by side already."""
    offsets = np.frombuffer(column.buffers()[1], np.int32)[column.offset : column.offset + len(column) + 1]
    width = int(offsets[1] - offsets[0])
    if not column.null_count and (np.diff(offsets) == width).all():
        raw = np.frombuffer(column.buffers()[2] or b"", np.uint8)[offsets[0] : offsets[-1]]
        return _Fixed(13 + 2 * width, raw.reshape(len(column), width))
    return _texts(pa.array(np.arange(len(column), dtype=np.int32)), column)


def _texts(codes: pa.Array, known: pa.StringArray) -> _Texts:
    """Return texts by their codes; a code or a text may be missing."""
    own = pc.binary_length(known).fill_null(0).to_numpy().astype(np.int64)
    there = known.is_valid().to_numpy(zero_copy_only=False)
    empty = len(known)  # a text more, which stands for none
    texts = pa.concat_arrays([known.cast(pa.binary()).fill_null(b""), pa.array([b""], pa.binary())])
    places = codes.fill_null(empty).to_numpy().astype(np.int32)
    lengths = np.append(own, 0).take(places)
    types = np.append(np.where(there, 13 + 2 * own, 0), 0).take(places)
    return _Texts(places, texts, lengths, types)
