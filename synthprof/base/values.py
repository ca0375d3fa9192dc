"""The stored form of values by their kind, and what it stands for.

The stored form is what SQLite holds: numbers for `bool`, `integer` and `float`, else a text that sorts as its
values do, or that can be compared as a number.
"""

import datetime
import json
import math
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from synthprof.base.column_kinds import MAX_DIGITS, NUMBERS, Kind
from synthprof.base.text import LIST_SEPARATOR

Stored = int | float | str

TRUTH = {
    **dict.fromkeys(("true", "t", "yes", "y", "on", "1", "sim", "s", "verdadeiro"), True),
    **dict.fromkeys(("false", "f", "no", "n", "off", "0", "não", "nao", "falso"), False),
}
"""The words for true and false, in small letters."""

_INTEGER = range(-(2**63), 2**63)
_UNSIGNED = range(2**64)
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,4})?", re.ASCII)
_CLOCK = r"(\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?"
_TIME = re.compile(_CLOCK, re.ASCII)
_MOMENT = re.compile(rf"(\d{{4}}-\d\d-\d\d)(?:[T ]{_CLOCK})?\s*(Z|UTC|[+-]\d\d:?\d\d)?", re.ASCII)
_SPAN = re.compile(r"(-)?(?:(\d+) days?,? )?(\d+):(\d\d):(\d\d)(\.\d+)?", re.ASCII)


def stored(kind: Kind, value: object) -> Stored | None:
    """Return the stored form of a value, which may also be a text that states it; None for no value.

    NaN is no value. Raises ValueError that names the rule if the value is not of the kind.
    """
    if value is None or (isinstance(value, float) and math.isnan(value) and kind.name in NUMBERS):
        return None
    return _FORMS[kind.name](kind, value)


def value_of(kind: Kind, found: Any) -> Any:  # noqa: ANN401
    """Return the value that a stored form stands for: of dates and times their text, of a list its items."""
    if found is None:
        return None
    match kind.name:
        case "bool":
            return bool(found)
        case "unsigned":
            return int(found)
        case "decimal" | "duration":
            return Decimal(found)
        case "time" | "timestamp" | "timestamptz":
            return re.sub(r"\.0+(?=Z?$)", "", found)
        case "list" if kind.items is not None:
            return [item if item is None else _item_value(kind.items, item) for item in list_items(found)]
        case "struct":
            return json.loads(found)
    return found


def list_items(found: str) -> list[str | None]:
    """Return the items of a stored list as texts; None for an item that has no value."""
    items: list[str | None] = json.loads(found) if found.startswith("[") else [*found.split(LIST_SEPARATOR)]
    return items


def item_text(kind: Kind, value: object) -> str | None:
    """Return the text that an item of a list is stored as, and by which it is found."""
    found = stored(kind, value)
    return found if found is None else as_text(bool(found) if kind.name == "bool" else found)


def as_text(value: object) -> str:
    """Return a value as people read it: true and false, items joined, JSON for what has parts, – for none."""
    match value:
        case None:
            return "–"
        case bool():
            return "true" if value else "false"
        case float() if math.isinf(value):
            return "inf" if value > 0 else "-inf"
        case list() if not any(isinstance(item, list | dict) for item in value):
            return LIST_SEPARATOR.join(map(as_text, value))
        case list() | dict():
            return as_json(value)
        case bytes():
            return value.hex()
    return str(value)


def as_json(value: object) -> str:
    """Return a value with parts as JSON; what JSON lacks is its text."""
    return json.dumps(in_json(value), ensure_ascii=False, separators=(",", ":"))


def in_json(value: object) -> Any:  # noqa: ANN401
    """Return a value of the types that JSON has: decimals, dates, bytes and infinities are texts."""
    match value:
        case None | bool() | int() | str():
            return value
        case float():
            return None if math.isnan(value) else as_text(value) if math.isinf(value) else value + 0.0
        case dict():
            return {str(name): in_json(each) for name, each in value.items()}
        case list() | tuple():
            if value and all(isinstance(each, tuple) and isinstance(each[0], str) for each in value):
                return {name: in_json(each) for name, each in value}  # of a map
            return [in_json(each) for each in value]
        case datetime.date() | datetime.time():
            return value.isoformat()
    return as_text(value)


