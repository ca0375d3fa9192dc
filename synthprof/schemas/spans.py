"""The line on which the values of a column lie: its bands, for counts, and its anchors, for embeddings.

Numbers are those of `base.stored_numbers`: of dates and timestamps the days since 1970-01-01, of times of day
the seconds since midnight. Only plain arithmetic on decimals takes part, so that all machines agree.
"""

import itertools
import math
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from synthprof.schemas.draw_kinds.model import DrawModel
from synthprof.schemas.draws import Given
from synthprof.schemas.schema import TRUTH_VALUES, Column

MEASURED = ("integer", "unsigned", "float", "decimal", "duration", "date", "time", "timestamp", "timestamptz")
"""Kinds of columns whose values lie on a line, beside flags."""

DAYS = ("date", "timestamp", "timestamptz")

MAX_BANDS = 24
"""Most bands that the values of a column are counted in, two open ends aside."""

ANCHORS = 9
"""Anchors of a column whose bounds are known."""

EPOCH = date(1970, 1, 1)
MOMENT = datetime(1970, 1, 1)

_STEPS = (1, 2, 5)
_DECADES = range(-2, 13)
_MONTHS = (1, 3, 6, 12, 24, 60, 120, 240, 600, 1_200)
_CALENDAR = (1900, 2101)
"""Years of the dates of which nothing is known."""


@dataclass(frozen=True)
class Bands:
    """Bands of numbers: band i holds edges[i - 1] <= number < edges[i], the first and last being open.

    labels: len(edges) + 1 texts.
    """

    edges: tuple[float, ...]
    labels: tuple[str, ...]


def ends(column: Column) -> tuple[float | None, float | None]:
    """Return the lowest and the highest number that a column can have; None where there is no such end."""
    if not isinstance(column.draw, DrawModel):
        low, high = column.bounds if column.bounds and column.kind != "list" else (None, None)
        return low, high
    low, high = column.draw.ends
    return as_number(low), as_number(high)


def as_number(value: Any) -> float | None:  # noqa: ANN401
    """Return the number of a value, also of a date or time; None of None."""
    match value:
        case None:
            return None
        case datetime():
            return (value.replace(tzinfo=None) - MOMENT) / timedelta(days=1)
        case date():
            return float((value - EPOCH).days)
        case time():
            return float(value.hour * 3_600 + value.minute * 60 + value.second)
    return float(value)


def year_of(day: float) -> int:
    """Return the year of days since 1970-01-01."""
    return (EPOCH + timedelta(days=math.floor(day))).year


def shown(number: float) -> str:
    """Return a number as people write it, a whole one without its point."""
    return str(int(number)) if number.is_integer() and abs(number) < 1e15 else repr(number)


def number_of(kind: str, value: Any) -> float | None:  # noqa: ANN401
    """Return the number of a value as rows hold it or as a text says it; None where it is none.

    Of dates a part will do, as 2024 or 2024-03: it is the middle of that time.

    >>> number_of("date", "1970-01") == (31 - 1) / 2
    True
    """
    if value is None or not isinstance(value, str):
        return as_number(value)
    try:
        if kind in DAYS:
            return _day_of(value)
        if kind == "time":
            return as_number(time.fromisoformat(value))
        return float(value)
    except ValueError:
        return None


def _day_of(text: str) -> float | None:
    year, *rest = (int(part) for part in text[:10].split("-"))
    if len(rest) == 2:
        return as_number(datetime.fromisoformat(text.removesuffix("Z")))
    month = 12 * year + (rest[0] - 1 if rest else 0)
    return (_first_of(month) + _first_of(month + (1 if rest else 12)) - 1) / 2


def bands_of(column: Column) -> Bands | None:
    """Return the bands of a column whose values lie on a line; None for another column, and for keys.

    >>> from synthprof.schemas.draw_kinds.numbers import UniformInteger
    >>> bands_of(Column("x", UniformInteger(low=0, high=49), None, "")).labels[:3]
    ('0-4', '5-9', '10-14')
    """
    if isinstance(column.draw, DrawModel) and column.draw.names_rows:
        return None
    low, high = ends(column)
    if column.kind == "time":
        hours = range(24)
        return Bands(tuple(3_600.0 * hour for hour in hours[1:]), tuple(f"{hour:02}:00" for hour in hours))
    if column.kind in DAYS:
        return _bands_of_days(low, high)
    if column.kind in MEASURED:
        return _bands_of_numbers(column.kind == "integer", _quantiles(column), low, high)
    return None


def modelled_labels(column: Column) -> tuple[str, ...]:
    """Return the labels under which values drawn by a model are counted: bands, truths, known texts or items.

    Empty where the values are neither known beforehand nor lie on a line.
    """
    bands = bands_of(column)
    return TRUTH_VALUES if column.kind == "bool" else bands.labels if bands else column.values


def in_bands(column: Column) -> bool:
    """Return whether the values of a column, which are drawn by a model, are counted in bands."""
    return isinstance(column.draw, DrawModel) and bands_of(column) is not None


def on_map(column: Column) -> bool:
    """Return whether points of the map can be coloured by a column: its values or bands are known."""
    if isinstance(column.draw, DrawModel):
        return column.kind != "list" and bool(modelled_labels(column))
    return not isinstance(column.draw, Given) and column.kind in ("category", "list", "integer", "flag")


