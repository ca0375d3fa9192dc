"""Middleware of the explorer: response headers, the size of bodies, permitted host names."""

from collections.abc import Collection

from fastapi import HTTPException
from starlette.datastructures import MutableHeaders
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocketClose

from synthprof.explorer.server.sites import foreign_origin

POLICY = "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'self'"
"""`default-src` covers neither the base address, nor targets of forms, nor sites that may frame the page."""

REPORT_POLICY = (
    "sandbox allow-scripts allow-downloads; default-src 'none'; script-src 'unsafe-inline'; "
    "style-src 'unsafe-inline'; img-src data: blob:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'self'"
)
"""A report contains its scripts, and its own policy allows only those, by their digests. In a sandbox it has
no origin, so that its scripts can neither read cookies nor call the explorer's routes."""

HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "private, no-cache",
}


class HeadersMiddleware:
    """Middleware that sets the headers that a response does not set itself."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and add the headers to the response."""

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self.app(scope, receive, with_headers)


MAX_BODY_BYTES = 1 << 16
"""The largest body; those of `reindex` and `verify` take a hundred bytes."""


class BodyLimitMiddleware:
    """Middleware that answers 413 to a larger body, and reads no more of it."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and stop it when its body grows too large."""
        taken = 0

        async def counted() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > MAX_BODY_BYTES:
                raise HTTPException(
                    413, f"the body has more than {MAX_BODY_BYTES:,} bytes; orders take a hundred"
                )
            return message

        await self.app(scope, counted, send)


LOCAL_HOSTS = ("127.0.0.1", "localhost", "localhost.", "[::1]")


def only_local_hosts(app: ASGIApp, *names: str, hosts: Collection[str] = ()) -> ASGIApp:
    """Return the app restricted to its own pages, under this machine's host names or the given names.

    Otherwise a page of another site could reach a server without login: by a host name of its own that
    resolves to this machine (DNS rebinding), or by a request that changes something and needs no answer.

    hosts: as `sites.foreign_origin` takes them.
    """
    return TrustedHostMiddleware(OwnPagesMiddleware(app, hosts), [*LOCAL_HOSTS, *names], www_redirect=False)


class OwnPagesMiddleware:
    """Middleware that refuses requests and web sockets of other sites' pages."""

    def __init__(self, app: ASGIApp, hosts: Collection[str]) -> None:
        self.app = app
        self.hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse the request, or pass it on."""
        asked = scope["type"] in ("http", "websocket")
        refusal = foreign_origin(HTTPConnection(scope), self.hosts) if asked else None
        if refusal is not None and scope["type"] == "websocket":
            await WebSocketClose(1008)(scope, receive, send)
        else:
            await (self.app if refusal is None else refusal)(scope, receive, send)
