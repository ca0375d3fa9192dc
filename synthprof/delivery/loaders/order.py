"""The order of a load: the parameters of the command, the DAG and the API. Light."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field

from synthprof.base.errors import SpecError
from synthprof.delivery.loaders.address import check_no_password
from synthprof.delivery.order import KEY, ColumnsOrder, Metric, Space


class LoadOrder(ColumnsOrder):
    """The version to load, where to, and what of it.

    >>> LoadOrder(into="duckdb:gamers.duckdb", columns="size, cluster_id").names
    ('size', 'cluster_id')
    """

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
        Space,
        Field(description="The vectors to load: embeddings, or the feature vectors of profiles."),
    ] = "embedding"
    workload: Annotated[
        str,
        Field(
            pattern=KEY,
            description="Key of a workload whose planted labels and tenants are loaded as further columns, "
            "so that its filters can be asked.",
        ),
    ] = ""
    metric: Annotated[
        Metric,
        Field(description="Measure of nearness, for the index and for searches."),
    ] = "cosine"
    index: Annotated[
        bool, Field(description="Make an index of the vectors, where the target leaves the choice.")
    ] = True
    replace: Annotated[bool, Field(description="Remove the table first, if it holds other rows.")] = False

    @classmethod
    def check(cls, given: Mapping[str, Any]) -> None:
        """Raise SpecError also without a target, and for a URL with a password.

        What comes this way is seen in lists of processes and in logs.
        """
        super().check(given)
        check_no_password(str(given.get("into", "")))
        if not given.get("into"):
            raise SpecError("into is missing; name the target by its URL, such as duckdb:rows.duckdb")
