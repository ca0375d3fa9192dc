"""What a run says while it works: log lines, progress and the memory it takes."""

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
"""Log lines carry time, level and process; stage and duration stand in the message."""


logger = logging.getLogger(__name__)


def log_to(*targets: tuple[TextIO, int]) -> None:
    """Log lines of synthprof go as text to each stream, from its level on."""
    install([_lines(stream, level) for stream, level in targets], min(level for _, level in targets))


def add_file(stream: TextIO) -> None:
    """Send the log lines of synthprof as text to this stream, too."""
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
    """Lines of text. One that the disk has no room for is left out: what ends a run is told by its error."""

    def handleError(self, record: logging.LogRecord) -> None:
        if not isinstance(sys.exc_info()[1], OSError):
            super().handleError(record)


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
