"""Access control: callers who may look, and callers who may start work."""

import base64
import secrets
from typing import Any, Literal, Protocol

from fastapi import HTTPException, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocketClose

from synthprof.explorer.models.datasets import Permissions
from synthprof.explorer.models.work import RunFacts, Started
from synthprof.explorer.server.sites import foreign, problem
from synthprof.system.environment import TOKEN

NO_AIRFLOW = "this explorer runs without Airflow; use `synthprof build-index`, `verify` and `export`"
NO_WEBSOCKETS = "the explorer has no web sockets"

Job = Literal["reindex", "verify", "export", "match"]
"""Work on a published version that a caller may start."""


class Access(Protocol):
    """The interface of an access control, as the explorer uses it."""

    hosts: tuple[str, ...]
    """Hosts, with ports, by which browsers reach the page if a proxy gives the server another `Host`."""

    async def admit(self, request: Request) -> Response | None:
        """Return None for a caller who may look, else the response to send, or raise HTTPException."""

    async def can(self, request: Request) -> Permissions:
        """Return which work the caller may start. The caller was admitted."""

    async def require(self, request: Request, job: Job) -> None:
        """Raise HTTPException if the caller may not start this job."""

    async def start(self, request: Request, job: Job, conf: dict[str, Any]) -> Started:
        """Start a run in the caller's name. Raises HTTPException if that is not allowed."""

    async def run(self, request: Request, dag: str, run_id: str) -> RunFacts:
        """Return what a run made. Raises HTTPException if it does not exist or the caller may not see it."""

    async def jobs(self, request: Request, dataset: str, version: str) -> list[RunFacts]:
        """Return the last run of each job on a version, of those that the caller may see."""


class TokenAccess:
    """Access control without Airflow: callers with the token, or every caller if there is no token."""

    hosts: tuple[str, ...] = ()

    def __init__(self, token: str | None) -> None:
        self._token = token

    async def admit(self, request: Request) -> Response | None:
        """Return None if the request has the token, as bearer or as the password of basic authentication."""
        if self._token is None:
            return None
        given = _credential(request.headers.get("authorization", ""))
        if given is not None and secrets.compare_digest(given.encode(), self._token.encode()):
            return None
        raise HTTPException(
            401,
            f"the token is missing or wrong; send {TOKEN} as bearer, or as the password with any name",
            {"WWW-Authenticate": 'Basic realm="synthprof", charset="UTF-8"'},
        )

    async def can(self, request: Request) -> Permissions:
        """Return that no work can be started here."""
        return Permissions(trigger=False, reason=NO_AIRFLOW)

    async def require(self, request: Request, job: Job) -> None:
        """Refuse; there is no Airflow that could do the work."""
        raise HTTPException(409, NO_AIRFLOW)

    async def start(self, request: Request, job: Job, conf: dict[str, Any]) -> Started:
        """Refuse; there is no Airflow that could do the work."""
        raise HTTPException(409, NO_AIRFLOW)

    async def run(self, request: Request, dag: str, run_id: str) -> RunFacts:
        """Refuse; there are no runs."""
        raise HTTPException(404, NO_AIRFLOW)

    async def jobs(self, request: Request, dataset: str, version: str) -> list[RunFacts]:
        """Return none; there are no runs."""
        return []


def _credential(header: str) -> str | None:
    kind, _, value = header.partition(" ")
    if kind.lower() == "bearer":
        return value.strip()
    if kind.lower() == "basic":
        try:
            return base64.b64decode(value.strip(), validate=True).decode().partition(":")[2]
        except ValueError:  # no base64, no ASCII before it, or no UTF-8 behind it
            return None
    return None


class AccessMiddleware:
    """Middleware that lets only admitted callers through: to routes, files, docs and unknown paths alike."""

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self.app = app
        self.access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse the request, or pass it on. A kind of request that is not known gets no answer."""
        if scope["type"] == "http":
            refusal = await self._refusal(Request(scope, receive))
            await (self.app if refusal is None else refusal)(scope, receive, send)
        elif scope["type"] == "websocket":
            await WebSocketClose(1008, NO_WEBSOCKETS)(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self.app(scope, receive, send)

    async def _refusal(self, request: Request) -> Response | None:
        if "websocket" in request.headers.get("upgrade", "").lower():
            return problem(403, NO_WEBSOCKETS)
        try:
            return foreign(request, self.access.hosts) or await self.access.admit(request)
        except HTTPException as error:
            return problem(error.status_code, error.detail, error.headers)
