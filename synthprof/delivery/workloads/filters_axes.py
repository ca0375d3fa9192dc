"""Columns as axes: the values they have, found in one pass, and the number of each row's value."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from synthprof.base.column_kinds import Kind
from synthprof.schemas.schema import Schema

MAX_VALUES = 16_384
"""Different values of a column whose values are told one by one; one with more is taken for free text."""

MAX_EDGES = 65_536
"""Bins of a column of numbers or times. A million rows have about 15 in each."""

MAX_CHARACTERS = 100
"""Characters of a value that a condition names."""

_SAMPLE = 1 << 18
"""Numbers of a column that tell where its values lie."""

Keys = NDArray[Any]
"""(n,) int64, uint64 or float64: numbers in the order of the values."""


@dataclass(frozen=True)
class Axis:
    """The values of a column that conditions may name.

    kind: "values" are told one by one; "items" are those of lists; "line" has numbers or times in order. Of a
    line the values are edges of bins: bin i holds what is from edge i - 1 to below edge i.
    """

    column: str
    kind: str
    values: pa.Array
    keys: Keys = field(default_factory=lambda: np.empty(0, np.int64))

    @property
    def size(self) -> int:
        """The number of counts that `counts` returns."""
        return len(self.values) + (self.kind == "line")

    def counts(self, array: pa.Array, of: NDArray[np.bool_] | None = None) -> NDArray[np.int64]:
        """Return how many rows have each value, (size,) int64, of all or of those that `of` names."""
        codes, rows = self.codes(array)
        if of is not None:
            codes = codes[of[rows]]
        return np.bincount(codes, minlength=self.size)

    def codes(self, array: pa.Array) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the numbers of values and the rows that have them, each row and value once, both (m,)."""
        if self.kind == "line":
            keys, rows = keys_of(array)
            return np.searchsorted(self.keys, keys, side="right"), rows
        if self.kind == "items":
            rows = pc.list_parent_indices(array).to_numpy()
            array = pc.list_flatten(array)
        else:
            rows = np.arange(len(array))
        found = pc.index_in(array, value_set=self.values)
        known = found.is_valid().to_numpy(zero_copy_only=False) & array.is_valid().to_numpy(
            zero_copy_only=False
        )
        codes = pc.fill_null(found, 0).to_numpy(zero_copy_only=False).astype(np.int64)[known]
        rows = rows[known].astype(np.int64)
        if self.kind == "items":
            once = np.unique(rows * self.size + codes)
            return once % self.size, once // self.size
        return codes, rows

    def value(self, number: int) -> Any:  # noqa: ANN401
        """Return a value as a condition's JSON has it."""
        kind = self.values.type
        if pa.types.is_duration(kind) or pa.types.is_decimal(kind):
            keys = keys_of(self.values.slice(number, 1))[0]
            return str(Decimal(int(keys[0])).scaleb(-digits_of(kind)))
        if pa.types.is_temporal(kind):
            return str(self.values[number].cast(pa.string()).as_py()).replace(" ", "T")
        return self.values[number].as_py()


def digits_of(kind: pa.DataType) -> int:
    """Return the digits after the point of a decimal, or of the seconds of a duration."""
    if pa.types.is_decimal(kind):
        return int(kind.scale)
    return {"s": 0, "ms": 3, "us": 6, "ns": 9}[kind.unit]


def is_line(kind: pa.DataType) -> bool:
    """Return whether values of a type have an order that conditions know."""
    known = (pa.types.is_integer, pa.types.is_floating, pa.types.is_temporal, pa.types.is_decimal)
    return any(each(kind) for each in known)


def keys_of(array: pa.Array) -> tuple[Keys, NDArray[np.int64]]:
    """Return the values of a line as numbers in the same order, and their rows; without those that are null.

    Raises ValueError for a decimal that 64 bits do not hold.
    """
    rows = np.flatnonzero(array.is_valid().to_numpy(zero_copy_only=False))
    there = array.drop_null()
    if pa.types.is_decimal(array.type):
        return _unscaled(there), rows
    if pa.types.is_temporal(array.type):
        wide = pa.int32() if array.type.bit_width == 32 else pa.int64()
        there = there.cast(wide).cast(pa.int64())
    return there.to_numpy(zero_copy_only=False), rows


