"""Parameters of a task: some fixed by the DAG's author, the others from the run."""

from collections.abc import Collection, Mapping
from typing import Any

from synthprof.spec.params import Schemas, check_value
from synthprof.spec.request import RequestKind, params_schema
from synthprof.spec.sizing import check_sizes
from synthprof.spec.written import read_value


def split(kind: RequestKind, keywords: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the keywords that are parameters of this kind of data set, and the others.

    Raises SpecError for a value out of its bounds, so that Airflow shows it as the DAG file's import error.
    Templates are checked when a run has rendered them.
    """
    schema = params_schema(kind)
    fixed = {name: value for name, value in keywords.items() if name in schema}
    for name, value in fixed.items():
        if not _comes_later(value):
            fixed[name] = read_value(name, value, schema[name])
            check_value(name, fixed[name], schema[name])
    check_sizes(fixed)
    return fixed, {name: value for name, value in keywords.items() if name not in schema}


def taken(run: Mapping[str, Any], names: Collection[str]) -> dict[str, Any]:
    """Return the run's parameters that are among the names and have a value."""
    return {name: value for name, value in run.items() if name in names and value is not None}


def with_types(fixed: Mapping[str, Any], schema: Schemas) -> dict[str, Any]:
    """Return the values with numbers and booleans made of the texts that templates render to."""
    return {name: read_value(name, value, schema[name]) for name, value in fixed.items()}


def _comes_later(value: Any) -> bool:  # noqa: ANN401
    """Return whether only a run has the value: a template, or the output of another task."""
    return hasattr(value, "iter_references") or (isinstance(value, str) and "{{" in value)
