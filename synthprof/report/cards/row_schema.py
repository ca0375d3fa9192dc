"""JSON Schema of a row, draft 2020-12, as JSON lines hold it: types, values, bounds, nullability."""

import json
from typing import Any

import pyarrow as pa

from synthprof.report.cards.model import Card, CardColumn, CardTable

DIALECT = "https://json-schema.org/draft/2020-12/schema"

MAX_VALUES = 1_000
"""Values that are listed; of a column with more, only the type is told."""

_FORMATS = ((pa.types.is_date, "date"), (pa.types.is_time, "time"))


def row_schema(card: Card) -> str:
    """Return the JSON Schema of a row; those of child tables stand in `$defs` by their names.

    Decimals, dates, times and bytes are texts in JSON, and infinities are words.
    """
    children = {table.name: _object(table) for table in card.tables[1:]}
    whole: dict[str, Any] = {
        "$schema": DIALECT,
        "title": f"A {card.row_word} of {card.dataset}",
        "description": f"A row of version {card.version}, {card.what}.",
        **_object(card.main),
    }
    if children:
        whole["$defs"] = children
    return json.dumps(whole, ensure_ascii=False, indent=1) + "\n"


def _object(table: CardTable) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {column.name: _property(column) for column in table.columns},
        "required": [column.name for column in table.columns],
        "additionalProperties": False,
    }


def _property(column: CardColumn) -> dict[str, Any]:
    told = {"description": column.doc} if column.doc else {}
    if column.is_vector or column.is_list:
        found = _list(column)
    else:
        found = _value(column.type, column.values) | _bounds(column, "minimum", "maximum")
    if column.nullable:
        found = _or_null(found)
    return told | found


def _list(column: CardColumn) -> dict[str, Any]:
    items = _value(column.item_type, column.values)
    if column.is_vector:
        size = column.type.list_size
        return {"type": "array", "items": items, "minItems": size, "maxItems": size}
    return {"type": "array", "items": items, **_bounds(column, "minItems", "maxItems")}


def _bounds(column: CardColumn, low: str, high: str) -> dict[str, Any]:
    if not (column.is_list or _is_number(column.type)):
        return {}
    found = {low: column.low, high: column.high}
    return {name: value for name, value in found.items() if value is not None}


def _value(kind: pa.DataType, values: tuple[str, ...]) -> dict[str, Any]:
    """Return the schema of a value that is there."""
    if pa.types.is_boolean(kind):
        return {"type": "boolean"}
    if pa.types.is_integer(kind):
        return {"type": "integer"}
    if pa.types.is_floating(kind):
        return {"type": "number"}
    found: dict[str, Any] = {"type": "string"}
    if values and len(values) <= MAX_VALUES and pa.types.is_string(kind):
        found["enum"] = list(values)
    for is_kind, name in _FORMATS:
        if is_kind(kind):
            found["format"] = name
    if pa.types.is_timestamp(kind) and kind.tz:
        found["format"] = "date-time"
    return found


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind))


def _or_null(found: dict[str, Any]) -> dict[str, Any]:
    more = {"enum": [*found["enum"], None]} if "enum" in found else {}
    return found | {"type": [found["type"], "null"]} | more
