"""The order of a load: the parameters of the command, the DAG and the API."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class Order(BaseModel):
    """The version to load, and where to.

    >>> Order(dataset="gamers", into="duckdb:gamers.duckdb").metric
    'cosine'
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    dataset: str = Field("gamers", title="Data set", description="Name of the data set.")
    version: str = Field(
        "", title="Version", description="Name of the version; the current one unless given."
    )
    into: str = Field(
        title="Into",
        description="URL of a database or search engine, or conn:NAME for a connection of that name.",
        repr=False,
    )
    columns: tuple[str, ...] = Field(
        (), title="Columns", description="Columns to load beside id and vector; all unless given."
    )
    vector: Literal["embedding", "vector"] = Field(
        "embedding", title="Vector", description="The vectors to load: embedding, or vector for features."
    )
    metric: Literal["cosine", "dot", "l2"] = Field(
        "cosine", title="Metric", description="Measure of nearness for index and searches: cosine, dot or l2."
    )
    index: bool = Field(
        True, title="Index", description="Make an index of the vectors, where the target has a choice."
    )
    replace: bool = Field(
        False, title="Replace", description="Remove the table first if it holds other rows."
    )
