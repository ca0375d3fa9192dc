"""Rows in the binary form of PostgreSQL's COPY, put together by Arrow without a loop over rows.

https://www.postgresql.org/docs/current/sql-copy.html: each row is the number of its fields as int16, then for
each field its length as int32, -1 for null, and its bytes; all numbers begin with the highest byte.
"""

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from synthprof.delivery.loaders.plain import TEXTS

SIGNATURE = b"PGCOPY\n\xff\r\n\0" + bytes(8)
END = b"\xff\xff"
NULL = pa.scalar(b"\xff\xff\xff\xff", pa.large_binary())
NOTHING = pa.scalar(b"", pa.large_binary())

TEXT_OID = 25
"""The number of the type `text` in PostgreSQL's catalogue."""

DAYS, MICROSECONDS = 10_957, 10_957 * 86_400_000_000
"""From 1970 to 2000, from which PostgreSQL counts."""

TYPES = {
    pa.int32(): "integer",
    pa.int64(): "bigint",
    pa.float64(): "double precision",
    pa.bool_(): "boolean",
    pa.string(): "text",
    pa.date32(): "date",
    pa.timestamp("us"): "timestamp without time zone",
    pa.timestamp("us", "UTC"): "timestamp with time zone",
    TEXTS: "text[]",
}
"""PostgreSQL's types of plain columns."""


def copy_binary(batch: pa.RecordBatch) -> memoryview:
    """Return rows, of plain types, as the input of COPY … (FORMAT BINARY).

    A list of fixed size becomes pgvector's `vector`. Texts lose zero bytes, which PostgreSQL refuses.
    """
    fields = [_field(column) for column in batch.columns]
    begin = pa.scalar(len(fields).to_bytes(2, "big"), pa.large_binary())
    rows = pc.binary_join_element_wise(begin, *fields, NOTHING)
    data = rows.buffers()[2]
    offsets = np.frombuffer(rows.buffers()[1], np.int64)
    body = b"" if data is None else memoryview(data)[offsets[rows.offset] : offsets[rows.offset + len(rows)]]
    return memoryview(b"".join((SIGNATURE, body, END)))


def _field(values: pa.Array) -> pa.Array:
    """Return each value as a field: its length, then its bytes; null is a length of -1."""
    if pa.types.is_fixed_size_list(values.type):
        found = _vectors(values)
    elif values.type == TEXTS:
        found = _lists(values)
    elif values.type == pa.string():
        found = _texts(values)
    else:
        found = _numbers(_counted(values))
    return pc.if_else(values.is_valid(), found, NULL) if values.null_count else found


def _counted(values: pa.Array) -> npt.NDArray[np.generic]:
    """Return the values as PostgreSQL counts them, whatever for null."""
    kind = values.type
    if pa.types.is_boolean(kind):
        return np.asarray(values.fill_null(False).cast(pa.uint8()))
    if pa.types.is_date(kind):
        return np.asarray(values.cast(pa.int32()).fill_null(0)) - np.int32(DAYS)
    if pa.types.is_timestamp(kind):
        return np.asarray(values.cast(pa.int64()).fill_null(0)) - np.int64(MICROSECONDS)
    return np.asarray(values.fill_null(0))


def _numbers(values: npt.NDArray[np.generic]) -> pa.Array:
    width = values.dtype.itemsize
    fields = np.empty((len(values), 4 + width), np.uint8)
    fields[:, :4] = np.frombuffer(width.to_bytes(4, "big"), np.uint8)
    fields[:, 4:] = values.astype(values.dtype.newbyteorder(">")).view(np.uint8).reshape(-1, width)
    return _fixed(fields)


def _vectors(values: pa.Array) -> pa.Array:
    """Return pgvector's form: the number of dimensions and 0 as int16, then the values as float32."""
    dim = values.type.list_size
    flat = values.values.slice(values.offset * dim, len(values) * dim).fill_null(0)
    fields = np.empty((len(values), 8 + 4 * dim), np.uint8)
    head = (4 + 4 * dim).to_bytes(4, "big") + dim.to_bytes(2, "big") + bytes(2)
    fields[:, :8] = np.frombuffer(head, np.uint8)
    fields[:, 8:] = np.asarray(flat).astype(">f4").view(np.uint8).reshape(-1, 4 * dim)
    return _fixed(fields)


def _texts(values: pa.Array) -> pa.Array:
    data = values.cast(pa.binary())
    if pc.any(pc.match_substring(data, b"\0")).as_py():
        data = pc.replace_substring(data, b"\0", b"")
    return _with_length(data.fill_null(b"").cast(pa.large_binary()))


def _lists(values: pa.Array) -> pa.Array:
    """Return arrays of text: dimensions, whether there are nulls, the type of items; length; base; items."""
    lengths = values.value_lengths().fill_null(0)
    items = _field(values.flatten())
    offsets = np.concatenate(([0], np.cumsum(np.asarray(lengths), dtype=np.int32))).astype(np.int32)
    joined = pc.binary_join(
        pa.ListArray.from_arrays(pa.array(offsets), items.cast(pa.binary())), pa.scalar(b"", pa.binary())
    )
    counts = np.asarray(lengths).astype(">i4").view(np.uint8).reshape(-1, 4)
    head = np.zeros((len(values), 20), np.uint8)
    head[:, 3] = 1
    head[:, 7] = 1 if values.flatten().null_count else 0
    head[:, 8:12] = np.frombuffer(TEXT_OID.to_bytes(4, "big"), np.uint8)
    head[:, 12:16] = counts
    head[:, 19] = 1
    empty = bytes(8) + TEXT_OID.to_bytes(4, "big")
    full = pc.binary_join_element_wise(_fixed(head), joined.cast(pa.large_binary()), NOTHING)
    return _with_length(pc.if_else(pc.equal(lengths, 0), pa.scalar(empty, pa.large_binary()), full))


def _with_length(data: pa.Array) -> pa.Array:
    lengths = np.asarray(pc.binary_length(data)).astype(">i4").view(np.uint8).reshape(-1, 4)
    return pc.binary_join_element_wise(_fixed(lengths), data, NOTHING)


def _fixed(fields: npt.NDArray[np.uint8]) -> pa.Array:
    """Return the rows of a matrix of bytes as values of variable length."""
    rows, width = fields.shape
    offsets = np.arange(rows + 1, dtype=np.int64) * width
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(np.ascontiguousarray(fields))]
    return pa.Array.from_buffers(pa.large_binary(), rows, buffers)
