"""Progress of stages: a bar for each on a terminal or in a notebook, a line for each in a pipe or a file."""

import logging
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.text import Text

from synthprof.report.lines import cells, padded, told
from synthprof.report.terminal import Terminal
from synthprof.report.words import count, duration

Observe = Callable[..., None]
"""Called with a stage, what is done, all there is (0: unknown), how many failed, and what is counted."""

SECONDS_BETWEEN_PICTURES = 0.2
"""Of a notebook, where each picture is a message of some kilobytes."""

NAME = 14
"""Columns for the name of a stage."""

BAR = 20
NARROW, MIDDLE = 68, 78
"""Columns below which there is no room for a bar and all rows, or for the rate: at ten million rows."""


@contextmanager
def bars(terminal: Terminal, *, stood: bool = True) -> Iterator[Observe]:
    """Show each stage while the context lasts; yields what is to be told of progress.

    stood: tell of stages, too, whose earlier work stands; no bar is drawn for them.
    """
    stages = _Stages(_progress(terminal, terminal.columns or MIDDLE)) if terminal.moves else None
    with _heard(terminal, stages, stood=stood):
        try:
            yield stages or (lambda *_: None)
        finally:
            if stages is not None:
                stages.stop()


@contextmanager
def unseen() -> Iterator[Observe]:
    """Show nothing, as for programs, but for warnings."""
    with _warned():
        yield lambda *_: None


@contextmanager
def notebook_bars() -> Iterator[Observe]:
    """Show a bar for each stage in the output of a notebook's cell; it needs no widgets."""
    from IPython.display import display

    # never started: it only draws itself
    progress = _progress(Console(force_jupyter=True), MIDDLE)
    stages = _Stages(progress, started=True)
    shown = display(progress, display_id=True)  # type: ignore[no-untyped-call]
    due = 0.0

    def observe(stage: str, done: int, total: int, failed: int = 0, unit: str = "rows") -> None:
        nonlocal due
        stages(stage, done, total, failed, unit)
        if time.monotonic() >= due:
            shown.update(progress)
            due = time.monotonic() + SECONDS_BETWEEN_PICTURES

    try:
        yield observe
    finally:
        shown.update(progress)


def stage_line(terminal: Terminal, stage: str, rows: int, seconds: float) -> Text:
    """Return the line of a stage that is done, within the width of the terminal."""
    parts = [padded(stage, NAME), f"{count(rows):>11} rows" if rows else " " * 16, f"{duration(seconds):>12}"]
    if rows and seconds:
        parts.append(f"{rows / seconds:>13,.0f} rows/s")
    line = f"{terminal.marks.good} {parts[0]}"
    for part in parts[1:]:
        if terminal.columns is not None and cells(line + part) > terminal.columns:
            break
        line += part
    return Text.assemble((terminal.marks.good, "green"), line.removeprefix(terminal.marks.good).rstrip())


def _progress(console: Console, width: int) -> Progress:
    """Return a picture of bars that fits into the width: what there is no room for is left out."""
    columns: list[ProgressColumn] = [TextColumn(f"{{task.description:<{NAME}}}")]
    if width >= NARROW:
        columns.append(BarColumn(BAR))
    columns.append(TextColumn("{task.fields[rows]}" if width >= NARROW else "{task.percentage:>3.0f} %"))
    if width >= MIDDLE:
        columns.append(TextColumn("{task.fields[rate]}"))
    columns.append(TimeElapsedColumn())
    return Progress(*columns, console=console)


class _Stages:
    """The bar of each stage, by its name; the first one starts the picture."""

    def __init__(self, progress: Progress, *, started: bool = False) -> None:
        self._progress = progress
        self._started = started
        self._tasks: dict[str, TaskID] = {}
        self.stood: set[str] = set()

    def __call__(self, stage: str, done: int, total: int, failed: int = 0, unit: str = "rows") -> None:
        if stage in self.stood:
            return
        if not self._started:
            self._progress.start()
            self._started = True
        if stage not in self._tasks:
            self._tasks[stage] = self._progress.add_task(stage, total=total or None, rate="", rows="")
        task = self._tasks[stage]
        speed = next(each.speed for each in self._progress.tasks if each.id == task)
        rows = f"{count(done)} of {count(total)}" if total else count(done)
        rows += ("" if unit == "rows" else f" {unit}") + (f", {count(failed)} failed" if failed else "")
        rate = f"{speed:,.0f}/s" if speed else ""
        self._progress.update(task, completed=done, total=total or None, rows=rows, rate=rate)

    def stop(self) -> None:
        """Leave the picture as it is."""
        if self._started:
            self._progress.stop()


@contextmanager
def _heard(terminal: Terminal, stages: _Stages | None, *, stood: bool) -> Iterator[None]:
    """Hear the runner's log lines: of a stage that stands, and of one that is done."""
    logger = logging.getLogger("synthprof.runner.run")
    before, handler = logger.level, _Told(terminal, stages, stood=stood)
    logger.addHandler(handler)
    logger.setLevel(min(before or logging.INFO, logging.INFO))
    try:
        with _warned():
            yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(before)


class _Told(logging.Handler):
    def __init__(self, terminal: Terminal, stages: _Stages | None, *, stood: bool) -> None:
        super().__init__(logging.INFO)
        self._terminal, self._stages, self._stood = terminal, stages, stood

    def emit(self, record: logging.LogRecord) -> None:
        """Tell of a stage in a line, where there are no bars."""
        if standing := getattr(record, "standing", None):
            if self._stages is not None:
                self._stages.stood.add(standing)
            if self._stood:
                self._line(f"{padded(standing, NAME)} is done already")
        receipt: Any = getattr(record, "receipt", None)
        if receipt is not None and self._stages is None:
            self._terminal.put(stage_line(self._terminal, receipt.stage, receipt.rows, receipt.seconds))

    def _line(self, text: str) -> None:
        if self._stages is None:
            self._terminal.say(text, label=(self._terminal.marks.good, "green"))


@contextmanager
def _warned() -> Iterator[None]:
    """Tell warnings on standard error, above the bars if there are any."""
    logger, handler = logging.getLogger("synthprof"), _Warning(logging.WARNING)
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)


class _Warning(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        """Print the message, wrapped to the terminal."""
        print(told("warning", self.format(record), sys.stderr, "33"), file=sys.stderr, flush=True)
