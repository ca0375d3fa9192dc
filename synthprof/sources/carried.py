"""How the values of a carried column are stored: the kind for its Arrow type, and the values as that kind."""

from decimal import Decimal

import pyarrow as pa

from synthprof.base.errors import SpecError, first_line

MAX_SHOWN = 200
"""Characters of an error of Arrow that a message quotes."""


def kind_of(kind: pa.DataType) -> str:
    """Return `integer` for whole numbers that fit into 64 bits, else `text`."""
    return "integer" if pa.types.is_integer(kind) and kind != pa.uint64() else "text"


def carried(array: pa.Array, kind: str, name: str, where: str) -> pa.Array:
    """Return the values of a carried column as they are stored. name, where: column and source, for messages.

    Raises SpecError if one cannot be stored as that kind.
    """
    try:
        values = array.to_pylist()
    except (ValueError, OverflowError, KeyError) as error:  # nanoseconds, far dates, time zones
        reason = first_line(error)[:MAX_SHOWN]
        raise SpecError(
            f"column {name!r} of {where} has a value that cannot be read: {reason}; make it text"
        ) from None
    if kind != "integer":
        return pa.array([None if value is None else str(value) for value in values], pa.string())
    try:
        return pa.array(map(_whole, values), pa.int64())
    except (ValueError, OverflowError) as error:
        raise SpecError(
            f"column {name!r} of {where} is not whole numbers ({error}); use columns={name}:text"
        ) from None


def _whole(value: object) -> int | None:
    """Return a whole number as int. Raises ValueError or OverflowError for any other value."""
    if value is None or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    if isinstance(value, float | Decimal) and int(value) == value:
        return int(value)
    raise ValueError(f"{value!r:.80} is among them")
