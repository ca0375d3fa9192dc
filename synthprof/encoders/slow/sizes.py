"""The number of texts in a request: as many as wished, or fewer where the service shows that it takes fewer.

A service that takes fewer says so, at best with the number. Where it does not, the first batch that it
refuses is halved until it is taken: if its texts pass in smaller requests, all of them, it was their number.
"""

import logging

from synthprof.encoders.slow.rejected import Rejected

REFUSED_CODES = (400, 413, 422)
"""Codes by which services refuse a request for its content, and would refuse it again."""

SEARCHES_MAX = 3
"""Refused batches that are halved in a run: mostly a bad text is the reason; `batches` finds it cheaper."""

logger = logging.getLogger(__name__)


class BatchSize:
    """The texts of a request, learned from how requests went, for a whole run. Not for several threads."""

    def __init__(self, wished: int) -> None:
        self.now = wished
        self._wished = wished
        self._largest_taken = 0
        self._searches = 0
        self._refused = 0  # texts of the batch that is being halved; 0: none is
        self._taken = 0  # of them, in smaller requests

    @property
    def known(self) -> bool:
        """True once a request has succeeded: then several may be sent at once."""
        return self._largest_taken > 0 and not self._refused

    def taken(self, texts: int) -> None:
        """Note that a request succeeded."""
        self._largest_taken = max(self._largest_taken, texts)
        if self._refused:
            self._taken += texts
            if self._taken >= self._refused:  # all its texts are good
                self._refused = 0
                self._learn(self.now, "it refused more, and took the same texts in smaller requests")

    def refused(self, texts: int, error: Rejected) -> bool:
        """Note that a request failed; return whether for the number of its texts, as far as one knows."""
        if error.limit:
            self._refused = 0
            if error.limit < self.now:
                self._learn(error.limit, str(error))
            return True
        if texts > self.now:  # sent before it was known
            return True
        by_content = error.partial or error.code in REFUSED_CODES
        if not by_content or texts <= max(1, self._largest_taken):
            self._give_up()
            return False
        if not self._refused:
            if self._searches == SEARCHES_MAX:
                return False
            self._searches += 1
        self._refused, self._taken, self.now = texts, 0, -(-texts // 2)
        return True

    def _give_up(self) -> None:
        """End the halving: a smaller request failed as well, so a text is bad."""
        if self._refused:
            self._refused, self.now = 0, self._wished

    def _learn(self, texts: int, why: str) -> None:
        self.now = self._wished = texts
        logger.warning(
            "the embedding service takes at most %d texts in a request: from now on it gets no more (%s)",
            texts,
            why,
        )
