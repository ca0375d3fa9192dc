"""The Airflow task that runs one stage."""

import contextlib
import os
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from airflow.sdk import Asset, AssetAlias, BaseOperator, Context, TriggerRule
from airflow.sdk.exceptions import (
    AirflowException,
    AirflowFailException,
    AirflowSkipException,
    DownstreamTasksSkipped,
)

from synthprof.base.errors import SpecError, SynthprofError
from synthprof.orchestration.bucket import storage
from synthprof.orchestration.tasks import child
from synthprof.orchestration.tasks.fixed import taken, with_types
from synthprof.orchestration.tasks.service import CONNECTION, service_environment, source_environment
from synthprof.orchestration.tasks.writers import WRITERS, WRITING, WritersOperator, shards_of_writers
from synthprof.pipeline import STAGES, Stage
from synthprof.pipeline import stage as find
from synthprof.spec.params import check_names
from synthprof.spec.request import Request, RequestKind, params_schema
from synthprof.spec.sizing import check_sizes
from synthprof.stages.own_schema import is_built_in

PUBLISHED = AssetAlias("synthprof_published")
"""Every published data set; each is also an asset of its own, see dataset_asset."""


PROBLEM = "problem"
"""The key of the message of a task that failed: what is wrong, and what helps."""

NO_MESSAGE = (
    "its process ended without a message, as when memory runs out or somebody marks it failed; its log says "
    "more; clear the task to continue the run"
)
"""The message for a failed task that has left none."""

TASK_DEFAULTS: Mapping[str, Any] = {
    "owner": "synthprof",
    "retries": 3,
    "retry_delay": timedelta(seconds=10),
    "retry_exponential_backoff": True,
    "max_retry_delay": timedelta(minutes=5),
}
"""Arguments of every task of ours: who owns it, and its retries."""


def dataset_asset(dataset: str) -> Asset:
    """Return the Airflow asset that each publication of the data set updates."""
    return Asset(name=f"synthprof.{dataset}", uri=f"synthprof://{dataset}")


class ChildOperator(BaseOperator):
    """A task whose work is done by a child process, which ends when the task is not wanted any more.

    embeddings_conn_id: the Airflow connection of the embedding service.
    """

    def __init__(self, *, embeddings_conn_id: str = CONNECTION, **kwargs: Any) -> None:  # noqa: ANN401
        super().__init__(**kwargs)
        self.embeddings_conn_id = embeddings_conn_id
        self._child: child.Child | None = None
        self._unwanted = False

    def execute(self, context: Context) -> Any:  # noqa: ANN401
        """Do the work; where it fails, leave the message where the run's note and the explorer find it."""
        with told_to_airflow(context):
            return self.work(context)

    def work(self, context: Context) -> Any:  # noqa: ANN401
        """Do the work and return the task's value. Raises SpecError, Busy or StageError."""
        raise NotImplementedError

    def on_kill(self) -> None:
        """Ask the child to end, or have it asked as soon as it is there."""
        self._unwanted = True
        if self._child is not None:
            self._child.ask_to_end()

    def hold(self, running: child.Child) -> None:
        """Let `on_kill` reach this child; for `child.run_stage` to call."""
        self._child = running
        if self._unwanted:
            running.ask_to_end()

    def check_names(
        self, run: Mapping[str, Any], fixed: Mapping[str, Any], own: Collection[str] = ()
    ) -> None:
        """Fail the task at once for a parameter of the run that neither DAG nor author has.

        Airflow lets such pass. own: names that mean something else in this DAG, so they are not looked at.
        """
        params = {name: value for name, value in {**run, **fixed}.items() if name not in own}
        with self.refusals_logged():
            known = dict.fromkeys((*self.dag.params, *fixed))  # names alone: a value may still be missing
            check_names(params, [name for name in known if name not in own])

    @contextlib.contextmanager
    def refusals_logged(self) -> Iterator[None]:
        """Log what is refused before a child is started: first in the log, as what a child says is."""
        try:
            yield
        except SpecError as error:
            self.log.error("%s", error)
            raise


@contextlib.contextmanager
def told_to_airflow(context: Context) -> Iterator[None]:
    """Translate our errors for Airflow: a SpecError fails the task at once, anything else is tried again.

    The message is pushed as PROBLEM, which a new attempt removes.
    """
    try:
        yield
    except SynthprofError as error:
        with contextlib.suppress(Exception):  # what failed first is what matters
            context["ti"].xcom_push(PROBLEM, str(error))
        again = AirflowFailException if isinstance(error, SpecError) else AirflowException
        raise again(str(error)) from None


