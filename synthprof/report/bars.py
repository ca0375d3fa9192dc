"""Bars of progress, one for each stage, on a terminal or in a notebook."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

Observe = Callable[..., None]
"""Called with a stage, what is done, all there is (0: unknown), how many failed, and what is counted."""

SECONDS_BETWEEN_PICTURES = 0.2
"""Of a notebook, where each picture is a message of some kilobytes."""


@contextmanager
def bars(console: Console) -> Iterator[Observe]:
    """Show a bar for each stage while the context lasts; yields what is to be told of progress."""
    with _progress(console, transient=not console.is_terminal) as progress:
        yield _Stages(progress)


@contextmanager
def notebook_bars() -> Iterator[Observe]:
    """Show a bar for each stage in the output of a notebook's cell; it needs no widgets."""
    from IPython.display import display

    progress = _progress(Console(force_jupyter=True), transient=False)  # never started: it only draws itself
    stages = _Stages(progress)
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


def _progress(console: Console, *, transient: bool) -> Progress:
    return Progress(
        TextColumn("{task.description:<14}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=transient,
    )


class _Stages:
    """The bar of each stage, by its name."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._tasks: dict[str, TaskID] = {}

    def __call__(self, stage: str, done: int, total: int, failed: int = 0, unit: str = "rows") -> None:
        if stage not in self._tasks:
            self._tasks[stage] = self._progress.add_task(stage, total=total, rate="")
        task = self._tasks[stage]
        words = stage if unit == "rows" else f"{stage}, {unit}"
        words += f", {failed:,} failed" if failed else ""
        speed = next(each.speed for each in self._progress.tasks if each.id == task)
        rate = f"{speed:,.0f}/s" if speed else ""
        self._progress.update(task, completed=done, total=total, description=words, rate=rate)
