"""The reference of a schema's file as a page: each key with type, bounds and meaning, from the models."""

import re
from collections.abc import Iterable, Mapping
from importlib.resources import files
from typing import Any

from synthprof.schemas.files import (
    MAX_CELL,
    MAX_CELLS,
    MAX_DEPTH,
    MAX_FILE_BYTES,
    MAX_NODES,
    MAX_ROWS,
    MAX_SCHEMA_BYTES,
)
from synthprof.schemas.format.columns import DRAWS, OWN
from synthprof.schemas.format.json_schema import COLUMN, Node, json_schema, plain
from synthprof.schemas.mistakes import MAX_SHOWN

EXAMPLES = files(__package__) / "examples"
"""An example for each draw, and in `files/` the files of values that they name."""

_PARTS: tuple[tuple[str, str, str], ...] = (
    (
        "Archetype",
        "`[[archetype]]`",
        "The parameter `separation` of a data set says how much archetypes count.",
    ),
    ("Correlation", "`[[correlation]]`", ""),
    ("Derived", "`[[derived]]`", ""),
    ("Suffix", "`[column.suffix]` of a name", ""),
    (
        "Rule",
        "`[[rule]]`",
        "Rules are counted when a version is published, which says how many rows break each.",
    ),
    ("Margin", "`[[margin]]`", ""),
    ("ChildTable", "`[[table]]`", ""),
    ("FanOut", "`[table.fan_out]`", ""),
    ("Duplicates", "`[duplicates]`", ""),
    ("RecordError", "`[[duplicates.error]]`", ""),
    ("Search", "`[search]`", ""),
    ("Encoding", "`[encoding]`", ""),
    ("Items", "`[encoding.items]`", ""),
    ("Attribute", "`[[encoding.items.attribute]]`", ""),
    ("ScaleFactor", "`[[encoding.scale]]`", ""),
    ("View", "`[view]`", ""),
    ("LinePart", "`[[view.line]]`", ""),
    ("Words", "`[words]`", ""),
    ("SmallPlaces", "`words.small_places`", ""),
    ("Synonyms", "`words.synonyms`", ""),
    ("Group", "`[[words.group]]`", ""),
    ("Tongue", "`[[words.tongue]]`", ""),
)
"""The tables of the file beside columns: definition, heading, a further sentence."""

PART_EXAMPLES = {"Rule": "rule", "Margin": "margin", "RecordError": "duplicates"}
"""Parts that have an example of their own, a whole file."""

_BOUNDS = (
    ("minimum", "≥ {}"),
    ("exclusiveMinimum", "> {}"),
    ("maximum", "≤ {}"),
    ("exclusiveMaximum", "< {}"),
    ("maxLength", "at most {} characters"),
    ("minItems", "at least {}"),
    ("maxItems", "at most {}"),
    ("maxProperties", "at most {} keys"),
)

_UNTOLD = {2**53, -(2**53), 1e15, 1e300, -1e300, 100_000, 10_000, 1_000, 255, 200, 100, 70, 63, 35}
"""Bounds that only keep files within reason; the page tells them once, or not at all."""


def example(draw: str) -> str:
    """Return the columns that show a draw, or the file that shows another part, as TOML."""
    return (EXAMPLES / f"{draw}.toml").read_text(encoding="utf-8")


