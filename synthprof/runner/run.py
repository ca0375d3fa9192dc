"""The one runner: a stage is done once, whole, and leaves a receipt; then it is never done again."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from synthprof.base.errors import SpecError
from synthprof.base.files import make_folder, remove_temporaries
from synthprof.pipeline import Stage, other_readers, stage, wanted
from synthprof.runner.background import Background
from synthprof.runner.healing import healed, on_sound_files, removing_damage
from synthprof.runner.meter import Meter
from synthprof.runner.turns import told_of_all, turns_of
from synthprof.spec.contents import unit_of
from synthprof.spec.request import Request
from synthprof.spec.shards import Shard
from synthprof.spec.spec import Spec
from synthprof.stages.releasing import lacks_blocks, release_ended, restore
from synthprof.store.receipts import Receipt, read_receipt, write_receipt
from synthprof.store.store import Store
from synthprof.system.events import Observer, Pace, Progress
from synthprof.system.logs import memory_watch
from synthprof.system.machine import WARN_SHARE, Budget, budget
from synthprof.system.pool import Pool
from synthprof.system.refusals import clear_errors
from synthprof.system.startup import check_machine

if TYPE_CHECKING:
    from synthprof.stages.context import Context
    from synthprof.stages.footprint import Footprint

logger = logging.getLogger(__name__)

SECONDS_BETWEEN_MARKS = 0.5
"""Seconds between two notes of how far a stage is, for those who look on from other processes."""


@dataclass(frozen=True)
class Run:
    """One pass over stages: their receipts, in order."""

    receipts: tuple[Receipt, ...]

    @property
    def published(self) -> dict[str, Any]:
        """The facts of publishing: version, path, rows, scores."""
        return self.receipts[-1].details


def run_all(request: Request, home: Path, observe: Observer = lambda *_: None) -> Run:
    """Publish the data set; take every stage that was done before as it is.

    Raises SpecError if the request cannot be met, Busy if another process is at the same version, StageError
    if a stage fails.
    """
    check_machine()
    request = resolved(request, home, observe)
    stages = wanted(request.spec)
    bundle = Store(home, request.dataset).build(request.spec).bundle
    for each in stages:
        each.prepare(request.spec, bundle)
    with alone(request, home) as context:

        def work(first: bool) -> tuple[Receipt, ...]:
            with Background(context.budget.workers) as background:
                force = request.runtime.force and first
                return _all_done(stages, context, observe, background, force=force)

        return Run(healed(context.build, work))


def _all_done(
    stages: Sequence[Stage], context: Context, observe: Observer, background: Background, *, force: bool
) -> tuple[Receipt, ...]:
    """Return the receipts of all stages, in order; a stage begins when those it needs have ended.

    force: make all of them anew.
    """
    receipts: dict[str, list[Receipt]] = {each.name: [] for each in stages}
    others = Meter(context.pool, background.cpu_seconds_of_others, background.busy)
    room = context.footprint.room_beside(stages, context.budget)

    def wait_for(names: Iterable[str]) -> None:
        for name, receipt in background.ended(names).items():
            receipts[name].append(receipt)

    for each in stages:
        beside = each.works_beside(context.spec) and room
        wait_for(each.needs if beside else (*each.needs, *each.after))  # those beside go in turn anyway
        if beside:
            if read_receipt(context.folder(each.name), None) is None:
                restore(each, context)  # here, as the second thread has only its own slot
            narrow = replace(context, budget=replace(context.budget, workers=1))
            work = partial(ensure_done, each, narrow, observe, meter=Meter(None, time.thread_time))
            background.begin(each.name, work)
            continue
        anew = force and each.name == "setup"
        for part in turns_of(each, context):
            if part.waits:
                wait_for(other_readers(each, context.spec))
            told = told_of_all(observe, part.context)
            receipts[each.name].append(ensure_done(each, part.context, told, force=anew, meter=others))
    return tuple(receipt for each in stages for receipt in receipts[each.name])


@contextmanager
def alone(request: Request, home: Path) -> Iterator[Context]:
    """Yield what stages work with, while no other process works on this version; else raise Busy."""
    with clear_errors(), _contexts(request, home, pooled=True) as context_of:
        context = context_of(None)
        with context.build.lock("run", whole=True):
            remove_temporaries(context.build.folder)
            context.build.attempt.note_failure(None)
            context.build.forget_lost()  # every stage is looked at anyway
            yield context


def run_stage(
    request: Request,
    name: str,
    shard: Shard | None,
    home: Path,
    observe: Observer = lambda *_: None,
    *,
    run_id: str = "",
) -> Receipt:
    """Run one stage, for one shard or the whole data set. Raises what run_all raises.

    run_id: names the run that the stage belongs to. With `force` a run makes everything anew once: its
    `setup` can be retried or cleared later without taking away what its other stages have made since.
    """
    which = stage(name)
    if not which.applies(request.spec):
        raise SpecError(f"stage {name} has nothing to do: {which.not_wanted}")
    check_machine()
    request = resolved(request, home, observe)
    _check_shard(which, shard, request.spec)
    build = Store(home, request.dataset).build(request.spec)
    which.prepare(request.spec, build.bundle)
    lost = bool(build.lost()) and name != "setup"
    blocks = shard.blocks if shard else range(request.spec.blocks)
    lacks = read_receipt(build.stage_folder(name), shard) is None and lacks_blocks(which, build, blocks)
    with (
        clear_errors(),
        removing_damage(build),
        _contexts(request, home, pooled=which.gives_work(request.spec) or lost or lacks) as context_of,
    ):
        if lost:
            _do_lost_again(context_of)
        context = context_of(shard)
        force = name == "setup" and request.runtime.force and not context.build.is_anew_for(run_id)
        if not force and (receipt := _standing_receipt(replace(context, name=name), which)) is not None:
            return receipt  # no lock: a `setup` that is cleared need not wait for the stages at work
        part = name if shard is None else f"{name}-{shard.first}"
        with context.build.lock(part, whole=which.alone):
            if which.alone:
                remove_temporaries(context.build.folder)
            elif not which.is_split(request.spec.store):
                remove_temporaries(context_of(None).build.stage_folder(name))
            context.build.attempt.note_failure(None)
            receipt = ensure_done(which, context, observe, force=force)
            if force and run_id:
                context.build.mark_anew_for(run_id)
            return receipt


def _do_lost_again(context_of: Callable[[Shard | None], Context]) -> None:
    """Do again, in order, what was done before damage was found in the build; tasks before this one ended."""
    build = context_of(None).build
    with build.lock("lost", whole=True):
        for name, shard in build.lost():
            stage(name).prepare(build.spec, build.bundle)
            ensure_done(stage(name), context_of(shard), lambda *_: None)
        build.forget_lost()


def _check_shard(which: Stage, shard: Shard | None, spec: Spec) -> None:
    if shard is None:
        return
    if not which.is_split(spec.store):
        raise SpecError(f"stage {which.name} is not split by shards; leave the shard away")
    if shard.end > spec.blocks:
        raise SpecError(
            f"shard {shard.first}:{shard.end} goes beyond the {spec.blocks} blocks of {spec.profiles:,} "
            f"{spec.row_word}s; use {spec.blocks} or less as its end"
        )
    unit = unit_of(spec)
    if shard.first % unit or (shard.end % unit and shard.end != spec.blocks):
        raise SpecError(
            f"shard {shard.first}:{shard.end} cuts a part of {unit} blocks, which store={spec.store} writes "
            f"whole; begin and end at multiples of {unit}, or at the last block"
        )


def resolved(request: Request, home: Path, observe: Observer = lambda *_: None) -> Request:
    """Return the request, completed with the facts of its source or of a schema of the user's.

    `observe` hears of the rows read, as of the stage `setup`.
    """
    if not request.runtime.source:
        from synthprof.stages.own_schema import resolve_schema

        with clear_errors():
            return resolve_schema(request, home)
    from synthprof.stages.import_rows import resolve_source

    with clear_errors():
        return resolve_source(request, home, partial(observe, "setup"))


@contextmanager
def _contexts(request: Request, home: Path, *, pooled: bool) -> Iterator[Callable[[Shard | None], Context]]:
    from synthprof.stages.context import Context
    from synthprof.stages.footprint import Footprint

    store = Store(home, request.dataset)
    footprint = Footprint.of(request.spec, store.build(request.spec).folder)
    limits = _limits(request, store, footprint)
    with Pool(limits.workers if pooled else 0) as pool:
        yield lambda shard: Context("", request, shard, store, footprint, limits, pool, lambda *_: None)


def limits_of(request: Request, home: Path) -> Budget:
    """Return the budget of a run: the workers asked for, else as many as memory holds."""
    from synthprof.stages.footprint import Footprint

    store = Store(home, request.dataset)
    return _limits(request, store, Footprint.of(request.spec, store.build(request.spec).folder))


def _limits(request: Request, store: Store, footprint: Footprint) -> Budget:
    limits = budget(store.folder, request.runtime.workers)
    if request.runtime.workers:
        return limits
    return replace(limits, workers=footprint.fitting_workers(limits))


def ensure_done(
    which: Stage, context: Context, observe: Observer, *, force: bool = False, meter: Meter | None = None
) -> Receipt:
    """Return the stage's receipt: the one that exists, unless `force`, or that of doing the work now.

    meter: what to measure the work by; if none is given, all that this process and its pool take.
    """
    context = replace(context, name=which.name, progress=partial(observe, which.name))
    receipt = None if force else _standing_receipt(context, which)
    if receipt is not None:
        observe(which.name, receipt.rows, receipt.rows)
        release_ended(context)
        return receipt
    first = context.shard.first if context.shard else 0
    with (
        _failure_noted(context),
        context.build.attempt.at_work(which.name, first) as mark,
        on_sound_files(which, context),
    ):
        told = replace(context, progress=_both(Pace(mark.tell, SECONDS_BETWEEN_MARKS), context.progress))
        restore(which, context)
        receipt = _work(which, told, meter or Meter(context.pool))
        release_ended(context)
    logger.info("%s", receipt.line, extra={"receipt": receipt})
    return receipt


def _both(one: Progress, other: Progress) -> Progress:
    def tell(done: int, total: int, failed: int = 0, unit: str = "rows") -> None:
        one(done, total, failed, unit)
        other(done, total, failed, unit)

    return tell


def _standing_receipt(context: Context, which: Stage) -> Receipt | None:
    """Return the receipt of earlier work that is still valid."""
    receipt = read_receipt(context.folder(), context.shard)
    if receipt is None or not which.holds(context):
        return None
    told = {"standing": which.name}
    logger.info("%s: already done, %s rows, %s", which.name, f"{receipt.rows:,}", receipt.made, extra=told)
    return receipt


@contextmanager
def _failure_noted(context: Context) -> Iterator[None]:
    """Record a failure inside in the build, for people who look at it, until work goes on."""
    try:
        yield
    except Exception as error:
        with suppress(OSError):  # what failed first is what matters
            context.build.attempt.note_failure(f"{context.name}: {error}")
        raise


def _work(which: Stage, context: Context, meter: Meter) -> Receipt:
    _check_room(which, context)
    meter.begin()
    at, began, before = time.time(), time.monotonic(), meter.read()
    make_folder(context.folder())
    with memory_watch(which.name):
        if rows := _rows_of(context):
            context.progress(0, rows)
        outcome = which.run(context)
    after = meter.end()
    receipt = Receipt(
        stage=which.name,
        version=which.version,
        spec=context.spec.digest,
        shard=(context.shard.first, context.shard.end) if context.shard else None,
        rows=outcome.rows,
        rejected=outcome.rejected,
        seconds=round(time.monotonic() - began, 3),
        cpu_seconds=round(after.cpu_seconds - before.cpu_seconds, 3),
        peak_memory=after.peak_memory,
        files=outcome.files,
        details=outcome.details,
        pid=os.getpid(),
        began=round(at, 3),
    ).sealed()
    make_folder(context.folder())
    write_receipt(context.folder(), receipt)
    return receipt


def _rows_of(context: Context) -> int:
    """Return the rows that the stage works on; 0 for `setup`, which works on none."""
    if context.name == "setup":
        return 0
    return sum(context.spec.block_rows(block) for block in context.shard_blocks)


def _check_room(which: Stage, context: Context) -> None:
    """Log warnings about the memory and disk of the stage. Raises SpecError with the remedy if they lack."""
    from synthprof.stages.plan import check_stage

    workers = context.pool.processes
    enough = context.footprint.memory(which.name, workers) / WARN_SHARE
    now = replace(budget(context.store.folder, workers, enough), workers=workers)
    present = context.build.bytes_present(f"{context.folder().name}/[!.]*")
    for warning in check_stage(which.name, context.footprint, now, present):
        logger.warning("%s", warning)
