"""The rules of a time zone, as the seconds at which its clocks change."""

import datetime
import zoneinfo

Offsets = tuple[tuple[int, int], ...]
"""(from, east): from a second since 1970 on, in UTC, clocks are `east` seconds before UTC; the first counts
from the beginning of time."""

_STEP = datetime.timedelta(hours=12)


def offsets_of(zone: str, start: object, end: object) -> Offsets:
    """Return the offsets of a zone from a day before `start` to two days after `end`, dates or their texts.

    Raises ValueError for a zone that is not known. Without dates the range is that from 1900 to 2100.

    >>> offsets_of("Europe/Berlin", "2024-01-01", "2024-12-31")
    ((1703980800, 3600), (1711846800, 7200), (1729990800, 3600))
    """
    try:
        place = zoneinfo.ZoneInfo(zone)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError, TypeError):
        told = (
            "is no time zone" if zoneinfo.available_timezones() else "cannot be read: there are no time zones"
        )
        remedy = "use e.g. Europe/Berlin" if zoneinfo.available_timezones() else "install the package tzdata"
        raise ValueError(f"zone={zone!r} {told} of this machine; {remedy}") from None
    first = _moment(start, 1900) - datetime.timedelta(days=1)
    last = _moment(end, 2100) + datetime.timedelta(days=2)
    found = [(int(first.timestamp()), _east(place, first))]
    while first < last:
        if _east(place, first + _STEP) != found[-1][1]:
            change = _change(place, first, found[-1][1])
            found.append((change, _east(place, datetime.datetime.fromtimestamp(change, datetime.UTC))))
        first += _STEP
    return tuple(found)


def _moment(day: object, year: int) -> datetime.datetime:
    try:
        found = datetime.date.fromisoformat(str(day)[:10])
    except ValueError:
        found = datetime.date(year, 1, 1)
    within = min(max(found, datetime.date(1800, 1, 1)), datetime.date(2400, 1, 1))
    return datetime.datetime(within.year, within.month, within.day, tzinfo=datetime.UTC)


def _change(place: zoneinfo.ZoneInfo, first: datetime.datetime, east: int) -> int:
    """Return the second within a step at which the offset is no longer `east`."""
    low = int(first.timestamp())
    high = low + int(_STEP.total_seconds())
    while high - low > 1:
        middle = (low + high) // 2
        if _east(place, datetime.datetime.fromtimestamp(middle, datetime.UTC)) == east:
            low = middle
        else:
            high = middle
    return high


def _east(place: zoneinfo.ZoneInfo, moment: datetime.datetime) -> int:
    offset = moment.astimezone(place).utcoffset()
    return 0 if offset is None else int(offset.total_seconds())