def tell_published(context: Context, dataset: str, published: Mapping[str, Any]) -> None:
    """Emit an event of the data set's asset with version, rows and scores."""
    extra = {name: published.get(name) for name in ("version", "rows", "scores")}
    context["outlet_events"][PUBLISHED].add(dataset_asset(dataset), extra=extra)


class StageOperator(ChildOperator):
    """A task that runs one stage of synthprof in a child process.

    stage: name of the stage; shard: [first block, end block, label], for stages that are mapped.
    fixed: parameters that the DAG's author has set; templates among them are rendered. Every other one is
    taken from the run. kind: `generate` for profiles, `embed` for texts from elsewhere.
    seed_zone: the time zone whose date is the seed of scheduled and backfilled runs; None leaves it alone.
    first_night: the date, in night_zone, of the night 0 of a drift, as 2025-01-30, from which scheduled and
    backfilled runs count theirs; None leaves drift_night alone.
    Pushes the stage's value; `setup` pushes the list of shards, and its other values under their own names.
    """

    template_fields: Sequence[str] = ("fixed",)

    def __init__(
        self,
        *,
        stage: str,
        shard: Sequence[Any] | None = None,
        fixed: Mapping[str, Any] | None = None,
        kind: RequestKind = "generate",
        seed_zone: str | None = None,
        first_night: str | None = None,
        night_zone: str = "UTC",
        **kwargs: Any,  # noqa: ANN401
    ) -> None:
        super().__init__(**kwargs)
        self.stage = stage
        self.shard = shard
        self.fixed = dict(fixed or {})
        self.kind = kind
        self.seed_zone = seed_zone
        self.first_night = first_night
        self.night_zone = night_zone

    def work(self, context: Context) -> Any:  # noqa: ANN401
        """Run the stage, or skip it where its parameter is off."""
        if self.stage == "setup":
            schema = params_schema(self.kind)
            own = [name for name in self.dag.params if name not in schema]
            self.check_names(context["params"], self.fixed, own)
        params = self._params(context)
        if self.stage == "setup" and self.kind == "generate":
            with self.refusals_logged():
                check_sizes(params)
        which = find(self.stage)
        if which.is_optional and not which.applies(Request.from_params(params).spec):
            raise AirflowSkipException(f"{self.stage} has nothing to do: {which.not_wanted}")
        split = self.shard is not None and which.is_split(_store(params))
        shard = (int(self.shard[0]), int(self.shard[1])) if self.shard is not None and split else None
        value = storage.run_stage(
            self.stage,
            params,
            shard,
            context["run_id"],
            on_start=self.hold,
            variables={
                **service_environment(self.stage, params, self.embeddings_conn_id),
                **source_environment(params),
            },
        )
        return self._push(context, params, value)

    def _params(self, context: Context) -> dict[str, Any]:
        schema = params_schema(self.kind)
        declared = {name: properties["default"] for name, properties in schema.items()}
        params = declared | taken(context["params"], schema) | with_types(self.fixed, schema)
        own = self.kind == "generate" and not is_built_in(params["profile_schema"])
        if (own or params.get("source")) and self.stage != "setup":  # setup has read it: it may be gone now
            setup = f"{self.task_id.removesuffix(self.stage)}setup"  # in a task group, below the group's name
            params |= context["ti"].xcom_pull(task_ids=setup, key="found_out") or {}
        return params | self._of_date(context["dag_run"])

    def _of_date(self, run: Any) -> dict[str, int]:  # noqa: ANN401  as Airflow hands it over
        """Return the parameters that the date of a scheduled or backfilled run decides."""
        if run.run_type not in ("scheduled", "backfill"):
            return {}
        moment, found = run.logical_date or run.run_after, {}
        if self.seed_zone is not None:
            found["seed"] = seed_of(moment, self.seed_zone)
        if self.first_night is not None and self.kind == "generate":
            found["drift_night"] = night_of(moment, self.night_zone, self.first_night)
        return found

    def _push(self, context: Context, params: dict[str, Any], value: Any) -> Any:  # noqa: ANN401
        if self.stage == "setup":
            context["ti"].xcom_push("dataset", params["dataset"])
            context["ti"].xcom_push("version", value["version"])
            context["ti"].xcom_push(WRITERS, shards_of_writers(value["shards"], _store(params)))
            if value["found_out"]:
                context["ti"].xcom_push("found_out", value["found_out"])
            return value["shards"]
        if self.stage == "publish":
            tell_published(context, params["dataset"], value)
        if self.stage == "cluster" and self.kind == "generate":
            self._skip_index_parts(context, params, value)
        return value

    def _skip_index_parts(self, context: Context, params: dict[str, Any], value: Any) -> None:  # noqa: ANN401
        """Have Airflow skip the stages that fill an index in parts where there are none, without a process.

        The task succeeds all the same; it ends here, so its value is pushed before.
        """
        spec, group = Request.from_params(params).spec, self.task_id.removesuffix(self.stage)
        unwanted = [each.name for each in STAGES if each.of_lists and not each.applies(spec)]
        if unwanted:
            context["ti"].xcom_push("return_value", value)
            skipped = [f"{group}{name}" for name in unwanted]
            raise DownstreamTasksSkipped(tasks=skipped)  # type: ignore[no-untyped-call]


