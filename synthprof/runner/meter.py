"""The cost of a stage: seconds of CPU time and bytes of memory, of this process and of its pool."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from synthprof.system.memory import give_back_memory, peak_memory, reset_peak_memory
from synthprof.system.pool import Pool, Usage


@dataclass(frozen=True)
class Meter:
    """A meter of a stage's cost in this process and, if it uses that, in the pool.

    cpu_seconds: what counts of the CPU time of this process so far. shared: whether another stage is at work
    in it; the peak of memory is that of both then.
    """

    pool: Pool | None
    cpu_seconds: Callable[[], float] = time.process_time
    shared: Callable[[], bool] = lambda: False

    def begin(self) -> None:
        """Reset the peaks of memory."""
        if not self.shared():
            reset_peak_memory()
        if self.pool:
            self.pool.forget_peak()

    def read(self) -> Usage:
        """CPU time so far, and the largest resident set of any process since `begin`."""
        here = Usage(self.cpu_seconds(), peak_memory())
        return here + self.pool.usage if self.pool else here

    def end(self) -> Usage:
        """Return the cost since `begin`, and give back memory that was freed."""
        found = self.read()
        if not self.shared():
            give_back_memory()
        return found
