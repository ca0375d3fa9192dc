"""Moments as ISO 8601 texts, made of tables of days and of seconds of a day."""

import functools

import numpy as np
import numpy.typing as npt
import pyarrow as pa

_DAY = 86_400

Characters = npt.NDArray[np.uint8]


def iso_seconds(moments: pa.Array) -> pa.StringArray:
    """Return timestamps to the second as `2024-01-31T13:45:00`, (n,); null where there is none.

    moments: timestamp[s] within the years 0 to 9999.
    """
    seconds = moments.cast(pa.timestamp("s")).view(pa.int64()).fill_null(0).to_numpy()
    days, clock = np.divmod(seconds, _DAY)
    low = int(days.min(initial=0)) if len(days) else 0
    known = _days(low, int(days.max(initial=low)) + 1)
    texts = np.concatenate([known.take(days - low, axis=0), _clocks().take(clock, axis=0)], axis=1)
    return _strings(texts, moments)


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
def _days(first: int, end: int) -> Characters:
    """Return the days from `first` to before `end`, counted from 1970, as characters, (n, 10)."""
    texts = np.datetime_as_string(np.arange(first, end).astype("datetime64[D]"))
    return texts.astype("S10").view(np.uint8).reshape(-1, 10)


@functools.cache
def _clocks() -> Characters:
    """Return `T` and each second of a day as characters, (86,400, 9)."""
    of = np.arange(_DAY)
    numbers = (of // 3_600, of // 60 % 60, of % 60)
    two = np.array([f"{number:02}" for number in range(60)], "S2").view(np.uint8).reshape(-1, 2)
    hour, minute, second = (two.take(each, axis=0) for each in numbers)
    t, colon = (np.full((_DAY, 1), ord(mark), np.uint8) for mark in "T:")
    return np.concatenate([t, hour, colon, minute, colon, second], axis=1)
