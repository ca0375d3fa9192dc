"""A pool of processes that work on blocks and never outlive the process that started them."""

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

_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def die_with(parent: int, by: signal.Signals = signal.SIGKILL) -> None:
    """From here on this process gets that signal when `parent`, which started it, dies."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, by)
    if os.getppid() != parent:  # it died before the call above
        os.kill(os.getpid(), signal.SIGKILL)


@dataclass(frozen=True)
class Usage:
    """What work took: seconds of CPU time, and bytes of the largest resident set of any process."""

    cpu_seconds: float = 0.0
    peak_memory: int = 0

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(self.cpu_seconds + other.cpu_seconds, max(self.peak_memory, other.peak_memory))


def ahead(items: Iterable[Job]) -> Iterator[Job]:
    """The items, each of which is made in a thread while the one before is worked on."""
    made, none = iter(items), object()
    with ThreadPoolExecutor(1, "ahead") as thread:
        following = thread.submit(next, made, none)
        while (item := following.result()) is not none:
            following = thread.submit(next, made, none)
            yield item  # type: ignore[misc]


class Pool:
    """Processes for blocks, as many as may compute at once.

    Jobs work inside `resources.cpu_slot`, which holds the budget over all pools of the machine: writing to
    the page cache is work like any other. The processes are forked at once, from a parent that has used
    neither OpenMP nor Arrow's threads so far. BLAS has one thread in each: how it rounds depends on their
    number, and more would wait for busy cores.
    """

    def __init__(self, workers: int) -> None:
        """workers: 0 where all work is done here; processes that have nothing to do take time too."""
        keep_memory()
        self.processes = workers
        self.usage = Usage()
        self._workers = Workers(workers, _prepare) if workers else None

    def map(self, work: Callable[[Job], Result], jobs: Iterable[Job]) -> Iterator[Result]:
        """The result of each job, in the order of the jobs; at most a few jobs per process wait in line.

        The first are begun at once, so that the caller can do something else before it takes the results.
        An exception of a job is raised as it is. Raises StageError if a process was killed.
        """
        workers, rest = self._workers, iter(jobs)
        if workers is None:
            raise RuntimeError("there are no processes for this work; say of its stage that it is pooled")

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
        """The peak of memory counts from here on."""
        self.usage = Usage(self.usage.cpu_seconds)

    def _taken(self, future: "Future[tuple[Result, Usage]]") -> Result:
        result, usage = future.result()
        self.usage += usage
        return result

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """No process is left, whatever it does."""
        if self._workers:
            self._workers.close()


def _measured(work: Callable[[Job], Result], job: Job) -> tuple[Result, Usage]:
    """The result of the work, and what it took of the process."""
    reset_peak_memory()
    begin = time.process_time()
    result = work(job)
    return result, Usage(time.process_time() - begin, peak_memory())


def _prepare(parent: int) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    die_with(parent)
    threadpool_limits(1)
