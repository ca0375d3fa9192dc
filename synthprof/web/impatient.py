"""Connections on which nobody asks are closed, so that silent ones cannot use up what the server may open."""

import asyncio
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

PATIENCE_SECONDS = 10.0
"""For the headers of a request; what a browser sends fits into a few packets."""


class Impatient(H11Protocol):
    """Closes a connection that has had no new request since the last look, and has none to be answered.

    uvicorn's own limit begins after the first answer, and anew with each byte.
    """

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """The connection is looked at from time to time until it is closed."""
        super().connection_made(transport)
        self.loop.call_later(PATIENCE_SECONDS, self._look, None)

    def _look(self, last: Any) -> None:  # noqa: ANN401
        if self.transport.is_closing():
            return
        if self.cycle is last and (last is None or last.response_complete):
            self.transport.close()
        else:
            self.loop.call_later(PATIENCE_SECONDS, self._look, self.cycle)