def _unscaled(decimals: pa.Array) -> Keys:
    """Return decimals times a power of ten, from the 16 bytes that Arrow keeps them in."""
    words = np.frombuffer(decimals.buffers()[1], "<i8").reshape(-1, 2)
    words = words[decimals.offset : decimals.offset + len(decimals)]
    if (words[:, 1] != words[:, 0] >> 63).any():
        raise ValueError("a decimal has more than 64 bits")
    return words[:, 0]


# --- the first pass --------------------------------------------------------------------------------------


def find_axes(batches: Iterable[pa.RecordBatch], schema: Schema) -> list[Axis]:
    """Return the axes of the schema's columns, in their order, from one pass over the rows.

    A column of numbers or times with few values is an axis of both kinds. Free text, bytes and structs are
    none.
    """
    surveys: dict[str, _Values | _Line] = {}
    for batch in batches:
        for name in schema.by_name.keys() & set(batch.schema.names):
            if name not in surveys:
                surveys[name] = _survey(batch.schema.field(name).type, schema.value_kind(name))
            surveys[name].add(batch.column(name))
    found = [axis for name in schema.by_name if name in surveys for axis in surveys[name].axes(name)]
    return [axis for axis in found if len(axis.values)]


class _Values:
    """The different values, or items of lists, that were seen; none once they are too many."""

    def __init__(self, kind: str, open_: bool) -> None:
        self._kind, self._open = kind, open_
        self._seen: pa.Array | None = None

    def add(self, array: pa.Array) -> None:
        if not self._open:
            return
        array = pc.list_flatten(array) if self._kind == "items" else array
        new = array.drop_null()
        self._seen = pc.unique(new if self._seen is None else pa.concat_arrays([self._seen, new]))
        self._open = len(self._seen) <= MAX_VALUES

    def axes(self, name: str) -> list[Axis]:
        if not self._open or self._seen is None:
            return []
        values = self._seen
        if pa.types.is_string(values.type):
            values = values.filter(pc.less_equal(pc.utf8_length(values), MAX_CHARACTERS))
            values = values.filter(pc.invert(pc.match_substring_regex(values, r"[\x00-\x1f\x7f]")))
        order = pc.sort_indices(values.cast(pa.string()))  # not the order in which rows came
        return [Axis(name, self._kind, values.take(order))]


class _Line:
    """The numbers or times of a column, in order: all of them while they are few, else a sample."""

    def __init__(self, kind: pa.DataType) -> None:
        self._kind, self._parts, self._step, self._count = kind, [np.empty(0, np.int64)], 1, 0
        self._few: Keys | None = np.empty(0, np.int64)
        self._open = True

    def add(self, array: pa.Array) -> None:
        if not self._open:
            return
        try:
            keys = keys_of(array)[0]
        except ValueError:
            self._open = False
            return
        if self._few is not None:
            few = np.unique(np.concatenate([self._few.astype(keys.dtype), keys]))
            self._few = few if len(few) <= MAX_VALUES else None
        self._parts.append(keys[:: self._step].copy())  # a view would keep all columns of the block
        self._count += len(self._parts[-1])
        if self._count > _SAMPLE:
            thin = np.concatenate([part.astype(keys.dtype) for part in self._parts])[::2]
            self._parts, self._step, self._count = [thin], self._step * 2, len(thin)

    def axes(self, name: str) -> list[Axis]:
        if not self._open:
            return []
        if self._few is not None:
            values = self._values(self._few)
            return [Axis(name, "values", values), Axis(name, "line", values, self._few)]
        sample = np.unique(np.concatenate([part.astype(self._parts[-1].dtype) for part in self._parts]))
        if len(sample) > MAX_EDGES:
            sample = sample[np.arange(MAX_EDGES) * (len(sample) - 1) // (MAX_EDGES - 1)]
        return [Axis(name, "line", self._values(sample), sample)]

    def _values(self, keys: Keys) -> pa.Array:
        if pa.types.is_decimal(self._kind):
            exact = [Decimal(int(key)).scaleb(-self._kind.scale) for key in keys]
            return pa.array(exact, self._kind)
        if self._kind.bit_width == 32 and pa.types.is_temporal(self._kind):
            return pa.array(keys).cast(pa.int32()).cast(self._kind)
        return pa.array(keys).cast(self._kind)


def _survey(kind: pa.DataType, stored_as: Kind | None) -> _Values | _Line:
    if is_line(kind):
        return _Line(kind)
    if pa.types.is_list(kind):
        return _Values("items", pa.types.is_string(kind.value_type))
    known = pa.types.is_string(kind) or pa.types.is_boolean(kind)
    return _Values("values", known and (stored_as is None or stored_as.name != "struct"))
