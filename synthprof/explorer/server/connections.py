"""Connections of the standalone server: how many, and how long one may keep the server waiting."""

import asyncio
import resource
from collections import Counter
from typing import cast

from uvicorn.protocols.http.h11_impl import H11Protocol

REQUEST_SECONDS = 10.0
"""Time limit for a whole request with its body, from the connection's start or the last answer's end. It is
also the limit of an idle connection."""

TAKE_SECONDS = 120.0
"""Time limit for taking an answer from when the caller first makes the server wait: 5 MB at 340 kbit/s."""

MAX_CONNECTIONS = 400
"""Most open connections; a browser opens six."""

OTHER_FILES = 48
"""File descriptors that are not for connections: of Python, the event loop, the worker process."""

_BUSY = b'{"detail":"too many connections; try again in a moment"}'
BUSY = b"\r\n".join(
    (
        b"HTTP/1.1 503 Service Unavailable",
        b"Connection: close",
        b"Retry-After: 1",
        b"Content-Type: application/json",
        b"Content-Length: %d" % len(_BUSY),
        b"",
        _BUSY,
    )
)


def most_connections() -> int:
    """Return how many connections there are descriptors for; each may have a file that it sends."""
    return max(8, min(MAX_CONNECTIONS, (_descriptors() - OTHER_FILES - backlog()) // 2))


def backlog() -> int:
    """Return how many connections are accepted at once, before any of them can be closed."""
    return max(8, min(128, _descriptors() // 8))


def _descriptors() -> int:
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return 1 << 20 if soft == resource.RLIM_INFINITY else soft


class BoundedProtocol(H11Protocol):
    """HTTP protocol with a time limit for a request, one for taking the answer, and a limit of connections.

    uvicorn's own time limit begins after the first response, and again with each byte; its limit of
    connections refuses everybody once slow callers hold that many. Here a new connection takes the place of
    the one that has kept the server waiting longest, of the client that has the most.
    """

    _request_clock: asyncio.TimerHandle | None = None
    _taking_clock: asyncio.TimerHandle | None = None
    client_host = ""
    since = 0.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Expect a request; where there are too many connections, close one."""
        super().connection_made(transport)
        transport.set_write_buffer_limits(0)  # writing is paused as long as anything waits to be taken
        self.client_host = self.client[0] if self.client else ""
        self._set_clocks()
        everybody = cast("set[BoundedProtocol]", self.connections)
        if len(everybody) > most_connections():
            _slowest(everybody).make_room()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the clocks."""
        self._stop_clocks()
        super().connection_lost(exc)

    def handle_events(self) -> None:
        """Pass on what has arrived; after a whole request, nothing is expected."""
        super().handle_events()
        self._set_clocks()

    def on_response_complete(self) -> None:
        """Expect the next request; a body that is still to come keeps its time limit."""
        super().on_response_complete()
        self._set_clocks()

    def pause_writing(self) -> None:
        """Expect the caller to take the answer."""
        super().pause_writing()
        if self._taking_clock is None:
            self.since = self.loop.time()
            self._taking_clock = self.loop.call_later(TAKE_SECONDS, self.drop)

    def resume_writing(self) -> None:
        """Go on writing; after the end of the answer, expect the next request."""
        super().resume_writing()
        self._set_clocks()

    @property
    def keeps_waiting(self) -> bool:
        """True while the server waits for the caller: for a whole request, or for space for the answer."""
        return self._request_clock is not None or self._taking_clock is not None

    def drop(self) -> None:
        """Close the connection at once, whatever is still to be sent."""
        self._stop_clocks()
        self.connections.discard(self)
        self.transport.abort()

    def make_room(self) -> None:
        """Drop the connection; unless an answer is being sent, tell the caller to try again."""
        if self._taking_clock is None:
            self.transport.write(BUSY)
        self.drop()

    def _set_clocks(self) -> None:
        """Start or stop the clocks, as the caller must send or take something, or has done so."""
        if self.transport.is_closing():
            return
        ended = self.cycle is None or self.cycle.response_complete
        if ended and self._taking_clock is not None and not self.flow.write_paused:
            self._taking_clock.cancel()
            self._taking_clock = None
        if not ended and not self.cycle.more_body:
            if self._request_clock is not None:
                self._request_clock.cancel()
                self._request_clock = None
        elif not self.keeps_waiting:
            self.since = self.loop.time()
            self._request_clock = self.loop.call_later(REQUEST_SECONDS, self.drop)

    def _stop_clocks(self) -> None:
        for clock in (self._request_clock, self._taking_clock):
            if clock is not None:
                clock.cancel()
        self._request_clock = self._taking_clock = None

    def _should_upgrade(self) -> bool:
        """Return False: there are no web sockets, and `AccessMiddleware` refuses who asks for one."""
        return False


def _slowest(connections: "set[BoundedProtocol]") -> BoundedProtocol:
    """Return the connection that has kept the server waiting longest, of the client with the most."""
    held = Counter(each.client_host for each in connections)
    return max(connections, key=lambda each: (each.keeps_waiting, held[each.client_host], -each.since))
