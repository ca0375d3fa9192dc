"""Outages of a slow encoder: told from bad texts by a text that is known to be good, and waited for."""

import logging
import threading
import time

import tenacity

from synthprof.base.errors import StageError
from synthprof.encoders.slow.encoder import KNOWN_GOOD, Rejected, SlowEncoder

MAX_PROBE_WAIT_SECONDS = 5.0

PROBES_TO_TELL = 3
"""Good texts that failed in a row before a warning is logged: one or two are no outage worth a line."""

logger = logging.getLogger(__name__)


class Outages:
    """The outages of one service, shared by the threads that ask it; one of them probes at a time."""

    def __init__(self, service: SlowEncoder, patience_seconds: float) -> None:
        self._service = service
        self._patience_seconds = patience_seconds
        self._probing = threading.Lock()
        self._ended = -1.0

    def outlast(self, failed_at: float) -> bool:
        """Wait until the service answers a good text; return whether it was out.

        failed_at: when a request failed (`time.monotonic`). An outage that another thread has seen end since
        then counts. Raises StageError when the service stays out for longer than the patience.
        """
        with self._probing:
            if self._ended >= failed_at:
                return True
            tries = self._tries_until_answered()
            if tries > 1:
                self._ended = time.monotonic()
            return tries > 1

    def sleep(self, seconds: float) -> None:
        """Wait, or return at once when the service is being stopped."""
        self._service.stopping.wait(seconds)

    def _tries_until_answered(self) -> int:
        patience = tenacity.stop_after_delay(self._patience_seconds)
        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(Rejected),
            stop=lambda state: self._service.stopping.is_set() or patience(state),
            wait=tenacity.wait_random_exponential(multiplier=0.2, max=MAX_PROBE_WAIT_SECONDS),
            sleep=self.sleep,
            before_sleep=self._log,
            reraise=True,
        )
        try:
            retrying(self._probe)
        except Rejected as error:
            raise StageError(
                f"the embedding service has been out for {self._patience_seconds:.0f} s: {error}; "
                "what was embedded is saved; run it again when the service is back"
            ) from None
        return int(retrying.statistics["attempt_number"])

    def _probe(self) -> None:
        if self._service.ask_once([KNOWN_GOOD])[0] is None:
            raise Rejected(500, "the vector of a good text is not finite")

    def _log(self, state: tenacity.RetryCallState) -> None:
        """Log once per outage that, and why, the work waits."""
        if state.attempt_number == PROBES_TO_TELL and state.outcome is not None:
            logger.warning(
                "the embedding service is out (%s); waiting up to %.0f s for it",
                state.outcome.exception(),
                self._patience_seconds,
            )
