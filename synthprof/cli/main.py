"""The command line. Slow imports happen where they are needed."""

import logging
import sys
import traceback
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from synthprof.base.errors import SynthprofError
from synthprof.base.text import plain
from synthprof.base.units import MIB
from synthprof.cli import search
from synthprof.cli.options import takes_params
from synthprof.cli.show import bars, log_file, saved_as_html
from synthprof.spec.limits import FEW_BLOCKS
from synthprof.spec.request import Request
from synthprof.system.environment import home_folder
from synthprof.system.logs import log_to
from synthprof.system.machine import check_machine
from synthprof.system.refusals import clear_errors
from synthprof.system.startup import end_on_signals, show_what_can_be_shown

app = typer.Typer(
    help="Large synthetic data sets of user profiles, reproducible to the byte.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    # --dim_vector is --dim-vector: the name of the parameter works as it stands
    context_settings={"token_normalize_func": lambda token: token.replace("_", "-")},
)

ConsoleHtml = Annotated[Path | None, typer.Option(help="Save what the console showed as an HTML file.")]


def main() -> None:
    """Run the command line; a known failure ends with one message and its exit status."""
    end_on_signals()
    show_what_can_be_shown()
    try:
        with clear_errors():
            check_machine()
            app()
    except SynthprofError as error:
        Console(stderr=True).print(
            Text.assemble((type(error).__name__, "red"), " ", plain(error)), soft_wrap=True
        )
        sys.exit(error.exit_code)


@app.command(epilog="Example: synthprof plan --profiles 1000000")
@takes_params
def plan(request: Request) -> None:
    """What a run would take, before anything runs: blocks, shards, memory, disk and the kind of index."""
    from synthprof.runner.run import limits_of
    from synthprof.stages.plan import plan as make_plan

    limits = limits_of(request, home_folder())
    planned = make_plan(request, limits)
    console = Console()
    facts = Table(box=None, show_header=False)
    shards = planned.shards
    for name, value in {
        "profiles": f"{request.spec.profiles:,}",
        "blocks": f"{planned.blocks:,}",
        "shards": f"{len(shards)} ({shards[0].label(request.spec.profiles)} …)",
        "workers": str(planned.workers),
        "clusters": f"{planned.clusters:,}",
        "index": f"{planned.index.kind}: {planned.index.reason}" if planned.index else "none",
        "memory": f"{planned.peak_memory / MIB:,.0f} MiB at most, {limits.memory / MIB:,.0f} MiB available",
        "disk": f"{planned.total_disk / MIB:,.0f} MiB, {limits.disk / MIB:,.0f} MiB free",
    }.items():
        facts.add_row(name, value)
    console.print(facts)
    stages = Table("stage", "memory, MiB", "disk, MiB")
    for name in dict.fromkeys((*planned.memory, *planned.disk)):
        amounts = (planned.memory.get(name), planned.disk.get(name))
        stages.add_row(name, *(f"{amount / MIB:,.0f}" if amount else "" for amount in amounts))
    console.print(stages)
    for warning in planned.warnings:
        console.print(f"[yellow]warning[/yellow] {warning}")


@app.command(epilog="Example: synthprof run --dataset demo --profiles 100000 --seed 7")
@takes_params
def run(
    request: Request,
    console_html: ConsoleHtml = None,
) -> None:
    """Make a data set: all stages in a row, without Airflow. What was done before is not done again.

    Log lines with time, process, stage and duration are added to run.log in the build folder.
    """
    _make(request, console_html)


def embed(request: Request, console_html: ConsoleHtml = None) -> None:
    """Make a data set of texts from elsewhere: an SQLite or Parquet table, or a folder of text files.

    With embeddings, clusters and index, to be searched like the others; a source that changed gives another
    version.
    """
    from synthprof.stages.import_rows import resolve_source

    _make(resolve_source(request, home_folder()), console_html)


app.command(epilog="Example: synthprof embed --source notes.db --table notes --text-column body")(
    takes_params(embed, "embed")
)


def _make(request: Request, console_html: Path | None) -> None:
    """All stages in a row, with a bar for each, then the summary."""
    console = Console(record=console_html is not None)
    with saved_as_html(console, console_html):
        _run_and_tell(request, console)


def _run_and_tell(request: Request, console: Console) -> None:
    from synthprof.report.console import print_summary
    from synthprof.runner.run import run_all
    from synthprof.stages.summary import Facts, summary
    from synthprof.versions.version import open_version

    with log_file(request) as log, bars(console) as observe:
        level = logging.DEBUG if request.runtime.detailed_logging else logging.INFO
        log_to((log, level), (sys.stderr, logging.WARNING))
        try:
            done = run_all(request, home_folder(), observe)
        except KeyboardInterrupt:
            same = "the same command without --force" if request.runtime.force else "the same command"
            console.print(f"Interrupted. What was done is kept: {same} goes on from there.")
            raise
        except BaseException:
            with suppress(OSError):  # what failed first is what matters
                traceback.print_exc(file=log)
            raise
    version = open_version(home_folder(), request.dataset, done.published["version"])
    facts = Facts.of(version.folder)
    print_summary(console, summary(version.manifest, facts, done.receipts), version.folder)


