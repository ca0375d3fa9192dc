"""The reference pages docs/parameters.md and docs/cli.md, generated from the declarations they describe."""

import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import typer

from synthprof.cli.main import make_app
from synthprof.cli.options import in_words
from synthprof.spec.params import Schemas
from synthprof.spec.request import Request, params_schema
from synthprof.spec.spec import Runtime, Spec

MADE_BY = "`make reference` generates this page from the code; a test checks that it is up to date."

ENUM_SHOWN = 10
"""Values of a parameter listed in full; longer lists are counted."""

PARAMETERS = f"""\
# Parameters

{MADE_BY}

The form of the DAG, the command line, `synthprof.run` and the spec use the same names.
They refuse a wrong value with the same message.
On the command line, `dim_vector` is `--dim-vector`; for `make run` it is `DIM_VECTOR=`.

## How values are written

Every door reads texts in the same way.
The spec holds one form of a value, so the name of a version does not depend on how it was written.
Only Airflow's form and REST API differ: they refuse a text where a number or a boolean of JSON is wanted.

| text | is read as |
|---|---|
| `1000000`, `1_000_000`, `1 000 000`, `1,000,000`, `1.000.000`, `1e6`, `1M`, `1000k` | one million |
| `0.8`, `0,8`, `.5` | a fraction |
| `0x10`, `٧`, `+7`, `1.0` | 16, 7, 7 and, for a whole number, 1 |
| `1.000`, `1,000` | 1 or 1000: refused where both are within the bounds |
| `nan`, `inf`, `1e400`, an empty text | refused |
| `true`, `yes`, `on`, `1`, `sim`; `false`, `no`, `off`, `0`, `não` | true; false |
| `pt-BR`, `pt_br`, `PT_BR.UTF-8` | the locale `pt_BR` |
"""

CLI = f"""\
# Command line

{MADE_BY}

| exit status | meaning |
|---|---|
| 0 | done |
| 1 | a stage failed; the same command may succeed |
| 2 | the order is wrong: change what the message names |
| 75 | another process does the same work |
| 130 | interrupted by Ctrl-C |

A failure is told on the standard error as `error: ...`, then `hint: ...` with the remedy.
An unexpected one names the file that holds its traceback.
Lines fit the terminal, or the variable `COLUMNS`; a pipe without that variable gets each row as one line.
`-h` or `--help` after a command shows its page, and `synthprof --version` the release.

## JSON

With `--json` a command prints one JSON document on the standard output, and nothing else.
Progress is not shown.
A failure is such a document, too, with the same exit status:
`{{"error": {{"kind": ..., "message": ..., "hint": ..., "exit_status": ...}}}}`.
The kind is `refused`, `failed`, `busy`, `interrupted` or `crashed`; the hint may be null.
The document of `show` has the columns of the row; `schema format` prints a JSON Schema.
`search` prints how the text was read and a list of the results, `similar` the list alone.
`verify` prints its findings and ends with status 1 if there are any.
With `--export` its document has the name of the export in place of the blocks.
`serve` prints when it listens.
"""

MADE = ("dataset", "version", "path", "rows", "scores", "coherence", "seconds", "stages")

DOCUMENTS = {
    "plan": (
        *("dataset", "rows", "blocks", "shards", "workers", "clusters", "index"),
        *("memory_bytes", "disk_bytes", "warnings"),
    ),
    "run": MADE,
    "embed": MADE,
    "build-index": MADE,
    "status": ("home", "versions", "problems", "exports", "making", "unfinished"),
    "verify": (
        *("dataset", "version", "sound", "files", "blocks", "blocks_total", "same_release"),
        *("findings", "remedy"),
    ),
    "repair": ("dataset", "version", "files", "stages"),
    "export": ("folder", "dataset", "version", "format", "key", "rows", "bytes", "files"),
    "workload": (
        *("dataset", "version", "workload", "folder", "rows", "queries", "classes", "left_out", "filters"),
        *("options", "bytes"),
    ),
    "load": (
        *("into", "table", "dataset", "version", "rows", "written", "left_out", "seconds", "limit_share"),
        *("index", "index_seconds", "compared", "rows_per_second"),
    ),
    "measure": (
        *("folder", "target", "dataset", "version", "workload", "metric", "rows", "points", "skipped"),
    ),
    "match": (
        *("dataset", "version", "match", "folder", "rows", "unread", "pairs", "groups", "options"),
        "scores",
    ),
    "score": (*("dataset", "version", "score", "folder", "rows", "pictures", "truth", "options", "scores"),),
    "search": ("read", "results"),
    "similar": ("rank", "id", "similarity", "reasons", "profile"),
    "serve": ("url", "home"),
    "pull": ("dataset", "version", "path"),
    "schema new": ("schema", "path", "files"),
    "schema check": ("schema", "digest", "columns", "archetypes", "features", "coherence"),
    "schema show": ("schema", "title", "rows"),
    "schema from": (
        *("schema", "source", "read_as", "rows", "left_out", "min_count", "columns", "one_way_error"),
        *("two_way_error", "correlation_difference", "tree", "worst_other_pairs", "classifier_auc"),
    ),
    "schema diff": ("digests", "differences"),
    "schema list": ("folder", "schemas", "problems"),
}
"""The names in the JSON document of each command; a test compares them with what is printed."""


