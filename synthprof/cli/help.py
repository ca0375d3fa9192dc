"""Pages of help as plain text, in the groups of the trigger form, and what a mistyped name is told.

Typer would draw them in boxes, which cut words in narrow terminals, and take 0.2 s of a
start without bytecode.
"""

import inspect
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from synthprof.base.errors import SpecError
from synthprof.report.lines import (
    HELP_COLUMNS,
    USUAL_COLUMNS,
    cells,
    command_lines,
    padded,
    width_of,
    wrapped,
)

STACKED = 72
"""Columns below which an explanation stands under its option, not beside it."""

NAMES = 28
"""Columns for the names of options; a longer one has a line of its own."""

GENERAL = "Options"
OWN = "This command"

UsageError: type[Exception] = typer.BadParameter.__bases__[0]
"""The wrong use of a command, as Typer's parser finds it."""


class Command(TyperCommand):
    """A command whose help is a page of plain text."""

    def get_help(self, ctx: Any) -> str:  # noqa: ANN401  Typer hides the class
        """Return the page."""
        width = _width()
        return "\n".join([*_head(self, ctx, width), *_options(self, ctx, width), *_example(self, width)])


class Commands(TyperGroup):
    """The list of commands as plain text."""

    def get_help(self, ctx: Any) -> str:  # noqa: ANN401
        """Return the page."""
        width = _width()
        rows = [(name, (each.help or "").partition("\n")[0]) for name, each in self.commands.items()]
        return "\n".join(
            [*_head(self, ctx, width), *_options(self, ctx, width), "", "Commands:", *_rows(rows, width)]
        )

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:  # noqa: ANN401
        """Return the command that is named first. Raises SpecError, with the nearest, if there is none."""
        name = args[0].replace("_", "-")
        if name in self.commands or name.startswith("-"):
            return super().resolve_command(ctx, args)
        known = f"the commands are {', '.join(self.commands)}"
        near = get_close_matches(name, self.commands)
        remedy = f"did you mean {' or '.join(near)}?" if near else known
        raise SpecError(f"there is no command {args[0]!r}; {remedy}")


def refusal(error: Any) -> SpecError:  # noqa: ANN401
    """Return what the parser found wrong as an error of ours: the fact, then the remedy."""
    path = error.ctx.command_path if error.ctx is not None else "synthprof"
    near = getattr(error, "possibilities", None)
    said = (error.message if near else error.format_message()).rstrip(".")
    remedy = f"did you mean {' or '.join(sorted(near))}?" if near else f"see `{path} --help`"
    return SpecError(f"{said[:1].lower()}{said[1:]}; {remedy}")


def _width() -> int:
    return min(width_of(sys.stdout) or USUAL_COLUMNS, HELP_COLUMNS)


def _head(command: Any, ctx: Any, width: int) -> Iterator[str]:  # noqa: ANN401
    taken = [_metavar(each) for each in command.get_params(ctx) if each.param_type_name == "argument"]
    following = ["COMMAND"] if isinstance(command, TyperGroup) else taken
    usage = " ".join(["Usage:", ctx.command_path, *following, "[OPTIONS]"])
    yield from wrapped(usage, width, "  ")
    for paragraph in inspect.cleandoc(command.help or "").split("\n\n"):
        yield ""
        yield from wrapped(" ".join(paragraph.split()), width)


def _options(command: Any, ctx: Any, width: int) -> Iterator[str]:  # noqa: ANN401
    params = command.get_params(ctx)
    arguments = [each for each in params if each.param_type_name == "argument"]
    if arguments:
        yield from ("", "Arguments:", *_rows([(_metavar(each), each.help) for each in arguments], width))
    for title, options in _grouped([each for each in params if each not in arguments]).items():
        yield from (
            "",
            *wrapped(f"{title}:", width),
            *_rows([(_names(each), _meaning(each)) for each in options], width),
        )


def _grouped(options: Sequence[Any]) -> Mapping[str, list[Any]]:
    """Return the options by their groups; where there are several, those of the command itself come last."""
    groups: dict[str, list[Any]] = {}
    several = any(each.rich_help_panel for each in options if hasattr(each, "rich_help_panel"))
    after = False
    for each in options:
        panel = getattr(each, "rich_help_panel", None)
        after = after or panel is not None
        groups.setdefault(panel or (OWN if several and after else GENERAL), []).append(each)
    return groups


def _rows(rows: Iterable[tuple[str, str]], width: int) -> Iterator[str]:
    """Yield each name with its explanation beside it or, where there is no room, below it."""
    rows = list(rows)
    names = min(NAMES, max((cells(name) for name, _ in rows), default=0)) + 4
    for name, meaning in rows:
        if width < STACKED:
            yield from (*wrapped(f"  {name}", width, " " * 4), *wrapped(f"    {meaning}", width, " " * 4))
        elif cells(name) > NAMES:
            yield from (f"  {name}", *wrapped(f"{' ' * names}{meaning}", width, " " * names))
        else:
            yield from wrapped(f"{padded(f'  {name}', names)}{meaning}", width, " " * names)


def _names(option: Any) -> str:  # noqa: ANN401
    names = sorted(option.opts, key=len)
    both = ", ".join(names) + "".join(f" / {name}" for name in option.secondary_opts)
    return both if option.is_flag else f"{both} {_metavar(option)}"


def _metavar(param: Any) -> str:  # noqa: ANN401
    return str(param.metavar or param.name.upper())


def _meaning(option: Any) -> str:  # noqa: ANN401
    meaning = "Show this page." if option.name == "help" else str(option.help)
    default = option.default
    if option.is_flag or default is None or default == "":
        return meaning
    return f"{meaning} Default: {getattr(default, 'value', default)}."


def _example(command: Any, width: int) -> Iterator[str]:  # noqa: ANN401
    yield from ("", "Example:", *command_lines(command.epilog, width, "  "))
