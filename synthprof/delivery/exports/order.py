"""The order of an export: the parameters of the command, the DAG and the API. Light."""

from collections.abc import Sequence
from typing import Annotated, Any, TypedDict

from pydantic import Field

from synthprof.delivery.exports.registry import TITLES
from synthprof.delivery.order import KEY, ColumnsOrder, Metric, Space
from synthprof.spec.params import in_words


class Options(TypedDict, total=False):
    """The options of an export as keyword arguments; the fields of `Order` say what each means."""

    columns: str | Sequence[str]
    space: Space
    metric: Metric
    workload: str
    correlation: float


FORMATS = in_words("one of " + ", ".join(TITLES), f"^({'|'.join(TITLES)})$")


class Order(ColumnsOrder):
    """The version to export, in which format, and what of it.

    >>> Order(dataset="gamers", format="jsonl", columns="id, cluster_id").names
    ('id', 'cluster_id')
    """

    format: Annotated[str, Field(pattern=FORMATS, description="Format of the export.")] = "parquet"
    columns: Annotated[
        str,
        Field(
            description="Columns to export, separated by commas; unless given, all with the vectors, but not "
            "archetype, which is the hidden truth."
        ),
    ] = ""
    space: Annotated[
        Space,
        Field(description="Vectors of a format that holds vectors only: embeddings, or feature vectors."),
    ] = "embedding"
    metric: Annotated[
        Metric,
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

    @property
    def options(self) -> dict[str, Any]:
        """The options that are not as declared, by name."""
        return {
            name: value
            for name in ("columns", "space", "metric", "workload", "correlation")
            if (value := getattr(self, name)) != self.schemas()[name]["default"]
        }
