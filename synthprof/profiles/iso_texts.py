"""Moments as ISO 8601 texts, made of tables of days and of seconds of a day."""

import functools

import numpy as np
import numpy.typing as npt
import pyarrow as pa

_DAY = 86_400

Characters = npt.NDArray[np.uint8]
Pieces = npt.NDArray[np.void]


def iso_seconds(moments: pa.Array) -> pa.StringArray:
    """Return timestamps to the second as `2024-01-31T13:45:00`, (n,); null where there is none.

    moments: timestamp[s] within the years 0 to 9999.
    """
    seconds = moments.cast(pa.timestamp("s")).view(pa.int64()).fill_null(0).to_numpy()
    days = seconds // _DAY
    clock = seconds - days * _DAY
    low = int(days.min(initial=0)) if len(days) else 0
    known = _days(low, int(days.max(initial=low)) + 1)
    return _strings(_side_by_side(known.take(days - low), _clocks().take(clock)), moments)


def _side_by_side(left: Pieces, right: Pieces) -> Characters:
    """Return pieces of texts joined, (n, width); pieces are copied whole, which rows of bytes are not."""
    width = left.itemsize + right.itemsize
    texts = np.empty((len(left), width), np.uint8)
    for pieces, at in ((left, 0), (right, left.itemsize)):
        np.ndarray(len(pieces), pieces.dtype, texts, at, width)[:] = pieces
    return texts


def _strings(texts: Characters, like: pa.Array) -> pa.StringArray:
    """Return rows of characters, (n, width), as texts; null where `like` is."""
    rows, width = texts.shape
    offsets = np.arange(rows + 1, dtype=np.int32) * np.int32(width)
    made = pa.Array.from_buffers(pa.string(), rows, [None, pa.py_buffer(offsets), pa.py_buffer(texts)])
    if not like.null_count:
        return made
    places = pa.array(np.arange(rows), mask=like.is_null().to_numpy(zero_copy_only=False))
    return made.take(places)


@functools.lru_cache(maxsize=4)
def _days(first: int, end: int) -> Pieces:
    """Return the days from `first` to before `end`, counted from 1970, as ten characters, (n,)."""
    texts = np.datetime_as_string(np.arange(first, end).astype("datetime64[D]"))
    return texts.astype("S10").view("V10")


@functools.cache
def _clocks() -> Pieces:
    """Return `T` and each second of a day as nine characters, (86,400,)."""
    of = np.arange(_DAY)
    numbers = (of // 3_600, of // 60 % 60, of % 60)
    two = np.array([f"{number:02}" for number in range(60)], "S2").view(np.uint8).reshape(-1, 2)
    hour, minute, second = (two.take(each, axis=0) for each in numbers)
    t, colon = (np.full((_DAY, 1), ord(mark), np.uint8) for mark in "T:")
    return np.concatenate([t, hour, colon, minute, colon, second], axis=1).view("V9").reshape(-1)
