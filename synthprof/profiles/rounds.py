"""Parts of dates and times as numbers, and the angles of those that come round again."""

import functools
from decimal import Decimal, localcontext

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from synthprof.base.stored_numbers import as_clocks, as_moments
from synthprof.schemas.features import Cycle, Part

Values = npt.NDArray[np.float64]

ROUNDS: dict[Cycle, int] = {"hour": 1_440, "weekday": 7, "day": 31, "month": 12, "day_of_year": 366}
"""The steps of each round; those of the hours are minutes."""

_PI = Decimal("3.14159265358979323846264338327950288419716939937510582097494")


def part_of(of: Part, values: pa.Array) -> Values:
    """Return a part of stored dates, times or timestamps, (n,) float64; NaN where there is none.

    Months, days and days of the year begin with 1, all others with 0; Monday is 0.
    """
    if of in ("hour", "minute"):
        return _as_float(_CLOCK_PARTS[of](_clock(values)))
    return _as_float(_DAY_PARTS[of](as_moments(values)))


def step_of(of: Cycle, values: pa.Array) -> Values:
    """Return the step of its round that each value stands at, (n,) from 0 on; NaN where there is none."""
    match of:
        case "hour":
            return 60 * part_of("hour", values) + part_of("minute", values)
        case "weekday":
            return part_of("weekday", values)
    return part_of(of, values) - 1


def _clock(values: pa.Array) -> pa.Array:
    """Return times of day, of timestamps too, as something that has hours."""
    if pa.types.is_time(values.type) or _is_clock(values):
        return as_clocks(values)
    return as_moments(values)


def _is_clock(values: pa.Array) -> bool:
    """Return whether stored texts are times of day: a time has a colon where a date has a dash."""
    if pa.types.is_timestamp(values.type) or pa.types.is_date32(values.type):
        return False
    texts = values.cast(pa.string()).drop_null()
    return len(texts) > 0 and str(texts[0])[2:3] == ":"


def _as_float(values: pa.Array) -> Values:
    found: Values = values.cast(pa.float64()).to_numpy(zero_copy_only=False)
    return found


_CLOCK_PARTS = {"hour": pc.hour, "minute": pc.minute}
_DAY_PARTS = {
    "year": pc.year,
    "month": pc.month,
    "day": pc.day,
    "weekday": pc.day_of_week,  # Monday is 0
    "day_of_year": pc.day_of_year,
}


@functools.cache
def round_table(steps: int) -> Values:
    """Return (1 + cos a) / 2 and (1 + sin a) / 2 of each step of a round, (steps, 2), correctly rounded.

    Made by decimals of 50 digits: turns by the angle of one step, whose sine and cosine are power series.
    """
    with localcontext() as context:
        context.prec = 50
        step = 2 * _PI / steps
        cosine, sine = _series(step)
        rows, x, y = [], Decimal(1), Decimal(0)
        for _ in range(steps):
            rows.append((float((1 + x) / 2), float((1 + y) / 2)))
            x, y = x * cosine - y * sine, x * sine + y * cosine
    return np.array(rows)


def _series(angle: Decimal) -> tuple[Decimal, Decimal]:
    """Return the cosine and the sine of an angle below 1.1 by their power series."""
    term, sums = Decimal(1), [Decimal(0), Decimal(0)]
    for power in range(60):
        sums[power % 2] += term if power % 4 < 2 else -term
        term *= angle / (power + 1)
    return sums[0], sums[1]
