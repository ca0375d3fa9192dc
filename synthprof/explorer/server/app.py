"""The explorer as a FastAPI app, under Airflow and alone. Routes only: answers come from the worker."""

import asyncio
import functools
import json
import mimetypes
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path as Folder
from typing import Annotated, Any

from fastapi import APIRouter, FastAPI, HTTPException, Path, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse, Response
from starlette.middleware import Middleware

import synthprof
from synthprof.explorer import models
from synthprof.explorer.server.access import Access, AccessMiddleware, Job
from synthprof.explorer.server.docs import docs_page
from synthprof.explorer.server.middleware import REPORT_POLICY, Bodies, Headers
from synthprof.explorer.server.process import Worker
from synthprof.explorer.wire import Answer, Lane, Name
from synthprof.spec.limits import LARGEST_INTEGER, MAX_CHARACTERS, MAX_CONDITIONS, MAX_POINTS, MAX_TEXT
from synthprof.spec.request import DATASET_PATTERN
from synthprof.store.store import VERSION_PATTERN

STATIC = Folder(__file__).parents[1] / "static"

MAX_HITS = 100

DatasetName = Annotated[
    str, Path(pattern=DATASET_PATTERN.replace(r"(?!\n)", ""), description="Name of a data set.")
]
VERSION: dict[str, Any] = {
    "pattern": f"^({VERSION_PATTERN}|current)$",
    "description": "Name of a version, or `current`.",
}

VersionName = Annotated[str, Path(**VERSION)]
VersionInQuery = Annotated[str, Query(**VERSION)]
ProfileId = Annotated[int, Path(ge=1, le=LARGEST_INTEGER, description="Number of a profile, from 1.")]
Exact = Annotated[bool, Query(description="Compare every profile instead of asking the index.")]
Count = Annotated[int, Query(ge=1, le=MAX_HITS, description="How many profiles.")]
Conditions = Annotated[
    list[Annotated[str, Query(min_length=1, max_length=MAX_CHARACTERS)]],
    Query(max_length=MAX_CONDITIONS, description="Conditions that must hold, as `estado=SP` or `idade>=30`."),
]

PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"model": models.Problem, "description": what}
    for status, what in {
        401: "Not signed in.",
        403: "Not allowed.",
        404: "There is no such thing.",
        409: "What is there does not allow it.",
        413: "The body is too long.",
        422: "A value breaks its rule.",
        429: "Too many searches at once: ask again in a second.",
        503: "Too much to do, or just starting: ask again in a second.",
        504: "It took too long.",
    }.items()
}

ONE = "/api/datasets/{dataset}/versions/{version}"

router = APIRouter(responses=PROBLEMS)
page = functools.partial(router.api_route, methods=["GET", "HEAD"], include_in_schema=False)


def make_app(home: Folder, access: Access, service: Callable[[], dict[str, str]] = dict) -> FastAPI:
    """The explorer over the data root `home`, for the callers that `access` admits.

    service: variables that name the embedding service, where the environment does not.
    """
    worker = Worker(home, service)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        worker.close()

    app = FastAPI(
        title="synthprof explorer",
        description="Data sets of synthetic profiles: what is there, what it is like, what is near to what.",
        version=synthprof.__version__,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        lifespan=lifespan,
        middleware=[Middleware(Headers), Middleware(AccessMiddleware, access=access), Middleware(Bodies)],
    )
    app.state.worker, app.state.access, app.state.home = worker, access, home
    app.include_router(router)
    app.add_exception_handler(RequestValidationError, _refuse)
    return app


# --- data sets and versions ------------------------------------------------------------------------------


@router.get("/api/datasets", response_model=models.Datasets, tags=["data sets"])
async def datasets(request: Request) -> Response:
    """Every data set with its versions and builds, and what the caller may start."""
    answer = await _ask(request, "datasets")
    can = await request.app.state.access.can(request)
    head = models.Datasets(home=str(request.app.state.home), can=can, datasets=[]).model_dump_json()
    return _json(answer, wrap=(head.removesuffix("[]}").encode(), b"}"))


@router.get(ONE, response_model=models.VersionFacts, tags=["data sets"])
async def version(request: Request, dataset: DatasetName, version: VersionName) -> Response:
    """What the manifest of a version tells: spec, stages, files, index and columns."""
    return _json(await _ask(request, "version", dataset=dataset, version=version))


