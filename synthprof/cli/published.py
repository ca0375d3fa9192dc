"""The commands on published versions: `status`, `verify`, `repair`, `show`, `serve` and `pull`."""

import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from synthprof.base.extras import check_installed
from synthprof.base.values import as_text, in_json
from synthprof.cli.help import Command
from synthprof.cli.options import ID_HELP, INTEGER, AsJson, Dataset, VersionName, without_options
from synthprof.report.ending import INTERRUPTED, print_json
from synthprof.spec.limits import FEW_BLOCKS, LARGEST_INTEGER, LARGEST_PORT
from synthprof.spec.written import read_whole
from synthprof.system.environment import STORAGE, home_folder

PULL = "synthprof.orchestration.bucket.pull"
"""The module that fetches a version; it loads Airflow, so it has a process of its own."""

SHOWN_ROWS = 100
"""Rows of a child table that `show` prints."""

if TYPE_CHECKING:
    from synthprof.report.terminal import Terminal
    from synthprof.versions.derived import Derived
    from synthprof.versions.inventory import Found
    from synthprof.versions.progress import Unfinished
    from synthprof.versions.version import Version


def status(as_json: AsJson = False) -> None:
    """List published versions, exports, and what is not finished.

    With the scores of each version; * marks the current one.
    """
    from synthprof.delivery.exports.finished import as_document, exports
    from synthprof.versions.derived import in_the_making
    from synthprof.versions.inventory import versions
    from synthprof.versions.unfinished import builds

    found, problems = versions(home_folder())
    unfinished, exported = list(builds(home_folder())), exports(home_folder())
    making = in_the_making(home_folder())
    if as_json:
        print_json(
            {
                "home": str(home_folder()),
                "versions": [_facts(each) for each in found],
                "problems": problems,
                "exports": [as_document(each) for each in exported],
                "making": [_made(each) for each in making],
                "unfinished": [_progress(build) for build in unfinished],
            }
        )
        return
    from synthprof.report.terminal import Terminal
    from synthprof.report.words import amount, count

    terminal = Terminal()
    if found:
        _print_versions(terminal, found)
    elif not problems:
        terminal.say(f"Nothing is published in {home_folder()}. Make a data set with: synthprof run")
    for problem in problems:
        terminal.say(problem, label=(terminal.marks.bad, "red"))
    for each in exported:
        facts = f"{count(each.rows)} rows, {amount(each.bytes)}"
        terminal.say(f"{each.dataset} {each.version}: export {each.name}: {facts}")
    for begun in making:
        terminal.say(_begun(begun))
    for build in unfinished:
        terminal.say(_in_words(build))


def _print_versions(terminal: "Terminal", found: "list[Found]") -> None:
    from synthprof.report.coherence import Coherence, in_one_line
    from synthprof.report.drift import in_words, labels_in
    from synthprof.report.duplicates import DuplicateFacts
    from synthprof.report.duplicates import in_one_line as duplicates_line
    from synthprof.report.terminal import Column
    from synthprof.report.words import amount, count
    from synthprof.versions.inventory import last_verdict

    columns = (
        Column("data set", shorten=True),
        Column("version"),
        Column("rows", right=True),
        Column("size", right=True, drop=3),
        Column("published", drop=2),
        Column("recall", right=True, drop=1),
        Column("verified", drop=4),
        Column("purity", right=True, drop=5),
        Column("seed", right=True, drop=6),
        Column("encoder", drop=7),
    )
    rows = [
        (
            manifest.dataset,
            f"{manifest.version}{'*' if current else ''}",
            count(manifest.rows),
            amount(manifest.bytes_total),
            manifest.published_at[:10],
            _score(manifest.scores.get("recall_at_10")),
            verdict.line if (verdict := last_verdict(home_folder(), manifest)) else "–",
            _score(manifest.scores.get("purity")),
            str(manifest.spec["seed"]),
            manifest.spec["encoder"],
        )
        for manifest, current in found
    ]
    terminal.table(columns, rows)
    for manifest, _ in found:
        if second := DuplicateFacts.of(manifest.duplicates):
            terminal.say(f"{manifest.dataset} {manifest.version}: {duplicates_line(second)}")
        if coherence := Coherence.of(manifest.coherence):
            terminal.say(f"{manifest.dataset} {manifest.version}: coherence: {in_one_line(coherence)}")
        if labels := labels_in(manifest.drift):
            terminal.say(f"{manifest.dataset} {manifest.version}: drift: {in_words(labels)[0]}")
        for name, number in manifest.table_rows.items():
            terminal.say(f"{manifest.dataset} {manifest.version}: {name}: {count(number)} rows")


