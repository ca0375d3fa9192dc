"""How far the builds are that have not led to a version yet, from the receipts and seals that lie there."""

import datetime
import time
from pathlib import Path
from typing import Literal

from synthprof.build import Build
from synthprof.explore import stages_done, unfinished
from synthprof.pipeline import Stage, version_of, wanted
from synthprof.receipts import ended, receipts_in
from synthprof.spec import BLOCK_ROWS
from synthprof.store import Store
from synthprof.web import models

State = Literal["building", "failed", "stopped"]

PAUSE_SECONDS = 60.0
"""Between two tasks of Airflow nobody holds a build; so much later it counts as stopped."""


def builds_of(home: Path, dataset: str) -> list[models.Build]:
    """The builds of a data set whose version is not published, the youngest first."""
    found = [
        models.Build(
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
        for build in unfinished(Store(home, dataset))
    ]
    return sorted(found, key=lambda each: each.updated_at, reverse=True)


def progress_of(home: Path, dataset: str) -> list[models.BuildProgress]:
    """How far each of these builds is, stage by stage."""
    return [
        models.BuildProgress(
            build=build.folder.name,
            version=version_of(build.spec),
            state=_state(build),
            problem=build.failure(),
            stages=[_progress(build, each) for each in wanted(build.spec)],
        )
        for build in unfinished(Store(home, dataset))
    ]


def _progress(build: Build, each: Stage) -> models.StageProgress:
    rows = 0 if each.name == "setup" else build.spec.profiles
    folder = build.stage_folder(each.name, each.key)
    if receipts := ended(folder, build.spec.blocks):
        seconds = sum(receipt.seconds for receipt in receipts)
        return models.StageProgress(stage=each.name, state="done", rows_done=rows, rows=rows, seconds=seconds)
    blocks = sum(1 for _ in folder.glob("seal-*.json"))
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
    folders = [build.folder, *(path for path in build.folder.iterdir() if path.is_dir())]
    return max(path.stat().st_mtime for path in folders if path.exists())


def _moment(seconds: float) -> str:
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC).isoformat(timespec="seconds")
