"""Operators that hand a published version on: as an export, with queries, into a database."""

import re
import sys
from collections.abc import Mapping
from typing import Any

from airflow.sdk import Param

from synthprof.delivery.exports.order import Order
from synthprof.delivery.exports.registry import TITLES as FORMATS
from synthprof.delivery.loaders.address import check_no_password
from synthprof.delivery.loaders.order import LoadOrder
from synthprof.delivery.matching.order import MatchOrder
from synthprof.delivery.workloads.order import WorkloadOrder
from synthprof.orchestration.provider.operators import VersionOperator
from synthprof.orchestration.tasks.params import order_params
from synthprof.orchestration.tasks.service import named_target, target_environment

COMMAND = (sys.executable, "-m", "synthprof.delivery.child")


def workload_params() -> dict[str, Param]:
    """Return the parameters of a WorkloadOperator: the version, and the queries to make for it."""
    return order_params(WorkloadOrder.schemas())


def load_params() -> dict[str, Param]:
    """Return the parameters of a LoadOperator: the version, the target, and what of the version."""
    return order_params(LoadOrder.schemas())


def match_params() -> dict[str, Param]:
    """Return the parameters of a MatchOperator: the pictures, and how they are matched."""
    return order_params(MatchOrder.schemas())


def export_params() -> dict[str, Param]:
    """Return the parameters of an ExportOperator: the version, the format, and what of it."""
    return order_params(Order.schemas())


def exports_params() -> dict[str, Param]:
    """Return the parameters of a DAG that has an ExportOperator for each format of a list."""
    formats = Param(
        ["parquet"],
        description="Formats of the exports, a task each. (formats)",
        schema={
            "type": "array",
            "title": "Formats",
            "items": {"type": "string", "enum": [*FORMATS]},
            "minItems": 1,
            "uniqueItems": True,
            "examples": [*FORMATS],
            "values_display": {name: f"{name}: {title}" for name, title in FORMATS.items()},
        },
    )
    others = {name: each for name, each in export_params().items() if name != "format"}
    return {"formats": formats} | others


class WorkloadOperator(VersionOperator):
    """Make queries for a version, of four classes from easy to hard, with their exact nearest rows.

    Further keywords are the parameters of `synthprof workload`; each may be a template. Pushes what was made:
    its `workload`, `folder`, `queries` and `classes`.
    """

    template_fields = (
        "dataset",
        "version",
        "seed",
        "queries",
        "mix",
        "space",
        "metrics",
        "filters",
        "streams",
    )
    job = "workload"
    declared = workload_params
    command = COMMAND
    embeds = True
    only_in_a_folder = (
        "a workload is made only in a folder; fetch the version into one, and make it there with "
        "`synthprof workload`"
    )

    def __init__(
        self,
        *,
        seed: int | str | None = None,
        queries: int | str | None = None,
        mix: str | None = None,
        space: str | None = None,
        metrics: str | None = None,
        filters: str | None = None,
        streams: str | None = None,
        **kwargs: Any,  # noqa: ANN401
    ) -> None:
        super().__init__(**kwargs)
        self.seed = seed
        self.queries = queries
        self.mix = mix
        self.space = space
        self.metrics = metrics
        self.filters = filters
        self.streams = streams


class MatchOperator(VersionOperator):
    """Find the near-identical pictures of a folder, a table or tar files, or of a version's avatars.

    Further keywords are the parameters of `synthprof match`; each may be a template. Pushes what was found:
    its `match`, `folder`, `rows`, `pairs`, `groups` and `scores`.
    """

    template_fields = (
        *("dataset", "version", "pictures", "table", "id_column", "image_column", "features", "memory_mib"),
        *("index", "min_inliers", "min_score", "seed"),
    )
    job = "match"
    declared = match_params
    command = COMMAND
    only_in_a_folder = (
        "pictures are matched only in a folder; fetch the version into one by `synthprof pull`, and match "
        "there with `synthprof match`"
    )

    def __init__(
        self,
        *,
        pictures: str | None = None,
        table: str | None = None,
        id_column: str | None = None,
        image_column: str | None = None,
        features: int | str | None = None,
        memory_mib: int | str | None = None,
        index: str | None = None,
        min_inliers: int | str | None = None,
        min_score: float | str | None = None,
        seed: int | str | None = None,
        **kwargs: Any,  # noqa: ANN401
    ) -> None:
        super().__init__(**kwargs)
        self.pictures = pictures
        self.table = table
        self.id_column = id_column
        self.image_column = image_column
        self.features = features
        self.memory_mib = memory_mib
        self.index = index
        self.min_inliers = min_inliers
        self.min_score = min_score
        self.seed = seed


class ExportOperator(VersionOperator):
    """Write a version in a format that other programs read.

    Further keywords are the parameters of `synthprof export`; each may be a template, and `format` may be
    mapped. Pushes what was made: its `folder`, `format`, `rows`, `bytes` and `files`.
    """

    template_fields = (
        *("dataset", "version", "format", "columns", "space", "metric", "workload", "correlation"),
    )
    job = "export"
    declared = export_params
    command = COMMAND
    only_in_a_folder = (
        "an export is written only in a folder; fetch the version into one by `synthprof pull`, and export "
        "it there with `synthprof export`"
    )

    def __init__(
        self,
        *,
        format: str | None = None,
        columns: str | None = None,
        space: str | None = None,
        metric: str | None = None,
        workload: str | None = None,
        correlation: float | str | None = None,
        **kwargs: Any,  # noqa: ANN401
    ) -> None:
        super().__init__(**kwargs)
        self.format = format
        self.columns = columns
        self.space = space
        self.metric = metric
        self.workload = workload
        self.correlation = correlation


class LoadOperator(VersionOperator):
    """Load a version into a database or search engine; goes on where an earlier try was cut short.

    into: the target's URL without a password, or `conn:NAME`. conn_id: any Connection of Airflow in place of
    `into`, for authors of DAGs, who then leave `into` out of the DAG's parameters: it must be given there.
    columns, space, workload, metric, index, replace: as for `synthprof load`.
    """

    template_fields = (
        *("dataset", "version", "into", "columns", "space", "workload", "metric", "index", "replace"),
    )
    job = "load"
    command = COMMAND
    declared = load_params
    only_in_a_folder = "a version is loaded only from a folder; load what `synthprof pull` has fetched"

    def __init__(
        self,
        *,
        into: str | None = None,
        conn_id: str | None = None,
        columns: str | None = None,
        space: str | None = None,
        workload: str | None = None,
        metric: str | None = None,
        index: bool | None = None,
        replace: bool | None = None,
        **kwargs: Any,  # noqa: ANN401
    ) -> None:
        super().__init__(**kwargs)
        self.conn_id = conn_id
        self.into = f"conn:{_name_of(conn_id)}" if conn_id is not None else into
        self.columns = columns
        self.space = space
        self.workload = workload
        self.metric = metric
        self.index = index
        self.replace = replace

    def _secrets(self, params: Mapping[str, Any]) -> dict[str, str]:
        check_no_password(str(params.get("into") or ""))
        if self.conn_id is not None:
            return named_target(self.conn_id, _name_of(self.conn_id))
        return target_environment(str(params.get("into") or ""))


def _name_of(conn_id: str) -> str:
    """Return a Connection's name as a variable can have it."""
    return re.sub(r"\W", "_", conn_id)[:60]
