"""A second thread for a stage whose work is one thread's, beside stages that do not need its result."""

import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Self

from synthprof.store.receipts import Receipt
from synthprof.system.slots import cpu_slot


class Background:
    """Work in a second thread, one stage at a time. Leaving waits for it: what it makes is not lost.

    slots: how many may compute at once on the machine; the work holds one of them.
    """

    def __init__(self, slots: int) -> None:
        self._slots = slots
        self._executor = ThreadPoolExecutor(1, "background")
        self._clock = time.pthread_getcpuclockid(self._executor.submit(threading.get_ident).result())
        self._running: dict[str, Future[Receipt]] = {}

    def begin(self, name: str, work: Callable[[], Receipt]) -> None:
        """Start the work of a stage in the background."""

        def in_slot() -> Receipt:
            with cpu_slot(self._slots):
                return work()

        self._running[name] = self._executor.submit(in_slot)

    def ended(self, needed: Iterable[str]) -> dict[str, Receipt]:
        """Return the receipts of stages that have ended since; wait for those needed.

        Raise the error of a stage that failed.
        """
        wanted = [name for name, future in self._running.items() if name in needed or future.done()]
        return {name: self._running.pop(name).result() for name in wanted}

    def busy(self) -> bool:
        """Return whether a stage is at work."""
        return any(not future.done() for future in self._running.values())

    def cpu_seconds_of_others(self) -> float:
        """CPU seconds of this process so far, without those of the second thread."""
        return time.process_time() - time.clock_gettime(self._clock)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._executor.shutdown()
