"""Checks of a row: its id as text, and its text within bounds."""

from collections.abc import Callable, Iterable
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from synthprof.base.errors import SpecError

MAX_CHARACTERS = 100_000
"""Characters of one text: no embedding model reads more, and a block of 16,384 such texts fits in memory."""

LARGEST_EXACT = 2**53
"""A larger float stands for several whole numbers."""

Found = tuple[pa.Array, dict[int, str]]
"""Values as strings, with null where there is none to take, and why not, by position."""


def keys_of(array: pa.Array, column: str) -> Found:
    """Return the ids as text. Raises SpecError if the column's type cannot hold ids."""
    kind, types = array.type, pa.types
    if types.is_integer(kind):
        keys, odd = array.cast(pa.string()), list[int]()
    elif types.is_floating(kind):
        keys, odd = _whole(array, lambda value: abs(value) <= LARGEST_EXACT and value == int(value))
    elif types.is_decimal(kind):
        keys, odd = _whole(array, lambda value: Decimal(value) == int(value))
    elif _is_text(kind):
        keys, odd = array.cast(pa.string()), []
    else:
        raise SpecError(
            f"column {column!r} holds {kind}, an id is a whole number or text; name another by id_column"
        )
    faults = {row: f"column {column!r} has no value; give each row an id" for row in _rows(pc.is_null(keys))}
    for row in odd:
        faults[row] = f"column {column!r} holds {str(array[row])[:40]}; an id is a whole number or text"
    return keys, faults


def _whole(array: pa.Array, is_whole: Callable[[float], bool]) -> tuple[pa.Array, list[int]]:
    """Return numbers without a fraction as text, and the positions of the others."""
    values = array.to_pylist()
    taken = [value is not None and _finite(value) and is_whole(value) for value in values]
    keys = [str(int(value)) if good else None for value, good in zip(values, taken, strict=True)]
    odd = [row for row, value in enumerate(values) if value is not None and not taken[row]]
    return pa.array(keys, pa.string()), odd


def _finite(value: float | Decimal) -> bool:
    return value.is_finite() if isinstance(value, Decimal) else bool(np.isfinite(value))


def texts_of(array: pa.Array, column: str) -> Found:
    """Return the texts. Raises SpecError if the column's type is none of texts."""
    if not _is_text(array.type):
        raise SpecError(
            f"column {column!r} holds {array.type}, which is not text; name a column of texts by text_column"
        )
    empty = pc.equal(pc.utf8_length(pc.utf8_trim_whitespace(array)), 0).fill_null(True)
    long = pc.greater(pc.utf8_length(array), MAX_CHARACTERS).fill_null(False)
    faults = {row: "the text is empty" for row in _rows(empty)}
    for row in _rows(long):
        faults[row] = f"the text has more than {MAX_CHARACTERS:,} characters; split it"
    return array.cast(pa.string()) if not faults else _only(array, faults), faults


def sound(array: pa.Array) -> Found:
    """Return strings of which each is UTF-8: null, and a reason, where one is not."""
    if not _is_text(array.type) or pa.types.is_null(array.type):
        return array, {}
    try:
        array.validate(full=True)
        return array, {}
    except pa.ArrowInvalid:
        pass
    raw = array.view(pa.binary() if pa.types.is_string(array.type) else pa.large_binary())
    faults = {}
    for row, value in enumerate(raw):
        try:
            (value.as_py() or b"").decode()
        except UnicodeDecodeError as error:
            faults[row] = f"the text is not UTF-8 ({error.reason} at byte {error.start}); convert it"
    return _only(raw, faults).cast(array.type), faults


def _only(array: pa.Array, faults: Iterable[int]) -> pa.Array:
    """Return the array with null in the rows at fault, as strings."""
    mask = np.zeros(len(array), bool)
    mask[list(faults)] = True
    kept = array.take(pa.array(np.arange(len(array)), mask=mask))
    return (
        kept
        if pa.types.is_binary(kept.type) or pa.types.is_large_binary(kept.type)
        else kept.cast(pa.string())
    )


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_null(kind))


def _rows(mask: pa.Array) -> list[int]:
    return np.flatnonzero(mask.to_numpy(zero_copy_only=False)).tolist()
