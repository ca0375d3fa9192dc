"""Numbers, dates and times as whole numbers of a unit: tenths, thousands, days, milliseconds."""

import math
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from synthprof.schemas.draw_kinds.tabulated import MICROSECONDS
from synthprof.sources.learning.sketches import Array, Spread

Units = npt.NDArray[np.int64]

MAX_DIGITS = 6
"""Digits after the point that a column of floats is taken to have on purpose."""

MAX_UNIT = 2**61
MAX_EXACT = 2**53

MOST_DIGITS = 18
"""Digits after the point of a unit at most, and zeros before it."""

FINE = 6
"""The spread of numbers of any digits is divided into 10**FINE units."""


@dataclass(frozen=True)
class Grid:
    """The unit of a column. digits: after the point, of a number. every: the unit of a date or time."""

    kind: str
    digits: int = 0
    every: str = "day"

    @property
    def is_time(self) -> bool:
        """True where the values are dates or times."""
        return self.kind in ("date", "time", "timestamp", "timestamptz")

    def units(self, values: Array) -> Units:
        """Return numbers of `numbers_of` as whole units, (n,)."""
        if self.is_time:
            return np.asarray(values // (1 if self.kind == "date" else MICROSECONDS[self.every]), np.int64)
        if values.dtype == np.int64:
            return values
        scaled = values * 10.0**self.digits if self.digits >= 0 else values / 10.0**-self.digits
        return np.rint(np.clip(scaled, -MAX_UNIT, MAX_UNIT)).astype(np.int64)

    def text(self, unit: int) -> str:
        """Return the value of a unit as a schema's files write it."""
        if not self.is_time:
            return f"{Decimal(unit).scaleb(-self.digits):f}"
        micro = unit * MICROSECONDS["day" if self.kind == "date" else self.every]
        found = str(np.datetime64(micro, "us"))
        day, _, clock = found.partition("T")
        digits = {"millisecond": 12, "microsecond": 15}.get(self.every, 8)
        match self.kind:
            case "date":
                return day
            case "time":
                return clock[:digits]
        return f"{day}T{clock[:digits]}{'Z' if self.kind == 'timestamptz' else ''}"

    @property
    def steps(self) -> tuple[int, ...]:
        """Widths that people would choose, in units, ascending."""
        tens = tuple(10**power for power in range(19))
        if not self.is_time:
            return tens
        size = MICROSECONDS["day" if self.kind == "date" else self.every]
        round_times = [1_000, 1_000_000, 60_000_000, 600_000_000, 3_600_000_000]
        every = [*round_times, *(MICROSECONDS["day"] * ten for ten in tens[:8])]
        return (1, *(each // size for each in every if each > size and each % size == 0))


class Fineness:
    """The digits or units of a column as they are seen, batch by batch. scale: of its decimals."""

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self.scale = 0
        self._digits = 0
        self._every = list(MICROSECONDS)
        self.largest = 0.0

    def add(self, values: Array) -> None:
        """Take notice of more numbers of `numbers_of`."""
        if not len(values):
            return
        self.largest = max(self.largest, float(np.abs(values).max()))
        if self._kind == "float":
            while self._digits <= MAX_DIGITS and not (np.round(values, self._digits) == values).all():
                self._digits += 1
        elif self._kind in ("time", "timestamp", "timestamptz"):
            while (values % MICROSECONDS[self._every[0]]).any():
                self._every.pop(0)

    def grid(self, spread: Spread) -> Grid:
        """Return the unit: as fine as the values are, or a millionth of their spread.

        Raises OverflowError for numbers so large or small that no unit of up to 18 digits is fine enough.
        """
        if self._kind in ("integer", "unsigned", "date", "decimal"):
            return Grid("integer" if self._kind == "unsigned" else self._kind, self.scale)
        if self._kind != "float":
            return Grid(self._kind, every=self._every[0])
        if self._digits == 0 and self.largest < MAX_EXACT:
            return Grid("integer")
        digits = self._digits if self._digits <= MAX_DIGITS else _digits_of(spread)
        most = math.floor(math.log10(MAX_EXACT / self.largest)) if self.largest else MOST_DIGITS
        if not -MOST_DIGITS <= (found := min(digits, most)) <= MOST_DIGITS:
            raise OverflowError("numbers too large or too small")
        return Grid("float", found)


def numbers_of(kind: str, values: pa.Array) -> Array:
    """Return the values that are not null as numbers: of dates days, of times microseconds.

    Raises OverflowError for a whole number or decimal that 62 bits do not hold.
    """
    values = values.drop_null()
    match kind:
        case "float":
            found = values.cast(pa.float64()).to_numpy(zero_copy_only=False)
            return np.asarray(found, np.float64) + 0.0
        case "date":
            return np.asarray(values.cast(pa.date32()).cast(pa.int32()).to_numpy(), np.int64)
        case "decimal":
            return _of_decimals(values)
        case "time":
            return np.asarray(values.cast(pa.time64("us")).cast(pa.int64()).to_numpy(), np.int64)
        case "timestamp" | "timestamptz":
            zone = values.type.tz
            moments = values.cast(pa.timestamp("us", zone), safe=False)
            return np.asarray(moments.cast(pa.int64()).to_numpy(), np.int64)
    found = values.to_numpy(zero_copy_only=False)
    return np.asarray(_within(found), np.int64)


def _of_decimals(values: pa.Array) -> Array:
    """Return the decimals as whole numbers of their last digit."""
    wide = values.cast(pa.decimal128(38, values.type.scale))
    halves = np.frombuffer(wide.buffers()[1], "<i8").reshape(-1, 2)
    halves = halves[wide.offset : wide.offset + len(wide)]
    if (halves[:, 1] != halves[:, 0] >> 63).any():
        raise OverflowError("a decimal of more than 62 bits")
    return np.asarray(_within(halves[:, 0]), np.int64)


def _within(found: Any) -> Any:  # noqa: ANN401
    if len(found) and (int(found.max()) > MAX_UNIT or int(found.min()) < -MAX_UNIT):
        raise OverflowError("a whole number of more than 62 bits")
    return found


def _digits_of(spread: Spread) -> int:
    """Return the digits by which most of the numbers are told apart well."""
    upto = np.cumsum(spread.weights)
    low, high = (float(spread.values[np.searchsorted(upto, share * upto[-1])]) for share in (0.1, 0.9))
    wide = high - low or abs(high) or 1.0
    return FINE - math.ceil(math.log10(wide))