def parameters_page() -> str:
    """Return docs/parameters.md: each parameter with default, bounds and meaning, by what it influences."""
    known = {name: schema for kind in ("embed", "generate") for name, schema in params_schema(kind).items()}
    known["dataset"] = params_schema()["dataset"]
    return "\n".join(
        [
            PARAMETERS,
            *_group("The data set", "", Request.model_fields, known),
            *_group("The bytes", "These determine the bytes of a data set.", Spec.model_fields, known),
            *_group("One run", "No byte depends on these.", Runtime.model_fields, known),
        ]
    )


def cli_page() -> str:
    """Return docs/cli.md: each command with its arguments and options."""
    documents = [(f"`{name}`", ", ".join(f"`{each}`" for each in names)) for name, names in DOCUMENTS.items()]
    pages = (line for name, command in every_command().items() for line in _command(name, command))
    return "\n".join([CLI, *_table(("command", "names in the document"), documents), "", *pages])


def every_command() -> dict[str, Any]:
    """Return each command by its words, those of a group with the name of the group before them."""
    whole: Any = typer.main.get_command(make_app())
    found: dict[str, Any] = {}
    for name, command in whole.commands.items():
        within = getattr(command, "commands", None)
        found |= {f"{name} {each}": one for each, one in within.items()} if within else {name: command}
    return found


def write(folder: Path) -> None:
    """Write both pages into the folder."""
    (folder / "parameters.md").write_text(parameters_page(), encoding="utf-8")
    (folder / "cli.md").write_text(cli_page(), encoding="utf-8")


def _group(title: str, sentence: str, names: Iterable[str], known: Schemas) -> Iterator[str]:
    yield from (f"## {title}", "")
    if sentence:
        yield from (sentence, "")
    rows = [
        (f"`{name}`", _default(known[name]), _bounds(known[name]), _kinds(name), known[name]["description"])
        for name in names
        if name in known
    ]
    yield from _table(("parameter", "default", "values", "for", "meaning"), rows)
    yield ""


def _default(schema: dict[str, Any]) -> str:
    default = schema["default"]
    return in_words(default) if isinstance(default, bool) or default == "" else f"`{default}`"


def _bounds(schema: dict[str, Any]) -> str:
    if "minimum" in schema:
        return f"{schema['minimum']:,} to {schema['maximum']:,}"
    if schema["type"] == "boolean":
        return "yes, no"
    values = schema.get("enum", ())
    if len(values) > ENUM_SHOWN:
        return f"{len(values)} values"
    return ", ".join(f"`{value}`" for value in values) or "text"


def _kinds(name: str) -> str:
    kinds = [kind for kind in ("generate", "embed") if name in params_schema(kind)]
    return "both" if len(kinds) == 2 else f"`{'run' if kinds == ['generate'] else 'embed'}`"


def _command(name: str, command: Any) -> Iterator[str]:  # noqa: ANN401  typer hides the class
    yield from (f"## synthprof {name}", "", *_sentences(command.help), "")
    own = [each for each in command.params if each.name not in params_schema("embed") | params_schema()]
    if "profiles" in (every := [each.name for each in command.params]):
        yield from ("It takes every [parameter](parameters.md) of `run` as an option.", "")
    elif "source" in every:
        yield from ("It takes every [parameter](parameters.md) of `embed` as an option.", "")
    else:
        own = command.params
    if own:
        yield from _table(("argument or option", "default", "meaning"), map(_option, own))
        yield ""
    yield from ("```sh", command.epilog.removeprefix("Example: "), "```", "")


def _sentences(text: str) -> list[str]:
    return re.split(r"(?<=[.]) (?=[A-Z])", " ".join(text.split()))


def _option(option: Any) -> tuple[str, str, str]:  # noqa: ANN401
    if option.param_type_name == "argument":
        needed = "required" if option.required else ""
        return f"`{option.metavar or option.name.upper()}`", needed, option.help
    names = ", ".join(f"`{name}`" for name in (*option.opts, *option.secondary_opts))
    default = "" if option.default is None else in_words(getattr(option.default, "value", option.default))
    return names, default, option.help


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    for line in (head, ["---"] * len(head), *rows):
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |"


if __name__ == "__main__":
    write(Path(sys.argv[1]))
