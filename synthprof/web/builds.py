"""How far the builds are that have not led to a version yet, from the receipts and seals that lie there."""

import datetime
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Literal, TypeVar

from synthprof.block_files import seal_paths
from synthprof.build import Build
from synthprof.explore import stages_done, unfinished
from synthprof.pipeline import Stage, version_of, wanted
from synthprof.receipts import ended, receipts_in
from synthprof.spec import BLOCK_ROWS
from synthprof.store import Store
from synthprof.web import models

Told = TypeVar("Told")

State = Literal["building", "failed", "stopped"]

PAUSE_SECONDS = 60.0
"""Between two tasks of Airflow nobody holds a build; so much later it counts as stopped."""


def builds_of(home: Path, dataset: str) -> list[models.Build]:
    """The builds of a data set whose version is not published, the youngest first."""
    return sorted(_of_each(home, dataset, _build), key=lambda each: each.updated_at, reverse=True)


def progress_of(home: Path, dataset: str) -> list[models.BuildProgress]:
    """How far each of these builds is, stage by stage."""
    return _of_each(home, dataset, _build_progress)


def _of_each(home: Path, dataset: str, tell: Callable[[Build], Told]) -> list[Told]:
    """What there is to tell of each unfinished build; one that is removed meanwhile is none."""
    found = []
    for build in unfinished(Store(home, dataset)):
        with suppress(FileNotFoundError):
            found.append(tell(build))
    return found


def _build(build: Build) -> models.Build:
    return models.Build(
        build=build.folder.name,
        rows=build.spec.profiles,
        noun=build.spec.noun,
        seed=build.spec.seed,
        encoder=build.spec.encoder,
        state=_state(build),
        problem=build.failure(),
        done=stages_done(build),
        stages=[each.name for each in wanted(build.spec)],
        updated_at=_moment(_changed(build)),
    )


def _build_progress(build: Build) -> models.BuildProgress:
    return models.BuildProgress(
        build=build.folder.name,
        version=version_of(build.spec),
        state=_state(build),
        problem=build.failure(),
        stages=[_progress(build, each) for each in wanted(build.spec)],
    )


def _progress(build: Build, each: Stage) -> models.StageProgress:
    rows = 0 if each.name == "setup" else build.spec.profiles
    folder = build.stage_folder(each.name)
    if receipts := ended(folder, build.spec.blocks):
        seconds = sum(receipt.seconds for receipt in receipts)
        return models.StageProgress(stage=each.name, state="done", rows_done=rows, rows=rows, seconds=seconds)
    blocks = len(seal_paths(folder))
    seconds = sum(receipt.seconds for receipt in receipts_in(folder))
    seconds += sum(max(0.0, time.time() - moment) for moment in build.begun(each.name))
    return models.StageProgress(
        stage=each.name,
        state="running" if folder.is_dir() and _state(build) == "building" else "waiting",
        rows_done=min(blocks * BLOCK_ROWS, rows),
        rows=rows,
        seconds=round(seconds, 3),
    )


def _state(build: Build) -> State:
    if build.under_way():
        return "building"
    if build.failure() is not None:
        return "failed"
    return "building" if time.time() - _changed(build) < PAUSE_SECONDS else "stopped"


def _changed(build: Build) -> float:
    """When anything in the build's folders was last made or removed."""
    moments = [build.folder.stat().st_mtime]
    for path in build.folder.glob("*/"):
        with suppress(FileNotFoundError):  # a stage that is made anew
            moments.append(path.stat().st_mtime)
    return max(moments)


def _moment(seconds: float) -> str:
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC).isoformat(timespec="seconds")
