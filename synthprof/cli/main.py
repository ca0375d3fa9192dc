"""The command line: its commands, and how it ends. Slow imports happen where they are needed."""

import os
import sys
from collections.abc import Sequence
from importlib import import_module
from itertools import pairwise
from typing import Annotated, Any

import typer

from synthprof.cli.help import Commands, UsageError, refusal
from synthprof.report.ending import ended
from synthprof.system.refusals import clear_errors
from synthprof.system.startup import (
    check_machine,
    end_on_signals,
    leave,
    show_what_can_be_shown,
    spare_time,
)

COMPLETION = "_SYNTHPROF_COMPLETE"
"""The variable by which a shell asks for completions."""

PARTS = {
    "making": ("plan", "run", "embed"),
    "published": ("status", "verify", "repair", "show", "serve", "pull"),
    "search": ("search", "similar", "build-index"),
    "delivery": ("export", "workload", "load", "measure", "match", "score"),
    "schema": ("schema",),
}
"""The commands of each module, in the order of the list; the module of the one that is called is loaded."""

GOES_ON = ("run", "embed", "repair", "build-index", "export", "workload", "load", "match")
"""Commands that keep what they did before they were interrupted."""


def main() -> None:
    """Run the command line; a known failure ends with its message, a remedy and its exit status."""
    end_on_signals()
    spare_time()
    show_what_can_be_shown()
    leave(run(sys.argv[1:]))


def run(words: Sequence[str]) -> int:
    """Run the command that the words name; return its exit status."""
    words = list(words) or ["--help"]
    return ended(lambda: _act(words), as_json=_asks_for_json(words), again=again(words))


def make_app(words: Sequence[str] | None = None) -> typer.Typer:
    """Return the command line for these words, or a whole one.

    Where the words begin with a command, it has this one alone. Else all commands are there by name and help;
    the parameters of a request are options of a whole one only, as the specification must be loaded for them.
    """
    app = typer.Typer(
        cls=Commands,
        help="Make large synthetic data sets of user profiles, reproducible to the byte.",
        add_completion=False,
        pretty_exceptions_enable=False,
        context_settings={
            "help_option_names": ["-h", "--help"],
            # --dim_vector is --dim-vector: the name of the parameter works as it stands
            "token_normalize_func": lambda token: token.replace("_", "-"),
        },
    )
    app.callback()(_general)
    chosen = None if words is None else next(iter(words), "").replace("_", "-")
    parts = [part for part, names in PARTS.items() if chosen in names] or PARTS
    for part in parts:
        import_module(f"synthprof.cli.{part}").register(app, chosen)
    if parts is not PARTS:
        app.registered_commands = [each for each in app.registered_commands if _name(each) == chosen]
    return app


def again(words: Sequence[str]) -> str:
    """Return what to say of the command that these words name when it is interrupted."""
    if not words or words[0].replace("_", "-") not in GOES_ON:
        return ""
    same = "the same command without --force" if "--force" in words else "the same command"
    return f"what was done is kept: {same} goes on from there"


def _name(command: Any) -> str:  # noqa: ANN401
    return str(command.name or command.callback.__name__).replace("_", "-")


def _show_version(asked: bool) -> None:
    if asked:
        from synthprof import __version__

        typer.echo(f"synthprof {__version__}")
        raise typer.Exit


def _general(
    version: Annotated[
        bool,
        typer.Option(
            "--version", help="Show the release of synthprof.", callback=_show_version, is_eager=True
        ),
    ] = False,
) -> None:
    pass


def _act(words: list[str]) -> int:
    with clear_errors():
        check_machine()
        if COMPLETION in os.environ:
            typer.main.get_command(make_app()).main(words, prog_name="synthprof")
        command = typer.main.get_command(make_app(words))
        try:
            with command.make_context("synthprof", words) as context:
                command.invoke(context)
        except UsageError as error:
            raise refusal(error) from None
        except typer.Exit as end:
            return end.exit_code
        finally:
            sys.stdout.flush()
    return 0


def _asks_for_json(words: Sequence[str]) -> bool:
    """Return whether the words ask for JSON, also where they are wrong and cannot be read to their end."""
    options = list(words)[: words.index("--")] if "--" in words else list(words)
    of_format = ("--format", "json") in pairwise(options)
    return "--json" in options or "--format=json" in options or of_format
