"""Whose page makes a request: pages of other sites may link here, and nothing else."""

from collections.abc import Collection
from typing import Any

from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse, Response

HTTP_VERSIONS = ("1.0", "1.1", "2", "3")


def foreign(request: Request, hosts: Collection[str]) -> Response | None:
    """Return a refusal of a request that another site's page makes, or that names another server; else None.

    hosts: names of this server, with their ports, besides the one in the request's `Host`.
    """
    if request.scope["http_version"] not in HTTP_VERSIONS:
        return problem(505, f"HTTP/{request.scope['http_version']}: ask by HTTP/1.1")
    if not request.scope["path"].startswith("/"):
        return problem(400, "the request names a whole address or `*`; ask for a path, beginning with /")
    return foreign_origin(request, hosts) or _cross_site(request)


def foreign_origin(request: HTTPConnection, hosts: Collection[str]) -> Response | None:
    """Return a refusal of a request that has the `Origin` of another site, or of a sandbox; else None.

    Browsers send it with whatever may change something, old ones and those without TLS, too.
    """
    own = {*hosts, *request.headers.getlist("host")}
    for origin in request.headers.getlist("origin"):
        scheme, _, host = origin.lower().partition("://")
        if scheme not in ("http", "https") or host not in {name.lower() for name in own}:
            return problem(403, f"origin={origin[:80]}: only a page of this server may ask for this")
    return None


def _cross_site(request: Request) -> Response | None:
    """Return a refusal of a request that another site's page makes (Fetch Metadata, W3C), else None."""
    site = request.headers.get("sec-fetch-site", "none")
    if site in ("none", "same-origin") or _is_link(request):
        return None
    return problem(403, f"sec-fetch-site={site[:80]}: only a page of this server may ask for this")


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
    """Return a refusal in the form of the API, `models.model.Problem`."""
    return JSONResponse({"detail": detail}, status, headers)
