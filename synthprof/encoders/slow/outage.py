"""Outages of a slow encoder: told from bad texts by a text that is known to be good, and waited for."""

import math
import threading
import time

from synthprof.base.errors import StageError
from synthprof.encoders.slow.encoder import SlowEncoder
from synthprof.encoders.slow.rejected import Rejected

MAX_PROBE_WAIT_SECONDS = 5.0


class Outages:
    """The outages of one service, shared by the threads that ask it; one of them probes at a time."""

    def __init__(self, service: SlowEncoder) -> None:
        self._service = service
        self._patience = service.patience
        self._probing = threading.Lock()
        self._ended = -1.0
        self._probes = 0

    def outlast(self, failed_at: float) -> bool:
        """Wait until the service answers a good text; return whether it was out.

        failed_at: when a request failed (`time.monotonic`). An outage that another thread has seen end since
        then counts. Raises StageError when the service stays out for longer than the patience.
        """
        with self._probing:
            if self._ended >= failed_at:
                return True
            self._probes = 0
            try:
                self._patience.retrying(lambda _: math.inf, 0.2, MAX_PROBE_WAIT_SECONDS)(self._probe)
            except Rejected as error:
                raise StageError(
                    f"the embedding service has been out for {self._patience.seconds:.0f} s: {error}; "
                    "run it again when the service is back, as what was embedded is saved"
                ) from None
            if self._probes > 1:
                self._ended = time.monotonic()
            return self._probes > 1

    def sleep(self, seconds: float) -> None:
        """Wait, or return at once when the service is being stopped."""
        self._patience.wait(seconds)

    def _probe(self) -> None:
        """Send a good text; raise Rejected if that fails, for whatever reason."""
        self._probes += 1
        try:
            if self._service.ask_once([self._service.known_good])[0] is None:
                raise Rejected(500, "the vector of a good text is not finite")
        except Rejected as error:
            if not error.busy:
                self._patience.failed(time.monotonic())
            raise
