"""The commands that hand a version on: `export`."""

from typing import TYPE_CHECKING

import typer

from synthprof.cli.help import Command
from synthprof.cli.options import AsJson, takes_order, without_options
from synthprof.report.ending import print_json
from synthprof.system.environment import home_folder

if TYPE_CHECKING:
    from synthprof.delivery.exports.order import Order


def export(order: "Order", as_json: AsJson = False) -> None:
    """Write a version in a format that other programs read.

    The files appear whole in a folder beside the version. The same command goes on where it was cut short.
    """
    from synthprof.delivery.exports.job import export as write
    from synthprof.report.bars import bars, unseen
    from synthprof.report.terminal import Terminal
    from synthprof.report.words import amount, count

    terminal = Terminal()
    with unseen() if as_json else bars(terminal) as observe:
        folder, output = write(home_folder(), order, observe)
    if as_json:
        print_json({"folder": str(folder), **output.model_dump(mode="json", exclude={"format", "seal"})})
        return
    terminal.say(
        f"{count(output.rows)} rows, {amount(output.bytes_total)} in {folder}",
        label=(terminal.marks.good, "green"),
        indent="  ",
    )


def register(app: typer.Typer, chosen: str | None) -> None:
    """Add the commands to the command line, only the chosen one with its options; None gives all of them."""
    shaped = without_options(export)
    if chosen in (None, "export"):
        from synthprof.delivery.exports.order import Order, order_schema
        from synthprof.delivery.exports.registry import TITLES

        shaped = takes_order(export, order_schema(), Order.from_params)
        formats = "\n\n".join(f"{name}: {title}." for name, title in TITLES.items())
        shaped.__doc__ = f"{shaped.__doc__}\n\nFormats:\n\n{formats}"
    app.command(cls=Command, epilog="synthprof export --dataset gamers --format parquet")(shaped)
