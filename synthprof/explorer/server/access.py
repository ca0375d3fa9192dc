"""Access control: callers who may look, and callers who may start work."""

import base64
import binascii
import secrets
from typing import Any, Literal, Protocol

from fastapi import HTTPException, Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from synthprof.explorer.models import Permissions, RunFacts, Started
from synthprof.system.environment import TOKEN

NO_AIRFLOW = "this explorer runs without Airflow; use `synthprof build-index` and `synthprof verify`"


Job = Literal["reindex", "verify"]
"""Work on a published version that a caller may start."""


class Access(Protocol):
    """The interface of an access control, as the explorer uses it."""

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


class TokenAccess:
    """Access control without Airflow: callers with the token, or every caller if there is no token."""

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


def _credential(header: str) -> str | None:
    kind, _, value = header.partition(" ")
    if kind.lower() == "bearer":
        return value.strip()
    if kind.lower() == "basic":
        try:
            return base64.b64decode(value.strip(), validate=True).decode().partition(":")[2]
        except (binascii.Error, UnicodeDecodeError):
            return None
    return None


class AccessMiddleware:
    """Middleware that lets only admitted callers through: to routes, files, docs and unknown paths alike."""

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self.app = app
        self.access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse the request, or pass it on."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] != "http":
            return  # the explorer has no web sockets
        request = Request(scope, receive)
        try:
            refusal = await self.access.admit(request) or _cross_site(request)
        except HTTPException as error:
            refusal = problem(error.status_code, error.detail, error.headers)
        if refusal is not None:
            await refusal(scope, receive, send)
        else:
            await self.app(scope, receive, send)


def _cross_site(request: Request) -> Response | None:
    """Return a refusal of a request that another site's page makes (Fetch Metadata, W3C), else None."""
    site = request.headers.get("sec-fetch-site", "none")
    if site in ("none", "same-origin") or _is_link(request):
        return None
    return problem(403, f"sec-fetch-site={site}: only the explorer's own page may ask for this")


def _is_link(request: Request) -> bool:
    """Return whether the request follows a link to the explorer.

    A search may cost money and a frame loads without a click, so a frame may load the page but not the API.
    Airflow shows the page in a frame, at times by way of another site where its user signs in.
    """
    if request.method not in ("GET", "HEAD") or request.headers.get("sec-fetch-mode") != "navigate":
        return False
    path = request.scope["path"].removeprefix(request.scope.get("root_path", ""))
    return request.headers.get("sec-fetch-dest") == "document" or not path.startswith("/api/")


def problem(status: int, detail: Any, headers: Any = None) -> Response:  # noqa: ANN401
    """Return a refusal in the form of the API, `models.Problem`."""
    return JSONResponse({"detail": detail}, status, headers)
