"""A run as a person at a terminal sees it."""

import dataclasses
import logging
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)
from rich.text import Text

from synthprof.base.errors import SpecError, SynthprofError
from synthprof.base.text import plain
from synthprof.orchestration.tasks.child import Started
from synthprof.system.events import Failed, LogLine, ProgressMade, ReceiptWritten, Result


class Display(logging.Handler):
    """The events of stages shown as they come: a bar for the one at work, a line for each that is done.

    Keeps the receipts, the value of each stage and the last error.
    """

    def __init__(self, console: Console) -> None:
        super().__init__()
        self.console = console
        self.receipts: list[ReceiptWritten] = []
        self.values: dict[str, Any] = {}
        self.error: SynthprofError | None = None
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description:<16}"),
            BarColumn(),
            TextColumn("{task.fields[rows]}"),
            TimeElapsedColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._bar = self._progress.add_task("starting Airflow", total=None, rows="")

    def __enter__(self) -> "Display":
        logger = logging.getLogger("synthprof.orchestration.tasks.child")
        logger.setLevel(logging.DEBUG)
        logger.addHandler(self)
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()
        logging.getLogger("synthprof.orchestration.tasks.child").removeHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        """Show an event that a child has sent."""
        stage = str(getattr(record, "stage", ""))
        match getattr(record, "synthprof", None):
            case Started():
                self._begin(stage)
            case ProgressMade() as event:
                self._show_progress(event, stage)
            case ReceiptWritten() as event:
                self._show_receipt(event, stage)
            case Result(value):
                self.values[stage] = value
            case LogLine("WARNING" | "ERROR" | "CRITICAL", message):
                self.console.print(Text.assemble(("! ", "yellow"), f"{stage}: {plain(message)}"))
            case Failed() as event:
                self._show_failed(event, stage)

    def _begin(self, what: str) -> None:
        # Rich cannot take the total from a bar that has one
        self._progress.remove_task(self._bar)
        self._bar = self._progress.add_task(what, total=None, rows="")

    def _show_progress(self, event: ProgressMade, stage: str) -> None:
        done, total = event.done, event.total or None
        rows = f"{done:,} / {total:,}" if total else f"{done:,}"
        rows += "" if event.unit == "rows" else f" {event.unit}"
        rows += f", {event.failed:,} failed" if event.failed else ""
        self._progress.update(self._bar, description=stage, completed=done, total=total, rows=rows)

    def _show_receipt(self, event: ReceiptWritten, stage: str) -> None:
        self.receipts.append(event)
        rows, seconds = event.facts["rows"], event.facts["seconds"]
        words = Text.assemble(f"{stage:<14}", (f"{rows:>12,} rows {seconds:>8.2f} s", "dim"))
        if event.facts.get("kept"):
            words = Text(event.line)
        self.console.print(Text.assemble(("✓ ", "green"), words))
        self._begin("Airflow")

    def _show_failed(self, event: Failed, stage: str) -> None:
        self.error = event.error
        again = "" if isinstance(self.error, SpecError) else " (Airflow tries again, up to three times)"
        text = Text.assemble(("✗ ", "bold red"), f"{stage}: {plain(event.message)}{again}")
        self.console.print(text, soft_wrap=True)


def print_result(console: Console, published: dict[str, Any], receipts: list[ReceiptWritten]) -> None:
    """Print the stages, the scores, an example and the folder of the published version."""
    from synthprof.report.console import print_summary
    from synthprof.report.model import added_up
    from synthprof.stages.summary import Facts, summary
    from synthprof.store.manifest import read_manifest

    folder = Path(published["path"])
    report = summary(read_manifest(folder), Facts.of(folder))
    if receipts:  # the manifest lacks the stage that wrote it
        report = dataclasses.replace(report, stages=added_up(map(_stage_row, receipts)))
    print_summary(console, report, folder)


def _stage_row(receipt: ReceiptWritten) -> Any:  # noqa: ANN401  loaded where it is needed
    from synthprof.report.model import StageRow

    facts = receipt.facts
    names = ("stage", "rows", "seconds", "peak_memory_mib", "bytes_written")
    spans = ((facts["began"], facts["began"] + facts["seconds"]),) if facts.get("began") else ()
    return StageRow(**{name: facts[name] for name in names}, spans=spans)
