"""Batches sent to a slow encoder in several threads, until each text has an answer or is a failure.

A batch that fails is taken apart until the bad text stands alone (`batches`). It is a failure only if it
fails alone too, while a good text does not (`outage`).
"""

import datetime
import logging
import threading
import time
from collections.abc import Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass

from synthprof.encoders.slow.batches import Batch, Batches
from synthprof.encoders.slow.outage import Outages
from synthprof.encoders.slow.rejected import Rejected
from synthprof.encoders.slow.request import NOT_FINITE, Item, Requests, Suspect
from synthprof.encoders.slow.sizes import BatchSize

FAILURES_TO_DOUBT = 3
"""Batches that failed with none between them that succeeded: now it may be the service, not the texts."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Failure:
    """A text for which the service has no vector, though it has one for others."""

    digest: bytes
    code: int
    error: str
    tries: int
    at: str


class Dispatcher:
    """Several requests at once to one service, in batches of one size, once the first one has succeeded.

    stopping: set when the work ends early, so that no thread sleeps on. pause_seconds: between finding a
    text bad and trying it once more.
    """

    def __init__(
        self,
        requests: Requests,
        outages: Outages,
        stopping: threading.Event,
        *,
        batch_size: int,
        in_flight: int,
        pause_seconds: float,
    ) -> None:
        self._requests = requests
        self._outages = outages
        self._stopping = stopping
        self._size = BatchSize(batch_size)
        self._in_flight = in_flight
        self._pause_seconds = pause_seconds
        self._failures_in_a_row = 0
        self._not_finite: set[bytes] = set()

    def ask_all(self, items: Iterable[Item]) -> list[Failure]:
        """Save an answer for every item; return those that have none as failures.

        Raises StageError if the service is out for longer than the patience.
        """
        batches, suspects = Batches(items, self._size.now), list[Suspect]()
        running: dict[Future[list[Suspect]], Batch[Item]] = {}
        with ThreadPoolExecutor(self._in_flight, "embed") as pool:
            try:
                while batches or running:
                    while batches and len(running) < (self._in_flight if self._size.known else 1):
                        batch = batches.take()
                        running[pool.submit(self._requests.ask, batch.items, patient=False)] = batch
                    for future in wait(running, return_when=FIRST_COMPLETED).done:
                        suspects += self._settle(batches, running.pop(future), future)
            except BaseException:
                self._stopping.set()
                raise
        alone = [Suspect(item, 0, "fails in every batch") for item in batches.suspects]
        unread = [self._failure(each) for each in suspects if each.final]
        return unread + self._retry_alone([*(each for each in suspects if not each.final), *alone])

    def _settle(
        self, batches: Batches[Item], batch: Batch[Item], future: Future[list[Suspect]]
    ) -> list[Suspect]:
        """Tell `batches` how a batch went; return the texts whose vector was not finite a second time."""
        try:
            odd = future.result()
        except Rejected as error:
            if self._size.refused(len(batch.items), error):
                batches.size = self._size.now
                batches.put_back(batch)
                return []
            batches.size = self._size.now
            self._failures_in_a_row += 1
            out = self._failures_in_a_row >= FAILURES_TO_DOUBT and self._outages.outlast(time.monotonic())
            batches.put_back(batch) if out else batches.failed(batch)
            return []
        self._failures_in_a_row = 0
        self._size.taken(len(batch.items))
        batches.succeeded(batch)
        twice = [each for each in odd if each.final or each.item.digest in self._not_finite]
        for suspect in odd:
            if suspect not in twice:
                self._not_finite.add(suspect.item.digest)
                batches.wait(suspect.item)
        return twice

    def _retry_alone(self, suspects: list[Suspect]) -> list[Failure]:
        """Try each suspect alone after a pause; return those that fail while a good text does not."""
        if not suspects:
            return []
        self._outages.sleep(self._pause_seconds)
        self._outages.outlast(time.monotonic())
        began = time.monotonic()
        asked = [each for suspect in suspects for each in self._ask_alone(suspect)]
        left = [each for each in asked if not each.final]
        unread = [self._failure(each) for each in asked if each.final]
        if left and self._outages.outlast(began):
            return unread + self.ask_all([suspect.item for suspect in left])
        return unread + [self._failure(suspect) for suspect in left]

    def _ask_alone(self, suspect: Suspect) -> list[Suspect]:
        """Return the suspect if it fails alone too; for another kind of reason than before, only if twice."""
        try:
            odd = self._requests.ask([suspect.item])
            twice = odd and not odd[0].final and suspect.code != NOT_FINITE
            return self._requests.ask([suspect.item]) if twice else odd
        except Rejected as error:
            return [Suspect(suspect.item, error.code, str(error))]

    def _failure(self, suspect: Suspect) -> Failure:
        tries = self._requests.tries(suspect.item)
        at = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
        logger.warning("no embedding after %d tries: %s", tries, suspect.error)
        self._requests.give_up(suspect.item)
        return Failure(suspect.item.digest, suspect.code, suspect.error, tries, at)
