"""The builds under a data root that are not published, read from their receipts and seals."""

import datetime
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from synthprof.base.clock import clock_seconds
from synthprof.pipeline import Stage, stage, version_of, wanted
from synthprof.spec.contents import sealed_blocks
from synthprof.spec.spec import BLOCK_ROWS
from synthprof.store.blocks import seal_paths
from synthprof.store.build import Build
from synthprof.store.receipts import ended, receipts_in, seconds_of
from synthprof.store.state import BuildState, Work
from synthprof.store.store import Store
from synthprof.versions.inventory import stores
from synthprof.versions.progress import StageProgress, StageState, Step, Unfinished


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
        return StageProgress(each.name, "done", rows, rows, round(seconds_of(receipts), 3))
    receipts, works, now = tuple(receipts_in(folder)), build.attempt.works(each.name), time.time()
    spans = [span for receipt in receipts for span in receipt.spans] + [(work.began, now) for work in works]
    made = sum(receipt.rows for receipt in receipts)
    working = sum(work.done for work in works if work.unit == "rows")
    sealed = sum(len(sealed_blocks(path.name)) for path in seal_paths(folder)) * BLOCK_ROWS
    done = min(max(made + working, sealed), rows)
    return StageProgress(
        stage=each.name,
        state=_state(build, each, state, bool(works)),
        rows_done=done,
        rows=rows,
        seconds=round(clock_seconds(spans), 3),
        seconds_left=_seconds_left(works, rows - done, now),
        step=_step(works),
    )


def _state(build: Build, each: Stage, state: BuildState, at_work: bool) -> StageState:
    """Return what the stage is at. Between two of its shards nobody is at work for a moment."""
    if at_work:
        return "running"
    if state == "failed" and (build.attempt.failure() or "").startswith(f"{each.name}: "):
        return "failed"
    begun = state == "building" and bool(receipts_in(build.stage_folder(each.name)))
    needs = [need for need in each.needs if stage(need).applies(build.spec)]
    return "running" if begun and all(_has_ended(build, need) for need in needs) else "waiting"


def _has_ended(build: Build, name: str) -> bool:
    return bool(ended(build.stage_folder(name), build.spec.blocks))


def _seconds_left(works: list[Work], rows_left: int, now: float) -> float | None:
    """Return the time until the rows are done, or the step that is furthest behind; None if unknown."""
    steps = [work for work in works if work.unit != "rows"]
    left = [(work.total - work.done, work.rate(now)) for work in steps if work.total]
    if not steps:
        left = [(rows_left, sum(work.rate(now) for work in works))]
    if not left or any(rate <= 0 for _, rate in left):
        return None
    return round(max(amount / rate for amount, rate in left), 1)


def _step(works: list[Work]) -> Step | None:
    """Return what the stage is at where that is not rows: of several shards the one that began first."""
    steps = [work for work in works if work.unit != "rows"]
    first = min(steps, key=lambda work: work.began, default=None)
    return Step(first.done, first.total, first.unit) if first else None


def _moment(seconds: float) -> str:
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC).isoformat(timespec="seconds")
