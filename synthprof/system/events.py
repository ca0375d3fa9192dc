"""Events that a child process reports to its parent: one JSON line each on the child's standard output."""

import json
import logging
import math
import sys
import time
import traceback
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol, Self

from synthprof.base.errors import Busy, SpecError, StageError, SynthprofError
from synthprof.system.logs import install


@dataclass(frozen=True)
class LogLine:
    """A log line and the name of its level."""

    level: str
    message: str


@dataclass(frozen=True)
class ProgressMade:
    """Rows, or other units, done of all; `failed` of those done have no result.

    total: 0 where it is not known. unit: what is counted, in words: "rows". seconds: since the work began.
    stage: the name of the stage.
    """

    done: int
    total: int
    failed: int
    unit: str
    seconds: float
    stage: str = ""


@dataclass(frozen=True)
class ReceiptWritten:
    """The facts of a stage's receipt by name, and their summary in one line."""

    line: str
    facts: dict[str, Any]


@dataclass(frozen=True)
class Result:
    """The value that the work returned, made of JSON types."""

    value: Any


@dataclass(frozen=True)
class Failed:
    """The error that ended the work. kind: that of a SynthprofError, or "Crash" for an unexpected one."""

    kind: str
    message: str
    traceback: str

    @classmethod
    def of(cls, error: Exception) -> Self:
        """Return the event for an error that was caught."""
        lines = "".join(traceback.format_exception(error))
        if isinstance(error, SynthprofError):
            return cls(error.kind, str(error), lines)
        return cls("Crash", f"{type(error).__name__}: {error}", lines)

    @property
    def error(self) -> SynthprofError:
        """The error to raise in the parent: SpecError, Busy, or StageError for any other."""
        kinds: dict[str, type[SynthprofError]] = {each.kind: each for each in (SpecError, Busy)}
        return kinds.get(self.kind, StageError)(self.message)


Event = LogLine | ProgressMade | ReceiptWritten | Result | Failed

_NAMES: dict[type[Event], str] = {
    LogLine: "log",
    ProgressMade: "progress",
    ReceiptWritten: "receipt",
    Result: "result",
    Failed: "error",
}
_EVENTS = {name: event for event, name in _NAMES.items()}


def emit(event: Event) -> None:
    """Write an event to standard output as one whole line, and flush it."""
    sys.stdout.write(json.dumps({"event": _NAMES[type(event)], **vars(event)}, ensure_ascii=True) + "\n")
    sys.stdout.flush()


def read(line: str) -> Event | None:
    """Return the event on a line of the child's standard output, or None for other text."""
    try:
        fields = json.loads(line)
        return _EVENTS[fields.pop("event")](**fields)
    except (ValueError, TypeError, KeyError, AttributeError):  # not JSON, no object, no event of ours
        return None


def log_events(*, detailed: bool, receipts: bool = True) -> None:
    """Emit the log lines of synthprof as events, for a parent that logs them in its own way.

    detailed: DEBUG lines too. receipts: log lines of receipts too; leave them out where the receipt itself is
    emitted.
    """
    handler = _EventHandler()
    if not receipts:
        handler.addFilter(lambda record: not hasattr(record, "receipt"))
    install([handler], logging.DEBUG if detailed else logging.INFO)


class _EventHandler(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        emit(LogLine(record.levelname, self.format(record)))


class Progress(Protocol):
    """A callback for progress, which may be called after every step."""

    def __call__(self, done: int, total: int, failed: int = 0, unit: str = "rows") -> None:
        """Take notice that `done` of `total` are done, `failed` of them without a result.

        total: 0 where it is not known. unit: what is counted, in words: "rows", "iterations".
        """


class Observer(Protocol):
    """Hears of progress."""

    def __call__(self, stage: str, done: int, total: int, failed: int = 0, unit: str = "rows", /) -> None:
        """So much of the stage is done of so much in all; `failed` of those done have no result.

        total: 0 where it is not known. unit: what is counted; where it is not rows, it is a step on the way.
        """


@dataclass
class Pace:
    """Progress passed on at most every `every_seconds`; at once at the begin, at the end, for a new unit."""

    passed_on: Progress
    every_seconds: float = 3.0
    _last: float = -math.inf
    _unit: str = ""

    def __call__(self, done: int, total: int, failed: int = 0, unit: str = "rows") -> None:
        """Pass progress on if it is due."""
        now = time.monotonic()
        if unit != self._unit or 0 < total <= done or now - self._last >= self.every_seconds:
            self._last, self._unit = now, unit
            self.passed_on(done, total, failed, unit)


class ProgressEvents:
    """An observer that emits the progress of stages as events, with the seconds since it was made."""

    def __init__(self, every_seconds: float = 3.0) -> None:
        self._every_seconds = every_seconds
        self._began = time.monotonic()
        self._paces: dict[str, Pace] = {}

    def __call__(self, stage: str, done: int, total: int, failed: int = 0, unit: str = "rows", /) -> None:
        """Emit the progress of a stage if it is due."""
        if stage not in self._paces:
            self._paces[stage] = Pace(partial(self._tell, stage), self._every_seconds)
        self._paces[stage](done, total, failed, unit)

    def _tell(self, stage: str, done: int, total: int, failed: int, unit: str) -> None:
        seconds = round(time.monotonic() - self._began, 3)
        emit(ProgressMade(done, total, failed, unit, seconds, stage))
