"""PostgreSQL's binary format of COPY, made from Arrow columns without a loop over rows.

https://www.postgresql.org/docs/current/sql-copy.html#SQL-COPY-FILE-FORMATS has the frame; a value is what the
type's `recv` function reads. pgvector's `vector_recv` reads int16 dimensions, int16 0, then float4 values.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from synthprof.base.errors import SpecError

HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
"""The signature, no flags, no extension of the header."""

TRAILER = b"\xff\xff"

Parts = list[pa.Array]
"""Binary arrays without nulls, of which each row is joined."""

_NULL_SIZE = -1
_EPOCH_DAYS = 10_957
"""Days from 1970-01-01 to 2000-01-01, where PostgreSQL's dates begin."""

_EPOCH_MICROSECONDS = _EPOCH_DAYS * 86_400_000_000
_DIGIT_GROUP = 4
"""Decimal digits in each int16 of a numeric."""


@dataclass(frozen=True)
class PgType:
    """A type of PostgreSQL: its name, the number by which arrays name it, and how values are laid out.

    encode: values without nulls to binary values of the type, one for each.
    """

    name: str
    oid: int
    encode: Callable[[pa.Array], pa.Array]


def pg_type(kind: pa.DataType) -> PgType:
    """Return the type of PostgreSQL for an Arrow type, for items of lists as well.

    >>> pg_type(pa.list_(pa.float32(), 3)).name, pg_type(pa.list_(pa.string())).name
    ('vector(3)', 'text[]')
    """
    if pa.types.is_fixed_size_list(kind):
        return PgType(f"vector({kind.list_size})", 0, _vectors)
    if pa.types.is_list(kind):
        item = pg_type(kind.value_type)
        return PgType(f"{item.name}[]", 0, lambda values: _lists(item, values))
    if pa.types.is_decimal(kind):
        return PgType(f"numeric({kind.precision}, {kind.scale})", 1700, _numerics)
    for is_kind, found in _TYPES:
        if is_kind(kind):
            return found
    raise SpecError(f"columns of the type {kind} have no type in PostgreSQL; leave them out by `columns`")


