"""Orders of jobs on a version: what they share, and how parameters become an order. Light."""

import functools
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import Field

from synthprof.base.columns import parse_columns, written_name
from synthprof.base.errors import SpecError
from synthprof.spec.params import (
    ParamModel,
    Schemas,
    check_names,
    check_value,
    in_words,
    number_of,
    schemas_of,
)
from synthprof.spec.request import DatasetName
from synthprof.spec.written import read_value
from synthprof.store.pointer import VERSION_PATTERN

KEY = in_words("12 of 0-9 and a-f, or nothing", f"^({VERSION_PATTERN})?$")

Space = Literal["embedding", "vector"]
"""Embeddings, or the feature vectors of profiles."""

Metric = Literal["cosine", "dot", "l2"]
"""A measure of nearness: `METRICS` of workloads say what the scores are."""


class VersionOrder(ParamModel):
    """A job on one version of a data set: parameters of a command, of a DAG and of the API."""

    dataset: DatasetName = "gamers"
    version: Annotated[
        str, Field(pattern=KEY, description="Name of the version; the current one unless given.")
    ] = ""

    @classmethod
    def schemas(cls) -> Schemas:
        """Return the JSON Schema of each parameter by name, in the order of forms and help."""
        return _schemas(cls)

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> Self:
        """Return the order for flat parameters; what is not given, or None, has its default.

        `columns` may be a list of names. Raises SpecError that names the value, the rule and the remedy.
        """
        given = {name: value for name, value in params.items() if value is not None}
        if isinstance(names := given.get("columns"), list | tuple):
            given["columns"] = ",".join(map(written_name, names))
        schema = cls.schemas()
        check_names(given, schema)
        cls.check(given)
        for name, value in given.items():
            given[name] = number_of(cls, name, read_value(name, value, schema[name]))
            check_value(name, given[name], schema[name])
        return cls(**given)

    @classmethod
    def check(cls, given: Mapping[str, Any]) -> None:
        """Raise SpecError for what no JSON Schema tells, before a message quotes a value."""


class ColumnsOrder(VersionOrder):
    """An order that names columns in a field `columns`."""

    @classmethod
    def check(cls, given: Mapping[str, Any]) -> None:
        """Raise SpecError for a text that is no list of names."""
        _names(str(given.get("columns", "")))

    @property
    def names(self) -> tuple[str, ...]:
        """The columns that are asked for."""
        return _names(str(getattr(self, "columns", "")))


def _names(text: str) -> tuple[str, ...]:
    found = parse_columns(text)
    for name, kind in found.items():
        if kind:
            raise SpecError(
                f"columns={text:.200}: {name}:{kind} has a kind, which is not chosen here; leave it out"
            )
    return tuple(found)


@functools.cache
def _schemas(order: type[VersionOrder]) -> Schemas:
    return schemas_of(order)
