"""Settings and mappings of an index in OpenSearch and Elasticsearch, by the types of columns."""

import json
from collections.abc import Callable
from typing import Any

import pyarrow as pa

from synthprof.schemas.schema import Schema

Vector = Callable[[str, int], dict[str, Any]]

_KEYWORD = {"type": "keyword"}

_TYPES: tuple[tuple[Callable[[pa.DataType], bool], dict[str, Any]], ...] = (
    (pa.types.is_boolean, {"type": "boolean"}),
    (pa.types.is_uint64, {"type": "unsigned_long"}),
    (pa.types.is_int64, {"type": "long"}),
    (pa.types.is_integer, {"type": "integer"}),
    (pa.types.is_float32, {"type": "float"}),
    (pa.types.is_floating, {"type": "double"}),
    (pa.types.is_decimal, {"type": "double"}),
    (pa.types.is_date, {"type": "date", "format": "strict_date"}),
    (pa.types.is_timestamp, {"type": "date", "format": "strict_date_optional_time_nanos"}),
    (pa.types.is_binary, {"type": "keyword", "index": False, "doc_values": False}),
)

_TEXT = {"type": "text", "fields": {"keyword": {"type": "keyword", "ignore_above": 256}}}


def opensearch(columns: pa.Schema, schema: Schema) -> str:
    """Return the settings for OpenSearch: vectors as `knn_vector` in HNSW of Lucene."""
    index = {"knn": True, "number_of_replicas": 0, "refresh_interval": "-1"}
    return _settings(index, columns, schema, _knn_vector)


def elasticsearch(columns: pa.Schema, schema: Schema) -> str:
    """Return the settings for Elasticsearch: vectors as `dense_vector`."""
    index = {"number_of_replicas": 0, "refresh_interval": "-1"}
    return _settings(index, columns, schema, _dense_vector)


def _knn_vector(name: str, dimension: int) -> dict[str, Any]:
    # a feature vector may be all zeros, which has no cosine
    space = "cosinesimil" if name == "embedding" else "l2"
    method = {"name": "hnsw", "engine": "lucene", "space_type": space}
    return {"type": "knn_vector", "dimension": dimension, "method": method}


def _dense_vector(name: str, dimension: int) -> dict[str, Any]:
    similarity = "cosine" if name == "embedding" else "l2_norm"
    return {"type": "dense_vector", "dims": dimension, "index": True, "similarity": similarity}


def _settings(index: dict[str, Any], columns: pa.Schema, schema: Schema, vector: Vector) -> str:
    properties = {field.name: _property(field, schema, vector) for field in columns}
    whole = {
        "settings": {"index": index},
        "mappings": {"dynamic": "strict", "properties": properties},
    }
    return json.dumps(whole, ensure_ascii=False, indent=1) + "\n"


def _property(field: pa.Field, schema: Schema, vector: Vector) -> dict[str, Any]:
    kind = field.type
    if pa.types.is_fixed_size_list(kind):
        return vector(field.name, kind.list_size)
    if pa.types.is_list(kind):
        kind = kind.value_type
    elif pa.types.is_string(kind) and field.name in schema.by_name:
        return dict(_KEYWORD if schema.by_name[field.name].values else _TEXT)
    return dict(next((found for is_kind, found in _TYPES if is_kind(kind)), _KEYWORD))
