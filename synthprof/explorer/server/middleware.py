"""Middleware of the explorer: headers of answers, the size of bodies, the names a server answers to."""

from fastapi import HTTPException
from starlette.datastructures import MutableHeaders
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY = "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'self'"
"""What `default-src` does not cover is named: the base of addresses, where forms lead, who frames us."""

REPORT_POLICY = (
    "sandbox allow-scripts allow-downloads; default-src 'none'; script-src 'unsafe-inline'; "
    "style-src 'unsafe-inline'; img-src data: blob:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'self'"
)
"""A report brings its scripts along, and allows only those, by their digests, in a policy of its own.
In a sandbox it has no origin: whatever runs in it can neither read cookies nor ask our routes."""

HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "private, no-cache",
}


class HeadersMiddleware:
    """Sets the headers that an answer does not set itself."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The answer has the headers."""

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self.app(scope, receive, with_headers)


MAX_BODY_BYTES = 1 << 16
"""Bytes; the orders for work take a hundred."""


class BodyLimitMiddleware:
    """Answers 413 where more is sent than any order takes; the rest of it is not kept."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The app has read no more than it may."""
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


def only_local_hosts(app: ASGIApp, *names: str) -> ASGIApp:
    """The app for those alone who call it by a name of this machine, or one of the names given.

    Else a foreign page gets in by a name of its own that leads here (DNS rebinding).
    """
    return TrustedHostMiddleware(app, [*LOCAL_HOSTS, *names])
