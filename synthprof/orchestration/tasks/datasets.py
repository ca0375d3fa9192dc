"""Data sets with a schedule: one file each in `datasets/`, read and checked."""

import os
import tomllib
import zoneinfo
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from airflow.sdk import CronPartitionTimetable, CronTriggerTimetable

from synthprof.base.errors import SpecError
from synthprof.base.kinds import WrongKind, read_text
from synthprof.orchestration.tasks.names import DAGS, dag_id
from synthprof.spec.params import check_names
from synthprof.spec.request import Request, params_schema, read_params
from synthprof.spec.sizing import check_sizes
from synthprof.spec.written import read_value
from synthprof.stages.own_schema import check_there

KEYS = {
    "schedule": str,
    "timezone": str,
    "description": str,
    "seed_from_date": bool,
    "first_night": str,
    "partitioned": bool,
    "seconds_per_stage": int,
    "params": dict,
}

_TYPES = {int: "integer", bool: "boolean"}

NIGHT = "%Y-%m-%d"
"""Format of a night's date as the key of a partition."""

LONGEST_STAGE = 366 * 24 * 60 * 60
"""Seconds in a leap year; a timedelta does not hold any number."""


@dataclass(frozen=True)
class Dataset:
    """A data set that a schedule makes again and again.

    seed_from_date: the seed of a scheduled or backfilled run is its night's date, not the one in params.
    first_night: the date of the night 0 of a drift, from which those runs count theirs; empty for none.
    partitioned: a scheduled run and its asset event have the night's date as partition key, for DAGs that are
    scheduled by `PartitionedAssetTimetable`; Airflow then wakes no DAG that waits for the asset as a whole.
    seconds_per_stage: a task that takes longer is ended and tried again; 0 lets it take its time.
    """

    name: str
    schedule: str
    timezone: str = "UTC"
    description: str = ""
    seed_from_date: bool = False
    first_night: str = ""
    partitioned: bool = False
    seconds_per_stage: int = 0
    params: Mapping[str, Any] = field(default_factory=dict)

    @property
    def dag_id(self) -> str:
        """The id of its DAG."""
        return dag_id(self.name)

    @property
    def title(self) -> str:
        """The name of its DAG for people."""
        return f"Data set {self.name}"

    @property
    def timetable(self) -> CronTriggerTimetable:
        """The schedule as Airflow wants it."""
        if self.partitioned:
            return CronPartitionTimetable(self.schedule, timezone=self.timezone, key_format=NIGHT)
        return CronTriggerTimetable(self.schedule, timezone=self.timezone)

    @property
    def task_defaults(self) -> dict[str, Any]:
        """Arguments of its tasks: how long one attempt may take, where that is limited."""
        limit = timedelta(seconds=self.seconds_per_stage)
        return {"execution_timeout": limit} if limit else {}

    @property
    def seed_zone(self) -> str | None:
        """The time zone whose date is the seed, or None where the seed is fixed."""
        return self.timezone if self.seed_from_date else None


def folder() -> Path:
    """Return the folder of the files: SYNTHPROF_DATASETS, or `datasets` in the project's folder."""
    return Path(os.environ.get("SYNTHPROF_DATASETS") or Path(__file__).parents[3] / "datasets")


def read_all() -> tuple[list[Dataset], list[SpecError]]:
    """Read all files: the data sets of the good ones and one error for each bad one, in order of file names.

    Skips hidden files, which editors leave.
    """
    good: list[Dataset] = []
    bad: list[SpecError] = []
    if os.path.lexists(place := folder()) and not place.is_dir():
        bad.append(SpecError(f"{place} is no folder; set SYNTHPROF_DATASETS to the folder of data set files"))
    for path in sorted(place.glob("[!.]*.toml")):
        try:
            good.append(read(path))
        except SpecError as error:
            bad.append(error)
    return good, bad


def read(path: Path) -> Dataset:
    """Read the data set that a file describes. Raise SpecError with file, key and remedy."""
    where = f"{path.parent.name}/{path.name}"
    try:
        content = tomllib.loads(read_text(path))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise SpecError(f"{where} is not TOML: {error}; correct or remove the file") from None
    except WrongKind as error:
        raise SpecError(f"{error.fact}; remove it") from None
    except OSError as error:
        raise SpecError(f"{where} cannot be read ({error.strerror}); correct or remove it") from None
    try:
        return _dataset(path.stem, content)
    except SpecError as error:
        raise SpecError(f"{where}: {error}") from None


def _dataset(name: str, content: dict[str, Any]) -> Dataset:
    for key, value in content.items():
        if key not in KEYS:
            raise SpecError(
                f"unknown key {key!r}; the keys are {', '.join(KEYS)}, and parameters stand under [params]"
            )
        value = content[key] = read_value(key, value, {"type": _TYPES.get(KEYS[key], "string")})
        if not isinstance(value, KEYS[key]) or (KEYS[key] is int and isinstance(value, bool)):
            raise SpecError(f"{key}={value!r} must be of type {KEYS[key].__name__}")
    if "schedule" not in content:
        raise SpecError('schedule is missing; write a cron expression such as schedule = "0 3 * * *"')
    _check_name(name)
    params = read_params({"dataset": name, **content.pop("params", {})})
    dataset = Dataset(name=name, params=params, **content)
    _check_seconds(dataset)
    _check_night(dataset)
    _check_schedule(dataset)
    check_names(params, params_schema())
    if "profile_schema" in params:
        check_there(params["profile_schema"])
    check_sizes(Request.from_params(params).params)
    return dataset


def _check_name(name: str) -> None:
    if dag_id(name) in DAGS:
        raise SpecError(f"the DAG {dag_id(name)} is there without a file; rename the file")
    try:
        Request.from_params({"dataset": name})
    except SpecError as error:
        raise SpecError(f"the file gives a DAG its name, but {error}; rename the file") from None


def _check_seconds(dataset: Dataset) -> None:
    if not 0 <= dataset.seconds_per_stage <= LONGEST_STAGE:
        raise SpecError(
            f"seconds_per_stage={dataset.seconds_per_stage} is not within 0 to {LONGEST_STAGE}; write the "
            "seconds that one stage may take, or 0 for as long as it needs"
        )


def _check_night(dataset: Dataset) -> None:
    if not dataset.first_night:
        return
    try:
        date.fromisoformat(dataset.first_night)
    except ValueError:
        raise SpecError(
            f"first_night={dataset.first_night!r} is no date; write the first night's as 2025-01-30"
        ) from None
    if not dataset.params.get("drift"):
        raise SpecError("first_night counts the nights of a drift; name a drift in [params], as prior@2")


def _check_schedule(dataset: Dataset) -> None:
    try:
        zoneinfo.ZoneInfo(dataset.timezone)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):  # a folder of zones is no zone
        raise SpecError(
            f"timezone={dataset.timezone!r} is unknown; write a name such as America/Sao_Paulo or UTC"
        ) from None
    from croniter import CroniterBadDateError, croniter  # type: ignore[import-untyped]

    fields = dataset.schedule.split()
    if len(fields) != 5 or not croniter.is_valid(dataset.schedule):
        raise SpecError(
            f"schedule={dataset.schedule!r} is not a cron expression; write five fields: minute, hour, "
            'day of month, month, day of week, such as "0 3 * * *"'
        )
    try:
        croniter(dataset.schedule).get_next()
    except CroniterBadDateError:
        raise SpecError(
            f"schedule={dataset.schedule!r} never comes; write a day that its month has, such as 0 3 30 4 *"
        ) from None
