"""Log lines of a run, among them its memory every few seconds."""

import logging
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

import psutil

from synthprof.base.units import MIB
from synthprof.system.machine import available_memory, memory_is_short

LINE = "%(asctime)s %(levelname)-7s [%(process)d] %(message)s"
"""Format of a log line: time, level and process id; stage and duration are part of the message."""


logger = logging.getLogger(__name__)


def log_to(stream: TextIO, level: int) -> None:
    """Write the log lines of synthprof as text to this stream alone, from the given level on."""
    install([_lines(stream, level)], level)


def add_file(stream: TextIO) -> None:
    """Write the log lines of synthprof as text to this stream as well."""
    logging.getLogger("synthprof").addHandler(_lines(stream, logging.DEBUG))


def _lines(stream: TextIO, level: int) -> logging.Handler:
    handler = _LineHandler(stream)
    handler.setFormatter(logging.Formatter(LINE))
    handler.setLevel(level)
    return handler


def install(handlers: list[logging.Handler], level: int) -> None:
    """Send the log lines of synthprof to these handlers alone."""
    root = logging.getLogger("synthprof")
    root.handlers = handlers
    root.setLevel(level)
    root.propagate = False


class _LineHandler(logging.StreamHandler[TextIO]):
    """A handler that drops a line that cannot be written: a full disk is reported by the run's own error."""

    def handleError(self, record: logging.LogRecord) -> None:
        if not isinstance(sys.exc_info()[1], OSError):
            super().handleError(record)


@contextmanager
def memory_watch(stage: str, every_seconds: float = 10.0) -> Iterator[None]:
    """Log the memory of this process now and every `every_seconds` while inside, and warn when it is short.

    While memory is short, work continues one block at a time (`slots.cpu_slot`).
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
    """Return a line with the memory of this process and its children, and the memory available."""
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
