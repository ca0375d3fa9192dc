"""The page, its files, the stored reports and the description of the API. They are not in the OpenAPI."""

import asyncio
import functools
import json
import mimetypes
from pathlib import Path

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse, Response

from synthprof.explorer.models.derived import MatchName, MeasurementName
from synthprof.explorer.server.docs import docs_page
from synthprof.explorer.server.middleware import REPORT_POLICY
from synthprof.explorer.server.parameters import DatasetName, VersionName
from synthprof.explorer.server.relay import ask, response_of

STATIC = Path(__file__).parents[1] / "static"

router = APIRouter(include_in_schema=False)
page = functools.partial(router.api_route, methods=["GET", "HEAD"])


@page("/")
async def index(request: Request) -> Response:
    """Return the page."""
    return await _file(request, STATIC / "index.html")


@page("/static/{name}")
async def static(request: Request, name: str) -> Response:
    """Return a file of the page."""
    path = _static_files().get(name)
    if path is None:
        raise HTTPException(404, f"there is no file {name[:80]!r}")
    return await _file(request, path)


@page("/report/{dataset}/{version}")
async def report(request: Request, dataset: DatasetName, version: VersionName) -> Response:
    """Return the stored report of a version, in a sandbox."""
    answer = await ask(request, "report", dataset=dataset, version=version)
    if answer.status != 200:
        return response_of(answer)
    return await _file(request, Path(json.loads(answer.body)), {"Content-Security-Policy": REPORT_POLICY})


@page("/picture/{dataset}/{version}/{measurement}")
async def picture(
    request: Request, dataset: DatasetName, version: VersionName, measurement: MeasurementName
) -> Response:
    """Return the picture of a measurement, in a sandbox."""
    answer = await ask(request, "picture", dataset=dataset, version=version, measurement=measurement)
    if answer.status != 200:
        return response_of(answer)
    return await _file(request, Path(json.loads(answer.body)), {"Content-Security-Policy": REPORT_POLICY})


@page("/match/{dataset}/{version}/{match}")
async def match(request: Request, dataset: DatasetName, version: VersionName, match: MatchName) -> Response:
    """Return the pairs of a match side by side, in a sandbox."""
    answer = await ask(request, "match_page", dataset=dataset, version=version, match=match)
    if answer.status != 200:
        return response_of(answer)
    return await _file(request, Path(json.loads(answer.body)), {"Content-Security-Policy": REPORT_POLICY})


@page("/openapi.json")
async def openapi(request: Request) -> Response:
    """Return the description of the HTTP API."""
    return JSONResponse(request.app.openapi())


@page("/docs")
async def docs(request: Request) -> Response:
    """Return the same description as a page."""
    return HTMLResponse(docs_page(request.app.openapi()))


async def _file(request: Request, path: Path, headers: dict[str, str] | None = None) -> Response:
    """Return the file, or 304 if the caller has its current content."""
    state = await asyncio.to_thread(path.stat)  # a file server that hangs blocks only this thread
    kind = mimetypes.guess_type(path.name)[0]
    whole = FileResponse(path, media_type=kind, headers=headers, stat_result=state)
    etag = whole.headers["etag"]
    if etag not in request.headers.get("if-none-match", ""):
        return whole
    # with the other headers: a browser may replace the ones it stored by these
    return Response(status_code=304, headers={"ETag": etag, **(headers or {})})


@functools.cache
def _static_files() -> dict[str, Path]:
    """Return the files of the page by their names."""
    return {path.name: path for path in STATIC.iterdir() if path.is_file()}
