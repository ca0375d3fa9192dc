"""Dates, times of day and timestamps, as whole numbers of days, seconds or parts of a second."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from synthprof.profiles.axes import Cases, GivenAxis, numbers_of
from synthprof.profiles.samplers.counts import CodeTable
from synthprof.profiles.samplers.nested import number_sampler
from synthprof.profiles.samplers.sampler import Rows, Samplers, Setting
from synthprof.schemas.draw_kinds.moments import SECONDS, Calendar, Date, Time, Timestamp

Whole = npt.NDArray[np.int64]

DAY = 86_400
UNITS = {0: "s", 3: "ms", 6: "us"}


EVEN = 2**17
"""Up to here, 32 random bits make whole numbers even to 1 part in 30,000."""

Weights = tuple[float, ...] | None


class Days:
    """Draws days since 1970 from a range, by the weights of months and, for each habit, of weekdays."""

    def __init__(self, draw: Calendar, name: str) -> None:
        self._first = _day(draw.start)
        self._count = _day(draw.end) - self._first + 1
        self._table = None
        if draw.months is not None or any(draw.every_weekdays):
            days = np.arange(self._first, self._first + self._count)
            months = days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) % 12
            by_month = np.array(draw.months or (1.0,) * 12).take(months)
            weekday = (days + 3) % 7  # 1970 began on Thursday
            self._table = CodeTable(
                [by_month * np.array(each or (1.0,) * 7).take(weekday) for each in draw.every_weekdays], name
            )

    def draw(self, rows: Rows, habits: Cases | None = None) -> Whole:
        """Return days, (count,) int64; habits: that of each row, where there are several."""
        if self._table is not None:
            return self._table.codes(rows, habits).astype(np.int64) + self._first
        return _whole(rows, self._count, "draw") + self._first


class Clock:
    """Draws times of day, in parts of a second, by the weights of hours, for each habit."""

    def __init__(self, every_hours: Sequence[Weights], parts: int, name: str) -> None:
        self._parts = parts
        weights = [np.array(hours or (1.0,) * 24) for hours in every_hours]
        self._table = CodeTable(weights, name) if any(every_hours) else None

    def draw(self, rows: Rows, habits: Cases | None = None) -> Whole:
        """Return parts of a second since midnight, (count,) int64; habits: as `Days.draw`."""
        if self._table is None:
            return _whole(rows, DAY * self._parts, "time")
        words = rows.stream("hour").uint32(rows.total)[: rows.count]
        hours = self._table.alias.draw(words, habits).astype(np.int64)
        return hours * (3_600 * self._parts) + _whole(rows, 3_600 * self._parts, "time")


class Zone:
    """The clocks of a zone: what they show, and the moments in UTC, both in parts of a second since 1970."""

    def __init__(self, offsets: Sequence[tuple[int, int]], parts: int) -> None:
        starts, east = (np.array(each, dtype=np.int64) for each in zip(*offsets, strict=True))
        self._starts, self._east = starts[1:] * parts, east * parts
        # up to the later of what clocks show before and after a change, the offset before it counts
        self._shown = self._starts + np.maximum(self._east[:-1], self._east[1:])

    def moments(self, shown: Whole) -> Whole:
        """Return the first moment at which clocks show a time, or what they would without a change."""
        found: Whole = shown - self._east.take(np.searchsorted(self._shown, shown, side="right"))
        return found

    def shown(self, moments: Whole) -> Whole:
        """Return what clocks show at some moments."""
        found: Whole = moments + self._east.take(np.searchsorted(self._starts, moments, side="right"))
        return found


class Offset:
    """Moments some time after or before those of another column, within the days of `start` and `end`.

    day: parts of a day that moments are counted in. unit: those of the offset's unit.
    """

    def __init__(self, draw: Calendar, setting: Setting, day: int, unit: int) -> None:
        self._of, self._sign = draw.anchor or "", 1 if draw.after else -1
        self._offset = number_sampler(draw.offset, setting) if draw.offset is not None else None
        self._day, self._unit = day, unit
        self._first = _day(draw.start or "0001-01-01") * day
        self._last = (_day(draw.end or "9999-12-31") + 1) * day - 1

    def draw(self, rows: Rows) -> Whole:
        """Return moments, (count,) int64."""
        if self._offset is None:
            raise TypeError("an anchor has an offset")
        away = np.maximum(numbers_of(self._offset.draw(rows)), 0.0) * self._unit
        whole = np.floor(np.minimum(away, 2.0**60)).astype(np.int64)
        found = _parts(rows.given(self._of), self._day) + whole * self._sign
        within: Whole = np.minimum(np.maximum(found, self._first), self._last)
        return within


class Dates:
    """Draws dates."""

    def __init__(self, draw: Date, setting: Setting) -> None:
        if draw.anchor is None:
            self._days: Days | Offset = Days(draw, setting.column.name)
        else:
            self._days = Offset(draw, setting, 1, 1)

    def draw(self, rows: Rows) -> pa.Array:
        """Return dates, (count,) date32."""
        return pa.array(self._days.draw(rows).astype(np.int32)).cast(pa.date32())


class Times:
    """Draws times of day."""

    def __init__(self, draw: Time, setting: Setting) -> None:
        self._clock = Clock([draw.hours], 1, setting.column.name)

    def draw(self, rows: Rows) -> pa.Array:
        """Return times, (count,) time32 in seconds."""
        return pa.array(self._clock.draw(rows).astype(np.int32)).cast(pa.time32("s"))


class Timestamps:
    """Draws timestamps."""

    def __init__(self, draw: Timestamp, setting: Setting) -> None:
        parts = 10**draw.digits
        self._type = pa.timestamp(UNITS[draw.digits], "UTC" if draw.kind.name == "timestamptz" else None)
        self._day, self._local = DAY * parts, draw.local
        self._offset = self._zone = None
        if draw.anchor is not None:
            self._offset = Offset(draw, setting, self._day, SECONDS[draw.unit] * parts)
            return
        self._habits = GivenAxis(draw.by, values=tuple(draw.habits)) if draw.by else None
        self._days = Days(draw, setting.column.name)
        self._clock = Clock(draw.every_hours, parts, setting.column.name)
        self._zone = Zone(draw.offsets, parts) if draw.offsets else None

    def draw(self, rows: Rows) -> pa.Array:
        """Return timestamps, (count,)."""
        if self._offset is not None:
            return pa.array(self._offset.draw(rows)).cast(self._type)
        habits = rows.codes(self._habits) if self._habits is not None else None
        moments = self._days.draw(rows, habits) * self._day + self._clock.draw(rows, habits)
        if self._zone is not None:
            moments = self._zone.moments(moments)
            moments = self._zone.shown(moments) if self._local else moments
        return pa.array(moments).view(self._type)


def _parts(moments: pa.Array, day: int) -> Whole:
    """Return dates or timestamps as whole parts of a day since 1970, (n,) int64."""
    if pa.types.is_date(moments.type):
        days: Whole = moments.cast(pa.int32()).to_numpy().astype(np.int64)
        return days * day
    whole: Whole = moments.cast(pa.int64()).to_numpy()
    own = DAY * {"s": 1, "ms": 1_000, "us": 1_000_000}[moments.type.unit]
    return whole * (day // own) if day >= own else whole // (own // day)


def _whole(rows: Rows, size: int, purpose: str) -> Whole:
    """Return whole numbers from 0 to below `size`, (count,) int64."""
    if size <= EVEN:
        words = rows.stream(purpose).uint32(rows.total)[: rows.count].astype(np.uint64)
        return (words * np.uint64(size) >> np.uint64(32)).astype(np.int64)
    found: Whole = (rows.tails(purpose)[0] * size).astype(np.int64)
    return np.minimum(found, size - 1)


def _day(day: object) -> int:
    return int(np.datetime64(str(day), "D").astype(np.int64))


SAMPLERS: Samplers = {Date: Dates, Time: Times, Timestamp: Timestamps}
