"""Who may look and who may start work: asked before anything else is done with a request."""

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
    """What the explorer asks of whoever knows its callers."""

    async def admit(self, request: Request) -> Response | None:
        """None for a caller who may look; else the answer to give, or HTTPException."""

    async def can(self, request: Request) -> Permissions:
        """What an admitted caller may do besides looking."""

    async def require(self, request: Request, job: Job) -> None:
        """Raise HTTPException for a caller who may not start this job."""

    async def start(self, request: Request, job: Job, conf: dict[str, Any]) -> Started:
        """A run has been started in the caller's name. Raises HTTPException where that is not allowed."""

    async def run(self, request: Request, dag: str, run_id: str) -> RunFacts:
        """What a run made. Raises HTTPException where the caller may not know or there is none."""


class TokenAccess:
    """Access without Airflow: everybody who has the token, or everybody on this machine if there is none."""

    def __init__(self, token: str | None) -> None:
        self._token = token

    async def admit(self, request: Request) -> Response | None:
        """None for who brings the token, as bearer or as the password of basic authentication."""
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
        """Nothing but looking."""
        return Permissions(trigger=False, reason=NO_AIRFLOW)

    async def require(self, request: Request, job: Job) -> None:
        """Nobody may."""
        raise HTTPException(409, NO_AIRFLOW)

    async def start(self, request: Request, job: Job, conf: dict[str, Any]) -> Started:
        """Nothing is started."""
        raise HTTPException(409, NO_AIRFLOW)

    async def run(self, request: Request, dag: str, run_id: str) -> RunFacts:
        """There are no runs."""
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
    """Nothing behind it answers who was not admitted: routes, files, docs and unknown paths alike."""

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self.app = app
        self.access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The request has been answered, by what is behind the door or at the door."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] != "http":
            return  # there are no web sockets here
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
    """A refusal for what another site's page asks in the caller's name (Fetch Metadata, W3C)."""
    site = request.headers.get("sec-fetch-site", "none")
    if site in ("none", "same-origin") or _is_link(request):
        return None
    return problem(403, f"sec-fetch-site={site}: only the explorer's own page may ask for this")


def _is_link(request: Request) -> bool:
    """Whether somebody follows a link that leads here.

    A search may cost money, so no page in a frame asks the API: frames, unlike windows, need nobody's click.
    Those of Airflow show the page alone, at times by way of another site where one signs in.
    """
    if request.method not in ("GET", "HEAD") or request.headers.get("sec-fetch-mode") != "navigate":
        return False
    path = request.scope["path"].removeprefix(request.scope.get("root_path", ""))
    return request.headers.get("sec-fetch-dest") == "document" or not path.startswith("/api/")


def problem(status: int, detail: Any, headers: Any = None) -> Response:  # noqa: ANN401
    """A refusal in the API's form."""
    return JSONResponse({"detail": detail}, status, headers)
