"""The builds under a data root that are not published, read from their receipts and seals."""

import datetime
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from synthprof.pipeline import Stage, version_of, wanted
from synthprof.spec.spec import BLOCK_ROWS
from synthprof.store.blocks import seal_paths
from synthprof.store.build import Build
from synthprof.store.receipts import ended, receipts_in
from synthprof.store.state import BuildState
from synthprof.store.store import Store
from synthprof.versions.inventory import stores
from synthprof.versions.progress import StageProgress, Unfinished


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
    attempt = build.attempt
    state = attempt.state()
    return Unfinished(
        dataset=dataset,
        build=build.folder.name,
        spec=build.spec,
        state=state,
        problem=attempt.failure(),
        stages=tuple(_progress(build, each, state) for each in wanted(build.spec)),
        updated_at=_moment(attempt.changed()),
    )


def _progress(build: Build, each: Stage, state: BuildState) -> StageProgress:
    rows = 0 if each.name == "setup" else build.spec.profiles
    folder = build.stage_folder(each.name)
    if receipts := ended(folder, build.spec.blocks):
        return StageProgress(each.name, "done", rows, rows, sum(receipt.seconds for receipt in receipts))
    seconds = sum(receipt.seconds for receipt in receipts_in(folder))
    seconds += sum(max(0.0, time.time() - moment) for moment in build.attempt.begun(each.name))
    return StageProgress(
        stage=each.name,
        state="running" if folder.is_dir() and state == "building" else "waiting",
        rows_done=min(len(seal_paths(folder)) * BLOCK_ROWS, rows),
        rows=rows,
        seconds=round(seconds, 3),
    )


def _moment(seconds: float) -> str:
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC).isoformat(timespec="seconds")