def reference() -> str:
    """Return the page docs/schema-format.md."""
    schema = json_schema()
    defs = schema["$defs"]
    columns = [defs[COLUMN + draw] for draw in sorted(DRAWS)]
    lines = [
        *_INTRODUCTION.splitlines(),
        "",
        "## The file",
        "",
        "Keys and tables of `schema.toml`:",
        "",
        *_keys(schema, schema),
        "",
        "## Every column",
        "",
        "A `[[column]]` has these keys and, beside them, those of its draw.",
        "",
        *_keys(_common(columns[0]), schema),
        "",
        "### Nulls",
        "",
        *_described(defs["Nulls"]),
        *_keys(defs["Nulls"], schema),
        "",
        "### Features",
        "",
        'Kinds of `feature`, as `feature = { kind = "index" }`:',
        "",
        *_features(columns[0], defs, schema),
        "",
        "## Draws",
        "",
        "Each kind with all its keys and an example.",
        "By `given`, other columns change the odds of a draw.",
        "",
    ]
    for draw, column in zip(sorted(DRAWS), columns, strict=True):
        lines += [f"### {draw}", "", *_described(column), *_keys(_own(column), schema), ""]
        lines += ["```toml", *example(draw).splitlines(), "```", ""]
    lines += ["## Other tables", ""]
    for name, heading, more in _PARTS:
        lines += [f"### {heading}", "", *_described(defs[name]), *([more, ""] if more else [])]
        lines += [*_keys(defs[name], schema), ""]
        if name in PART_EXAMPLES:
            lines += ["```toml", *example(PART_EXAMPLES[name]).splitlines(), "```", ""]
    return "\n".join([*lines, *_limits().splitlines(), ""])


def _described(node: Node) -> list[str]:
    lines: list[str] = []
    for text in filter(None, plain(node.get("description", "")).split("\n\n")):
        lines += [*re.sub(r"([.:?]) (?=[A-Z`{(])", r"\1\n", text).split("\n"), ""]
    return lines


def _common(column: Node) -> Node:
    """Return the keys that every column has."""
    properties = {key: value for key, value in column["properties"].items() if key in OWN}
    ordered = {key: properties[key] for key in ("name", "doc", "draw", *sorted(OWN)) if key in properties}
    ordered["draw"] = {"type": "string", "description": "The kind of draw, one of those below."}
    return {"properties": ordered, "required": ["name", "doc", "draw"]}


def _own(column: Node) -> Node:
    """Return the keys that only this draw has."""
    properties = {key: value for key, value in column["properties"].items() if key not in OWN}
    return {"properties": properties, "required": column["required"]}


def _features(column: Node, defs: Mapping[str, Node], schema: Node) -> list[str]:
    kinds = next(each["oneOf"] for each in column["properties"]["feature"]["anyOf"] if "oneOf" in each)
    rows = []
    for ref in kinds:
        node = _resolved(ref, defs)
        keys = ", ".join(
            f"`{key}`" + ("" if key in node.get("required", ()) else " (optional)")
            for key in node["properties"]
            if key != "kind"
        )
        rows.append((f"`{node['properties']['kind']['const']}`", keys, plain(node.get("description", ""))))
    return _table(("kind", "keys", "meaning"), rows)


def _keys(node: Node, schema: Node) -> list[str]:
    """Return the keys of a table: name, type with bounds, default, meaning."""
    needed = node.get("required", ())
    rows = [
        (
            f"`{key}`",
            _type(value, schema["$defs"]),
            "needed" if key in needed else _default(value),
            " ".join(
                value.get("description", _resolved(value, schema["$defs"]).get("description", "")).split()
            ),
        )
        for key, value in node.get("properties", {}).items()
    ]
    return _table(("key", "type", "default", "meaning"), rows) if rows else ["It has no keys of its own."]


def _meaning(node: Node, defs: Mapping[str, Node]) -> str:
    """Return the description of a key, else that of its table or of the tables in its list."""
    found = (node, _resolved(node, defs), _resolved(node.get("items", {}), defs))
    return " ".join(next((each["description"] for each in found if "description" in each), "").split())


def _default(node: Node) -> str:
    if "default" not in node:
        return ""
    value = node["default"]
    return f"`{str(value).lower() if isinstance(value, bool) else _number(value)}`"


