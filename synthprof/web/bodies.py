"""How long a request's body may be: what is sent is held in memory until it is read as JSON."""

from fastapi import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MOST_BODY = 1 << 16
"""Bytes; the orders for work take a hundred."""


class Bodies:
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
            if taken > MOST_BODY:
                raise HTTPException(413, f"the body has more than {MOST_BODY:,} bytes; orders take a hundred")
            return message

        await self.app(scope, counted, send)
