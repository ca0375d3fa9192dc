"""The order of a load: the parameters of the command, the DAG and the API. Light."""

import functools
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from synthprof.base.columns import parse_columns
from synthprof.base.errors import SpecError
from synthprof.delivery.loaders.address import check_no_password
from synthprof.spec.params import ParamModel, Schemas, check_names, check_value, in_words, schemas_of
from synthprof.spec.request import DatasetName
from synthprof.spec.written import read_value
from synthprof.store.pointer import VERSION_PATTERN


class LoadOrder(ParamModel):
    """The version to load, where to, and what of it.

    >>> LoadOrder(into="duckdb:gamers.duckdb", columns="size, cluster_id").names
    ('size', 'cluster_id')
    """

    dataset: DatasetName = "gamers"
    version: Annotated[
        str,
        Field(
            pattern=in_words("12 of 0-9 and a-f, or nothing", f"^({VERSION_PATTERN})?$"),
            description="Name of the version; the current one unless given.",
        ),
    ] = ""
    into: Annotated[
        str,
        Field(
            repr=False,
            description="URL of a database or search engine, as postgresql://host/database or "
            "duckdb:rows.duckdb; or conn:NAME, whose URL, which may have a password, is in "
            "SYNTHPROF_CONN_NAME or in the Airflow Connection synthprof_NAME.",
        ),
    ] = ""
    columns: Annotated[
        str,
        Field(
            description="Columns to load beside id and vector, separated by commas; all unless given, but "
            "not archetype, which is the hidden truth."
        ),
    ] = ""
    space: Annotated[
        Literal["embedding", "vector"],
        Field(description="The vectors to load: embeddings, or the feature vectors of profiles."),
    ] = "embedding"
    metric: Annotated[
        Literal["cosine", "dot", "l2"],
        Field(description="Measure of nearness, for the index and for searches."),
    ] = "cosine"
    index: Annotated[
        bool, Field(description="Make an index of the vectors, where the target leaves the choice.")
    ] = True
    replace: Annotated[bool, Field(description="Remove the table first, if it holds other rows.")] = False

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> "LoadOrder":
        """Return the order for flat parameters; what is not given, or None, has its default.

        Raises SpecError that names the value, the rule and the remedy, also for a URL with a password: what
        comes this way is seen in lists of processes and in logs.
        """
        given = {name: value for name, value in params.items() if value is not None}
        schema = load_schema()
        check_names(given, schema)
        check_no_password(str(given.get("into", "")))
        values = {name: read_value(name, value, schema[name]) for name, value in given.items()}
        for name, value in values.items():
            check_value(name, value, schema[name])
        if not values.get("into"):
            raise SpecError("into is missing; name the target by its URL, such as duckdb:rows.duckdb")
        order = cls(**values)
        _ = order.names
        return order

    @property
    def names(self) -> tuple[str, ...]:
        """The columns that are asked for. Raises SpecError for a text that is no list of names."""
        found = parse_columns(self.columns)
        for name, kind in found.items():
            if kind:
                raise SpecError(
                    f"columns={self.columns:.200}: {name}:{kind} has a kind, which is not chosen here; leave "
                    "it out"
                )
        return tuple(found)


@functools.cache
def load_schema() -> Schemas:
    """Return the JSON Schema of each parameter by name, in the order of forms and help."""
    return schemas_of(LoadOrder)
