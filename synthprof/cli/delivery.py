"""The commands that hand a version on: `export`."""

from collections.abc import Callable
from typing import Annotated

import typer

from synthprof.cli.help import Command
from synthprof.cli.options import AsJson, Dataset, VersionName
from synthprof.report.ending import print_json
from synthprof.system.environment import home_folder


def export(
    dataset: Dataset = "gamers",
    version: VersionName = None,
    form: Annotated[
        str, typer.Option("--format", metavar="FORMAT", help="Format; `synthprof export --help` lists them.")
    ] = "parquet",
    columns: Annotated[
        str, typer.Option(metavar="NAMES", help="Columns to export, separated by commas; all unless given.")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Write a version in a format that other programs read.

    The files appear whole in a folder beside the version. The same command goes on where it was cut short.
    """
    from synthprof.delivery.exports.job import export as write
    from synthprof.delivery.exports.order import Order
    from synthprof.report.bars import bars, unseen
    from synthprof.report.terminal import Terminal
    from synthprof.report.words import amount, count

    terminal = Terminal()
    names = tuple(name.strip() for name in columns.split(",") if name.strip())
    order = Order(dataset=dataset, version=version or "", format=form, columns=names)
    with unseen() if as_json else bars(terminal) as observe:
        folder, output = write(home_folder(), order, observe)
    if as_json:
        print_json({"folder": str(folder), **output.model_dump(mode="json", exclude={"format"})})
        return
    terminal.say(
        f"{count(output.rows)} rows, {amount(output.bytes_total)} in {folder}",
        label=(terminal.marks.good, "green"),
        indent="  ",
    )


COMMANDS: tuple[tuple[Callable[..., None], str], ...] = (
    (export, "synthprof export --dataset gamers --format jsonl"),
)


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    for command, example in COMMANDS:
        app.command(cls=Command, epilog=example)(command)
