"""The explorer alone, without Airflow: for this machine, or for others where there is a token."""

import asyncio
import ipaddress
import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from synthprof.base.errors import SpecError
from synthprof.explorer.server.access import TokenAccess
from synthprof.explorer.server.app import make_app
from synthprof.explorer.server.middleware import only_local_hosts
from synthprof.system.environment import TOKEN

MIN_TOKEN_CHARACTERS = 16
"""Characters of a token that is not guessed."""

MAX_HEADER_BYTES = 1 << 17
"""Bytes of a request before its body: more than the longest text and all conditions take, percent-encoded."""


def standalone_app(home: Path, host: str, token: str | None) -> ASGIApp:
    """The app for whoever reaches `host`. Raises SpecError where that would be anybody.

    Without a token only names of this machine are answered.
    """
    if token is not None and len(token) < MIN_TOKEN_CHARACTERS:
        raise SpecError(f"{TOKEN} has {len(token)} characters; set one of at least {MIN_TOKEN_CHARACTERS}")
    if token is not None and not (token.isascii() and token.isprintable()):
        raise SpecError(f"{TOKEN} has characters that a header cannot carry; use letters and digits of ASCII")
    if token is None and not _is_loopback(host):
        raise SpecError(f"host={host} can be reached by others; set {TOKEN} to a secret, or use 127.0.0.1")
    app = make_app(home, TokenAccess(token))
    return app if token is not None else only_local_hosts(app, _shown(host))


def serve(home: Path, host: str, port: int, ready: Callable[[str], None]) -> None:
    """The explorer has answered until a signal ended it; `ready` hears its address once it listens.

    Raises SpecError where nobody can listen there, or anybody could ask.
    """
    app = standalone_app(home, host, os.environ.get(TOKEN) or None)
    with _listening(host, port) as listening:
        config = uvicorn.Config(
            app,
            log_level="warning",
            server_header=False,
            lifespan="on",
            http=IdleTimeoutProtocol,  # on h11, as httptools holds as many bytes of headers as are sent
            h11_max_incomplete_event_size=MAX_HEADER_BYTES,
        )
        ready(f"http://{_shown(host)}:{listening.getsockname()[1]}/")
        uvicorn.Server(config).run(sockets=[listening])


def _shown(host: str) -> str:
    """The host as an address in a browser has it."""
    return f"[{host}]" if ":" in host else host


def _listening(host: str, port: int) -> socket.socket:
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family)
    except OSError as error:
        raise SpecError(
            f"host={host}, port={port} cannot be listened on ({error.strerror}); choose another with --port"
        ) from None


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


IDLE_SECONDS = 10.0
"""For the headers of a request; what a browser sends fits into a few packets."""


class IdleTimeoutProtocol(H11Protocol):
    """Closes a connection that has had no new request since the last look, and has none to be answered.

    uvicorn's own limit begins after the first answer, and anew with each byte.
    """

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """The connection is looked at from time to time until it is closed."""
        super().connection_made(transport)
        self.loop.call_later(IDLE_SECONDS, self._look, None)

    def _look(self, last: Any) -> None:  # noqa: ANN401
        if self.transport.is_closing():
            return
        if self.cycle is last and (last is None or last.response_complete):
            self.transport.close()
        else:
            self.loop.call_later(IDLE_SECONDS, self._look, self.cycle)
