"""Amounts as tests of a column: bounds of numbers, and of the days of a date, a month or a year."""

import operator
from datetime import date, timedelta
from typing import Any

from synthprof.encoders.reading.amounts import Amount
from synthprof.encoders.reading.reading import Test
from synthprof.schemas.schema import Column
from synthprof.schemas.spans import DAYS, MEASURED, ends, number_of, shown

ABOUT, ABOUT_SHARE = 2.0, 0.05
"""The distance from a number within which a value is about it, and the share of a large one."""

DECADE = 9
"""The last number of a decade less its first."""

SIGNS = {">": operator.gt, ">=": operator.ge, "<": operator.lt, "<=": operator.le}
"""The signs of bounds, as of `age>=30`."""

_SIGNS = {
    **{"more": ">", "after": ">", "at_least": ">=", "since": ">="},
    **{"less": "<", "before": "<", "at_most": "<=", "until": "<="},
}


def accepts(column: Column, amount: Amount) -> bool:
    """Return whether an amount may tell of a column: a date of days, a number in the bounds of numbers."""
    if column.kind in DAYS:
        return amount.is_day
    if column.kind not in MEASURED or column.kind == "time" or any(n.count("-") for n in amount.numbers):
        return False
    low, high = ends(column)
    numbers = [float(each) for each in amount.numbers]
    if amount.how:
        return high is None or any(each <= high for each in numbers)
    return all((low is None or low <= each) and (high is None or each <= high) for each in numbers)


def tests_of(column: Column, amount: Amount) -> tuple[Test, ...]:
    """Return the tests of a column that an amount states; all of them must hold."""
    if column.kind in DAYS:
        return tuple(Test(column.name, sign, day.isoformat()) for sign, day in _of_days(amount))
    whole = column.kind in ("integer", "unsigned")
    return tuple(Test(column.name, sign, shown(number)) for sign, number in _of_numbers(amount, whole))


def middle_of(amount: Amount) -> str:
    """Return one number, or date, that stands for an amount where rows are ranked."""
    numbers = sorted(amount.numbers)
    if len(numbers) == 1 or not all(each.isdigit() for each in numbers):
        return numbers[0]
    return str(sum(map(int, numbers)) // len(numbers))


def _of_numbers(amount: Amount, whole: bool) -> tuple[tuple[str, float], ...]:
    low, high = (each(map(float, amount.numbers)) for each in (min, max))
    if amount.how in _SIGNS:
        return ((_SIGNS[amount.how], low),)
    if amount.how == "between":
        return ((">=", low), ("<=", high))
    if amount.how == "decades":
        return ((">=", low), ("<=", low + DECADE))
    if amount.how == "about":
        width = max(ABOUT, round(ABOUT_SHARE * low))
        return ((">=", low - width), ("<=", low + width))
    if whole or not low.is_integer():
        return (("=", low),)
    return ((">=", low - 0.5), ("<", low + 0.5))


def _of_days(amount: Amount) -> tuple[tuple[str, date], ...]:
    spans = sorted(map(_span, amount.numbers))
    first, end = spans[0][0], spans[-1][1]
    if amount.how in ("more", "after"):
        return ((">=", end),)
    if amount.how in ("at_least", "since"):
        return ((">=", first),)
    if amount.how in ("less", "before"):
        return (("<", first),)
    if amount.how in ("at_most", "until"):
        return (("<", end),)
    if amount.how == "decades":
        end = date(first.year + DECADE + 1, 1, 1)
    return ((">=", first), ("<", end))


def _span(text: str) -> tuple[date, date]:
    """Return the first day of a date, a month or a year, and the day after its last."""
    year, *rest = map(int, text.split("-"))
    month = min(max(rest[0], 1), 12) if rest else 1
    if len(rest) == 2:
        day = date(year, month, 1) + timedelta(days=rest[1] - 1)
        return day, day + timedelta(days=1)
    after = 12 * year + month - 1 + (1 if rest else 12)
    return date(year, month, 1), date(after // 12, after % 12 + 1, 1)


def meets(kind: str, value: Any, test: Test) -> bool:  # noqa: ANN401
    """Return whether a value of a column of that kind is within the bound of a test."""
    mine, theirs = number_of(kind, value), number_of(kind, test.value)
    return mine is not None and theirs is not None and SIGNS[test.sign](mine, theirs)
