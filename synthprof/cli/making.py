"""The commands that make data sets: `plan`, `run` and `embed`."""

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from synthprof.cli.help import Command
from synthprof.cli.options import AsJson, takes_params, without_options
from synthprof.cli.show import saved_as_html
from synthprof.report.ending import print_json
from synthprof.system.environment import home_folder

if TYPE_CHECKING:
    from synthprof.report.model import Report
    from synthprof.report.terminal import Terminal
    from synthprof.runner.plan import Plan
    from synthprof.runner.run import Run
    from synthprof.spec.request import Request, RequestKind
    from synthprof.system.events import Observer

ConsoleHtml = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Save what the console showed as an HTML file.")
]


def plan(request: "Request", as_json: AsJson = False) -> None:
    """Show what a run would take, before anything runs.

    Blocks, shards, workers, memory, disk and the kind of index, by measured estimates for this machine.
    """
    from synthprof.runner.plan import plan as plan_of

    planned = plan_of(request, home_folder())
    if as_json:
        print_json(_as_document(request, planned))
        return
    from synthprof.report.terminal import Column, Terminal
    from synthprof.report.words import amount

    terminal = Terminal()
    terminal.facts(_facts(request, planned).items())
    terminal.say()
    stages = [
        (name, *(amount(each[name]) if each.get(name) else "" for each in (planned.memory, planned.disk)))
        for name in dict.fromkeys((*planned.memory, *planned.disk))
    ]
    terminal.table((Column("stage"), Column("memory", right=True), Column("disk", right=True)), stages)
    for warning in planned.warnings:
        terminal.say(warning, label=("warning:", "yellow"))


def _facts(request: "Request", planned: "Plan") -> dict[str, str]:
    from synthprof.report.words import amount, count

    shards = planned.shards
    first = shards[0].label(request.spec.profiles) + (" …" if len(shards) > 1 else "")
    return {
        f"{request.spec.row_word}s": count(request.spec.profiles),
        **({"child rows": f"about {count(planned.children)}"} if planned.children else {}),
        "blocks": count(planned.blocks),
        "shards": f"{len(shards)} ({first})",
        "workers": str(planned.workers),
        "clusters": count(planned.clusters),
        "index": f"{planned.index.kind}: {planned.index.reason}" if planned.index else "none",
        "memory": f"{amount(planned.peak_memory)} at most, {amount(planned.available_memory)} available",
        "disk": f"{amount(planned.total_disk)}, {amount(planned.free_disk)} free",
    }


def _as_document(request: "Request", planned: "Plan") -> dict[str, object]:
    return {
        "dataset": request.dataset,
        "rows": request.spec.profiles,
        **({"children": planned.children} if planned.children else {}),
        "blocks": planned.blocks,
        "shards": [[each.first, each.end] for each in planned.shards],
        "workers": planned.workers,
        "clusters": planned.clusters,
        "index": {"kind": planned.index.kind, "reason": planned.index.reason} if planned.index else None,
        "memory_bytes": {
            "most": planned.peak_memory,
            "available": planned.available_memory,
            "stages": planned.memory,
        },
        "disk_bytes": {"sum": planned.total_disk, "free": planned.free_disk, "stages": planned.disk},
        "warnings": list(planned.warnings),
    }


def run(request: "Request", console_html: ConsoleHtml = None, as_json: AsJson = False) -> None:
    """Make a data set of profiles, without Airflow.

    All stages in a row; what was done before is not done again. Log lines with time, process, stage and
    duration are added to run.log in the build folder.
    """
    from synthprof.report.terminal import Terminal
    from synthprof.runner.run import resolved

    request = resolved(request, home_folder())
    _make(request, console_html, Terminal(record=console_html is not None), as_json=as_json)


def embed(request: "Request", console_html: ConsoleHtml = None, as_json: AsJson = False) -> None:
    """Make a data set of texts or pictures from elsewhere.

    Of a table in a file, folder or database, or a folder of texts or pictures: with embeddings, clusters and
    index, to be searched like the others. A source that changed gives another version.
    """
    from synthprof.report.terminal import Terminal
    from synthprof.runner.run import resolved
    from synthprof.stages.survey import account_of

    home, terminal = home_folder(), Terminal(record=console_html is not None)
    with shown(terminal, as_json=as_json) as observe:  # to read a large source takes its time
        request = resolved(request, home, observe)
    for place, line in enumerate(() if as_json else account_of(request, home)):
        terminal.say(f"left out: {line}" if place else line)
    _make(request, console_html, terminal, as_json=as_json)


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
        app.command(cls=Command, epilog=example)(shaped)


def _make(request: "Request", console_html: Path | None, terminal: "Terminal", *, as_json: bool) -> None:
    """Run all stages in a row, show each as it goes, then the summary."""
    from synthprof.report.console import command, print_next
    from synthprof.runner.log import run_log
    from synthprof.runner.run import run_all
    from synthprof.system.logs import log_to

    with saved_as_html(terminal, console_html):
        with run_log(request, home_folder()) as log:
            log_to(log, logging.DEBUG if request.runtime.detailed_logging else logging.INFO)
            with shown(terminal, as_json=as_json) as observe:
                done = run_all(request, home_folder(), observe)
        report, path = tell_result(terminal, request.dataset, done, as_json=as_json)
        if not as_json:
            print_next(terminal, report, path, f"{command()} serve")


def shown(terminal: "Terminal", *, as_json: bool) -> "AbstractContextManager[Observer]":
    """Return what shows the progress of stages: nothing for programs."""
    from synthprof.report.bars import bars, unseen

    return unseen() if as_json else bars(terminal)


def tell_result(terminal: "Terminal", dataset: str, done: "Run", *, as_json: bool) -> "tuple[Report, Path]":
    """Print the account of what a run has published; return it, and the folder of the version."""
    from synthprof.report.console import as_document, print_summary
    from synthprof.stages.summary import Facts, summary
    from synthprof.versions.version import open_version

    version = open_version(home_folder(), dataset, done.published["version"])
    report = summary(version.manifest, Facts.of(version.manifest, version.folder), done.receipts)
    if as_json:
        print_json(as_document(report, version.folder))
    else:
        print_summary(terminal, report, version.folder)
    return report, version.folder
