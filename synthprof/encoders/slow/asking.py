"""Embeddings of many texts from a service that is slow, costs money, and fails now and then.

Every answer is saved before the next request of its thread, so that a run that ends early loses none.
`dispatch` sends batches, `request` makes one request, and `outage` waits while the service is out.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from synthprof.base.arrays import Matrix, Vector
from synthprof.base.errors import SpecError
from synthprof.encoders.slow.answers import Answers, text_digests
from synthprof.encoders.slow.contents import Content
from synthprof.encoders.slow.dispatch import Dispatcher, Failure
from synthprof.encoders.slow.encoder import SlowEncoder
from synthprof.encoders.slow.outage import Outages
from synthprof.encoders.slow.request import Item, Progress, Requests


@dataclass(frozen=True)
class Effort:
    """Settings of the requests to a service; the vectors do not depend on them.

    limit: rows to embed in this run, 0 for all. since: answers from before this moment (seconds of the
    epoch) do not count. pause_seconds: between finding a text bad and trying it once more.
    """

    batch_size: int = 32
    requests_in_flight: int = 4
    pause_seconds: float = 2.0
    limit: int = 0
    since: float = 0.0


@dataclass(frozen=True)
class Embedded:
    """One row per text, (n, dim) float32, NaN where it failed; and the failures by digest."""

    embeddings: Matrix
    failures: dict[bytes, Failure]


class Embedder:
    """The texts of several blocks, each asked for once.

    progress: told of rows from any thread. A text that several rows have counts for each of them.
    """

    def __init__(
        self,
        service: SlowEncoder,
        answers: Answers,
        effort: Effort,
        progress: Progress = lambda *_: None,
    ) -> None:
        outages = Outages(service)
        self._dim = service.dim
        self._answers = answers
        self._effort = effort
        self._progress = progress
        self._left = effort.limit
        self._dispatcher = Dispatcher(
            Requests(service, answers, outages, effort.since, progress),
            outages,
            service.stopping,
            batch_size=effort.batch_size,
            in_flight=effort.requests_in_flight,
            pause_seconds=effort.pause_seconds,
        )

    def embed(self, contents: Sequence[Content], digests: Sequence[bytes] | None = None) -> Embedded:
        """Return the embedding of each content; only those without an answer are asked for, and each once.

        digests: of the contents, 16 bytes each, where they are not texts.

        Raises StageError if the service is out for longer than the patience, SpecError at the limit or if
        the service has another model than the spec names. What was answered by then is saved.
        """
        if digests is None:
            digests = text_digests(str(content) for content in contents)
        rows = Counter(digests)
        found = self._answers.find(list(rows), self._effort.since)
        by_digest = dict(zip(digests, contents, strict=True))
        missing = [Item(each, of, rows[each]) for each, of in by_digest.items() if each not in found]
        self._progress(sum(rows[digest] for digest in found), 0)
        failures = self._ask_within_limit(missing)
        found |= self._answers.find([item.digest for item in missing], self._effort.since)
        return Embedded(self._matrix(digests, found), failures)

    def _ask_within_limit(self, missing: list[Item]) -> dict[bytes, Failure]:
        """Ask for the missing texts; return the failures by digest. Raises SpecError at the limit."""
        failures: dict[bytes, Failure] = {}
        left = missing
        while wanted := self._take(left):
            failed = self._dispatcher.ask_all(wanted)
            failures |= {failure.digest: failure for failure in failed}
            self._left += len(failed)  # only answers count: bad texts would use up the limit in every run
            left = left[len(wanted) :]
        if left:
            raise SpecError(
                f"limit={self._effort.limit} rows have been embedded and saved, more are missing; "
                "run it again without force to go on, with limit=0 to the end"
            )
        return failures

    def _take(self, missing: list[Item]) -> list[Item]:
        """Return the texts that the limit still allows."""
        if not self._effort.limit:
            return missing
        wanted = missing[: self._left]
        self._left -= len(wanted)
        return wanted

    def _matrix(self, digests: Sequence[bytes], found: dict[bytes, Vector]) -> Matrix:
        embeddings = np.full((len(digests), self._dim), np.nan, np.float32)
        for row, digest in enumerate(digests):
            if digest in found:
                embeddings[row] = found[digest]
        return embeddings