def _item_value(kind: Kind, text: str) -> Any:  # noqa: ANN401
    return value_of(kind, stored(kind, text))


def _bool(_: Kind, value: object) -> int:
    if isinstance(value, str):
        known = TRUTH.get(value.strip().casefold())
    else:
        known = bool(value) if value in (0, 1) else None
    if known is None:
        raise ValueError("neither true nor false")
    return int(known)


def _whole(value: object, within: range, rule: str) -> int:
    number = _number(value)
    if not number.is_finite() or number != number.to_integral_value():
        raise ValueError("no whole number")
    if number.adjusted() > MAX_DIGITS or int(number) not in within:
        raise ValueError(rule)
    return int(number)


def _integer(_: Kind, value: object) -> int:
    return _whole(value, _INTEGER, "no whole number of 64 bits")


def _unsigned(_: Kind, value: object) -> str:
    return str(_whole(value, _UNSIGNED, "no whole number from 0 to 2^64 - 1"))


def _float(_: Kind, value: object) -> float | None:
    if isinstance(value, str) and (word := re.fullmatch(r"([+-]?)(inf|infinity|nan)", value.strip().lower())):
        number = float(word[0])
    else:
        number = value if isinstance(value, float) else float(_number(value))
        if math.isinf(number) and not isinstance(value, float):
            raise ValueError("no number that 64 bits hold")
    return None if math.isnan(number) else number + 0.0  # -0.0 becomes 0.0


def _decimal(kind: Kind, value: object) -> str:
    number = _number(value)
    if not number.is_finite():
        raise ValueError("no finite number")
    if number.adjusted() >= MAX_DIGITS or _fraction(number) > kind.digits:
        raise ValueError(f"a number of more than {kind.digits} digits after the point, or too large")
    text = f"{number:.{kind.digits}f}"
    if sum(map(str.isdigit, text.lstrip("-0."))) > MAX_DIGITS:
        raise ValueError(f"a number of more than {MAX_DIGITS} digits")
    return text if number else text.lstrip("-")


def without_zeros(number: Decimal) -> str:
    """Return all digits of a finite number, without zeros at the end of its fraction; of -0 it is 0."""
    text = f"{number if number else abs(number):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _fraction(number: Decimal) -> int:
    """Return the digits after the point, without zeros at the end."""
    return len(without_zeros(number).partition(".")[2])


def _number(value: object) -> Decimal:
    if isinstance(value, bool | int | Decimal):
        return Decimal(value)
    if isinstance(value, float):
        return Decimal(repr(value))
    if isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
        return Decimal(value.strip())
    raise ValueError("no number")


def _date(_: Kind, value: object) -> str:
    found = _MOMENT.fullmatch(value.strip()) if isinstance(value, str) else None
    if isinstance(value, datetime.datetime):
        found = _MOMENT.fullmatch(value.isoformat())
    elif isinstance(value, datetime.date):
        return value.isoformat()
    if found is None or any(int(part or 0) for part in found.groups()[1:5]) or found[6]:
        raise ValueError("no date as in 2024-01-31")
    return _day(found[1]).isoformat()


def _day(text: str) -> datetime.date:
    try:
        return datetime.date.fromisoformat(text)
    except ValueError:
        raise ValueError("no day of the calendar, from 0001-01-01 to 9999-12-31") from None


def _time(kind: Kind, value: object) -> str:
    text = value.isoformat() if isinstance(value, datetime.time) else value
    found = _TIME.fullmatch(text.strip()) if isinstance(text, str) else None
    if found is None:
        raise ValueError("no time of day as in 13:45:00")
    return _clock(kind, *found.groups())