@app.command(epilog="Example: synthprof status")
def status() -> None:
    """Published versions with their scores (* marks the current one), and builds that are under way."""
    from synthprof.versions.inventory import versions
    from synthprof.versions.unfinished import builds

    console = Console()
    table = Table(box=box.SIMPLE, padding=(0, 1, 0, 0), show_edge=False)
    for title in ("data set", "version", "rows", "seed", "encoder", "MiB", "published", "ARI", "recall"):
        table.add_column(title)
    found, problems = versions(home_folder())
    for manifest, current in found:
        scores = (manifest.scores.get(name) for name in ("adjusted_rand_index", "recall_at_10"))
        table.add_row(
            manifest.dataset,
            f"{manifest.version}{'*' if current else ''}",
            f"{manifest.rows:,}",
            str(manifest.spec["seed"]),
            manifest.spec["encoder"],
            f"{manifest.bytes_total / MIB:,.0f}",
            manifest.published_at[:10],
            *("–" if score is None else f"{score:.3f}" for score in scores),
        )
    if table.row_count:
        search.print_table(table)
    elif not problems:
        told = f"Nothing is published in {home_folder()}. Make a data set with: synthprof run"
        console.print(told, markup=False, soft_wrap=True)
    for problem in problems:
        console.print(Text.assemble(("✗", "red"), " ", plain(problem)), soft_wrap=True)
    for build in builds(home_folder()):
        done = ", ".join(build.done) or "nothing"
        console.print(
            f"{build.dataset}: {build.spec.profiles:,} {build.spec.row_word}s, seed {build.spec.seed}: "
            f"not published yet; done: {done}; the same "
            f"`synthprof {'embed' if build.spec.collection else 'run'}` goes on from there",
            soft_wrap=True,
        )


Dataset = Annotated[str, typer.Option(help="Name of the data set.")]
VersionName = Annotated[str | None, typer.Option(help="Version; the current one unless given.")]


@app.command(epilog="Example: synthprof verify --dataset gamers --all")
def verify(
    dataset: Dataset = "gamers",
    version: VersionName = None,
    blocks: Annotated[int, typer.Option(min=1, help="Blocks to make again and compare.")] = FEW_BLOCKS,
    all_blocks: Annotated[bool, typer.Option("--all", help="Make every block again.")] = False,
) -> None:
    """Check every file of a version against its checksum, and blocks of rows by making them again."""
    from synthprof.versions.verify import verify as check
    from synthprof.versions.version import open_version

    console = Console()
    found = open_version(home_folder(), dataset, version)
    with bars(console) as observe:
        verdict = check(
            found, None if all_blocks else blocks, lambda done, total: observe("verify", done, total)
        )
    for finding in verdict.findings:
        console.print(Text.assemble(("✗", "red"), " ", plain(finding)), soft_wrap=True)
    if not verdict.sound:
        console.print(f"{verdict.remedy}.", soft_wrap=True)
        raise typer.Exit(1)
    console.print(f"[green]✓[/green] {dataset} {found.manifest.version}: {verdict.found_right}")


@app.command(epilog="Example: synthprof repair --dataset gamers")
def repair(
    dataset: Dataset = "gamers",
    version: VersionName = None,
    force: Annotated[
        bool, typer.Option("--force", help="Trust nothing that lies there: make all of it again.")
    ] = False,
) -> None:
    """Make a damaged version whole: only what is damaged is made again, with the same digests."""
    from synthprof.runner.repair import repair as make_whole

    console = Console()
    with bars(console) as observe:
        done = make_whole(home_folder(), dataset, version, force=force, observe=observe)
    console.print(
        f"{dataset} {done.version}: put right: {', '.join(done.files) or 'nothing, all was sound'}; "
        f"stages run again: {', '.join(done.stages) or 'none'}",
        markup=False,
        soft_wrap=True,
    )


@app.command(epilog="Example: synthprof show 42 --dataset gamers")
def show(
    profile_id: Annotated[str, typer.Argument(metavar="ID", help=search.ID_HELP)],
    dataset: Dataset = "gamers",
    version: VersionName = None,
) -> None:
    """One profile, or one text of a collection, with its cluster."""
    from synthprof.versions.version import open_version

    found = open_version(home_folder(), dataset, version)
    profile = found.profile(found.number_of(profile_id))
    table = Table(box=None, show_header=False)
    for name, value in profile.items():
        table.add_row(Text(name, "bold"), Text(plain(value)))
    Console().print(table)


@app.command(epilog="Example: synthprof serve --port 8090")
def serve(
    host: Annotated[
        str, typer.Option(help="Address to listen on; others than this machine's need a token.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65_535, help="Port to listen on; 0 is any.")] = 8090,
) -> None:
    """The explorer in a browser, without Airflow. SYNTHPROF_TOKEN, if set, is asked of every caller."""
    from synthprof.explorer.server.serve import serve as answer

    answer(
        home_folder(), host, port, lambda url: Console().print(f"The explorer is at {url}; Ctrl-C ends it.")
    )


search.register(app)