def _stages(kind: RequestKind) -> list[Stage]:
    """Return the stages that have tasks; an index of a collection, which has no parts, is made at once."""
    return [each for each in STAGES if kind == "generate" or not each.of_lists]


def _store(params: Mapping[str, Any]) -> str:
    """Return the kind of store; rows from elsewhere lie in databases."""
    return str(params.get("store", "sqlite"))


def shards_at_once() -> int:
    """Return how many mapped tasks of a stage run side by side: two, so that one works while another starts.

    More only help on more machines; on one they share the same budget of cores. Raises SpecError where
    SYNTHPROF_SHARDS_AT_ONCE is no count.
    """
    text = os.environ.get("SYNTHPROF_SHARDS_AT_ONCE") or "2"
    if not re.fullmatch(r"[1-9][0-9]{0,3}", text):
        raise SpecError(f"SYNTHPROF_SHARDS_AT_ONCE={text} is no count; write a number from 1 to 9999")
    return int(text)


def seed_of(moment: datetime, zone: str) -> int:
    """Return the date in that time zone read as a number: 20250131."""
    return int(f"{moment.astimezone(ZoneInfo(zone)):%Y%m%d}")


def night_of(moment: datetime, zone: str, first: str) -> int:
    """Return the number of a night by its date in that time zone; nights before the first one are 0, too."""
    return max(0, (moment.astimezone(ZoneInfo(zone)).date() - date.fromisoformat(first)).days)


def wire(**settings: Any) -> None:  # noqa: ANN401
    """Add one task for each stage, after the stages it needs, to the DAG or task group under construction.

    settings: what every StageOperator is given.
    """
    setup = stage_task(STAGES[0], None, **settings)
    stages = _stages(settings["kind"])
    shards = {each.name: setup.output for each in stages if each.scope == "shard"}
    if settings["kind"] == "generate":  # a collection has no parts
        writers = WritersOperator(task_id=WRITERS, shards=setup.output[WRITERS])
        shards |= dict.fromkeys(WRITING, writers.output)
    tasks = {setup.stage: setup}
    for stage in stages[1:]:
        tasks[stage.name] = stage_task(stage, shards.get(stage.name), **settings)
        for need in (need for need in stage.needs if need in tasks):
            tasks[need] >> tasks[stage.name]


def stage_task(stage: Stage, shards: Any, **settings: Any) -> Any:  # noqa: ANN401
    """Return the stage's task in the DAG under construction: mapped over the output `shards`, None: single.

    A stage that can be skipped does not take the stages after it along, and shards that a cleared `setup`
    wants no longer do not take wanted ones along: with all_success Airflow would remove some.
    """
    lenient = shards is not None or any(find(need).is_optional for need in stage.needs)
    settings = settings | {
        "task_id": stage.name,
        "stage": stage.name,
        "trigger_rule": TriggerRule.NONE_FAILED if lenient else TriggerRule.ALL_SUCCESS,
        "outlets": [PUBLISHED] if stage.name == "publish" else [],
    }
    if stage.name == "publish" and storage.setting():
        settings["pool"] = storage.PUBLISH_POOL
    if shards is not None:
        mapped = StageOperator.partial(
            map_index_template="{{ task.shard[2] }}",
            max_active_tis_per_dagrun=shards_at_once(),
            **settings,
        )
        return mapped.expand(shard=shards)
    return StageOperator(**settings)