def _score(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _in_words(build: "Unfinished") -> str:
    done = ", ".join(build.done) or "nothing"
    return (
        f"{build.dataset}: {build.spec.profiles:,} {build.spec.row_word}s, seed {build.spec.seed}: "
        f"not published yet; done: {done}; the same "
        f"`synthprof {'embed' if build.spec.collection else 'run'}` goes on from there"
    )


def _begun(found: "Derived") -> str:
    output = found.output
    what = f"{output.dataset} {output.version}: {output.kind.removesuffix('s')} {found.folder.name}"
    command = f"`synthprof {output.kind.removesuffix('s')}`"
    return (
        f"{what}: in the making"
        if found.state == "working"
        else f"{what}: cut short; the same {command} goes on"
    )


def _made(found: "Derived") -> dict[str, Any]:
    told = {name: getattr(found.output, name) for name in ("dataset", "version", "kind", "name", "key")}
    return told | {"folder": str(found.folder), "state": found.state}


def _facts(found: "Found") -> dict[str, Any]:
    from synthprof.report.coherence import Coherence
    from synthprof.report.duplicates import DuplicateFacts
    from synthprof.versions.inventory import last_verdict

    manifest, current = found
    verdict = last_verdict(home_folder(), manifest)
    return {
        "dataset": manifest.dataset,
        "version": manifest.version,
        "current": current,
        "rows": manifest.rows,
        **({"tables": manifest.table_rows} if manifest.table_rows else {}),
        "bytes": manifest.bytes_total,
        "published_at": manifest.published_at,
        "verified": None if verdict is None else verdict.model_dump(mode="json"),
        "scores": manifest.scores,
        "coherence": coherence.told() if (coherence := Coherence.of(manifest.coherence)) else None,
        **({"duplicates": second.told()} if (second := DuplicateFacts.of(manifest.duplicates)) else {}),
        **({"drift": manifest.drift} if manifest.drift else {}),
        "spec": manifest.spec,
    }


def _progress(build: "Unfinished") -> dict[str, Any]:
    return {
        "dataset": build.dataset,
        "version": build.version,
        "state": build.state,
        "problem": build.problem,
        "rows": build.spec.profiles,
        "seed": build.spec.seed,
        "done": list(build.done),
        "updated_at": build.updated_at,
    }


def verify(
    dataset: Dataset = "gamers",
    version: VersionName = None,
    blocks: Annotated[str, typer.Option(metavar=INTEGER, help="Blocks to make again and compare.")] = str(
        FEW_BLOCKS
    ),
    all_blocks: Annotated[bool, typer.Option("--all", help="Make every block again.")] = False,
    export: Annotated[
        str,
        typer.Option(metavar="NAME", help="Check the files of this export instead; `status` has its name."),
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Check a version against its checksums and its parameters.

    Every file against its checksum, and blocks of rows by making them again.
    """
    if export:
        from synthprof.cli.delivery import verify_export

        verify_export(dataset, export, as_json=as_json)
        return
    from synthprof.report.bars import bars, unseen
    from synthprof.report.terminal import Terminal
    from synthprof.runner.check import check
    from synthprof.versions.version import open_version

    terminal = Terminal()
    made_again = read_whole("blocks", blocks, 1, LARGEST_INTEGER)
    found = open_version(home_folder(), dataset, version)
    with unseen() if as_json else bars(terminal) as observe:
        verdict = check(found, None if all_blocks else made_again, observe)
    if as_json:
        print_json(
            {
                "dataset": dataset,
                "version": found.name,
                "sound": verdict.sound,
                "files": verdict.files,
                "blocks": verdict.blocks,
                "blocks_total": verdict.blocks_total,
                "same_release": verdict.same_release,
                "findings": list(verdict.findings),
                "remedy": None if verdict.sound else verdict.remedy,
            }
        )
    elif verdict.sound:
        label = (terminal.marks.good, "green")
        terminal.say(f"{dataset} {found.name}: {verdict.confirmation}", label=label, indent="  ")
    else:
        for finding in verdict.findings:
            terminal.say(finding, label=(terminal.marks.bad, "red"), indent="  ")
        terminal.say(verdict.remedy, label=("hint:", "cyan"), indent="  ")
    if not verdict.sound:
        raise typer.Exit(1)


def repair(
    dataset: Dataset = "gamers",
    version: VersionName = None,
    force: Annotated[
        bool, typer.Option("--force", help="Trust nothing that lies there: make all of it again.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Make a damaged version whole, with the same digests.

    Only what is damaged is made again.
    """
    from synthprof.report.bars import bars, unseen
    from synthprof.report.terminal import Terminal
    from synthprof.runner.repair import repair as make_whole

    terminal = Terminal()
    with unseen() if as_json else bars(terminal, stood=False) as observe:
        done = make_whole(home_folder(), dataset, version, force=force, observe=observe)
    if as_json:
        print_json(
            {
                "dataset": dataset,
                "version": done.version,
                "files": list(done.files),
                "stages": list(done.stages),
            }
        )
        return
    label = (terminal.marks.good, "green")
    if not (done.files or done.stages):
        terminal.say(f"{dataset} {done.version}: nothing to mend, all is sound", label=label, indent="  ")
        return
    put_right = f"put right: {', '.join(done.files) or 'nothing'}"
    ran = f"stages run again: {', '.join(done.stages) or 'none'}"
    terminal.say(f"{dataset} {done.version}: {put_right}; {ran}", label=label, indent="  ")


def show(
    profile_id: Annotated[str, typer.Argument(metavar="ID", help=ID_HELP)],
    dataset: Dataset = "gamers",
    version: VersionName = None,
    table: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Show the rows that it has in this child table instead."),
    ] = None,
    first: Annotated[
        str, typer.Option(metavar=INTEGER, help="The number of the first of these rows; 100 are shown.")
    ] = "1",
    as_json: AsJson = False,
) -> None:
    """Show one profile, or one text of a collection, or its rows in a child table."""
    from synthprof.versions.version import open_version

    found = open_version(home_folder(), dataset, version)
    number = found.number_of(profile_id)
    if table is not None:
        _show_children(found, table, number, read_whole("first", first, 1, LARGEST_INTEGER), as_json=as_json)
        return
    profile = found.profile(number) | _row_counts(found, number)
    if as_json:
        print_json({name: in_json(value) for name, value in profile.items()})
        return
    from synthprof.report.terminal import Terminal

    Terminal().facts((name, as_text(value)) for name, value in profile.items())


def _row_counts(version: "Version", parent: int) -> dict[str, Any]:
    """Return how many rows the profile has in each child table, as what `show` prints; mostly nothing."""
    from synthprof.versions.children import counts_of

    return {f"rows in {name}": number for name, number in counts_of(version, parent).items()}


def _show_children(version: "Version", table: str, parent: int, first: int, *, as_json: bool) -> None:
    from synthprof.report.terminal import Column, Terminal
    from synthprof.versions.children import children_of

    rows = children_of(version, table, parent, first, SHOWN_ROWS)
    if as_json:
        print_json([{name: in_json(value) for name, value in row.items()} for row in rows])
        return
    terminal = Terminal()
    if not rows:
        terminal.say(f"id {parent} has no rows in {table} from number {first} on.")
        return
    columns = [Column(name, right=isinstance(value, int | float)) for name, value in rows[0].items()]
    terminal.table(columns, [tuple(map(as_text, row.values())) for row in rows])


def serve(
    host: Annotated[
        str,
        typer.Option(
            metavar="ADDRESS", help="Address to listen on; one that others can reach needs a token."
        ),
    ] = "127.0.0.1",
    port: Annotated[str, typer.Option(metavar="PORT", help="Port to listen on; 0 is any.")] = "8090",
    as_json: AsJson = False,
) -> None:
    """Serve the explorer in a browser, without Airflow.

    SYNTHPROF_TOKEN, if set, is asked of every caller.
    """
    number = read_whole("port", port, 0, LARGEST_PORT)
    check_installed("explorer", "fastapi", "uvicorn")
    from synthprof.explorer.server.serve import serve as answer
    from synthprof.report.terminal import Terminal
    from synthprof.versions.inventory import stores

    home = home_folder()
    terminal = Terminal()

    def ready(url: str) -> None:
        if as_json:
            print_json({"url": url, "home": str(home)})
            return
        terminal.say(f"The explorer is at {url}; Ctrl-C ends it.")
        if not any(True for _ in stores(home)):
            terminal.say(f"Nothing is published in {home} yet.")
            terminal.say("make a data set with: synthprof run", label=("hint:", "cyan"))
        sys.stdout.flush()

    try:
        answer(home, host, number, ready)
    except KeyboardInterrupt:  # how it is meant to end: no failure to tell of
        if not as_json:
            terminal.say("The explorer has ended.")
        raise typer.Exit(INTERRUPTED) from None


def pull(
    dataset: Annotated[str, typer.Argument(metavar="DATASET", help="Name of the data set.")],
    version: Annotated[
        str, typer.Argument(metavar="[VERSION]", help="Version; the current one unless given.")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Fetch a published version from the bucket.

    For those who read on a machine that made nothing of it. SYNTHPROF_STORAGE names the bucket, as for a
    worker.
    """
    bucket = os.environ.get(STORAGE, "")
    check_installed("s3", "airflow", *(["s3fs"] if bucket.startswith("s3") else []))
    words = ["--json", dataset, version] if as_json else [dataset, version]
    os.execv(sys.executable, [sys.executable, "-m", PULL, *filter(None, words)])


COMMANDS: tuple[tuple[Callable[..., None], str], ...] = (
    (status, "synthprof status"),
    (verify, "synthprof verify --dataset gamers --all"),
    (repair, "synthprof repair --dataset gamers"),
    (show, "synthprof show 42 --dataset gamers"),
    (serve, "synthprof serve --port 8090"),
    (pull, "synthprof pull gamers"),
)


def register(app: typer.Typer, chosen: str | None) -> None:
    """Add the commands to the command line, only the chosen one with its options; None gives all of them."""
    for command, example in COMMANDS:
        wanted = chosen in (None, command.__name__)
        app.command(cls=Command, epilog=example)(command if wanted else without_options(command))
