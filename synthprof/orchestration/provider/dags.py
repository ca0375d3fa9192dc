"""All stages of a data set, as a DAG or as a task group in a user's own DAG."""

from collections.abc import Mapping
from typing import Any, Literal

from airflow.sdk import DAG, TaskGroup

from synthprof.orchestration.tasks.fixed import split
from synthprof.orchestration.tasks.operator import TASK_DEFAULTS, wire
from synthprof.orchestration.tasks.params import airflow_params
from synthprof.orchestration.tasks.service import CONNECTION
from synthprof.spec.request import RequestKind

DagKind = RequestKind | Literal["images"]
"""The kinds of a DAG: those of a request, and collections of pictures."""


class SynthprofDag(DAG):
    """A DAG that makes a data set: one task for each stage, tried again and ended as in `synthprof_generate`.

    kind: `generate` for profiles, `embed` for texts from elsewhere, `images` for pictures. defaults: values
    of the trigger form's fields, in place of the declared ones. seed_zone: the time zone whose date is the
    seed of scheduled and backfilled runs; None leaves the seed alone. first_night: the date in night_zone, as
    2025-01-30, of the night 0 of a drift; scheduled and backfilled runs count drift_night from it.
    embeddings_conn_id: the connection of the embedding service.
    Parameters given by keyword are fixed and not in the form; they may be templates. All other keywords are
    those of `DAG`. Raises SpecError for a fixed value out of its bounds.

        SynthprofDag("players", schedule="@daily", seed_zone="UTC", dataset="players", profiles=50_000)
    """

    def __init__(
        self,
        dag_id: str,
        *,
        kind: DagKind = "generate",
        defaults: Mapping[str, Any] | None = None,
        seed_zone: str | None = None,
        first_night: str | None = None,
        night_zone: str = "UTC",
        embeddings_conn_id: str = CONNECTION,
        **keywords: Any,  # noqa: ANN401
    ) -> None:
        word = {"generate": "profiles", "embed": "texts", "images": "pictures"}[kind]
        kind, keywords = _as_request(kind, keywords)
        fixed, settings = split(kind, keywords)
        form = {name: field for name, field in airflow_params(defaults, kind).items() if name not in fixed}
        own = {
            "params": form | settings.pop("params", {}),
            "default_args": {**TASK_DEFAULTS, **settings.pop("default_args", {})},
            "tags": {"synthprof", word, *settings.pop("tags", ())},
        }
        super().__init__(
            dag_id, **({"schedule": None, "catchup": False, "max_active_runs": 1} | settings | own)
        )
        with self:
            wire(
                fixed=fixed,
                kind=kind,
                seed_zone=seed_zone,
                first_night=first_night,
                night_zone=night_zone,
                embeddings_conn_id=embeddings_conn_id,
            )


class SynthprofTaskGroup(TaskGroup):
    """All stages of a data set as a task group of a user's DAG, tried again and ended as in our own DAGs.

    A parameter is what its keyword says; else what the DAG's own parameter of that name says
    (`params=airflow_params()` gives a DAG all of them); else the declared default. Keywords as in
    `SynthprofDag`; all others are those of `TaskGroup`. Raises SpecError for a fixed value out of its bounds.

        SynthprofTaskGroup("make", dataset="players", profiles="{{ params.rows }}") >> report()
    """

    def __init__(
        self,
        group_id: str = "synthprof",
        *,
        kind: DagKind = "generate",
        seed_zone: str | None = None,
        first_night: str | None = None,
        night_zone: str = "UTC",
        embeddings_conn_id: str = CONNECTION,
        **keywords: Any,  # noqa: ANN401
    ) -> None:
        kind, keywords = _as_request(kind, keywords)
        fixed, settings = split(kind, keywords)
        settings["default_args"] = {**TASK_DEFAULTS, **settings.get("default_args", {})}
        super().__init__(group_id, **settings)
        with self:
            wire(
                fixed=fixed,
                kind=kind,
                seed_zone=seed_zone,
                first_night=first_night,
                night_zone=night_zone,
                embeddings_conn_id=embeddings_conn_id,
            )


def _as_request(kind: DagKind, keywords: dict[str, Any]) -> tuple[RequestKind, dict[str, Any]]:
    """Return the kind of request and the keywords: a collection of pictures has the parameter `kind`, too."""
    return ("embed", {"kind": "images", **keywords}) if kind == "images" else (kind, keywords)
