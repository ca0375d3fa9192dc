"""A pool of processes that work on blocks, and end with the process that started them."""

import ctypes
import itertools
import os
import signal
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Self, TypeVar

from threadpoolctl import threadpool_limits

from synthprof.system.memory import keep_memory, peak_memory, reset_peak_memory
from synthprof.system.workers import Workers

Job = TypeVar("Job")
Result = TypeVar("Result")
OtherResult = TypeVar("OtherResult")

_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def die_with(parent: int, by: signal.Signals = signal.SIGKILL) -> None:
    """Send this process the signal `by` when its parent process dies."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, by)
    if os.getppid() != parent:  # the parent died before the call above
        os.kill(os.getpid(), signal.SIGKILL)


@dataclass(frozen=True)
class Usage:
    """CPU seconds of some work, and bytes of the largest resident set of any of its processes."""

    cpu_seconds: float = 0.0
    peak_memory: int = 0

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(self.cpu_seconds + other.cpu_seconds, max(self.peak_memory, other.peak_memory))


def ahead(items: Iterable[Job]) -> Iterator[Job]:
    """Yield the items, making each in a thread while the caller works on the one before."""
    made, none = iter(items), object()
    with ThreadPoolExecutor(1, "ahead") as thread:
        following = thread.submit(next, made, none)
        while (item := following.result()) is not none:
            following = thread.submit(next, made, none)
            yield item  # type: ignore[misc]


def in_turn_or_at_once(
    workers: int, one: Callable[[], Result], other: Callable[[], OtherResult]
) -> tuple[Result, OtherResult]:
    """Return the results of two calls: at once, the second in a thread, where there are two workers or more.

    Raises what the first raises, else what the second does; both have ended then.
    """
    if workers < 2:
        return one(), other()
    with ThreadPoolExecutor(1, "at-once") as thread:
        found = thread.submit(other)
        return one(), found.result()


class Pool:
    """Processes that work on blocks.

    Jobs run inside `slots.cpu_slot`, which limits the processes that compute on the machine over all pools.
    The processes are forked when the pool is made, from a parent that has not yet used OpenMP or Arrow's
    threads. BLAS has one thread in each process: its rounding depends on the number of threads, and more
    would only wait for busy cores.
    """

    def __init__(self, workers: int) -> None:
        """Fork `workers` processes; 0 for a stage that works in this process alone."""
        keep_memory()
        self.processes = workers
        self.usage = Usage()
        self._workers = Workers(workers, _prepare) if workers else None

    def map(self, work: Callable[[Job], Result], jobs: Iterable[Job]) -> Iterator[Result]:
        """Return the result of each job, in the order of the jobs; at most four jobs per process wait.

        The first jobs start at once, before the caller takes a result. An exception of a job is raised
        unchanged. Raises StageError if a process was killed.
        """
        workers, rest = self._workers, iter(jobs)
        if workers is None:
            raise RuntimeError("the pool has no processes; declare the stage as pooled")

        def begun(job: Job) -> "Future[tuple[Result, Usage]]":
            return workers.submit(partial(_measured, work), job)

        line = deque(map(begun, itertools.islice(rest, 4 * self.processes + 1)))
        return self._results(begun, line, rest)

    def _results(
        self,
        begun: "Callable[[Job], Future[tuple[Result, Usage]]]",
        line: "deque[Future[tuple[Result, Usage]]]",
        rest: Iterator[Job],
    ) -> Iterator[Result]:
        try:
            while line:
                yield self._taken(line.popleft())
                line.extend(map(begun, itertools.islice(rest, 1)))
        finally:
            for future in line:
                future.cancel()

    def forget_peak(self) -> None:
        """Restart the peak of memory from here."""
        self.usage = Usage(self.usage.cpu_seconds)

    def _taken(self, future: "Future[tuple[Result, Usage]]") -> Result:
        result, usage = future.result()
        self.usage += usage
        return result

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """End all processes."""
        if self._workers:
            self._workers.close()


def _measured(work: Callable[[Job], Result], job: Job) -> tuple[Result, Usage]:
    """Return the result of the work, and its CPU time and peak memory."""
    reset_peak_memory()
    begin = time.process_time()
    result = work(job)
    return result, Usage(time.process_time() - begin, peak_memory())


def _prepare(parent: int) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    die_with(parent)
    threadpool_limits(1)
