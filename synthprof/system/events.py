"""Events that a child process tells its parent, as JSON lines on standard output."""

import json
import logging
import sys
import time
from dataclasses import dataclass, field
from typing import Any, Protocol

from synthprof.system.logs import install


class Progress(Protocol):
    """Called as often as the work likes."""

    def __call__(self, done: int, total: int, failed: int = 0) -> None:
        """So many rows are done of so many in all; `failed` of those done have no result."""


def log_events(*, detailed: bool, receipts: bool = True) -> None:
    """Log lines go to standard output as events, for a parent process that logs them in its own way.

    receipts: whether the line of each receipt is among them; not where the receipt is an event itself.
    """
    handler = _EventHandler()
    if not receipts:
        handler.addFilter(lambda record: not hasattr(record, "receipt"))
    install([handler], logging.DEBUG if detailed else logging.INFO)


def emit(event: str, **fields: Any) -> None:  # noqa: ANN401
    """One JSON line on standard output, written whole."""
    sys.stdout.write(json.dumps({"event": event, **fields}, ensure_ascii=True) + "\n")
    sys.stdout.flush()


class _EventHandler(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        emit("log", level=record.levelname, message=self.format(record))


@dataclass
class Pace:
    """Passes progress on at most every `every_seconds`, and at the end."""

    passed_on: Progress
    every_seconds: float = 3.0
    _last: float = field(default_factory=time.monotonic)

    def __call__(self, done: int, total: int, failed: int = 0) -> None:
        """Progress, passed on if it is time."""
        now = time.monotonic()
        if done >= total or now - self._last >= self.every_seconds:
            self._last = now
            self.passed_on(done, total, failed)


def progress_events(unit: str) -> Pace:
    """Progress that goes to standard output as events, each with the seconds since this call.

    unit: what is counted, as people read it: "rows".
    """
    began = time.monotonic()

    def tell(done: int, total: int, failed: int = 0) -> None:
        seconds = round(time.monotonic() - began, 3)
        emit("progress", done=done, total=total, failed=failed, unit=unit, seconds=seconds)

    return Pace(tell)
