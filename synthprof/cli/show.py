"""Progress bars, the HTML copy of the console and the log file."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TextIO

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from synthprof.base.errors import SpecError
from synthprof.spec.request import Request
from synthprof.system.environment import home_folder
from synthprof.system.refusals import clear_errors


@contextmanager
def saved_as_html(console: Console, path: Path | None) -> Iterator[None]:
    """The file holds what the console has shown, if anything, however that ended.

    Raises SpecError before if it cannot.
    """
    if path is None:
        yield
        return
    try:
        path.open("a").close()
    except OSError as error:
        raise SpecError(
            f"console_html={path} cannot be written ({error.strerror}); name a file in a folder that is there"
        ) from None
    try:
        yield
    finally:
        if console.export_text(clear=False).strip():
            path.write_text(console.export_html(), encoding="utf-8")


@contextmanager
def log_file(request: Request) -> Iterator[TextIO]:
    """`run.log` in the build folder, where every attempt adds its lines: configuration, stages, memory."""
    from synthprof.store.store import Store

    folder = Store(home_folder(), request.dataset).build(request.spec).folder
    with clear_errors():
        folder.mkdir(parents=True, exist_ok=True)
        log = (folder / "run.log").open("a", encoding="utf-8")
    try:
        yield log
    finally:
        with suppress(OSError):  # a full disk has no room for the last lines
            log.close()


@contextmanager
def bars(console: Console) -> Any:  # noqa: ANN401
    """A callback for progress that shows a bar per stage."""
    with Progress(
        TextColumn("{task.description:<14}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=not console.is_terminal,
    ) as progress:
        tasks: dict[str, Any] = {}

        def observe(stage: str, done: int, total: int, failed: int = 0) -> None:
            if stage not in tasks:
                tasks[stage] = progress.add_task(stage, total=total, rate="")
            words = f"{stage}, {failed:,} failed" if failed else stage
            speed = next(task.speed for task in progress.tasks if task.id == tasks[stage])
            rate = f"{speed:,.0f}/s" if speed else ""
            progress.update(tasks[stage], completed=done, total=total, description=words, rate=rate)

        yield observe
