"""The explorer without Airflow: for this machine, or with a token for others."""

import ipaddress
import math
import os
import socket
from collections.abc import Callable
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp

from synthprof.base.errors import SpecError
from synthprof.explorer.server.access import TokenAccess
from synthprof.explorer.server.app import make_app
from synthprof.explorer.server.connections import REQUEST_SECONDS, BoundedProtocol, backlog
from synthprof.explorer.server.middleware import only_local_hosts
from synthprof.system.environment import TOKEN

MIN_TOKEN_CHARACTERS = 16
"""Shortest token that cannot be guessed."""

MAX_HEADER_BYTES = 1 << 17
"""Largest request before its body: more than the longest text and all conditions take, percent-encoded."""

QUEUE = 2_048
"""Callers that wait to be accepted."""

LAST_SECONDS = 5
"""Time for the answers to callers who wait when the server is asked to end."""


def standalone_app(home: Path, host: str, token: str | None) -> ASGIApp:
    """Return the app for callers of `host`; without a token it answers only for this machine's host names.

    Raises SpecError for a weak token, or for a host that others can reach without a token.
    """
    if token is not None and len(token) < MIN_TOKEN_CHARACTERS:
        raise SpecError(f"{TOKEN} has {len(token)} characters; set one of at least {MIN_TOKEN_CHARACTERS}")
    if token is not None and not (token.isascii() and token.isprintable()):
        raise SpecError(
            f"{TOKEN} has characters that an HTTP header cannot hold; use ASCII letters and digits"
        )
    if token is None and not _is_loopback(host):
        raise SpecError(
            f"host={host} can be reached from other machines; set {TOKEN} to a secret, or use 127.0.0.1"
        )
    app = make_app(home, TokenAccess(token))
    return app if token is not None else only_local_hosts(app, _shown(host))


def serve(home: Path, host: str, port: int, ready: Callable[[str], None]) -> None:
    """Serve the explorer until a signal ends it; call `ready` with its address when it listens.

    Raises SpecError if the address cannot be used, or if others could reach it without a token.
    """
    app = standalone_app(home, host, os.environ.get(TOKEN) or None)
    with _listening(host, port) as listening:
        config = uvicorn.Config(
            app,
            log_level="warning",
            server_header=False,
            lifespan="on",
            loop="asyncio",  # where uvloop runs out of descriptors, it closes whoever comes next
            http=BoundedProtocol,  # on h11, as httptools holds as many bytes of headers as are sent
            ws="none",
            backlog=backlog(),
            timeout_keep_alive=math.ceil(REQUEST_SECONDS),
            timeout_graceful_shutdown=LAST_SECONDS,
            h11_max_incomplete_event_size=MAX_HEADER_BYTES,
        )
        ready(f"http://{_shown(host)}:{listening.getsockname()[1]}/")
        _Server(config).run(sockets=[listening])


class _Server(uvicorn.Server):
    """uvicorn's server, with a longer queue of callers than it accepts at once."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then make the queue longer: with a full one, the system leaves callers out for a second."""
        await super().startup(sockets)
        for each in sockets or ():
            each.listen(QUEUE)


def _shown(host: str) -> str:
    """Return the host as it stands in a URL."""
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
