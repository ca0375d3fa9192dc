"""The facts that a service tells where it refuses a request: when to come back, how many texts it takes."""

import datetime
import email.utils
import math
import re
import time
from collections.abc import Mapping
from typing import Any

RESETS = (
    *("ratelimit-reset", "x-ratelimit-reset", "x-ratelimit-reset-after"),
    *("x-ratelimit-reset-requests", "x-ratelimit-reset-tokens"),
)
EPOCH_SECONDS_MIN = 1e9
"""Numbers from here on are moments, not seconds to wait; a thousand times as large ones are milliseconds."""

UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3_600.0, "d": 86_400.0}
DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")

_NUMBER = r"(\d{1,3}(?:[,.]\d{3})+|\d+)"
_BOUND = (
    r"max\w*|at most|no more than|up to|limit\w*|exceed\w*|less than or equal to|<=|≤|"
    r"not (?:be )?(?:larger|greater|more|longer|exceed)\w*(?: than)?|不得超过|不能超过|最多|最大"
)
LIMITS = (
    re.compile(
        rf"\d(?: >|.? exceeds| is (?:larger|greater|more) than)[^\d]{{0,60}}?{_NUMBER}", re.IGNORECASE
    ),
    re.compile(rf"(?:{_BOUND})[^\d]{{0,60}}?{_NUMBER}", re.IGNORECASE),
    re.compile(rf"{_NUMBER} (?:\w+ )?(?:max\w*|at most|allowed|is the limit)", re.IGNORECASE),
)
"""Patterns of a bound in a sentence, its number as the group."""

OF_TEXTS = re.compile(
    r"batch|input|item|text|request|array|list|element|document|sentence|条|个", re.IGNORECASE
)
OF_LENGTH = re.compile(r"token|context|charact|byte|\b[kmg]i?b\b|second|minute|dimension|字符", re.IGNORECASE)


def asked_wait(headers: Mapping[str, str], said: Any, busy: bool) -> float:  # noqa: ANN401
    """Return the seconds to wait that the service asks for, 0 if it does not.

    said: the content as JSON gives it. busy: whether limits that will be lifted count as well.
    """
    for name, unit in (("retry-after-ms", 0.001), ("x-ms-retry-after-ms", 0.001), ("retry-after", 1.0)):
        if seconds := _seconds(headers.get(name, ""), unit):
            return seconds
    if not busy:
        return 0.0
    if isinstance(said, dict) and isinstance(said.get("estimated_time"), int | float):  # a model being loaded
        return _sound(float(said["estimated_time"]))
    resets = {name: _seconds(headers.get(name, ""), 1.0) for name in RESETS}
    left = {name: headers.get(name.replace("reset", "remaining"), "").strip() for name in RESETS}
    reached = [seconds for name, seconds in resets.items() if left[name] == "0"]
    return max(reached) if reached else min(filter(None, resets.values()), default=0.0)


def batch_limit(said: str, count: int) -> int:
    """Return the most texts in a request that a refusal of `count` names, 0 if it names no such number."""
    if not OF_TEXTS.search(said):
        return 0
    for pattern in LIMITS:
        for match in pattern.finditer(said):
            number = int(re.sub(r"\D", "", match[1]))
            around = said[max(0, match.start() - 24) : match.end() + 12]
            if 1 <= number < count and not OF_LENGTH.search(around):
                return number
    return 0


def _seconds(value: str, unit: float) -> float:
    """Return the seconds to wait of a header's value: a number, a duration as 1m30s, or a moment."""
    value = value.strip()
    try:
        number = float(value)
    except ValueError:
        return _sound(_duration(value) or _until(value))
    if number >= EPOCH_SECONDS_MIN * 1_000:
        return _sound(number / 1_000 - time.time())
    return _sound(number - time.time() if number >= EPOCH_SECONDS_MIN else number * unit)


def _sound(seconds: float) -> float:
    return max(0.0, seconds) if math.isfinite(seconds) else 0.0


def _duration(value: str) -> float:
    parts = DURATION.findall(value) if DURATION.sub("", value).strip() == "" else []
    return sum(float(number) * UNITS[unit] for number, unit in parts)


def _until(value: str) -> float:
    """Return the seconds until a date as HTTP or ISO 8601 writes it, 0 for anything else."""
    try:
        return email.utils.parsedate_to_datetime(value).timestamp() - time.time()
    except (TypeError, ValueError, OverflowError):
        pass
    try:
        at = datetime.datetime.fromisoformat(value)
        return (at if at.tzinfo else at.replace(tzinfo=datetime.UTC)).timestamp() - time.time()
    except (ValueError, OverflowError):
        return 0.0
