"""The parameters of a request as options of a command."""

import inspect
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any

import typer

from synthprof.spec.params import check_names
from synthprof.spec.request import Request, RequestKind, params_schema
from synthprof.system.startup import block_pandas

_TYPES: dict[str, type] = {"integer": int, "number": float, "boolean": bool, "string": str}


def takes_params(command: Callable[..., None], kind: RequestKind = "generate") -> Callable[..., None]:
    """The command takes every parameter of its kind of request as an option, from their one declaration."""
    schema = params_schema(kind)

    def with_options(**options: Any) -> None:  # noqa: ANN401
        own = {name: options.pop(name) for name in list(options) if name in inspected}
        given = {name: value for name, value in options.items() if value is not None}
        check_names(given, params_schema(kind))
        if given.get("encoder") == "model" and "model" in given:
            given["model"] = _absolute(given["model"])
        block_pandas()
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
