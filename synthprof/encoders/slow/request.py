"""One request to a slow encoder: its finite vectors are saved before the thread goes on."""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from synthprof.encoders.slow.answers import Answers
from synthprof.encoders.slow.contents import Answer, Content, Unreadable
from synthprof.encoders.slow.encoder import SlowEncoder
from synthprof.encoders.slow.outage import Outages
from synthprof.encoders.slow.rejected import Rejected

NOT_FINITE = 200
"""The code of a failure whose request succeeded, but whose vector was not finite or zero."""

UNREADABLE = 0
"""The code of a picture that cannot be read: nobody was asked for it."""

Progress = Callable[[int, int], None]
"""Called from any thread with the rows that got an embedding, and those that cannot, since the last call."""


@dataclass(frozen=True)
class Item:
    """A text or picture to embed, and the number of rows that have it."""

    digest: bytes
    content: Content
    rows: int


@dataclass(frozen=True)
class Suspect:
    """A text that failed alone, or whose vector was not finite. final: a picture that cannot be read."""

    item: Item
    code: int
    error: str
    final: bool = False


class Requests:
    """Requests to one service, from several threads.

    since: answers are saved as of this moment (seconds of the epoch) or later.
    """

    def __init__(
        self, service: SlowEncoder, answers: Answers, outages: Outages, since: float, progress: Progress
    ) -> None:
        self._service = service
        self._answers = answers
        self._outages = outages
        self._since = since
        self._progress = progress
        self._tries: Counter[bytes] = Counter()

    def ask(self, batch: Sequence[Item], patient: bool = True) -> list[Suspect]:
        """Save the finite vectors of a batch; return its other texts. Raises Rejected if the batch fails.

        patient: let the service's own retries run. A service that is out is waited for either way.
        """
        vectors = self._ask_through_outages(batch, patient)
        self._tries.update(item.digest for item in batch)
        found = list(zip(batch, vectors, strict=True))
        good = {item.digest: vector for item, vector in found if isinstance(vector, np.ndarray)}
        if good:
            self._answers.save(good, self._since)
            self._progress(sum(item.rows for item in batch if item.digest in good), 0)
        return [_suspect(item, vector) for item, vector in found if item.digest not in good]

    def give_up(self, item: Item) -> None:
        """Report the rows of a text as rows without an embedding."""
        self._progress(0, item.rows)

    def tries(self, item: Item) -> int:
        """Return how often the text was sent."""
        return self._tries[item.digest]

    def _ask_through_outages(self, batch: Sequence[Item], patient: bool) -> list[Answer]:
        give_up = time.monotonic() + self._service.patience.seconds
        while True:
            try:
                return self._service.ask([item.content for item in batch], patient)
            except Rejected as error:
                self._tries.update(item.digest for item in batch)
                now = time.monotonic()
                if not (error.busy and self._outages.outlast(now)) or now > give_up:
                    raise


def _suspect(item: Item, answer: Answer) -> Suspect:
    if isinstance(answer, Unreadable):
        return Suspect(item, UNREADABLE, str(answer), final=True)
    return Suspect(item, NOT_FINITE, "the vector is not finite")
