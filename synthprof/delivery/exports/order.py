"""The order of an export: the parameters of the command, the DAG and the API. Light."""

import functools
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, TypedDict

from pydantic import Field

from synthprof.base.columns import parse_columns, written_name
from synthprof.base.errors import SpecError
from synthprof.delivery.exports.registry import TITLES
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


class Options(TypedDict, total=False):
    """The options of an export as keyword arguments; the fields of `Order` say what each means."""

    columns: str | Sequence[str]
    space: Literal["embedding", "vector"]
    metric: Literal["cosine", "dot", "l2"]
    workload: str
    correlation: float


FORMATS = in_words("one of " + ", ".join(TITLES), f"^({'|'.join(TITLES)})$")

KEY = in_words("12 of 0-9 and a-f, or nothing", f"^({VERSION_PATTERN})?$")


class Order(ParamModel):
    """The version to export, in which format, and what of it.

    >>> Order(dataset="gamers", format="jsonl", columns="id, cluster_id").names
    ('id', 'cluster_id')
    """

    dataset: DatasetName = "gamers"
    version: Annotated[
        str, Field(pattern=KEY, description="Name of the version; the current one unless given.")
    ] = ""
    format: Annotated[str, Field(pattern=FORMATS, description="Format of the export.")] = "parquet"
    columns: Annotated[
        str,
        Field(
            description="Columns to export, separated by commas; unless given, all with the vectors, but not "
            "archetype, which is the hidden truth."
        ),
    ] = ""
    space: Annotated[
        Literal["embedding", "vector"],
        Field(description="Vectors of a format that holds vectors only: embeddings, or feature vectors."),
    ] = "embedding"
    metric: Annotated[
        Literal["cosine", "dot", "l2"],
        Field(description="Measure of nearness of a format that holds true neighbours."),
    ] = "cosine"
    workload: Annotated[
        str,
        Field(
            pattern=KEY,
            description="Key of the workload of a format that holds queries and true neighbours; needed "
            "where the version has several.",
        ),
    ] = ""
    correlation: Annotated[
        float,
        Field(
            ge=-1,
            le=1,
            description="Correlation with the vectors of the planted labels that a format of labels takes.",
        ),
    ] = 0.0

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> "Order":
        """Return the order for flat parameters; what is not given, or None, has its default.

        columns: a text, or a list of names. Raises SpecError that names the value, the rule and the remedy.
        """
        given = {name: value for name, value in params.items() if value is not None}
        if isinstance(names := given.get("columns"), list | tuple):
            given["columns"] = ",".join(map(written_name, names))
        schema = order_schema()
        check_names(given, schema)
        for name, value in given.items():
            given[name] = read_value(name, value, schema[name])
            check_value(name, given[name], schema[name])
        order = cls(**{name: number_of(cls, name, value) for name, value in given.items()})
        _ = order.names
        return order

    @property
    def names(self) -> tuple[str, ...]:
        """The columns that are asked for. Raises SpecError for a text that is no list of names."""
        found = parse_columns(self.columns)
        for name, kind in found.items():
            if kind:
                raise SpecError(
                    f"columns={self.columns:.200}: {name}:{kind} has a kind, which is not chosen here"
                )
        return tuple(found)

    @property
    def options(self) -> dict[str, Any]:
        """The options that are not as declared, by name."""
        return {
            name: value
            for name in ("columns", "space", "metric", "workload", "correlation")
            if (value := getattr(self, name)) != order_schema()[name]["default"]
        }


@functools.cache
def order_schema() -> Schemas:
    """Return the JSON Schema of each parameter by name, in the order of forms and help."""
    return schemas_of(Order)
