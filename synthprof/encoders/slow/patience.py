"""The patience with a slow encoder: how long, how often and how openly the work waits for it."""

import logging
import math
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from synthprof.encoders.slow.rejected import Rejected

if TYPE_CHECKING:
    import tenacity

LONGEST_SECONDS = 20.0
"""Of a wait drawn at random; one that the service asks for may be longer."""

TOLD_SECONDS = 5.0
"""Waits from which one is logged; of one that the service asks for, from a second on."""

FAILURES_TO_TELL = 3
"""Failures with no answer between them that are an outage worth a line."""

logger = logging.getLogger(__name__)


class Patience:
    """The seconds that the work waits for a service which is out, from its first failure until it answers.

    Threads share it: what one of them is answered shows all that the service is there. stopping: set when
    the work ends, which ends all waits.
    """

    def __init__(self, seconds: float, stopping: threading.Event) -> None:
        self.seconds = seconds
        self._stopping = stopping
        self._out_since = math.inf
        self._failures = 0
        self._told_until = 0.0

    @property
    def left(self) -> float:
        """The seconds that may still be waited."""
        out = max(0.0, time.monotonic() - self._out_since)
        return 0.0 if self._stopping.is_set() else max(0.0, self.seconds - out)

    def answered(self) -> None:
        """Note that the service has answered."""
        self._out_since, self._failures = math.inf, 0

    def failed(self, at: float) -> None:
        """Note that the service was out at this moment (`time.monotonic`)."""
        self._out_since = min(self._out_since, at)
        self._failures += 1

    def wait(self, seconds: float) -> None:
        """Wait so long, at most as long as patience lasts."""
        self._stopping.wait(min(seconds, self.left))

    def retrying(
        self, tries: Callable[[Rejected], float], multiplier: float = 0.5, longest: float = LONGEST_SECONDS
    ) -> "tenacity.Retrying":
        """Return what calls a function again while it raises Rejected, patience lasts, and it pays.

        tries: the times that a call which fails so is worth. multiplier, longest: of waits, in seconds, drawn
        at random (full jitter, AWS Architecture Blog, 2015); they are at least what the service asks for.
        """
        import tenacity  # of an extra: a search imports the base of slow encoders in any case

        jitter = tenacity.wait_random_exponential(multiplier=multiplier, max=longest)
        return tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(Rejected),
            stop=lambda state: self.left <= 0 or state.attempt_number >= tries(_error(state)),
            wait=lambda state: min(max(jitter(state), _error(state).retry_after), self.left),
            sleep=self.wait,
            before_sleep=self._tell,
            reraise=True,
        )

    def _tell(self, state: "tenacity.RetryCallState") -> None:
        """Log a long wait, unless a logged one lasts as long, and once that the service is out."""
        seconds, error, now = state.upcoming_sleep, _error(state), time.monotonic()
        asked = error.retry_after >= 1
        if seconds >= (1 if asked else TOLD_SECONDS) and now + seconds >= self._told_until + 1:
            self._told_until = now + seconds
            logger.warning(
                "waiting %.0f s for the embedding service%s: %s",
                seconds,
                _asked(error.retry_after, seconds) if asked else "",
                error,
            )
        elif self._failures == FAILURES_TO_TELL:
            self._failures += 1
            logger.warning(
                "the embedding service is out (%s); waiting up to %.0f s for it", error, self.seconds
            )


def _asked(asked: float, seconds: float) -> str:
    if asked <= seconds + 1:
        return ", as it asked (Retry-After)"
    return f", not the {asked:,.0f} s that it asked for (Retry-After), as patience_seconds end then"


def _error(state: "tenacity.RetryCallState") -> Rejected:
    error = state.outcome.exception() if state.outcome else None
    assert isinstance(error, Rejected)
    return error
