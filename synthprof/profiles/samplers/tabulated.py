"""Values and ranges from a table: a cell by Walker's alias method, then a place in it, all in integers."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from synthprof.profiles.alias import alias_table
from synthprof.profiles.samplers.sampler import Rows, Samplers, Setting
from synthprof.schemas.draw_kinds.tabulated import EQUAL, FROM, MICROSECONDS, NULL, Tabulated, edge_of

UNITS = {0: "s", 3: "ms", 6: "us"}
"""Arrow's units of time by the digits of a second."""

Units = npt.NDArray[np.int64]
Bands = npt.NDArray[np.intp]


class TabulatedValues:
    """Draws a cell by the weights of the row's band, and in a range each value alike."""

    def __init__(self, draw: Tabulated, _setting: Setting) -> None:
        self._draw = draw
        self._table = alias_table(np.array([band.weights for band in draw.bands], dtype=np.float64))
        self._bands = _bands(draw)
        self._nothing = np.array([cell.low is None for cell in draw.cells])
        if draw.type in ("text", "bool"):
            texts = [cell.low for cell in draw.cells]
            values = texts if draw.type == "text" else [text and text == "true" for text in texts]
            self._values = pa.array(values, pa.string() if draw.type == "text" else pa.bool_())
        else:
            spans = [
                (0, 0) if cell.low is None else (draw.unit_of(cell.low), draw.unit_of(cell.high or cell.low))
                for cell in draw.cells
            ]
            self._lows = np.array([low for low, _ in spans], dtype=np.int64)
            self._sizes = np.array([high - low + 1 for low, high in spans], dtype=np.int64)

    def draw(self, rows: Rows) -> pa.Array:
        """Return values in the type of their kind, (count,)."""
        words = rows.words() >> np.uint64(32)
        bands = None if self._draw.by is None else self._bands(rows.given(self._draw.by))
        cells = self._table.draw(words.astype(np.uint32), bands)
        if self._draw.type in ("text", "bool"):
            return self._values.take(pa.array(cells))
        sizes = self._sizes.take(cells)
        within = (rows.uniform("within") * sizes).astype(np.int64)
        units = self._lows.take(cells) + np.minimum(within, sizes - 1)
        return in_type(self._draw, units, self._nothing.take(cells))


def in_type(draw: Tabulated, units: Units, nothing: npt.NDArray[np.bool_]) -> pa.Array:
    """Return whole numbers of units as values of the draw's kind, (n,); none where there is nothing."""
    match draw.type:
        case "integer":
            return pa.array(_whole(units, draw.digits), mask=nothing)
        case "float":
            return pa.array(_floats(units, draw.digits), mask=nothing)
        case "decimal":
            return _decimals(_whole(units, min(draw.digits, 0)), max(0, draw.digits), nothing)
        case "date":
            return pa.array(units.astype(np.int32), pa.int32(), mask=nothing).cast(pa.date32())
    moments = pa.array(units * MICROSECONDS[draw.every], pa.int64(), mask=nothing)
    unit = UNITS[draw.kind.digits]
    if draw.type == "time":
        return moments.cast(pa.time64("us")).cast(pa.time64(unit) if unit == "us" else pa.time32(unit))
    zone = "UTC" if draw.type == "timestamptz" else None
    return moments.cast(pa.timestamp("us", zone)).cast(pa.timestamp(unit, zone))


def _whole(units: Units, digits: int) -> Units:
    return units * 10**-digits if digits < 0 else units


def _floats(units: Units, digits: int) -> npt.NDArray[np.float64]:
    """Return the numbers; one division by a power of ten that a float holds gives the nearest float."""
    numbers = units.astype(np.float64)
    return numbers * float(10**-digits) if digits < 0 else numbers / float(10**digits)


def _decimals(units: Units, digits: int, nothing: npt.NDArray[np.bool_]) -> pa.Array:
    """Return decimals of 128 bits: the numbers themselves, and their sign in the high half."""
    halves = np.stack([units, units >> np.int64(63)], axis=1)
    valid = pa.array(~nothing)
    buffers = [valid.buffers()[1], pa.py_buffer(np.ascontiguousarray(halves, dtype="<i8"))]
    return pa.Array.from_buffers(pa.decimal128(38, digits), len(units), buffers)


def _bands(draw: Tabulated) -> Callable[[pa.Array], Bands]:
    """Return a function that gives the row of the table for each value of the column `by`; 0 is for all."""
    heads = [band.when for band in draw.bands]
    null = heads.index(NULL) if NULL in heads else 0
    equal = {head.removeprefix(EQUAL): place for place, head in enumerate(heads) if head.startswith(EQUAL)}
    ascending = [place for place, head in enumerate(heads) if head.startswith(FROM)]
    if not ascending:
        return lambda values: _by_value(values, equal, null)
    edges = [edge_of(heads[place].removeprefix(FROM)) for place in ascending]
    first, array = ascending[0], np.array(edges)

    def by_number(values: pa.Array) -> Bands:
        numbers, missing = _numbers(values)
        found = np.searchsorted(array, numbers, side="right") - 1 + first
        return np.where(missing, null, np.maximum(found, first)).astype(np.intp)

    return by_number


def _by_value(values: pa.Array, places: dict[str, int], null: int) -> Bands:
    known = pa.array(list(places), pa.string())
    rows = np.array([*places.values(), 0], dtype=np.intp)
    if pa.types.is_dictionary(values.type):
        values = values.dictionary_decode()
    texts = values if pa.types.is_string(values.type) else values.cast(pa.string())
    found = pc.index_in(texts, known).fill_null(len(places)).to_numpy().astype(np.intp)
    missing = values.is_null().to_numpy(zero_copy_only=False)
    return np.where(missing, null, rows.take(found))


def _numbers(values: pa.Array) -> tuple[npt.NDArray[Any], npt.NDArray[np.bool_]]:
    """Return the numbers of a column, microseconds of dates and times, and where there is none."""
    kind = values.type
    missing = values.is_null().to_numpy(zero_copy_only=False)
    if pa.types.is_date32(kind):
        days = values.cast(pa.int32()).fill_null(0).to_numpy(zero_copy_only=False)
        return days.astype(np.int64) * MICROSECONDS["day"], missing
    if pa.types.is_timestamp(kind) or pa.types.is_time(kind):
        values = values.cast(pa.timestamp("us", kind.tz) if pa.types.is_timestamp(kind) else pa.time64("us"))
        return values.cast(pa.int64()).fill_null(0).to_numpy(zero_copy_only=False), missing
    if pa.types.is_decimal(kind):
        values = values.cast(pa.float64())
    return values.fill_null(0).to_numpy(zero_copy_only=False), missing


SAMPLERS: Samplers = {Tabulated: TabulatedValues}
