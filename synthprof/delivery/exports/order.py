"""The order of an export: the parameters of the command, the DAG and the API."""

from pydantic import BaseModel, ConfigDict, Field


class Order(BaseModel):
    """The version to export, and in which format.

    >>> Order(dataset="gamers", format="jsonl").columns
    ()
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    dataset: str = Field("gamers", title="Data set", description="Name of the data set.")
    version: str = Field(
        "", title="Version", description="Name of the version; the current one unless given."
    )
    format: str = Field("parquet", title="Format", description="Format of the export.")
    columns: tuple[str, ...] = Field(
        (), title="Columns", description="Columns to export; all, with vectors, unless given."
    )
