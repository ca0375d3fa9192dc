"""What a run says while it works: log lines, progress and the memory it takes."""

import json
import logging
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol, TextIO

import psutil

from synthprof.resources import MIB, available_memory, memory_is_short

LINE = "%(asctime)s %(levelname)-7s [%(process)d] %(message)s"
"""Log lines carry time, level and process; stage and duration stand in the message."""


class Progress(Protocol):
    """Called as often as the work likes."""

    def __call__(self, done: int, total: int, failed: int = 0) -> None:
        """So many rows are done of so many in all; `failed` of those done have no result."""


logger = logging.getLogger(__name__)


def log_to(*targets: tuple[TextIO, int]) -> None:
    """Log lines of synthprof go as text to each stream, from its level on."""
    handlers: list[logging.Handler] = []
    for stream, level in targets:
        handler = _LineHandler(stream)
        handler.setFormatter(logging.Formatter(LINE))
        handler.setLevel(level)
        handlers.append(handler)
    _install(handlers, min(level for _, level in targets))


def log_events(*, detailed: bool, receipts: bool = True) -> None:
    """Log lines go to standard output as events, for a parent process that logs them in its own way.

    receipts: whether the line of each receipt is among them; not where the receipt is an event itself.
    """
    handler = _EventHandler()
    if not receipts:
        handler.addFilter(lambda record: not hasattr(record, "receipt"))
    _install([handler], logging.DEBUG if detailed else logging.INFO)


def _install(handlers: list[logging.Handler], level: int) -> None:
    root = logging.getLogger("synthprof")
    root.handlers = handlers
    root.setLevel(level)
    root.propagate = False


def emit(event: str, **fields: Any) -> None:  # noqa: ANN401
    """One JSON line on standard output, written whole."""
    sys.stdout.write(json.dumps({"event": event, **fields}, ensure_ascii=True) + "\n")
    sys.stdout.flush()


class _LineHandler(logging.StreamHandler[TextIO]):
    """Lines of text. One that the disk has no room for is left out: what ends a run is told by its error."""

    def handleError(self, record: logging.LogRecord) -> None:
        if not isinstance(sys.exc_info()[1], OSError):
            super().handleError(record)


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


@contextmanager
def memory_watch(stage: str, every_seconds: float = 10.0) -> Iterator[None]:
    """A log line of resident, virtual, percent and available memory now and every so often, while inside.

    A warning when memory gets short; from then on work goes on one block at a time (`resources.cpu_slot`).
    """
    ended = threading.Event()
    logger.info("%s: %s", stage, memory_line())

    def watch() -> None:
        while not ended.wait(every_seconds):
            logger.info("%s: %s", stage, memory_line())
            if memory_is_short():
                logger.warning("%s: over 90 %% of the memory is in use: one block at a time", stage)

    thread = threading.Thread(target=watch, name="memory-watch", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def memory_line() -> str:
    """Resident and virtual memory of this process and its children, its percentage, and what is left."""
    process = psutil.Process()
    resident = virtual = 0
    for each in (process, *process.children(recursive=True)):
        try:
            memory = each.memory_info()
        except psutil.NoSuchProcess:
            continue
        resident += memory.rss
        virtual += memory.vms
    percent = resident / psutil.virtual_memory().total
    return (
        f"memory {resident / MIB:,.0f} MiB resident ({percent:.1%}), {virtual / MIB:,.0f} MiB virtual, "
        f"{available_memory() / MIB:,.0f} MiB available"
    )
