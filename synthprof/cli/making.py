"""The commands that make data sets: `plan`, `run` and `embed`."""

import logging
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from synthprof.base.units import MIB
from synthprof.cli.options import takes_params, without_options
from synthprof.cli.show import saved_as_html
from synthprof.system.environment import home_folder

if TYPE_CHECKING:
    from rich.console import Console

    from synthprof.runner.plan import Plan
    from synthprof.spec.request import Request, RequestKind

ConsoleHtml = Annotated[Path | None, typer.Option(help="Save what the console showed as an HTML file.")]


def plan(request: "Request") -> None:
    """Show what a run would take, before anything runs.

    Blocks, shards, workers, memory, disk and the kind of index, by measured estimates for this machine.
    """
    from rich.console import Console
    from rich.table import Table

    from synthprof.runner.plan import plan as plan_of

    planned = plan_of(request, home_folder())
    console = Console()
    facts = Table(box=None, show_header=False)
    for name, value in _facts(request, planned).items():
        facts.add_row(name, value)
    console.print(facts)
    stages = Table("stage", "memory, MiB", "disk, MiB")
    for name in dict.fromkeys((*planned.memory, *planned.disk)):
        amounts = (planned.memory.get(name), planned.disk.get(name))
        stages.add_row(name, *(f"{amount / MIB:,.0f}" if amount else "" for amount in amounts))
    console.print(stages)
    for warning in planned.warnings:
        console.print(f"[yellow]warning[/yellow] {warning}")


def _facts(request: "Request", planned: "Plan") -> dict[str, str]:
    shards = planned.shards
    return {
        "profiles": f"{request.spec.profiles:,}",
        "blocks": f"{planned.blocks:,}",
        "shards": f"{len(shards)} ({shards[0].label(request.spec.profiles)} …)",
        "workers": str(planned.workers),
        "clusters": f"{planned.clusters:,}",
        "index": f"{planned.index.kind}: {planned.index.reason}" if planned.index else "none",
        "memory": f"{planned.peak_memory / MIB:,.0f} MiB at most, "
        f"{planned.available_memory / MIB:,.0f} MiB available",
        "disk": f"{planned.total_disk / MIB:,.0f} MiB, {planned.free_disk / MIB:,.0f} MiB free",
    }


def run(request: "Request", console_html: ConsoleHtml = None) -> None:
    """Make a data set of profiles, without Airflow.

    All stages in a row; what was done before is not done again. Log lines with time, process, stage and
    duration are added to run.log in the build folder.
    """
    _make(request, console_html)


def embed(request: "Request", console_html: ConsoleHtml = None) -> None:
    """Make a data set of texts from elsewhere.

    Of a table in a file, folder or database, or a folder of text files: with embeddings, clusters and index,
    to be searched like the others. A source that changed gives another version.
    """
    from rich.console import Console

    from synthprof.report.bars import bars
    from synthprof.runner.run import resolved
    from synthprof.stages.survey import account, read_survey
    from synthprof.store.store import Store

    home = home_folder()
    with bars(Console()) as observe:  # to read a large source takes its time
        request = resolved(request, home, observe)
    found = read_survey(Store(home, request.dataset).build(request.spec).folder)
    _make(request, console_html, account(found) if found else ())


COMMANDS: tuple[tuple[Callable[..., None], "RequestKind", str], ...] = (
    (plan, "generate", "synthprof plan --profiles 1000000"),
    (run, "generate", "synthprof run --dataset demo --profiles 100000 --seed 7"),
    (embed, "embed", "synthprof embed --source notes.db --table notes --text-column body"),
)


def register(app: typer.Typer, chosen: str | None) -> None:
    """Add the commands to the command line, only the chosen one with its options; None gives all of them."""
    for command, kind, example in COMMANDS:
        wanted = chosen in (None, command.__name__)
        shaped = takes_params(command, kind) if wanted else without_options(command)
        app.command(epilog=f"Example: {example}")(shaped)


def _make(request: "Request", console_html: Path | None, source: Sequence[str] = ()) -> None:
    """Run all stages in a row, with a bar for each, then show the summary. source: lines about it."""
    from rich.console import Console

    console = Console(record=console_html is not None)
    with saved_as_html(console, console_html):
        for place, line in enumerate(source):
            console.print(
                f"left out: {line}" if place else line, markup=False, highlight=False, soft_wrap=True
            )
        _run_and_tell(request, console)


def _run_and_tell(request: "Request", console: "Console") -> None:
    from synthprof.report.bars import bars
    from synthprof.report.console import print_summary
    from synthprof.runner.log import run_log
    from synthprof.runner.run import run_all
    from synthprof.stages.summary import Facts, summary
    from synthprof.system.logs import log_to
    from synthprof.versions.version import open_version

    home = home_folder()
    with run_log(request, home) as log, bars(console) as observe:
        level = logging.DEBUG if request.runtime.detailed_logging else logging.INFO
        log_to((log, level), (sys.stderr, logging.WARNING))
        try:
            done = run_all(request, home, observe)
        except KeyboardInterrupt:
            same = "the same command without --force" if request.runtime.force else "the same command"
            console.print(f"Interrupted. What was done is kept: {same} goes on from there.")
            raise
    version = open_version(home, request.dataset, done.published["version"])
    facts = Facts.of(version.folder)
    print_summary(console, summary(version.manifest, facts, done.receipts), version.folder)