@router.get(f"{ONE}/marginals", response_model=models.Marginals, tags=["one version"])
async def marginals(request: Request, dataset: DatasetName, version: VersionName) -> Response:
    """How often each value occurs, and how often it should."""
    return _json(await _ask(request, "marginals", dataset=dataset, version=version))


@router.get(f"{ONE}/clusters", response_model=models.Clusters, tags=["one version"])
async def clusters(request: Request, dataset: DatasetName, version: VersionName) -> Response:
    """The clusters, the largest first, with what is typical of each."""
    return _json(await _ask(request, "clusters", dataset=dataset, version=version))


@router.get(f"{ONE}/map", response_model=models.MapOfPoints, tags=["one version"])
async def map_of_points(
    request: Request,
    dataset: DatasetName,
    version: VersionName,
    points: Annotated[int, Query(ge=1, le=MAX_POINTS, description="How many profiles at most.")] = 20_000,
    colour: Annotated[
        str, Query(max_length=63, description="`cluster`, or a column with values or a minimum.")
    ] = "cluster",
) -> Response:
    """Profiles on a plane where those of one cluster lie together."""
    return _json(await _ask(request, "map", dataset=dataset, version=version, points=points, colour=colour))


@router.get(f"{ONE}/profiles/{{id}}", response_model=models.Card, tags=["one version"])
async def profile(request: Request, dataset: DatasetName, version: VersionName, id: ProfileId) -> Response:
    """One profile and its cluster."""
    return _json(await _ask(request, "profile", dataset=dataset, version=version, profile_id=id))


@router.get(f"{ONE}/search", response_model=models.Hits, tags=["search"])
async def search(
    request: Request,
    dataset: DatasetName,
    version: VersionName,
    text: Annotated[str, Query(min_length=1, max_length=MAX_TEXT, description="What to look for.")],
    k: Count = 10,
    where: Conditions = [],  # noqa: B006  FastAPI copies it
    exact: Exact = False,
) -> Response:
    """The profiles nearest to a text, with the attributes that it names and they have."""
    return _json(
        await _ask(
            request,
            "search",
            "scan" if exact else "search",
            dataset=dataset,
            version=version,
            text=text,
            k=k,
            where=where,
            exact=exact,
        )
    )


@router.get(f"{ONE}/similar/{{id}}", response_model=models.Hits, tags=["search"])
async def similar(
    request: Request,
    dataset: DatasetName,
    version: VersionName,
    id: ProfileId,
    k: Count = 10,
    where: Conditions = [],  # noqa: B006
    exact: Exact = False,
) -> Response:
    """The profiles nearest to one of them, with the attributes that they share."""
    return _json(
        await _ask(
            request,
            "similar",
            "scan" if exact else "search",
            dataset=dataset,
            version=version,
            profile_id=id,
            k=k,
            where=where,
            exact=exact,
        )
    )


@router.get("/api/datasets/{dataset}/compare", response_model=models.Compared, tags=["data sets"])
async def compare(
    request: Request, dataset: DatasetName, left: VersionInQuery, right: VersionInQuery
) -> Response:
    """What differs between the marginals of two versions, the column that differs most first."""
    return _json(await _ask(request, "compare", dataset=dataset, left=left, right=right))


@router.get("/api/datasets/{dataset}/progress", response_model=models.Progress, tags=["data sets"])
async def progress(request: Request, dataset: DatasetName) -> Response:
    """How far the stages of unpublished builds are."""
    return _json(await _ask(request, "progress", dataset=dataset))


# --- work, as runs of Airflow ----------------------------------------------------------------------------


@router.post(f"{ONE}/reindex", response_model=models.Started, status_code=202, tags=["work"])
async def reindex(
    request: Request, dataset: DatasetName, version: VersionName, wanted: models.Reindex
) -> models.Started:
    """A run of Airflow publishes the version once more with another index."""
    return await _start(request, "reindex", dataset, version, wanted.model_dump())


@router.post(f"{ONE}/verify", response_model=models.Started, status_code=202, tags=["work"])
async def verify(
    request: Request, dataset: DatasetName, version: VersionName, wanted: models.Verify
) -> models.Started:
    """A run of Airflow proves that the version is what its spec says."""
    return await _start(request, "verify", dataset, version, {"all_blocks": wanted.all})


