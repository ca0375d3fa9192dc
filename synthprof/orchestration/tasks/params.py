"""Airflow's parameters, made from the one declaration in `synthprof.spec`."""

from collections.abc import Mapping
from typing import Any

from airflow.sdk import Param

from synthprof.spec.params import Schemas
from synthprof.spec.request import RequestKind, params_schema
from synthprof.spec.sections import in_sections, section_of
from synthprof.spec.written import read_value
from synthprof.stages.own_schema import places

NEEDED = ("source", "into")
"""Parameters without which there is no run, where a DAG has them."""

TITLES = {
    "dataset": "Data set",
    "profile_schema": "Schema",
    "dim_vector": "Vector dimension",
    "dim_embedding": "Embedding dimension",
    "id_column": "Column of ids",
    "text_column": "Column of texts",
    "columns": "Further columns",
    "limit": "Rows to embed at most",
    "max_failed": "Rows that may lack an embedding",
    "kmeans_niter": "k-means iterations",
    "kmeans_nredo": "k-means restarts",
    "use_gpu": "Use a GPU",
    "index": "Kind of index",
    "index_memory_mib": "Memory for the index (MiB)",
    "vacuum": "VACUUM the databases",
}

ORDER_TITLES = {"dataset": "Data set", "into": "Target", "index": "Make an index", "space": "Vectors"}
"""Titles in forms of jobs on a published version, where a name may mean something else."""


def airflow_params(
    defaults: Mapping[str, Any] | None = None, kind: RequestKind = "generate"
) -> dict[str, Param]:
    """Return every parameter as a field of the trigger form, the open ones first.

    defaults: values in place of the declared ones. kind: `generate` for profiles, `embed` for texts from
    elsewhere.
    """
    schema = params_schema(kind)
    values = {name: properties["default"] for name, properties in schema.items()} | dict(defaults or {})
    return {
        name: _param(name, schema[name], read_value(name, values[name], schema[name]), section_of(name))
        for name in in_sections(schema)
    }


def order_params(schema: Schemas) -> dict[str, Param]:
    """Return the parameters of a job on a published version, from their declaration, in no section."""
    return {name: _param(name, each, each["default"], None, ORDER_TITLES) for name, each in schema.items()}


def declared(name: str) -> Param:
    """Return one parameter as the form of `synthprof_generate` shows it, but in no section."""
    schema = params_schema()[name]
    return _param(name, schema, schema["default"], None)


def _param(
    name: str,
    properties: Mapping[str, Any],
    default: Any,  # noqa: ANN401
    section: str | None,
    titles: Mapping[str, str] = TITLES,
) -> Param:
    description = " ".join(filter(None, (properties["description"], _bounds(properties))))
    schema = {key: value for key, value in properties.items() if key not in ("default", "description")}
    if name == "profile_schema":
        schema = {"type": schema["type"], "enum": list(dict.fromkeys((*places(), default)))}
    schema["title"] = titles.get(name, name.replace("_", " ").capitalize())
    if section is not None:
        schema["section"] = section
    if name in NEEDED:  # the form marks it, and cannot be sent without
        return Param(default or None, description=f"{description} ({name})", schema=schema)
    if default == "":  # the form cannot be sent with an empty text, unless the parameter may be null
        schema["type"] = [schema["type"], "null"]
    return Param(default, description=f"{description} ({name})", schema=schema)


def _bounds(properties: Mapping[str, Any]) -> str:
    if "minimum" not in properties:
        return ""
    return f"From {properties['minimum']:,} to {properties['maximum']:,}."
