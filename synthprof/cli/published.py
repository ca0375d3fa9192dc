"""The commands on published versions: `status`, `verify`, `repair`, `show`, `serve` and `pull`."""

import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from synthprof.base.extras import check_installed
from synthprof.base.text import plain
from synthprof.base.units import MIB
from synthprof.base.values import as_text
from synthprof.cli.options import ID_HELP, INTEGER, Dataset, VersionName
from synthprof.cli.show import print_table
from synthprof.spec.limits import FEW_BLOCKS, LARGEST_INTEGER, LARGEST_PORT
from synthprof.spec.written import read_whole
from synthprof.system.environment import STORAGE, home_folder

if TYPE_CHECKING:
    from rich.table import Table


def status() -> None:
    """List published versions and unfinished builds.

    With the scores of each version; * marks the current one.
    """
    from rich.console import Console
    from rich.text import Text

    from synthprof.versions.unfinished import builds

    console = Console()
    table, problems = _versions()
    if table.row_count:
        print_table(table)
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


def _versions() -> "tuple[Table, list[str]]":
    """Return the published versions as a table, and what is wrong with others."""
    from rich import box
    from rich.table import Table

    from synthprof.versions.inventory import last_verdict, versions

    table = Table(box=box.SIMPLE, padding=(0, 1, 0, 0), show_edge=False)
    titles = (
        "data set",
        "version",
        "rows",
        "seed",
        "encoder",
        "MiB",
        "published",
        "verified",
        "ARI",
        "recall",
    )
    for title in titles:
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
            verified.line if (verified := last_verdict(home_folder(), manifest)) else "–",
            *("–" if score is None else f"{score:.3f}" for score in scores),
        )
    return table, problems


def verify(
    dataset: Dataset = "gamers",
    version: VersionName = None,
    blocks: Annotated[str, typer.Option(metavar=INTEGER, help="Blocks to make again and compare.")] = str(
        FEW_BLOCKS
    ),
    all_blocks: Annotated[bool, typer.Option("--all", help="Make every block again.")] = False,
) -> None:
    """Check a version against its checksums and its parameters.

    Every file against its checksum, and blocks of rows by making them again.
    """
    from rich.console import Console
    from rich.text import Text

    from synthprof.report.bars import bars
    from synthprof.runner.check import check
    from synthprof.versions.version import open_version

    console = Console()
    made_again = read_whole("blocks", blocks, 1, LARGEST_INTEGER)
    found = open_version(home_folder(), dataset, version)
    with bars(console) as observe:
        verdict = check(found, None if all_blocks else made_again, observe)
    for finding in verdict.findings:
        console.print(Text.assemble(("✗", "red"), " ", plain(finding)), soft_wrap=True)
    if not verdict.sound:
        console.print(f"{verdict.remedy}.", soft_wrap=True)
        raise typer.Exit(1)
    console.print(f"[green]✓[/green] {dataset} {found.name}: {verdict.confirmation}")


def repair(
    dataset: Dataset = "gamers",
    version: VersionName = None,
    force: Annotated[
        bool, typer.Option("--force", help="Trust nothing that lies there: make all of it again.")
    ] = False,
) -> None:
    """Make a damaged version whole, with the same digests.

    Only what is damaged is made again.
    """
    from rich.console import Console

    from synthprof.report.bars import bars
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


def show(
    profile_id: Annotated[str, typer.Argument(metavar="ID", help=ID_HELP)],
    dataset: Dataset = "gamers",
    version: VersionName = None,
) -> None:
    """Show one profile, or one text of a collection."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from synthprof.versions.version import open_version

    found = open_version(home_folder(), dataset, version)
    profile = found.profile(found.number_of(profile_id))
    table = Table(box=None, show_header=False)
    for name, value in profile.items():
        table.add_row(Text(name, "bold"), Text(plain(as_text(value))))
    Console().print(table)


def serve(
    host: Annotated[
        str, typer.Option(help="Address to listen on; others than this machine's need a token.")
    ] = "127.0.0.1",
    port: Annotated[str, typer.Option(metavar=INTEGER, help="Port to listen on; 0 is any.")] = "8090",
) -> None:
    """Serve the explorer in a browser, without Airflow.

    SYNTHPROF_TOKEN, if set, is asked of every caller.
    """
    number = read_whole("port", port, 0, LARGEST_PORT)
    check_installed("explorer", "fastapi", "uvicorn")
    from rich.console import Console

    from synthprof.explorer.server.serve import serve as answer

    answer(
        home_folder(), host, number, lambda url: Console().print(f"The explorer is at {url}; Ctrl-C ends it.")
    )


def pull(
    dataset: Annotated[str, typer.Argument(help="Name of the data set.")],
    version: Annotated[str, typer.Argument(help="Version; the current one unless given.")] = "",
) -> None:
    """Fetch a published version from the bucket.

    For those who read on a machine that made nothing of it. SYNTHPROF_STORAGE names the bucket, as for a
    worker.
    """
    bucket = os.environ.get(STORAGE, "")
    check_installed("s3", "airflow", *(["s3fs"] if bucket.startswith("s3") else []))
    words = [dataset, version] if version else [dataset]
    os.execv(sys.executable, [sys.executable, "-m", "synthprof.orchestration.bucket.pull", *words])


COMMANDS: tuple[tuple[Callable[..., None], str], ...] = (
    (status, "synthprof status"),
    (verify, "synthprof verify --dataset gamers --all"),
    (repair, "synthprof repair --dataset gamers"),
    (show, "synthprof show 42 --dataset gamers"),
    (serve, "synthprof serve --port 8090"),
    (pull, "synthprof pull gamers"),
)


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    for command, example in COMMANDS:
        app.command(epilog=f"Example: {example}")(command)