@router.get("/api/runs/{dag_id}/{run_id}", response_model=models.RunFacts, tags=["work"])
async def run(
    request: Request,
    dag_id: Annotated[str, Path(max_length=250)],
    run_id: Annotated[str, Path(max_length=250)],
) -> models.RunFacts:
    """Which data set and version a run made or worked on."""
    facts: models.RunFacts = await request.app.state.access.run(request, dag_id, run_id)
    if facts.dataset is None or facts.version is None:
        return facts
    answer = await _ask(request, "build", dataset=facts.dataset, version=facts.version)
    return facts.model_copy(update=json.loads(answer.body)) if answer.status == 200 else facts


# --- pages and files -------------------------------------------------------------------------------------


@page("/")
async def index(request: Request) -> Response:
    """The page itself."""
    return await _file(request, STATIC / "index.html")


@page("/static/{name}")
async def static(request: Request, name: str) -> Response:
    """A file of the page."""
    path = _static_files().get(name)
    if path is None:
        raise HTTPException(404, f"there is no file {name[:80]!r}")
    return await _file(request, path)


@page("/report/{dataset}/{version}")
async def report(request: Request, dataset: DatasetName, version: VersionName) -> Response:
    """The stored report of a version, in a sandbox."""
    answer = await _ask(request, "report", dataset=dataset, version=version)
    if answer.status != 200:
        return _json(answer)
    return await _file(request, Folder(json.loads(answer.body)), {"Content-Security-Policy": REPORT_POLICY})


@page("/openapi.json")
async def openapi(request: Request) -> Response:
    """The description of the HTTP API."""
    return JSONResponse(request.app.openapi())


@page("/docs")
async def docs(request: Request) -> Response:
    """The same description for people."""
    return HTMLResponse(docs_page(request.app.openapi()))


# --- how ------------------------------------------------------------------------------------------------


async def _ask(request: Request, name: Name, lane: Lane = "look", **arguments: Any) -> Answer:  # noqa: ANN401
    worker: Worker = request.app.state.worker
    # the others are read here, or wrapped
    wanted = name not in ("report", "datasets") and "gzip" in request.headers.get("accept-encoding", "")
    return await worker.ask(name, lane, wanted, **arguments)


async def _file(request: Request, path: Folder, headers: dict[str, str] | None = None) -> Response:
    """The file, or 304 where the caller has it as it is."""
    state = await asyncio.to_thread(path.stat)  # a file server that does not answer holds up a thread alone
    kind = mimetypes.guess_type(path.name)[0]
    whole = FileResponse(path, media_type=kind, headers=headers, stat_result=state)
    etag = whole.headers["etag"]
    if etag not in request.headers.get("if-none-match", ""):
        return whole
    # its other headers too: a browser may put them in place of those that it keeps
    return Response(status_code=304, headers={"ETag": etag, **(headers or {})})


def _json(answer: Answer, wrap: tuple[bytes, bytes] = (b"", b"")) -> Response:
    headers = {"Content-Encoding": "gzip", "Vary": "Accept-Encoding"} if answer.compressed else {}
    if answer.status in (429, 503):
        headers["Retry-After"] = "1"
    body = answer.body if answer.status != 200 else wrap[0] + answer.body + wrap[1]
    return Response(body, answer.status, headers, "application/json")


async def _start(
    request: Request, job: Job, dataset: str, version: str, conf: dict[str, Any]
) -> models.Started:
    """Start the job for the version that bears this name now."""
    access: Access = request.app.state.access
    await access.require(request, job)
    answer = await _ask(request, "version_name", dataset=dataset, version=version)
    said = json.loads(answer.body)
    if answer.status != 200:
        raise HTTPException(answer.status, said["detail"])
    return await access.start(request, job, {"dataset": dataset, "version": said["version"], **conf})


@functools.cache
def _static_files() -> dict[str, Folder]:
    """The files of the page by their names."""
    return {path.name: path for path in STATIC.iterdir() if path.is_file()}


async def _refuse(_: Request, error: Exception) -> Response:
    """What breaks a rule, in one sentence: value, rule."""
    errors = error.errors() if isinstance(error, RequestValidationError) else []
    first = errors[0] if errors else {"loc": ("request",), "msg": str(error)}
    place = ".".join(str(part) for part in first["loc"][1:]) or "request"
    given = str(first.get("input", ""))[:80]
    return JSONResponse({"detail": f"{place}={given!r}: {first['msg']}"}, 422)