def rows(batch: pa.RecordBatch) -> Iterator[memoryview]:
    """Yield the bytes of the rows of a batch, some at a time, so that memory stays small.

    Raises SpecError for a text with a null character, which PostgreSQL cannot hold.
    """
    row_bytes = max(1, batch.nbytes // max(1, batch.num_rows))
    step = max(1, _CHUNK_BYTES // row_bytes)
    for first in range(0, batch.num_rows, step):
        yield _joined(batch.slice(first, step))


_CHUNK_BYTES = 16 * 2**20


def _joined(batch: pa.RecordBatch) -> memoryview:
    count = batch.num_rows
    parts = [_fixed(np.full((count, 1), batch.num_columns, ">i2"))]
    for field, values in zip(batch.schema, batch.columns, strict=True):
        parts += _field(field, values)
    return _bytes_of(pc.binary_join_element_wise(*parts, pa.scalar(b"", pa.binary())))


def _field(field: pa.Field, values: pa.Array) -> Parts:
    """Return the size of each value, -1 for null, and the values."""
    if (pa.types.is_string(field.type) or pa.types.is_list(field.type)) and _has_null_character(values):
        raise SpecError(
            f"column {field.name} has a text with the character U+0000, which PostgreSQL cannot hold; leave "
            "the column out by `columns`"
        )
    found = pg_type(field.type)
    if not values.null_count:
        return _sized(found.encode(values))
    there = np.asarray(values.is_valid())
    data = found.encode(values.drop_null())
    sizes = np.full(len(values), _NULL_SIZE, ">i4")
    sizes[there] = _sizes(data)
    places = np.cumsum(there) - 1
    spread = data.take(pa.array(places, mask=~there)) if len(data) else pa.nulls(len(values), pa.binary())
    return [_fixed(sizes.reshape(-1, 1)), pc.fill_null(spread, b"")]


def _sized(data: pa.Array) -> Parts:
    return [_fixed(_sizes(data).astype(">i4").reshape(-1, 1)), data]


def _sizes(data: pa.Array) -> npt.NDArray[np.int32]:
    sizes: npt.NDArray[np.int32] = pc.binary_length(data).to_numpy()
    return sizes


def _has_null_character(values: pa.Array) -> bool:
    texts = values.flatten() if pa.types.is_list(values.type) else values
    if not pa.types.is_string(texts.type) or not len(texts):
        return False
    return 0 in np.frombuffer(_bytes_of(texts.cast(pa.binary())), np.uint8)


def _bytes_of(data: pa.Array) -> memoryview:
    """Return the bytes of a binary array, one value after the other."""
    offsets = np.frombuffer(data.buffers()[1], np.int32)[data.offset : data.offset + len(data) + 1]
    buffer = data.buffers()[2]
    return memoryview(buffer)[offsets[0] : offsets[-1]] if buffer is not None else memoryview(b"")


def _fixed(matrix: npt.NDArray[np.generic]) -> pa.Array:
    """Return the bytes of each row of a matrix, (n, k) of big-endian numbers."""
    matrix = np.ascontiguousarray(matrix)
    width = matrix.shape[1] * matrix.itemsize
    offsets = np.arange(len(matrix) + 1, dtype=np.int32) * width
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(matrix.reshape(-1).view(np.uint8))]
    return pa.Array.from_buffers(pa.binary(), len(matrix), buffers)


def _numbers(dtype: str) -> Callable[[pa.Array], pa.Array]:
    return lambda values: _fixed(values.to_numpy(zero_copy_only=False).astype(dtype).reshape(-1, 1))


def _texts(values: pa.Array) -> pa.Array:
    return values.cast(pa.binary())


def _dates(values: pa.Array) -> pa.Array:
    days = values.cast(pa.int32()).to_numpy() - _EPOCH_DAYS
    return _fixed(days.astype(">i4").reshape(-1, 1))


def _microseconds(values: pa.Array) -> npt.NDArray[np.int64]:
    """Return moments, times or spans in microseconds; the digits below are cut, as PostgreSQL has none."""
    kind = values.type
    if pa.types.is_time(kind):
        whole = values.cast(pa.int32() if pa.types.is_time32(kind) else pa.int64()).cast(pa.int64())
    else:
        whole = values.cast(pa.int64())
    numerator, denominator = {"s": (1_000_000, 1), "ms": (1_000, 1), "us": (1, 1), "ns": (1, 1_000)}[
        kind.unit
    ]
    found: npt.NDArray[np.int64] = whole.to_numpy() * numerator // denominator
    return found


def _moments(values: pa.Array) -> pa.Array:
    return _fixed((_microseconds(values) - _EPOCH_MICROSECONDS).astype(">i8").reshape(-1, 1))


def _times(values: pa.Array) -> pa.Array:
    return _fixed(_microseconds(values).astype(">i8").reshape(-1, 1))


def _spans(values: pa.Array) -> pa.Array:
    """Return intervals: microseconds, then no days and no months."""
    matrix = np.zeros((len(values), 2), ">i8")
    matrix[:, 0] = _microseconds(values)
    return _fixed(matrix)


def _vectors(values: pa.Array) -> pa.Array:
    size = values.type.list_size
    matrix = np.zeros((len(values), size + 1), ">f4")
    matrix[:, 1:] = values.flatten().to_numpy().reshape(-1, size)
    head = matrix.view(">i2")
    head[:, 0], head[:, 1] = size, 0
    return _fixed(matrix)


def _lists(item: PgType, values: pa.Array) -> pa.Array:
    """Return arrays of one dimension: head, then each item with its size; an empty one has no dimension."""
    items = values.flatten()
    nulls = items.null_count > 0
    data = pc.binary_join_element_wise(
        *_field(pa.field("item", items.type), items), pa.scalar(b"", pa.binary())
    )
    counts = pc.list_value_length(values).to_numpy().astype(np.int64)
    offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
    bodies = pc.binary_join(pa.ListArray.from_arrays(pa.array(offsets), data), b"")
    head = np.empty((len(values), 5), ">i4")
    head[:] = (1, int(nulls), item.oid, 0, 1)
    head[:, 3] = counts
    heads = _fixed(head)
    if not counts.all():
        heads = pc.if_else(pa.array(counts > 0), heads, pa.scalar(_empty_list(item), pa.binary()))
    return pc.binary_join_element_wise(heads, bodies, pa.scalar(b"", pa.binary()))


def _empty_list(item: PgType) -> bytes:
    return np.array([0, 0, item.oid], ">i4").tobytes()


def _numerics(values: pa.Array) -> pa.Array:
    return pa.array([_numeric(each) for each in values.to_pylist()], pa.binary())


def _numeric(value: Decimal | int) -> bytes:
    """Return a numeric: int16 number of digit groups, weight, sign, digits of the fraction, the groups."""
    sign, digits, exponent = Decimal(value).as_tuple()
    assert isinstance(exponent, int)
    scale = max(0, -exponent)
    text = "".join(map(str, digits)) + "0" * max(0, exponent)
    whole, part = (text[: len(text) - scale], text[len(text) - scale :].zfill(scale)) if scale else (text, "")
    whole = whole.zfill(-(-len(whole) // _DIGIT_GROUP) * _DIGIT_GROUP)
    part = part.ljust(-(-len(part) // _DIGIT_GROUP) * _DIGIT_GROUP, "0")
    joined = whole + part
    groups = [int(joined[at : at + _DIGIT_GROUP]) for at in range(0, len(joined), _DIGIT_GROUP)]
    weight = len(whole) // _DIGIT_GROUP - 1
    while groups and groups[0] == 0:
        groups, weight = groups[1:], weight - 1
    while groups and groups[-1] == 0:
        groups.pop()
    head = [len(groups), weight if groups else 0, 0x4000 if sign else 0, scale]
    return np.array([*head, *groups], ">i2").tobytes()


_TYPES: Sequence[tuple[Callable[[pa.DataType], bool], PgType]] = (
    (pa.types.is_boolean, PgType("boolean", 16, _numbers("u1"))),
    (pa.types.is_int64, PgType("bigint", 20, _numbers(">i8"))),
    (pa.types.is_int32, PgType("integer", 23, _numbers(">i4"))),
    (pa.types.is_uint8, PgType("smallint", 21, _numbers(">i2"))),
    (pa.types.is_uint64, PgType("numeric(20, 0)", 1700, _numerics)),
    (pa.types.is_float32, PgType("real", 700, _numbers(">f4"))),
    (pa.types.is_float64, PgType("double precision", 701, _numbers(">f8"))),
    (pa.types.is_string, PgType("text", 25, _texts)),
    (pa.types.is_binary, PgType("bytea", 17, lambda values: values)),
    (pa.types.is_date, PgType("date", 1082, _dates)),
    (pa.types.is_time, PgType("time", 1083, _times)),
    (lambda kind: pa.types.is_timestamp(kind) and bool(kind.tz), PgType("timestamptz", 1184, _moments)),
    (pa.types.is_timestamp, PgType("timestamp", 1114, _moments)),
    (pa.types.is_duration, PgType("interval", 1186, _spans)),
)
