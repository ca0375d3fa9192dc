"""Options that commands share, and the parameters of a request as options of a command."""

import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from synthprof.spec.params import Schemas
    from synthprof.spec.request import RequestKind

ID_HELP = "Number of the profile, from 1; in a collection, the id that the row has in its source."

Dataset = Annotated[str, typer.Option(metavar="NAME", help="Name of the data set.")]
VersionName = Annotated[
    str | None, typer.Option(metavar="VERSION", help="Version; the current one unless given.")
]
AsJson = Annotated[
    bool, typer.Option("--json", help="Print one JSON document and nothing else, also of a failure.")
]

INTEGER = "N"
"""The sign of a number in help, which is taken as text and read by `spec/written.py`, as in every door."""

_METAVARS = {"integer": INTEGER, "number": "X", "boolean": None, "string": "TEXT"}


def takes_params(command: Callable[..., None], kind: "RequestKind") -> Callable[..., None]:
    """Return the command with every parameter of its kind of request as an option, from their declaration.

    command: takes the request that the options make, then options of its own.
    """
    from synthprof.runner.request import request_of
    from synthprof.spec.request import params_schema
    from synthprof.spec.sections import in_sections, section_of

    schema = params_schema(kind)
    options = [_option(name, schema[name], section_of(name)) for name in in_sections(schema)]
    return _taking(command, options, lambda given: request_of(given, kind))


def takes_order(
    command: Callable[..., None], schema: "Schemas", read: Callable[[dict[str, Any]], Any]
) -> Callable[..., None]:
    """Return the command with every parameter of the schema as an option.

    command: takes what `read` makes of those that are given, then options of its own.
    """
    return _taking(command, [_option(name, each, None) for name, each in schema.items()], read)


def _taking(
    command: Callable[..., None], options: list[inspect.Parameter], read: Callable[[dict[str, Any]], Any]
) -> Callable[..., None]:
    from synthprof.system.startup import block_pandas

    def with_options(**options: Any) -> None:  # noqa: ANN401
        own = {name: options.pop(name) for name in list(options) if name in inspected}
        order = read({name: value for name, value in options.items() if value is not None})
        block_pandas()
        command(order, **own)

    inspected = dict(list(inspect.signature(command).parameters.items())[1:])
    own_last = [each.replace(kind=inspect.Parameter.KEYWORD_ONLY) for each in inspected.values()]
    return _named(with_options, command, [*options, *own_last])


def without_options(command: Callable[..., None]) -> Callable[..., None]:
    """Return what stands for the command in a list: it has its name and its help."""
    return _named(lambda: None, command, [])


def _named(
    shaped: Callable[..., None], command: Callable[..., None], parameters: list[inspect.Parameter]
) -> Callable[..., None]:
    shaped.__doc__ = command.__doc__
    shaped.__name__ = command.__name__
    shaped.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    return shaped


def _option(name: str, schema: dict[str, Any], section: str | None) -> inspect.Parameter:
    bounds = f" From {schema['minimum']:,} to {schema['maximum']:,}." if "minimum" in schema else ""
    names = [f"--{name.replace('_', '-')}"]
    if schema["type"] == "boolean":
        names = [f"{names[0]}/--no-{names[0][2:]}"]
    kind = bool if schema["type"] == "boolean" else str
    option = typer.Option(
        *names,
        help=f"{schema['description']}{bounds} Default: {in_words(schema['default'])}.",
        metavar=_METAVARS[schema["type"]],
        rich_help_panel=section,
    )
    return inspect.Parameter(
        name,
        inspect.Parameter.KEYWORD_ONLY,
        default=None,
        annotation=Annotated[kind | None, option],
    )


def in_words(default: Any) -> str:  # noqa: ANN401
    """Return a default as people write it: yes and no, and `empty` for an empty text."""
    if isinstance(default, bool):
        return "yes" if default else "no"
    return "empty" if default == "" else str(default)
