"""A run as a person at a terminal sees it."""

import dataclasses
import logging
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from synthprof.base.errors import SpecError, SynthprofError
from synthprof.orchestration.tasks.child import Started
from synthprof.report.bars import stage_line
from synthprof.report.lines import ASCII
from synthprof.report.terminal import Terminal
from synthprof.system.events import Failed, LogLine, ProgressMade, ReceiptWritten, Result


class Display(logging.Handler):
    """The events of stages shown as they come: a bar for the one at work, a line for each that is done.

    Keeps the receipts, the value of each stage and the last error.
    """

    def __init__(self, terminal: Terminal) -> None:
        super().__init__()
        self.terminal = terminal
        self.receipts: list[ReceiptWritten] = []
        self.values: dict[str, Any] = {}
        self.error: SynthprofError | None = None
        self._progress = Progress(
            SpinnerColumn("line" if terminal.marks is ASCII else "dots"),
            TextColumn("{task.description:<14}"),
            TextColumn("{task.fields[rows]}"),
            TimeElapsedColumn(),
            console=terminal,
            transient=True,
            disable=not terminal.moves,
        )
        self._bar = self._progress.add_task("Airflow starts", total=None, rows="")

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
                self.terminal.say(f"{stage}: {message}", label=("warning:", "yellow"), indent="  ")
            case Failed() as event:
                self._show_failed(event, stage)

    def _begin(self, what: str) -> None:
        # Rich cannot take the total from a bar that has one
        self._progress.remove_task(self._bar)
        self._bar = self._progress.add_task(what, total=None, rows="")

    def _show_progress(self, event: ProgressMade, stage: str) -> None:
        done, total = event.done, event.total or None
        rows = f"{done:,} of {total:,}" if total else f"{done:,}"
        rows += "" if event.unit == "rows" else f" {event.unit}"
        rows += f", {event.failed:,} failed" if event.failed else ""
        self._progress.update(self._bar, description=stage, completed=done, total=total, rows=rows)

    def _show_receipt(self, event: ReceiptWritten, stage: str) -> None:
        self.receipts.append(event)
        rows, seconds = event.facts["rows"], event.facts["seconds"]
        if event.facts.get("kept"):
            self.terminal.say(event.line, label=(self.terminal.marks.good, "green"), indent="  ")
        else:
            self.terminal.put(stage_line(self.terminal, stage, rows, seconds))
        self._begin("Airflow")

    def _show_failed(self, event: Failed, stage: str) -> None:
        self.error = event.error
        again = "" if isinstance(self.error, SpecError) else " (Airflow tries again, up to three times)"
        label = (self.terminal.marks.bad, "red")
        self.terminal.say(f"{stage}: {self.error.fact}{again}", label=label, indent="  ")
        if self.error.remedy:
            self.terminal.say(self.error.remedy, label=("hint:", "cyan"), indent="  ")


def waiting(terminal: Terminal, text: str) -> AbstractContextManager[object]:
    """Show while the context lasts that something goes on; in a pipe a line says so once."""
    if terminal.moves:
        return terminal.status(text, spinner="line" if terminal.marks is ASCII else "dots")
    terminal.say(text)
    return nullcontext()


def print_result(terminal: Terminal, published: dict[str, Any], receipts: list[ReceiptWritten]) -> None:
    """Print the stages, the scores, an example and the folder of the published version, and what is next."""
    from synthprof.report.console import print_next, print_summary
    from synthprof.report.model import added_up
    from synthprof.stages.summary import Facts, summary
    from synthprof.store.manifest import read_manifest

    folder = Path(published["path"])
    manifest = read_manifest(folder)
    report = summary(manifest, Facts.of(manifest, folder))
    if receipts:  # the manifest lacks the stage that wrote it
        report = dataclasses.replace(report, stages=added_up(map(_stage_row, receipts)))
    print_summary(terminal, report, folder)
    print_next(terminal, report, folder, "make ui")


def _stage_row(receipt: ReceiptWritten) -> Any:  # noqa: ANN401  loaded where it is needed
    from synthprof.report.model import StageRow

    facts = receipt.facts
    names = ("stage", "rows", "seconds", "peak_memory_mib", "bytes_written")
    spans = ((facts["began"], facts["began"] + facts["seconds"]),) if facts.get("began") else ()
    return StageRow(**{name: facts[name] for name in names}, spans=spans)
