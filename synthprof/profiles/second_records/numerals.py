"""Numbers and dates with wrong digits: two in the wrong order, one exchanged, day and month exchanged."""

import numpy as np
import numpy.typing as npt

from synthprof.profiles.second_records.letters import some
from synthprof.profiles.second_records.slips import Words

Integers = npt.NDArray[np.int64]


def other_integer(numbers: Integers, words: Words, span: tuple[int, int] | None) -> Integers:
    """Return numbers with the last two digits in the other order, or another last digit.

    What would lie outside the span, if there is one, stays as it is.
    """
    size, sign = np.abs(numbers), np.where(numbers < 0, -1, 1)
    last, tens = size % 10, size // 10 % 10
    turned = size - 10 * tens - last + 10 * last + tens
    other = size - last + (last + 1 + some(words[:, 1], np.full(len(size), 9))) % 10
    first, second = sign * turned, sign * other
    free = (words[:, 0] & np.uint64(1)).astype(np.bool_)
    found = np.where(free & (size > 9) & _within(first, span) & (first != numbers), first, second)
    return np.where(_within(found, span), found, numbers)


def other_date(days: Integers, words: Words) -> Integers:
    """Return dates, as days since 1970, with day and month exchanged, or a wrong digit of day or year."""
    dates = days.astype("datetime64[D]")
    months = dates.astype("datetime64[M]")
    day = (dates - months.astype("datetime64[D]")).astype(np.int64)  # from 0
    month = months.astype(np.int64) % 12
    year = months.astype(np.int64) // 12
    slip = some(words[:, 0], np.full(len(days), 3))
    exchanged = (slip == 0) & (day < 12) & (day != month)
    new_day = np.where(exchanged, month, day)
    new_month = np.where(exchanged, day, month)
    wrong_day = (slip == 1) & (day % 10 < 9)
    new_day = np.where(wrong_day, day // 10 * 10 + some(words[:, 1], np.full(len(days), 9)), new_day)
    back = 1 + some(words[:, 2], np.full(len(days), 9))
    wrong_year = ~exchanged & (~wrong_day | (new_day == day))
    new_year = np.where(wrong_year, year - back, year)
    first = (new_year * 12 + new_month).astype("datetime64[M]")
    end = ((first + 1).astype("datetime64[D]") - first.astype("datetime64[D]")).astype(np.int64)
    found: Integers = first.astype("datetime64[D]").astype(np.int64) + np.minimum(new_day, end - 1)
    return found


def _within(numbers: Integers, span: tuple[int, int] | None) -> npt.NDArray[np.bool_]:
    if span is None:
        return np.ones(len(numbers), np.bool_)
    return (numbers >= span[0]) & (numbers <= span[1])
