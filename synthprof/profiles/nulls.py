"""The rows in which a column has no value, drawn from a stream of its own."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from synthprof.profiles.samplers.sampler import Flags, Rows
from synthprof.schemas.nulls import MISSING, Nulls

_WHOLE = 2**32

Limits = npt.NDArray[np.uint64]


def missing_rows(nulls: Nulls, rows: Rows) -> Flags:
    """Return whether each row has no value, (count,) bool, from the stream `nulls` of the column.

    A share is exact to 2**-33. Raises what `rows.given` raises.
    """
    words = rows.stream("nulls").uint32(rows.total)[: rows.count]
    limits = np.full(rows.count, _limit(nulls.share), np.uint64)
    for name, shares in reversed(list(nulls.given.items())):
        _decide(limits, shares, rows.given(name), rows.missing(name) if MISSING in shares else None)
    return words < limits


def _limit(share: float) -> int:
    return round(share * _WHOLE)


def _decide(limits: Limits, shares: Mapping[str, float], values: pa.Array, lacking: Flags | None) -> None:
    """Put the limits that the values decide in place of those there."""
    keys = [key for key in shares if key != MISSING]
    if keys:
        own = np.array([_limit(shares[key]) for key in keys], np.uint64)
        places = _places(keys, values)
        named = places >= 0
        limits[named] = own[places[named]]
    missing = values.is_null().to_numpy(zero_copy_only=False) if values.null_count else None
    for rows in (lacking, missing):
        if rows is not None and MISSING in shares:
            limits[rows] = _limit(shares[MISSING])


def _places(keys: list[str], values: pa.Array) -> npt.NDArray[np.int64]:
    """Return which key names each value, (n,): equal to it, or the lowest of its band; -1 for none."""
    if isinstance(values, pa.DictionaryArray):
        each = _places(keys, values.dictionary)
        places: npt.NDArray[np.int64] = each[values.indices.fill_null(0).to_numpy()]
        places[values.is_null().to_numpy(zero_copy_only=False)] = -1
        return places
    kind = values.type
    if pa.types.is_string(kind) or pa.types.is_boolean(kind) or pa.types.is_int8(kind):  # int8: flags
        found = pc.index_in(values.cast(pa.string()), pa.array(keys, pa.string()))
        at: npt.NDArray[np.int64] = found.fill_null(-1).to_numpy().astype(np.int64)
        return at
    wide = pa.int64() if pa.types.is_integer(kind) else kind
    lowest = pa.array(keys, pa.string()).cast(wide)
    bands = np.searchsorted(_numbers(lowest), _numbers(values), side="right") - 1
    return np.where(values.is_null().to_numpy(zero_copy_only=False), -1, bands)


def _numbers(values: pa.Array) -> npt.NDArray[np.int64] | npt.NDArray[np.float64]:
    """Return numbers in the order of the values: of dates and times their count of units."""
    if pa.types.is_date32(values.type):
        values = values.cast(pa.int32())
    elif pa.types.is_temporal(values.type):
        values = values.cast(pa.int64())
    elif pa.types.is_decimal(values.type):
        values = values.cast(pa.float64())
    found: npt.NDArray[np.int64] = values.fill_null(0).to_numpy(zero_copy_only=False)
    return found
