"""The command line. Slow imports happen where they are needed."""

import inspect
import logging
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Annotated, Any, TextIO

import typer
from rich import box
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

from synthprof import cli_search
from synthprof.errors import SpecError, SynthprofError
from synthprof.limits import FEW_BLOCKS
from synthprof.params import check_names
from synthprof.refusals import clear_errors
from synthprof.report.words import plain
from synthprof.resources import MIB, check_machine, home_folder
from synthprof.spec import Kind, Request, params_schema
from synthprof.startup import end_on_signals, forgo_pandas, show_what_can_be_shown
from synthprof.telemetry import log_to

app = typer.Typer(
    help="Large synthetic data sets of user profiles, reproducible to the byte.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    # --dim_vector is --dim-vector: the name of the parameter works as it stands
    context_settings={"token_normalize_func": lambda token: token.replace("_", "-")},
)

ConsoleHtml = Annotated[Path | None, typer.Option(help="Save what the console showed as an HTML file.")]

_TYPES: dict[str, type] = {"integer": int, "number": float, "boolean": bool, "string": str}


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


def _takes_params(command: Callable[..., None], kind: Kind = "generate") -> Callable[..., None]:
    """The command takes every parameter of its kind of request as an option, from their one declaration."""
    schema = params_schema(kind)

    def with_options(**options: Any) -> None:  # noqa: ANN401
        own = {name: options.pop(name) for name in list(options) if name in inspected}
        given = {name: value for name, value in options.items() if value is not None}
        check_names(given, params_schema(kind))
        if given.get("encoder") == "model" and "model" in given:
            given["model"] = _absolute(given["model"])
        forgo_pandas()
        command(Request.from_params({"dataset": schema["dataset"]["default"]} | given), **own)

    inspected = dict(list(inspect.signature(command).parameters.items())[1:])
    parameters = [_option(name, properties) for name, properties in schema.items()]
    with_options.__doc__ = command.__doc__
    with_options.__name__ = command.__name__
    own_last = [each.replace(kind=inspect.Parameter.KEYWORD_ONLY) for each in inspected.values()]
    with_options.__signature__ = inspect.Signature([*parameters, *own_last])  # type: ignore[attr-defined]
    return with_options


def _absolute(model: str) -> str:
    """The path of the model's folder from wherever it is read later; a name as it is."""
    with suppress(OSError):
        if Path(model).is_dir():
            return str(Path(model).absolute())
    return model


def _option(name: str, schema: dict[str, Any]) -> inspect.Parameter:
    bounds = f" From {schema['minimum']:,} to {schema['maximum']:,}." if "minimum" in schema else ""
    names = [f"--{name.replace('_', '-')}"]
    if schema["type"] == "boolean":
        names = [f"{names[0]}/--no-{names[0][2:]}"]
    default = _in_words(schema["default"])
    option = typer.Option(*names, help=f"{schema['description']}{bounds} Default: {default}.")
    return inspect.Parameter(
        name,
        inspect.Parameter.KEYWORD_ONLY,
        default=None,
        annotation=Annotated[_TYPES[schema["type"]] | None, option],
    )


def _in_words(default: Any) -> str:  # noqa: ANN401
    if isinstance(default, bool):
        return "yes" if default else "no"
    return "empty" if default == "" else str(default)


@app.command(epilog="Example: synthprof plan --profiles 1000000")
@_takes_params
def plan(request: Request) -> None:
    """What a run would take, before anything runs: blocks, shards, memory, disk and the kind of index."""
    from synthprof.plan import plan as make_plan
    from synthprof.run import limits_of

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
@_takes_params
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
    from synthprof.stages.import_rows import found_out

    _make(found_out(request, home_folder()), console_html)


app.command(epilog="Example: synthprof embed --source notes.db --table notes --text-column body")(
    _takes_params(embed, "embed")
)


def _make(request: Request, console_html: Path | None) -> None:
    """All stages in a row, with a bar for each, then the summary."""
    console = Console(record=console_html is not None)
    with _saved_as_html(console, console_html):
        _run_and_tell(request, console)


def _run_and_tell(request: Request, console: Console) -> None:
    from synthprof.explore import open_version
    from synthprof.report.console import print_summary
    from synthprof.run import run_all
    from synthprof.summary import Facts, summary

    with _log_file(request) as log, _bars(console) as observe:
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


@contextmanager
def _saved_as_html(console: Console, path: Path | None) -> Iterator[None]:
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
def _log_file(request: Request) -> Iterator[TextIO]:
    """`run.log` in the build folder, where every attempt adds its lines: configuration, stages, memory."""
    from synthprof.store import Store

    folder = Store(home_folder(), request.dataset).build(request.spec).folder
    with clear_errors():
        folder.mkdir(parents=True, exist_ok=True)
        log = (folder / "run.log").open("a", encoding="utf-8")
    try:
        yield log
    finally:
        with suppress(OSError):  # a full disk has no room for the last lines
            log.close()


@app.command(epilog="Example: synthprof status")
def status() -> None:
    """Published versions with their scores (* marks the current one), and builds that are under way."""
    from synthprof.explore import builds, versions

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
        cli_search.print_table(table)
    elif not problems:
        told = f"Nothing is published in {home_folder()}. Make a data set with: synthprof run"
        console.print(told, markup=False, soft_wrap=True)
    for problem in problems:
        console.print(Text.assemble(("✗", "red"), " ", plain(problem)), soft_wrap=True)
    for build in builds(home_folder()):
        done = ", ".join(build.done) or "nothing"
        console.print(
            f"{build.dataset}: {build.spec.profiles:,} {build.spec.noun}s, seed {build.spec.seed}: "
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
    from synthprof.explore import open_version
    from synthprof.verify import verify as check

    console = Console()
    found = open_version(home_folder(), dataset, version)
    with _bars(console) as observe:
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
    anew: Annotated[
        bool, typer.Option("--anew", help="Trust nothing that lies there: make all of it again.")
    ] = False,
) -> None:
    """Make a damaged version whole: only what is damaged is made again, with the same digests."""
    from synthprof.repair import repair as make_whole

    console = Console()
    with _bars(console) as observe:
        done = make_whole(home_folder(), dataset, version, anew=anew, observe=observe)
    console.print(
        f"{dataset} {done.version}: put right: {', '.join(done.files) or 'nothing, all was sound'}; "
        f"stages run again: {', '.join(done.stages) or 'none'}",
        markup=False,
        soft_wrap=True,
    )


@app.command(epilog="Example: synthprof show 42 --dataset gamers")
def show(
    profile_id: Annotated[str, typer.Argument(metavar="ID", help=cli_search.ID_HELP)],
    dataset: Dataset = "gamers",
    version: VersionName = None,
) -> None:
    """One profile, or one text of a collection, with its cluster."""
    from synthprof.explore import open_version

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
    from synthprof.web.serve import serve as answer

    answer(
        home_folder(), host, port, lambda url: Console().print(f"The explorer is at {url}; Ctrl-C ends it.")
    )


cli_search.register(app)


@contextmanager
def _bars(console: Console) -> Any:  # noqa: ANN401
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


if __name__ == "__main__":
    main()
