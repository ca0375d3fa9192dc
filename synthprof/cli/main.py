"""The command line: its commands, and how it ends. Slow imports happen where they are needed."""

import sys
from collections.abc import Sequence
from typing import Any

import typer
from typer.core import TyperGroup

from synthprof.base.errors import SynthprofError
from synthprof.base.text import plain
from synthprof.cli import making, published, search
from synthprof.system.refusals import clear_errors
from synthprof.system.startup import check_machine, end_on_signals, show_what_can_be_shown


class _Commands(TyperGroup):
    """The list of commands as plain text: to draw it in boxes takes 0.2 s of a start without bytecode."""

    def __init__(self, **attributes: Any) -> None:  # noqa: ANN401
        super().__init__(**(attributes | {"rich_markup_mode": None}))


def main() -> None:
    """Run the command line; a known failure ends with one message and its exit status."""
    end_on_signals()
    show_what_can_be_shown()
    try:
        with clear_errors():
            check_machine()
            make_app(sys.argv[1:])()
    except SynthprofError as error:
        from rich.console import Console
        from rich.text import Text

        name = (type(error).__name__, "red")
        Console(stderr=True).print(Text.assemble(name, " ", plain(error)), soft_wrap=True)
        sys.exit(error.exit_code)


def make_app(words: Sequence[str] | None = None) -> typer.Typer:
    """Return the command line for these words, or a whole one.

    Only the command that the words begin with gets the parameters of a request as its options, for which the
    specification must be loaded; the others are there by name and help.
    """
    app = typer.Typer(
        cls=_Commands,
        help="Make large synthetic data sets of user profiles, reproducible to the byte.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        # --dim_vector is --dim-vector: the name of the parameter works as it stands
        context_settings={"token_normalize_func": lambda token: token.replace("_", "-")},
    )
    chosen = None if words is None else next(iter(words), "")
    making.register(app, chosen)
    published.register(app)
    search.register(app)
    return app
