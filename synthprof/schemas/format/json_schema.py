"""The JSON Schema of a schema's file, by which editors complete and check it (`#:schema`)."""

import functools
import json
import re
from collections.abc import Callable
from copy import deepcopy
from typing import Any

from synthprof.schemas.format.file import SchemaFile

Node = dict[str, Any]
"""A part of a JSON Schema."""

DIALECT = "https://json-schema.org/draft/2020-12/schema"

COLUMN = "column_"
"""Begin of the names of the definitions of a column with a draw."""


@functools.cache
def _built() -> Node:
    whole = SchemaFile.model_json_schema(by_alias=True)
    defs = whole.pop("$defs")
    for name in list(defs):
        _tidy(defs[name])
    column = defs["Column"]
    draws = column["properties"]["draw"]["discriminator"]["mapping"]
    for draw, ref in sorted(draws.items()):
        defs[COLUMN + draw] = _column_with(draw, column, defs[ref.rpartition("/")[2]])
    defs["Column"] = {
        "description": column["description"],
        "oneOf": [{"$ref": f"#/$defs/{COLUMN}{draw}"} for draw in sorted(draws)],
    }
    fan_out = defs["FanOut"]
    fan_out["properties"]["draw"] = {"enum": sorted(draws), "description": "A draw of whole numbers."}
    fan_out["additionalProperties"] = True  # the keys of its draw
    _tidy(whole)
    whole["$defs"] = {name: defs[name] for name in sorted(defs)}
    for part in (whole, *defs.values()):
        _walk(part, lambda each: each.pop("discriminator", None))
    return _named_short(
        {
            "$schema": DIALECT,
            "title": "A schema of synthprof: schema.toml",
            **{key: value for key, value in whole.items() if key != "title"},
        }
    )


def json_schema() -> Node:
    """Return the JSON Schema of `schema.toml`, the same at each call and on every machine.

    >>> json_schema()["properties"]["column"]["items"]
    {'$ref': '#/$defs/Column'}
    """
    return deepcopy(_built())


def _named_short(whole: Node) -> Node:
    """Return it with the last part of the names that models of one name in several modules have."""
    text = json.dumps(whole)
    for name in whole["$defs"]:
        if "__" in name:
            text = text.replace(name, "_".join(name.split("__")[-2:]))
    return json.loads(text)  # type: ignore[no-any-return]


def _column_with(draw: str, column: Node, model: Node) -> Node:
    """Return the definition of a column with a draw: the keys of both stand in one table."""
    own = {key: value for key, value in column["properties"].items() if key != "draw"}
    keys = {key: value for key, value in model["properties"].items() if key != "draw"}
    needed = [*(key for key in column["required"] if key != "draw"), "draw", *model.get("required", ())]
    return {
        "title": f"draw = {draw}",
        "description": model.get("description", ""),
        "type": "object",
        "properties": {
            "name": own.pop("name"),
            "doc": own.pop("doc"),
            "draw": {"const": draw, "description": column["properties"]["draw"]["description"]},
            **keys,
            **own,
        },
        "required": list(dict.fromkeys(key for key in needed)),
        "additionalProperties": False,
    }


def _tidy(node: Node) -> None:
    """Take away what editors do not need: titles of keys, and the tests in descriptions."""

    def tidy(each: Node) -> None:
        if isinstance(each.get("title"), str):
            del each["title"]
        if isinstance(each.get("description"), str):
            each["description"] = plain(each["description"])
        for bound in ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"):
            if isinstance(value := each.get(bound), float) and value.is_integer() and abs(value) < 2**53:
                each[bound] = int(value)
        _without_null(each)

    _walk(node, tidy)


def _without_null(node: Node) -> None:
    """Take away null, which TOML does not have."""
    if "default" in node and (node["default"] is None or isinstance(node["default"], dict | list)):
        del node["default"]
    kinds = [each for each in node.get("anyOf", ()) if each != {"type": "null"}]
    if len(kinds) == 1 and not node.keys() & kinds[0].keys():
        del node["anyOf"]
        node.update(kinds[0])
    elif kinds:
        node["anyOf"] = kinds


def _walk(node: object, change: Callable[[Node], None], named: bool = False) -> None:
    """Apply a change to each part of a JSON Schema; `named` maps names of keys to parts."""
    if isinstance(node, dict):
        if not named:
            change(node)
        for key, value in node.items():
            if key not in ("default", "const", "enum", "examples") or named:
                _walk(value, change, key in ("properties", "$defs", "mapping") and not named)
    elif isinstance(node, list):
        for value in node:
            _walk(value, change)


def plain(text: str) -> str:
    """Return a docstring without the tests at its end, each paragraph on one line."""
    paragraphs = re.split(r"\n\s*\n", text.partition(">>>")[0])
    return "\n\n".join(" ".join(each.split()) for each in paragraphs if each.strip())
