"""The numbers that stored forms stand for: of numbers themselves, of dates and times where they lie."""

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from synthprof.base.column_kinds import NUMBERS, Kind

Numbers = npt.NDArray[np.float64]

DAY_SECONDS = 86_400

MEASURED = (*NUMBERS, "bool", "date", "time", "timestamp", "timestamptz")
"""Kinds whose values lie on a line."""


def as_numbers(kind: Kind, values: pa.Array) -> Numbers:
    """Return stored values of a kind in MEASURED as numbers, (n,) float64; NaN where there is none.

    Of dates and timestamps the days since 1970-01-01, of times of day the seconds since midnight.

    >>> as_numbers(Kind("date"), pa.array(["1970-01-03", None])).tolist()
    [2.0, nan]
    """
    match kind.name:
        case "date":
            found = as_dates(values).cast(pa.int32()).cast(pa.float64())
        case "timestamp" | "timestamptz":
            found = pc.divide(_float(as_moments(values).cast(pa.int64())), DAY_SECONDS * 1e6)
        case "time":
            found = pc.divide(_float(as_clocks(values).cast(pa.int64())), 1e6)
        case _:
            found = _float(values)
    numbers: Numbers = found.to_numpy(zero_copy_only=False)
    return numbers


def _float(values: pa.Array) -> pa.Array:
    return values.cast(pa.float64(), safe=False)  # beyond 2**53 the nearest will do


def as_dates(values: pa.Array) -> pa.Array:
    """Return stored dates as date32."""
    return values if pa.types.is_date32(values.type) else values.cast(pa.string()).cast(pa.date32())


def as_moments(values: pa.Array) -> pa.Array:
    """Return stored dates, timestamps or moments as timestamps, (n,) timestamp[us] without a zone."""
    if pa.types.is_date32(values.type) or pa.types.is_timestamp(values.type):
        return values.cast(pa.timestamp("us"))
    plain = pc.utf8_slice_codeunits(
        pc.utf8_rtrim(values.cast(pa.string()), "Z"), 0, 26
    )  # digits beyond a microsecond fall
    return plain.cast(pa.timestamp("us"))


def as_clocks(values: pa.Array) -> pa.Array:
    """Return stored times of day as time64[us]."""
    if pa.types.is_time(values.type):
        return values.cast(pa.time64("us"))
    plain = pc.utf8_slice_codeunits(values.cast(pa.string()), 0, 15)
    return (
        pc.binary_join_element_wise("1970-01-01T", plain, "").cast(pa.timestamp("us")).cast(pa.time64("us"))
    )