def anchors_of(column: Column) -> tuple[float, ...]:
    """Return numbers of a column that have directions of their own in embeddings, ascending, two or more.

    They part what is drawn, or its bounds; of a column of which neither is known, they are 1, 2, 5, 10 … and
    the years of dates.
    """
    if found := _quantiles(column):
        return found
    low, high = ends(column)
    if column.kind == "time":
        low, high = 0.0, 86_400.0
    if low is not None and high is not None and low < high:
        step = (Fraction(high) - Fraction(low)) / (ANCHORS - 1)
        return tuple(dict.fromkeys(float(Fraction(low) + step * place) for place in range(ANCHORS)))
    if column.kind in DAYS:
        return tuple(_first_of(12 * year) for year in range(*_CALENDAR))
    return _decades(low, high)


def _quantiles(column: Column) -> tuple[float, ...]:
    draw = column.draw
    found = [as_number(each) for each in draw.quantiles] if isinstance(draw, DrawModel) else []
    given = sorted({each for each in found if each is not None and math.isfinite(each)})
    return tuple(given) if len(given) > 1 else ()


def _decades(low: float | None, high: float | None) -> tuple[float, ...]:
    """Return 0 and 1, 2, 5 times the powers of ten, below 0 too, as far as the bounds reach."""
    above = [float(step * Decimal(10) ** power) for power in _DECADES for step in _STEPS]
    found = [*(-each for each in reversed(above)), 0.0, *above]
    least, most = -math.inf if low is None else low, math.inf if high is None else high
    kept = tuple(each for each in found if least <= each <= most)
    return kept if len(kept) > 1 else (least, least + 1) if math.isfinite(least) else (most - 1, most)


def _bands_of_numbers(
    whole: bool, quantiles: tuple[float, ...], low: float | None, high: float | None
) -> Bands:
    if low is not None and high is not None and not _heavy(quantiles, low, high):
        first, last = Decimal(low), Decimal(high)
    elif quantiles:
        first, last = Decimal(quantiles[0]), Decimal(quantiles[-1])
    else:
        found = _decades(low, high)
        return Bands(found, _open(found, whole))
    step = _step(last - first, whole)
    start = (first / step).to_integral_value("ROUND_FLOOR") * step
    edges = [start]
    while edges[-1] <= last:
        edges.append(edges[-1] + step)
    inner = tuple(map(float, edges[1:-1]))
    labels = [_label(float(a), float(b), whole) for a, b in itertools.pairwise(edges)]
    if low is None or start > Decimal(low):
        inner, labels = (float(edges[0]), *inner), [f"< {shown(float(edges[0]))}", *labels]
    if high is None or edges[-1] <= Decimal(high):
        inner, labels = (*inner, float(edges[-1])), [*labels, f"≥ {shown(float(edges[-1]))}"]
    return Bands(inner, tuple(labels))


def _heavy(quantiles: tuple[float, ...], low: float, high: float) -> bool:
    """Return whether what is drawn fills a small part of the bounds."""
    return bool(quantiles) and 4 * (quantiles[-1] - quantiles[0]) < high - low


def _step(width: Decimal, whole: bool) -> Decimal:
    """Return the least of 1, 2 and 5 times a power of ten that parts a width into few enough bands."""
    power = width.adjusted() - 2 if width else 0
    while True:
        for step in _STEPS:
            found = step * Decimal(10) ** power
            if width / found < MAX_BANDS and not (whole and found < 1):
                return found
        power += 1


def _label(low: float, end: float, whole: bool) -> str:
    if not whole:
        return f"{shown(low)} to {shown(end)}"
    if end - low == 1:
        return shown(low)
    return f"{shown(low)}-{shown(end - 1)}" if low >= 0 else f"{shown(low)} to {shown(end - 1)}"


def _open(edges: tuple[float, ...], whole: bool) -> tuple[str, ...]:
    between = (_label(a, b, whole and b - a >= 1) for a, b in itertools.pairwise(edges))
    return (f"< {shown(edges[0])}", *between, f"≥ {shown(edges[-1])}")


def _bands_of_days(low: float | None, high: float | None) -> Bands:
    """Return bands of days, months or years, closed by the first and last day that can be drawn."""
    known = low is not None and high is not None
    first, last = (low, high) if low is not None and high is not None else map(_first_of, (22_800, 25_200))
    if known and last - first < MAX_BANDS:
        days = [EPOCH + timedelta(days=math.floor(first) + i) for i in range(math.floor(last - first) + 2)]
        return Bands(tuple(float((day - EPOCH).days) for day in days[1:-1]), tuple(map(str, days[:-1])))
    months = _month_of(last) - _month_of(first) + 1
    step = next((each for each in _MONTHS if months <= each * MAX_BANDS), _MONTHS[-1])
    begin = _month_of(first) // step * step
    starts = list(range(begin, _month_of(last) + step, step))
    starts = starts if starts[-1] > _month_of(last) else [*starts, starts[-1] + step]
    labels = [_label_of_months(start, step) for start in starts[:-1]]
    edges = [_first_of(start) for start in starts[1:-1]]
    if known:
        return Bands(tuple(edges), tuple(labels))
    around = (f"< {labels[0][:4]}", *labels, f"≥ {starts[-1] // 12}")
    return Bands((_first_of(starts[0]), *edges, _first_of(starts[-1])), around)


def _label_of_months(month: int, step: int) -> str:
    year, rest = divmod(month, 12)
    if step == 1:
        return f"{year:04}-{rest + 1:02}"
    if step < 12:
        last = rest + step
        return f"{year:04}-{rest + 1:02} to {last:02}"
    return f"{year:04}" if step == 12 else f"{year:04}-{year + step // 12 - 1:04}"


def _month_of(day: float) -> int:
    found = EPOCH + timedelta(days=math.floor(day))
    return 12 * found.year + found.month - 1


def _first_of(month: int) -> float:
    return float((date(month // 12, month % 12 + 1, 1) - EPOCH).days)