def _clock(kind: Kind, hour: str | None, minute: str | None, second: str | None, part: str | None) -> str:
    hour, minute, second, part = hour or "00", minute or "00", second or "00", part or ""
    if int(hour) > 23 or int(minute) > 59 or int(second) > 59:
        raise ValueError("no time of day, from 00:00:00 to 23:59:59")
    if part[kind.digits :].strip("0"):
        raise ValueError(f"a time with more than {kind.digits} digits of a second")
    fraction = f".{part[: kind.digits]:0<{kind.digits}}" if kind.digits else ""
    return f"{hour}:{minute}:{second}{fraction}"


def _timestamp(kind: Kind, value: object) -> str:
    day, clock, zone = _moment(kind, value)
    if zone:
        raise ValueError("a time with a zone, which timestamptz keeps")
    return f"{day}T{clock}"


def _timestamptz(kind: Kind, value: object) -> str:
    day, clock, zone = _moment(kind, value)
    if not zone:
        raise ValueError("a time without a zone, which timestamp keeps")
    if zone in ("Z", "UTC"):
        return f"{day}T{clock}Z"
    moment = datetime.datetime.fromisoformat(f"{day}T{clock[:8]}{zone}")
    try:
        utc = moment.astimezone(datetime.UTC).replace(tzinfo=None).isoformat()
    except OverflowError:
        raise ValueError("no moment from 0001-01-01 to 9999-12-31") from None
    return f"{utc}{clock[8:]}Z"


def _moment(kind: Kind, value: object) -> tuple[str, str, str | None]:
    text = value.isoformat() if isinstance(value, datetime.date) else value
    found = _MOMENT.fullmatch(text.strip()) if isinstance(text, str) else None
    if found is None:
        raise ValueError("no time as in 2024-01-31T13:45:00")
    day, *clock, zone = found.groups()
    return _day(day).isoformat(), _clock(kind, *clock), zone


def _duration(kind: Kind, value: object) -> str:
    """Return the seconds as a decimal."""
    if isinstance(value, datetime.timedelta):
        value = Decimal(value // datetime.timedelta(microseconds=1)) / 1_000_000
    elif isinstance(value, str) and (found := _SPAN.fullmatch(value.strip())):
        minus, days, hours, minutes, seconds, part = found.groups()
        whole = ((int(days or 0) * 24 + int(hours)) * 60 + int(minutes)) * 60 + int(seconds)
        value = Decimal(f"{minus or ''}{whole}{part or ''}")
    return _decimal(kind, value)


def _list(kind: Kind, value: object) -> str:
    """Return the items joined, or JSON where they could not be told apart."""
    items = _items_of(value) if isinstance(value, str) else value
    if not isinstance(items, list | tuple) or kind.items is None:
        raise ValueError("no list")
    texts = [item_text(kind.items, item) for item in items]
    joined = LIST_SEPARATOR.join(map(str, texts))
    plain = texts and not joined.startswith("[") and joined.split(LIST_SEPARATOR) == texts
    return joined if plain and None not in texts else json.dumps(texts, ensure_ascii=False)


def _items_of(text: str) -> Any:  # noqa: ANN401
    try:
        return list_items(text) if text.strip() else []
    except ValueError:
        raise ValueError("no list: it begins as JSON does, but is none") from None


def _struct(_: Kind, value: object) -> str:
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            raise ValueError("no JSON") from None
    return as_json(value)


def _binary(_: Kind, value: object) -> str:
    if isinstance(value, bytes):
        return value.hex()
    digits = value.strip().removeprefix("0x") if isinstance(value, str) else "?"
    if len(digits) % 2 or not re.fullmatch("[0-9a-fA-F]*", digits):
        raise ValueError("no bytes as pairs of hexadecimal digits")
    return digits.lower()


def _text(_: Kind, value: object) -> str:
    return as_text(value)


_FORMS: dict[str, Callable[[Kind, object], Stored | None]] = {
    "bool": _bool,
    "integer": _integer,
    "unsigned": _unsigned,
    "float": _float,
    "decimal": _decimal,
    "date": _date,
    "time": _time,
    "timestamp": _timestamp,
    "timestamptz": _timestamptz,
    "duration": _duration,
    "list": _list,
    "struct": _struct,
    "binary": _binary,
    "text": _text,
}
