"""Data Package 2.0 (Frictionless): files with their checksums, and the fields of their tables."""

import json
import re
from typing import Any

import pyarrow as pa

from synthprof.base.files import FileRecord
from synthprof.report.cards.model import Card, CardColumn, CardTable

PROFILE = "https://datapackage.org/profiles/2.0/datapackage.json"

MAX_VALUES = 1_000
"""Values that are listed as an `enum`."""

_TYPES = (
    (pa.types.is_boolean, "boolean"),
    (pa.types.is_integer, "integer"),
    (pa.types.is_floating, "number"),
    (pa.types.is_decimal, "number"),
    (pa.types.is_date, "date"),
    (pa.types.is_time, "time"),
    (pa.types.is_timestamp, "datetime"),
)


_PLAIN = {"ndjson": "bulk"}
"""Suffixes by which a reader would take a file for a table that it is not."""


def data_package(card: Card) -> str:
    """Return the description of all files by relative paths; list and vector columns are left out of fields.

    A table in several files is one resource without a checksum, which the form has for single files only.
    """
    tabular = {file.path for table in card.tables for file in table.files} if card.medium.tabular else set()
    resources = [_table(card, table) for table in card.tables if table.files] if tabular else []
    resources += [_file(card, file) for file in card.files if file.path not in tabular]
    whole: dict[str, Any] = {
        "$schema": PROFILE,
        "name": _name(f"{card.dataset}-{card.version}"),
        "title": card.title,
        "description": card.description,
        "version": card.version,
        "keywords": list(card.keywords),
        "resources": resources,
    }
    if card.licence.spdx:
        whole["licenses"] = [{"name": card.licence.spdx, "path": card.licence.url}]
    return json.dumps(whole, ensure_ascii=False, indent=1) + "\n"


def _table(card: Card, table: CardTable) -> dict[str, Any]:
    paths = [file.path for file in table.files]
    told: dict[str, Any] = {
        "name": _name(table.name),
        "type": "table",
        "description": table.doc,
        "path": paths[0] if len(paths) == 1 else paths,
        "format": card.medium.name,
        "mediatype": card.medium.media_type,
        "encoding": "utf-8",
    }
    nan = card.medium.nan
    if len(paths) == 1:
        told |= _sums(table.files[0], counted=not nan)
    fields = [_field(column, nan) for column in table.columns if not (column.is_list or column.is_vector)]
    schema: dict[str, Any] = {"fields": fields, "primaryKey": list(table.key)}
    if len(fields) < len(table.columns):
        schema["fieldsMatch"] = "subset"
    return told | {"schema": schema}


def _file(card: Card, file: FileRecord) -> dict[str, Any]:
    suffix = file.path.rpartition(".")[2].lower()
    media_type = card.medium.media_type if card.medium.name == suffix else "application/octet-stream"
    return {
        "name": _name(file.path),
        "path": file.path,
        "format": _PLAIN.get(suffix, suffix),
        "mediatype": media_type,
        **_sums(file),
    }


def _sums(file: FileRecord, *, counted: bool = True) -> dict[str, Any]:
    """Return the checksum, and the bytes unless frictionless fails to count them, as in Parquet."""
    return {**({"bytes": file.bytes} if counted else {}), "hash": f"sha256:{file.sha256}"}


def _field(column: CardColumn, nan: bool) -> dict[str, Any]:
    """Return a field. nan: a missing number is read as NaN, which is no integer and within no bounds."""
    kind = next((name for is_kind, name in _TYPES if is_kind(column.type)), "string")
    limits: dict[str, Any] = {} if column.nullable else {"required": True}
    if nan and column.nullable and kind in ("integer", "number"):
        kind = "number"
    elif kind in ("integer", "number"):
        ends = {"minimum": column.low, "maximum": column.high}
        limits |= {name: value for name, value in ends.items() if value is not None}
    if kind == "string" and 0 < len(column.values) <= MAX_VALUES:
        limits["enum"] = list(column.values)
    found: dict[str, Any] = {"name": column.name, "type": kind, "description": column.doc}
    return found | ({"constraints": limits} if limits else {})


def _name(text: str) -> str:
    """Return a name as the form wants it: small letters, digits, `.`, `_` and `-`."""
    return re.sub(r"[^a-z0-9._-]+", "-", text.lower()).strip("-")
