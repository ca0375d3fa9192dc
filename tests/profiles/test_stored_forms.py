"""Stored forms of drawn columns: what `base.values` says of one value."""

import numpy as np
import pyarrow as pa
import pytest

from synthprof.base.column_kinds import Kind
from synthprof.base.values import stored
from synthprof.profiles.stored_forms import stored_form

SECONDS = np.array([-62_135_596_800, -1, 0, 1_711_846_799, 253_402_300_799])
UNITS = {"s": 0, "ms": 3, "us": 6}


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (Kind("bool"), pa.array([True, False])),
        (Kind("integer"), pa.array([-3, 2**53])),
        (Kind("float"), pa.array([0.1, 1e300])),
        (Kind("date"), pa.array(SECONDS // 86_400).cast(pa.int32()).cast(pa.date32())),
        (Kind("time", 0), pa.array([0, 86_399], pa.int32()).cast(pa.time32("s"))),
        (Kind("time", 0), pa.array([0, 86_399_000_000]).cast(pa.time64("us"))),
        (Kind("time", 3), pa.array([0, 86_399_120_000]).cast(pa.time64("us"))),
        (Kind("timestamptz", 0), pa.array(SECONDS * 10**6).cast(pa.timestamp("us", "UTC"))),
        (Kind("decimal", 2), pa.array([-150, 7, None]).cast(pa.decimal128(38, 2))),
        (Kind("decimal", 0), pa.array([-150, 7]).cast(pa.decimal128(38, 0))),
        *((Kind("timestamp", d), pa.array(SECONDS * 10**d).cast(pa.timestamp(u))) for u, d in UNITS.items()),
        *((Kind("timestamptz", d), pa.array(SECONDS * 10**d).cast(pa.timestamp(u, "UTC")))
          for u, d in UNITS.items()),
    ],
    ids=lambda each: str(each) if isinstance(each, Kind) else "",
)  # fmt: skip
def test_columns_are_stored_as_their_values_are(kind: Kind, values: pa.Array) -> None:
    found = stored_form(kind, values).to_pylist()
    assert found == [stored(kind, value) for value in values.to_pylist()]
