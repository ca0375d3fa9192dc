"""Acts of an operator, or of the machine, on a run of a real scheduler, and the end of that run."""

import contextlib
import random
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import psutil
from harness import SMALL, Subject
from place import Place, ended, until

from synthprof.orchestration.local.rest import Airflow
from synthprof.pipeline import STAGES

TASKS = tuple(each.name for each in STAGES if each.name != "vacuum" and not each.of_lists)
SHARDS = 3
PATIENCE = 600.0
"""Seconds for anything to happen: the machine may be busy, and a failed attempt is repeated after a pause."""

SECONDS_PER_STAGE = 20
"""As the data set file of `timed` has it: far more than any stage here takes, unless it hangs."""


@dataclass(frozen=True)
class Work:
    """A stage at work: the process that its task has started."""

    process: psutil.Process
    stage: str
    index: int

    @property
    def tree(self) -> list[psutil.Process]:
        """The stage's process and its pool."""
        with contextlib.suppress(psutil.NoSuchProcess):
            return [self.process, *self.process.children(recursive=True)]
        return [self.process]

    def hang(self) -> None:
        """None of its processes does anything any more, not even end when asked to."""
        for each in self.tree:
            with contextlib.suppress(psutil.NoSuchProcess):
                each.send_signal(signal.SIGSTOP)


@dataclass
class Trial:
    """One run, what is done to it, and what must be true at its end."""

    place: Place
    rest: Airflow
    chance: random.Random
    dag: str
    dataset: str
    run: str = ""
    lost: list[str] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    """From the moment a task was unwanted to the moment when none of its processes was left."""

    def start(self) -> None:
        """The run is under way."""
        answer = self.rest.trigger(self.dag, SMALL | {"dataset": self.dataset, "shards": SHARDS})
        self.run = answer.raise_for_status().json()["dag_run_id"]

    def do(self, kind: str, at: str, *, hangs: bool = False) -> str:
        """It has been done to the stage `at` work, which may hang by then; returns what exactly."""
        work = self._work(at)
        if hangs:
            work.hang()
        {
            "SIGKILL of a stage": self._kill_stage,
            "SIGKILL of a worker": self._kill_worker,
            "SIGKILL of a task": self._kill_task,
            "mark failed": self._mark_failed,
            "time-out": self._time_out,
            "clear": self._clear,
            "clear with what follows": self._clear_all,
        }[kind](work)
        return f"{kind}: {work.stage} {work.index} {'hangs' if hangs else 'at work'}"

    def clear_any(self, task: str, *, downstream: bool) -> str:
        """A task is cleared, whatever it does at this moment: one of its shards, or all."""
        index = self.chance.choice([*range(SHARDS), None]) if task in ("generate", "vectorize") else None
        self._post_clear(task, index, downstream=downstream)
        return f"clear {task} {'' if index is None else index}{' with what follows' if downstream else ''}"

    def finish(self) -> None:
        """The run has succeeded; where it had failed, what failed was cleared, as an operator does."""
        for _ in range(8):
            if ended(self.rest, self.dag, self.run, PATIENCE) == "success":
                return
            body = {"dag_run_id": self.run, "only_failed": True, "include_downstream": True, "dry_run": False}
            self.rest.call("POST", f"/dags/{self.dag}/clearTaskInstances", body).raise_for_status()
        self.lost.append(f"{self.run} does not come to an end: {self.states()}")

    def compare(self, digest: str, seconds: float = 5) -> None:
        """Notes of what is wrong now: another result, something half, a process left, or too slow an end."""
        subject = Subject(self.place.data, SMALL | {"dataset": self.dataset})
        self.lost += subject.wrong()
        if subject.digest() != digest:
            self.lost.append("another digest")
        self.lost += [f"{taken:.1f} s until a stage had ended" for taken in self.seconds if taken > seconds]
        try:
            until(lambda: not self.place.stages(), 30, "the end of all stages")
        except AssertionError:
            self.lost += [f"left: {each.cmdline()}" for each in self.place.stages()]

    def states(self) -> dict[str, str]:
        """The state of each task, by name and index."""
        tasks = self.rest.tasks(self.dag, self.run)
        return {f"{task['task_id']} {task['map_index']}": str(task["state"]) for task in tasks}

    def _work(self, at: str) -> Work:
        """A stage at work, caught after a moment of its time."""

        def found() -> Work | None:
            working = [work for work in map(_work_of, self.place.stages()) if work and work.stage == at]
            return self.chance.choice(working) if working else None

        def caught() -> Work | None:
            work = found()
            if work is not None:
                time.sleep(self.chance.uniform(0, 1))
            return work if work is not None and runs(work.process) else None

        return until(caught, PATIENCE, f"the work of {at}")

    def _kill_stage(self, work: Work) -> None:
        self._timed(work, work.process.kill)

    def _kill_worker(self, work: Work) -> None:
        worker = self.chance.choice(work.tree[1:] or work.tree)
        self._timed(work, worker.kill)

    def _kill_task(self, work: Work) -> None:
        self._timed(work, work.process.parent().kill)

    def _mark_failed(self, work: Work) -> None:
        index = f"?map_index={work.index}" if work.index >= 0 else ""
        path = f"/dags/{self.dag}/dagRuns/{self.run}/taskInstances/{work.stage}{index}"
        self._timed(work, lambda: self.rest.call("PATCH", path, {"new_state": "failed"}).raise_for_status())

    def _time_out(self, work: Work) -> None:
        """The stage hangs until its time is over."""
        since = time.time() - work.process.create_time()
        self._timed(work, work.hang)
        self.seconds[-1] += since - SECONDS_PER_STAGE

    def _clear(self, work: Work) -> None:
        index = work.index if work.index >= 0 else None
        self._timed(work, lambda: self._post_clear(work.stage, index, downstream=False))

    def _clear_all(self, work: Work) -> None:
        index = work.index if work.index >= 0 else None
        self._timed(work, lambda: self._post_clear(work.stage, index, downstream=True))

    def _timed(self, work: Work, act: Callable[[], Any]) -> None:
        tree = work.tree
        act()
        began = time.monotonic()
        until(lambda: not any(map(runs, tree)), PATIENCE, f"the end of {work.stage}")
        self.seconds.append(time.monotonic() - began)

    def _post_clear(self, task: str, index: int | None, *, downstream: bool) -> None:
        body = {
            "dag_run_id": self.run,
            "task_ids": [task if index is None else [task, index]],
            "only_failed": False,
            "include_downstream": downstream,
            "dry_run": False,
        }
        self.rest.call("POST", f"/dags/{self.dag}/clearTaskInstances", body).raise_for_status()


def runs(process: psutil.Process) -> bool:
    """True if it is there and does not only wait to be reaped."""
    with contextlib.suppress(psutil.NoSuchProcess):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False


def _work_of(process: psutil.Process) -> Work | None:
    """The stage that it works on; None for a process of its pool, or one that has just ended."""
    try:
        words, parents_words = process.cmdline(), process.parent().cmdline()
    except (psutil.Error, AttributeError):
        return None
    if "synthprof.runner.child" not in words or "synthprof.runner.child" in parents_words:
        return None
    stage = words[words.index("synthprof.runner.child") + 1]
    first = int(words[words.index("--shard") + 1].partition(":")[0]) if "--shard" in words else -1
    return Work(process, stage, first)  # a shard of one block has the number of its block
