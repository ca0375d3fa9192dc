"""Croissant 1.1: metadata by which mlcroissant, and what builds on it, loads the records of a folder."""

import json
from typing import Any

import pyarrow as pa

from synthprof.base.files import FileRecord
from synthprof.report.cards.model import Card, CardColumn, CardTable

CONFORMS_TO = "http://mlcommons.org/croissant/1.1"

CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "arrayShape": "cr:arrayShape",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "containedIn": "cr:containedIn",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "description": {"@container": "@language"},
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileProperty": "cr:fileProperty",
    "fileObject": "cr:fileObject",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isArray": "cr:isArray",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "name": {"@container": "@language"},
    "parentField": "cr:parentField",
    "path": "cr:path",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}
"""The context of the specification, word for word, as readers compare it."""

_TYPES = (
    (pa.types.is_boolean, "sc:Boolean"),
    (pa.types.is_integer, "sc:Integer"),
    (pa.types.is_floating, "sc:Float"),
    (pa.types.is_date, "sc:Date"),
    (pa.types.is_timestamp, "sc:DateTime"),
)


def croissant(card: Card) -> str:
    """Return the metadata: every file by its relative path and SHA-256, and each column of the tables.

    The date of publication is left out, so that the same data have the same card.
    """
    media_type = card.medium.croissant
    whole: dict[str, Any] = {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "name": card.dataset,
        "description": card.description,
        "conformsTo": CONFORMS_TO,
        "license": card.licence.url or card.licence.statement,
        "version": f"1.0.0+{card.version}",
        "creator": {"@type": "sc:Organization", "name": f"synthprof {card.release}"},
        "keywords": list(card.keywords),
        "citeAs": f"{card.title}, version {card.version}, made with synthprof.",
        "isLiveDataset": False,
        "distribution": [_file(file, media_type) for table in card.tables for file in table.files],
        "recordSet": [],
    }
    if card.language:
        whole["inLanguage"] = card.language
    for table in card.tables:
        if table.files:
            whole["distribution"] += _together(table, media_type)
            whole["recordSet"].append(_records(table))
    return json.dumps(whole, ensure_ascii=False, indent=1) + "\n"


def _file(file: FileRecord, media_type: str) -> dict[str, Any]:
    return {
        "@type": "cr:FileObject",
        "@id": file.path,
        "name": file.path,
        "contentUrl": file.path,
        "contentSize": f"{file.bytes} B",
        "encodingFormat": media_type,
        "sha256": file.sha256,
    }


def _together(table: CardTable, media_type: str) -> list[dict[str, Any]]:
    """Return the set of a table's files, where it has several.

    Without `containedIn`, which mlcroissant takes for an archive: it looks for the files beside the card.
    """
    if len(table.files) == 1:
        return []
    return [
        {
            "@type": "cr:FileSet",
            "@id": f"{table.name}-files",
            "name": f"{table.name}-files",
            "encodingFormat": media_type,
            "includes": [file.path for file in table.files],
        }
    ]


def _records(table: CardTable) -> dict[str, Any]:
    one = len(table.files) == 1
    of = {"@id": table.files[0].path if one else f"{table.name}-files"}
    source = {"fileObject" if one else "fileSet": of}
    return {
        "@type": "cr:RecordSet",
        "@id": table.name,
        "name": table.name,
        "description": table.doc,
        "key": [{"@id": f"{table.name}/{name}"} for name in table.key],
        "field": [_field(table, column, source) for column in table.columns],
    }


def _field(table: CardTable, column: CardColumn, source: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {
        "@type": "cr:Field",
        "@id": f"{table.name}/{column.name}",
        "name": column.name,
        "description": column.doc,
        "dataType": _type(column.item_type),
        "source": {**source, "extract": {"column": column.name}},
    }
    if column.is_vector:
        found |= {"isArray": True, "arrayShape": str(column.type.list_size)}
    elif column.is_list:
        found |= {"isArray": True, "arrayShape": "-1"}
    return found


def _type(kind: pa.DataType) -> str:
    return next((name for is_kind, name in _TYPES if is_kind(kind)), "sc:Text")
