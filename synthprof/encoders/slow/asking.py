"""Embeddings of many texts from a service that is slow, costs money, and fails now and then.

Every answer is saved before the next request of its thread. A batch that fails is taken apart until the
bad text stands alone (`batches`). Whether a text is bad or the service is out is told by a text that is
known to be good.
"""

import datetime
import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass

import numpy as np
import tenacity

from synthprof.base.arrays import Matrix, Vector
from synthprof.base.errors import SpecError, StageError
from synthprof.encoders.slow.answers import Answers, text_digests
from synthprof.encoders.slow.batches import Batch, Batches
from synthprof.encoders.slow.encoder import KNOWN_GOOD, Rejected, SlowEncoder

PAUSE_SECONDS = 2.0
"""Between finding a text bad and trying it once more."""

MAX_PROBE_WAIT_SECONDS = 5.0

PROBES_TO_TELL = 3
"""Good texts that failed in a row before anybody is told: one or two are no outage worth a line."""

FAILURES_TO_DOUBT = 3
"""Batches that failed with none between them that went well: now it may be the service, not the texts."""

NOT_FINITE = 200
"""The code of a failure whose request went well, but whose vector was not finite or zero."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Effort:
    """How a service is asked; the vectors do not depend on it."""

    batch_size: int = 32
    requests_in_flight: int = 4
    patience_seconds: float = 900.0
    pause_seconds: float = PAUSE_SECONDS
    limit: int = 0
    since: float = 0.0
    """Answers from before this moment (seconds of the epoch) do not count."""


@dataclass(frozen=True)
class Failure:
    """A text for which the service has no vector, though it has one for others."""

    digest: bytes
    code: int
    error: str
    tries: int
    at: str


@dataclass(frozen=True)
class Embedded:
    """One row per text, (n, dim) float32, NaN where it failed; and the failures by digest."""

    embeddings: Matrix
    failures: dict[bytes, Failure]


@dataclass(frozen=True)
class _Item:
    digest: bytes
    text: str


@dataclass(frozen=True)
class _Suspect:
    """A text that failed alone, or whose vector was not finite."""

    item: _Item
    code: int
    error: str


class Embedder:
    """Asks one service for texts that have no answer yet, several requests at once.

    heard: told how many rows have their embedding, and how many cannot have one, since the last time, from
    any thread. A text that several rows have counts for each of them.
    """

    def __init__(
        self,
        service: SlowEncoder,
        answers: Answers,
        effort: Effort,
        heard: Callable[[int, int], None] = lambda *_: None,
    ) -> None:
        self._service = service
        self._answers = answers
        self._effort = effort
        self._heard = heard
        self._left = effort.limit
        self._rows: Counter[bytes] = Counter()
        self._tries: Counter[bytes] = Counter()
        self._probing = threading.Lock()
        self._outage_ended = -1.0
        self._failures_in_a_row = 0
        self._not_finite: set[bytes] = set()

    def embed(self, texts: Sequence[str]) -> Embedded:
        """The embedding of each text; only what has no answer yet is asked for, and each text once.

        Raises StageError if the service is out for longer than the patience, SpecError at the limit or if
        the service is not the one that was meant. What was answered by then is saved.
        """
        digests = text_digests(texts)
        self._rows = Counter(digests)
        found = self._answers.find(list(dict.fromkeys(digests)), self._effort.since)
        by_digest = dict(zip(digests, texts, strict=True))
        missing = [_Item(digest, text) for digest, text in by_digest.items() if digest not in found]
        self._heard(self._rows_of(found), 0)
        failures: dict[bytes, Failure] = {}
        left = missing
        while wanted := self._within_limit(left):
            failed = self._ask_all(wanted)
            failures |= {failure.digest: failure for failure in failed}
            self._left += len(failed)  # only what was answered counts: bad texts would eat it time and again
            left = left[len(wanted) :]
        if left:
            raise SpecError(
                f"limit={self._effort.limit} rows have been embedded and saved, more are missing; "
                "run it again without force to go on, with limit=0 to the end"
            )
        found |= self._answers.find([item.digest for item in missing], self._effort.since)
        embeddings = np.full((len(texts), self._service.dim), np.nan, np.float32)
        for row, digest in enumerate(digests):
            if digest in found:
                embeddings[row] = found[digest]
        return Embedded(embeddings, failures)

    def _rows_of(self, digests: Iterable[bytes]) -> int:
        """How many rows of those that are being embedded have these texts."""
        return sum(self._rows[digest] for digest in digests)

    def _within_limit(self, missing: list[_Item]) -> list[_Item]:
        if not self._effort.limit:
            return missing
        wanted = missing[: self._left]
        self._left -= len(wanted)
        return wanted

    # --- batches -----------------------------------------------------------------------------------------

    def _ask_all(self, items: Iterable[_Item]) -> list[Failure]:
        """Every item has an answer that is saved, or is among the failures returned."""
        batches, suspects = Batches(items, self._effort.batch_size), list[_Suspect]()
        running: dict[Future[list[_Suspect]], Batch[_Item]] = {}
        with ThreadPoolExecutor(self._effort.requests_in_flight, "embed") as pool:
            try:
                while batches or running:
                    while batches and len(running) < self._effort.requests_in_flight:
                        batch = batches.take()
                        running[pool.submit(self._ask, batch.items, patient=False)] = batch
                    for future in wait(running, return_when=FIRST_COMPLETED).done:
                        suspects += self._settle(batches, running.pop(future), future)
            except BaseException:
                self._service.stopping.set()  # no thread sleeps on
                raise
        alone = [_Suspect(item, 0, "fails in every batch") for item in batches.suspects]
        return self._once_more([*suspects, *alone])

    def _settle(
        self, batches: Batches[_Item], batch: Batch[_Item], future: "Future[list[_Suspect]]"
    ) -> list[_Suspect]:
        """How the batch went is known to `batches`; returns what twice had a vector that is not finite."""
        try:
            odd = future.result()
        except Rejected:
            self._failures_in_a_row += 1
            out = self._failures_in_a_row >= FAILURES_TO_DOUBT and self._outlast(time.monotonic())
            batches.put_back(batch) if out else batches.failed(batch)
            return []
        self._failures_in_a_row = 0
        batches.succeeded(batch)
        twice = [each for each in odd if each.item.digest in self._not_finite]
        for suspect in odd:
            if suspect not in twice:
                self._not_finite.add(suspect.item.digest)
                batches.wait(suspect.item)
        return twice

    def _once_more(self, suspects: list[_Suspect]) -> list[Failure]:
        """Each suspect is tried alone after a pause; it fails if it does so while a good text does not."""
        if not suspects:
            return []
        self._sleep(self._effort.pause_seconds)
        self._outlast(time.monotonic())
        began = time.monotonic()
        left = [each for suspect in suspects for each in self._alone(suspect)]
        if left and self._outlast(began):
            return self._ask_all([suspect.item for suspect in left])
        return [self._failure(suspect) for suspect in left]

    def _alone(self, suspect: _Suspect) -> list[_Suspect]:
        """The suspect, if it fails alone as well; for a reason of another kind than before only if twice."""
        try:
            odd = self._ask([suspect.item])
            return self._ask([suspect.item]) if odd and suspect.code != NOT_FINITE else odd
        except Rejected as error:
            return [_Suspect(suspect.item, error.code, str(error))]

    def _failure(self, suspect: _Suspect) -> Failure:
        self._heard(0, self._rows_of([suspect.item.digest]))
        tries = self._tries[suspect.item.digest]
        at = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
        logger.warning("no embedding after %d tries: %s", tries, suspect.error)
        return Failure(suspect.item.digest, suspect.code, suspect.error, tries, at)

    # --- one request -------------------------------------------------------------------------------------

    def _ask(self, batch: Sequence[_Item], patient: bool = True) -> list[_Suspect]:
        """The finite answers are saved, the others are suspects. Raises Rejected if the batch fails."""
        vectors = self._ask_through_outages(batch, patient)
        self._tries.update(item.digest for item in batch)
        good = {item.digest: v for item, v in zip(batch, vectors, strict=True) if v is not None}
        if good:
            self._answers.save(good, self._effort.since)
            self._heard(self._rows_of(good), 0)
        return [_Suspect(i, NOT_FINITE, "the vector is not finite") for i in batch if i.digest not in good]

    def _ask_through_outages(self, batch: Sequence[_Item], patient: bool) -> "list[Vector | None]":
        while True:
            try:
                return self._service.ask([item.text for item in batch], patient)
            except Rejected as error:
                self._tries.update(item.digest for item in batch)
                if not (error.busy and self._outlast(time.monotonic())):
                    raise

    def _outlast(self, failed_at: float) -> bool:
        """The service answers a good text; returns whether it did not at once, after `failed_at` (monotonic).

        Raises StageError when the patience is at its end.
        """
        with self._probing:
            if self._outage_ended >= failed_at:  # another thread has waited for its end meanwhile
                return True
            patience = tenacity.stop_after_delay(self._effort.patience_seconds)
            retrying = tenacity.Retrying(
                retry=tenacity.retry_if_exception_type(Rejected),
                stop=lambda state: self._service.stopping.is_set() or patience(state),
                wait=tenacity.wait_random_exponential(multiplier=0.2, max=MAX_PROBE_WAIT_SECONDS),
                sleep=self._sleep,
                before_sleep=self._tell_outage,
                reraise=True,
            )
            try:
                retrying(self._probe)
            except Rejected as error:
                raise StageError(
                    f"the embedding service has been out for {self._effort.patience_seconds:.0f} s: {error}; "
                    "what was embedded is saved; run it again when the service is back"
                ) from None
            if retrying.statistics["attempt_number"] > 1:
                self._outage_ended = time.monotonic()
                return True
            return False

    def _tell_outage(self, state: tenacity.RetryCallState) -> None:
        """Who watches knows, once in an outage, why nothing goes on."""
        if state.attempt_number == PROBES_TO_TELL and state.outcome is not None:
            logger.warning(
                "the embedding service is out (%s); waiting up to %.0f s for it",
                state.outcome.exception(),
                self._effort.patience_seconds,
            )

    def _sleep(self, seconds: float) -> None:
        self._service.stopping.wait(seconds)

    def _probe(self) -> None:
        if self._service.ask_once([KNOWN_GOOD])[0] is None:
            raise Rejected(500, "the vector of a good text is not finite")
