"""Builds that have not led to a version yet, and how far they are, by their receipts and seals."""

import datetime
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from synthprof.pipeline import Stage, version_of, wanted
from synthprof.spec.spec import BLOCK_ROWS, Spec
from synthprof.store.blocks import seal_paths
from synthprof.store.build import Build
from synthprof.store.receipts import ended, receipts_in
from synthprof.store.store import Store
from synthprof.versions.inventory import stores

BuildState = Literal["building", "failed", "stopped"]
StageState = Literal["waiting", "running", "done"]

PAUSE_SECONDS = 60.0
"""Between two tasks of Airflow nobody holds a build; so much later it counts as stopped."""


@dataclass(frozen=True)
class StageProgress:
    """How far a stage of a build is; `seconds` are those of work, its shards added up."""

    stage: str
    state: StageState
    rows_done: int
    rows: int
    seconds: float


@dataclass(frozen=True)
class Unfinished:
    """A build whose version is not published: its spec, its state and the progress of its stages."""

    dataset: str
    build: str
    spec: Spec
    state: BuildState
    problem: str | None
    stages: tuple[StageProgress, ...]
    updated_at: str

    @property
    def version(self) -> str:
        """The name of the version that the build leads to."""
        return version_of(self.spec)

    @property
    def done(self) -> tuple[str, ...]:
        """The names of the stages that have ended, in order."""
        return tuple(each.stage for each in self.stages if each.state == "done")


def builds(home: Path) -> Iterator[Unfinished]:
    """Yield every build under the data root that has not led to a published version."""
    for store in stores(home):
        yield from builds_of(store)


def builds_of(store: Store) -> list[Unfinished]:
    """Return the builds of a data set whose version is not published, the youngest first.

    A build that is removed meanwhile is left out.
    """
    found = []
    for build in store.builds():
        if not store.published(version_of(build.spec)).is_dir():
            with suppress(FileNotFoundError):
                found.append(_described(store.dataset, build))
    return sorted(found, key=lambda each: each.updated_at, reverse=True)


def _described(dataset: str, build: Build) -> Unfinished:
    state = _state(build)
    return Unfinished(
        dataset=dataset,
        build=build.folder.name,
        spec=build.spec,
        state=state,
        problem=build.failure(),
        stages=tuple(_progress(build, each, state) for each in wanted(build.spec)),
        updated_at=_moment(_changed(build)),
    )


def _progress(build: Build, each: Stage, state: BuildState) -> StageProgress:
    rows = 0 if each.name == "setup" else build.spec.profiles
    folder = build.stage_folder(each.name)
    if receipts := ended(folder, build.spec.blocks):
        return StageProgress(each.name, "done", rows, rows, sum(receipt.seconds for receipt in receipts))
    seconds = sum(receipt.seconds for receipt in receipts_in(folder))
    seconds += sum(max(0.0, time.time() - moment) for moment in build.begun(each.name))
    return StageProgress(
        stage=each.name,
        state="running" if folder.is_dir() and state == "building" else "waiting",
        rows_done=min(len(seal_paths(folder)) * BLOCK_ROWS, rows),
        rows=rows,
        seconds=round(seconds, 3),
    )


def _state(build: Build) -> BuildState:
    if build.under_way():
        return "building"
    if build.failure() is not None:
        return "failed"
    return "building" if time.time() - _changed(build) < PAUSE_SECONDS else "stopped"


def _changed(build: Build) -> float:
    """Return when anything in the build's folders was last made or removed, in seconds since 1970."""
    moments = [build.folder.stat().st_mtime]
    for path in build.folder.glob("*/"):
        with suppress(FileNotFoundError):  # a stage that is made anew
            moments.append(path.stat().st_mtime)
    return max(moments)


def _moment(seconds: float) -> str:
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC).isoformat(timespec="seconds")