def _type(node: Node, defs: Mapping[str, Node]) -> str:
    """Return a type in a few words, with its bounds."""
    if "$ref" in node:
        name = node["$ref"].rpartition("/")[2]
        return "column" if name == "Column" else _type(defs[name], defs)
    if "const" in node:
        return f"`{str(node['const']).lower() if isinstance(node['const'], bool) else node['const']}`"
    if "enum" in node:
        return " or ".join(f"`{each}`" for each in node["enum"])
    if choices := node.get("anyOf", node.get("oneOf")):
        return " or ".join(dict.fromkeys(_type(each, defs) for each in choices))
    kind = node.get("type", "value")
    bounds = ", ".join(_bound(key, told, node[key]) for key, told in _BOUNDS if _is_told(key, node))
    return _kind(kind, node, defs) + (f", {bounds}" if bounds else "")


def _kind(kind: str, node: Node, defs: Mapping[str, Node]) -> str:
    if kind == "array" and "prefixItems" in node:
        return f"list of {len(node['prefixItems'])}: {_type(node['prefixItems'][0], defs)}"
    if kind == "array":
        return f"list of {_type(node.get('items', {}), defs)}"
    if kind == "object" and "properties" not in node:
        values = node.get("additionalProperties") or next(
            iter(node.get("patternProperties", {}).values()), None
        )
        return f"table of {_type(values, defs)}" if isinstance(values, dict) else "table"
    return {"object": "table", "string": "text", "integer": "whole number", "boolean": "true or false"}.get(
        kind, kind
    )


def _is_told(key: str, node: Node) -> bool:
    return key in node and node[key] not in _UNTOLD and not (key == "minItems" and node[key] == 0)


def _bound(key: str, told: str, value: Any) -> str:  # noqa: ANN401
    return told.format(_number(value))


def _number(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _resolved(node: Node, defs: Mapping[str, Node]) -> Node:
    return defs[node["$ref"].rpartition("/")[2]] if "$ref" in node else node


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> list[str]:
    lines = [head, ("---",) * len(head), *rows]
    return ["| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines]


def _limits() -> str:
    return _LIMITS.format(
        schema=MAX_SCHEMA_BYTES // 2**20,
        file=MAX_FILE_BYTES // 2**20,
        rows=f"{MAX_ROWS:,}",
        cells=f"{MAX_CELLS:,}",
        cell=f"{MAX_CELL:,}",
        nodes=f"{MAX_NODES:,}",
        depth=MAX_DEPTH,
        shown=MAX_SHOWN,
    )


_INTRODUCTION = """\
# Format of a schema

`make reference` generates this page from the models that read the file; a test checks that it is up to date,
and draws rows from every example.

A schema is a folder with one file `schema.toml` in it, which may name CSV, Parquet and TOML files beside it.
It declares columns; all else is optional.
This is a whole schema:

```toml
[[column]]
name = "plan"
doc = "The customer's plan."
draw = "choice"
odds = { free = 80, team = 15, company = 5 }
```

Editors with a TOML language server (Taplo, Even Better TOML) complete and check the file by its
[JSON Schema](schema-format.json), which the first line of the file names:

```toml
#:schema https://example.org/schema-format.json
```

The order of columns in the file is free: a column is drawn after those it depends on."""

_LIMITS = """\
## Files of values

A file stands in the schema's folder or a folder in it.
It is named by its path from there, as `cities.csv` or `values/cities.parquet`.
Absolute paths, `..` and links out of the folder are refused.

CSV files are UTF-8 with a header; lines that start with `#` are comments.
Parquet files are read as text, row by row.
Where a file has weights, they are numbers from 0 on that need not add up to anything.

## Limits

A TOML file has at most {schema} MiB, {nodes} values, and {depth} tables or lists within each other.
A file of values has at most {file} MiB, {rows} rows, {cells} cells, and {cell} characters in a cell.

## Mistakes

All mistakes of a file are told at once, at most {shown}: file, line, place, value, rule, remedy.

```text
schemas/shop/schema.toml:14: column age, draw uniform_integer: low=18 is above high=9; swap them
```
"""
