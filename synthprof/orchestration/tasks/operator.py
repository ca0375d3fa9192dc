"""The Airflow task that runs one stage."""

import contextlib
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from airflow.sdk import Asset, AssetAlias, BaseOperator, Context, TriggerRule
from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowSkipException

from synthprof.base.errors import SpecError, SynthprofError
from synthprof.orchestration.bucket import storage
from synthprof.orchestration.tasks import child
from synthprof.orchestration.tasks.service import service_environment
from synthprof.pipeline import Stage
from synthprof.pipeline import stage as find
from synthprof.spec.params import check_names

PUBLISHED = AssetAlias("synthprof_published")
"""Every published data set; each is also an asset of its own, see dataset_asset."""


def dag_defaults(**tasks: Any) -> dict[str, Any]:  # noqa: ANN401
    """What our DAGs have in common; tasks: more that the tasks of one have in common."""
    retries = {
        "retries": 3,
        "retry_delay": timedelta(seconds=10),
        "retry_exponential_backoff": True,
        "max_retry_delay": timedelta(minutes=5),
    }
    return {
        "tags": ["synthprof"],
        "catchup": False,
        "max_active_runs": 1,
        "default_args": {"owner": "synthprof", **retries, **tasks},
    }


def dataset_asset(dataset: str) -> Asset:
    """The Airflow asset that each publication of the data set updates."""
    return Asset(name=f"synthprof.{dataset}", uri=f"synthprof://{dataset}")


class ChildOperator(BaseOperator):
    """A task whose work is done by a child process, which ends when the task is not wanted any more."""

    def __init__(self, **kwargs: Any) -> None:  # noqa: ANN401
        super().__init__(**kwargs)
        self._child: child.Child | None = None
        self._unwanted = False

    def on_kill(self) -> None:
        """The child has been asked to end, or will be as soon as it is there."""
        self._unwanted = True
        if self._child is not None:
            self._child.ask_to_end()

    def hold(self, running: child.Child) -> None:
        """`on_kill` reaches this child; for `child.run_stage` to call."""
        self._child = running
        if self._unwanted:
            running.ask_to_end()

    def check_names(self, params: Mapping[str, Any]) -> None:
        """The DAG has each of the parameters: Airflow lets others pass. Else the task fails at once."""
        with told_to_airflow():
            try:
                check_names(params, self.dag.params)
            except SpecError as error:
                self.log.error("%s", error)  # first in the log, as what a child says is
                raise


@contextlib.contextmanager
def told_to_airflow() -> Iterator[None]:
    """What our errors mean to Airflow: a SpecError fails the task at once, anything else is tried again."""
    try:
        yield
    except SpecError as error:  # the same input fails again
        raise AirflowFailException(str(error)) from None
    except SynthprofError as error:
        raise AirflowException(str(error)) from None


def tell_published(context: Context, dataset: str, published: Mapping[str, Any]) -> None:
    """The data set's asset gets an event with version, rows and scores."""
    extra = {name: published.get(name) for name in ("version", "rows", "scores")}
    context["outlet_events"][PUBLISHED].add(dataset_asset(dataset), extra=extra)


class StageOperator(ChildOperator):
    """A task that has run one stage of synthprof in a child process.

    stage: name of the stage; shard: [first block, end block, label], for stages that are mapped.
    seed_zone: the time zone whose date is the seed of scheduled and backfilled runs; None leaves it alone.
    Pushes the stage's value; `setup` pushes the list of shards, and its other values under their own names.
    """

    def __init__(
        self,
        *,
        stage: str,
        shard: Sequence[Any] | None = None,
        seed_zone: str | None = None,
        **kwargs: Any,  # noqa: ANN401
    ) -> None:
        super().__init__(**kwargs)
        self.stage = stage
        self.shard = shard
        self.seed_zone = seed_zone

    def execute(self, context: Context) -> Any:  # noqa: ANN401
        """The stage has been run, or skipped because its parameter is off."""
        params = self._params(context)
        if self.stage == "setup":
            self.check_names(params)
        when = find(self.stage).when
        if when is not None and not params[when]:
            raise AirflowSkipException(f"{self.stage} is not wanted: {when} is false")
        shard = None if self.shard is None else (int(self.shard[0]), int(self.shard[1]))
        with told_to_airflow():
            value = storage.run_stage(
                self.stage,
                params,
                shard,
                context["run_id"],
                on_start=self.hold,
                variables=service_environment(self.stage, params),
            )
        return self._push(context, params, value)

    def _params(self, context: Context) -> dict[str, Any]:
        params = {name: value for name, value in context["params"].items() if value is not None}
        if params.get("source") and self.stage != "setup":  # setup has read it, and it may be gone by now
            params |= context["ti"].xcom_pull(task_ids="setup", key="found_out") or {}
        run = context["dag_run"]
        if self.seed_zone is not None and run.run_type in ("scheduled", "backfill"):
            params["seed"] = seed_of(run.logical_date or run.run_after, self.seed_zone)
        return params

    def _push(self, context: Context, params: dict[str, Any], value: Any) -> Any:  # noqa: ANN401
        if self.stage == "setup":
            context["ti"].xcom_push("version", value["version"])
            if value["found_out"]:
                context["ti"].xcom_push("found_out", value["found_out"])
            return value["shards"]
        if self.stage == "publish":
            tell_published(context, params["dataset"], value)
        return value


def shards_at_once() -> int:
    """Mapped tasks of a stage that run side by side in one run: two, so that one works while another starts.

    More only help on more machines; on one they share the same budget of cores. Raises SpecError where
    SYNTHPROF_SHARDS_AT_ONCE is no count.
    """
    text = os.environ.get("SYNTHPROF_SHARDS_AT_ONCE") or "2"
    if not re.fullmatch(r"[1-9][0-9]{0,3}", text):
        raise SpecError(f"SYNTHPROF_SHARDS_AT_ONCE={text} is no count; write a number from 1 to 9999")
    return int(text)


def seed_of(moment: datetime, zone: str) -> int:
    """The date in that time zone read as a number: 20250131."""
    return int(f"{moment.astimezone(ZoneInfo(zone)):%Y%m%d}")


def stage_task(stage: Stage, setup: StageOperator | None, seed_zone: str | None) -> Any:  # noqa: ANN401
    """The stage's task in the DAG under construction: mapped over the shards that `setup` returns, or single.

    A stage that can be skipped does not take the stages after it along, and shards that a cleared `setup`
    wants no longer do not take wanted ones along: with all_success Airflow would remove some.
    """
    lenient = stage.scope == "shard" or any(find(need).when for need in stage.needs)
    common: dict[str, Any] = {
        "task_id": stage.name,
        "trigger_rule": TriggerRule.NONE_FAILED if lenient else TriggerRule.ALL_SUCCESS,
        "outlets": [PUBLISHED] if stage.name == "publish" else [],
    }
    if stage.name == "publish" and storage.setting():
        common["pool"] = storage.PUBLISH_POOL
    if stage.scope == "shard" and setup is not None:
        mapped = StageOperator.partial(
            stage=stage.name,
            seed_zone=seed_zone,
            map_index_template="{{ task.shard[2] }}",
            max_active_tis_per_dagrun=shards_at_once(),
            **common,
        )
        return mapped.expand(shard=setup.output)
    return StageOperator(stage=stage.name, seed_zone=seed_zone, **common)
