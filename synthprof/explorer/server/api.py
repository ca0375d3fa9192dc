"""The routes of the HTTP API.

A route that reads calls a method of the worker's `Questions` by its name, through `relay`. A route that
starts work checks the caller's permission and has Airflow do it, both through `Access`.
"""

import asyncio
import json
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Path, Query, Request
from fastapi.responses import Response

from synthprof.base.errors import SpecError
from synthprof.base.permitted import check_asked_for
from synthprof.explorer.models.card import Card, Children
from synthprof.explorer.models.clusters import Clusters
from synthprof.explorer.models.compare import Compared
from synthprof.explorer.models.datasets import Datasets
from synthprof.explorer.models.derived import Export, MatchWish
from synthprof.explorer.models.map import MapOfPoints
from synthprof.explorer.models.marginals import Marginals
from synthprof.explorer.models.overview import VersionFacts
from synthprof.explorer.models.progress import Progress
from synthprof.explorer.models.schema import SchemaFacts
from synthprof.explorer.models.search import Hits, LikePicture
from synthprof.explorer.models.work import Reindex, RunFacts, Runs, Started, Verify
from synthprof.explorer.server.access import Access, Job
from synthprof.explorer.server.parameters import (
    PROBLEMS,
    Conditions,
    Count,
    DatasetName,
    Exact,
    ProfileId,
    VersionInQuery,
    VersionName,
    written,
)
from synthprof.explorer.server.relay import ask, relay, response_of
from synthprof.schemas.tables import MOST_CHILDREN
from synthprof.spec.limits import MAX_POINTS, MAX_SHOWN, MAX_TEXT
from synthprof.spec.written import read_whole

ONE = "/api/datasets/{dataset}/versions/{version}"

THUMBNAIL_TYPE = "image/jpeg"
"""The media type of every thumbnail: it was made here, whatever the picture was."""

THUMBNAIL_POLICY = "sandbox; default-src 'none'; frame-ancestors 'none'"

INDEX = tuple(Reindex.model_fields)

router = APIRouter(responses=PROBLEMS)

# --- data sets and versions ------------------------------------------------------------------------------


@router.get("/api/datasets", response_model=Datasets, tags=["data sets"])
async def datasets(request: Request) -> Response:
    """Return every data set with its versions and builds, and what the caller may start."""
    answer = await ask(request, "datasets")
    can = await request.app.state.access.can(request)
    head = Datasets(home=str(request.app.state.home), can=can, datasets=[]).model_dump_json()
    return response_of(answer, head.removesuffix("[]}").encode(), b"}")


@router.get(ONE, response_model=VersionFacts, tags=["data sets"])
async def version(request: Request, dataset: DatasetName, version: VersionName) -> Response:
    """Return what the manifest of a version says: spec, stages, files, index and columns."""
    return await relay(request, "version", dataset=dataset, version=version)


@router.get(f"{ONE}/schema", response_model=SchemaFacts, tags=["one version"])
async def schema(request: Request, dataset: DatasetName, version: VersionName) -> Response:
    """Return what the rows are drawn from: the columns with their draws, the archetypes, the language."""
    return await relay(request, "schema", dataset=dataset, version=version)


@router.get(f"{ONE}/marginals", response_model=Marginals, tags=["one version"])
async def marginals(request: Request, dataset: DatasetName, version: VersionName) -> Response:
    """Return how often each value occurs, and how often it should."""
    return await relay(request, "marginals", dataset=dataset, version=version)


@router.get(f"{ONE}/clusters", response_model=Clusters, tags=["one version"])
async def clusters(request: Request, dataset: DatasetName, version: VersionName) -> Response:
    """Return the clusters, the largest first, with the values that are typical of each."""
    return await relay(request, "clusters", dataset=dataset, version=version)


@router.get(f"{ONE}/map", response_model=MapOfPoints, tags=["one version"])
async def map_of_points(
    request: Request,
    dataset: DatasetName,
    version: VersionName,
    points: Annotated[
        int,
        written(read_whole, "points"),
        Query(ge=1, le=MAX_POINTS, description="Largest number of points."),
    ] = 20_000,
    colour: Annotated[
        str, Query(max_length=63, description="`cluster`, or a column that has a list of values or a range.")
    ] = "cluster",
) -> Response:
    """Return points on a plane, one per profile; profiles of one cluster lie together."""
    return await relay(request, "map", dataset=dataset, version=version, points=points, colour=colour)


@router.get(f"{ONE}/profiles/{{id}}", response_model=Card, tags=["one version"])
async def profile(request: Request, dataset: DatasetName, version: VersionName, id: ProfileId) -> Response:
    """Return one profile and its cluster."""
    return await relay(request, "profile", dataset=dataset, version=version, profile_id=id)


@router.get(
    f"{ONE}/profiles/{{id}}/thumbnail",
    response_class=Response,
    responses={200: {"content": {THUMBNAIL_TYPE: {}}, "description": "A JPEG of at most 192 pixels."}},
    tags=["one version"],
)
async def thumbnail(request: Request, dataset: DatasetName, version: VersionName, id: ProfileId) -> Response:
    """Return the thumbnail of a picture, which was made when the picture was embedded."""
    answer = await ask(request, "thumbnail", dataset=dataset, version=version, profile_id=id)
    if answer.status != 200:
        return response_of(answer)
    return Response(answer.body, 200, {"Content-Security-Policy": THUMBNAIL_POLICY}, THUMBNAIL_TYPE)


@router.get(f"{ONE}/profiles/{{id}}/tables/{{table}}", response_model=Children, tags=["one version"])
async def children(
    request: Request,
    dataset: DatasetName,
    version: VersionName,
    id: ProfileId,
    table: Annotated[str, Path(max_length=40, description="Name of a child table.")],
    first: Annotated[
        int,
        written(read_whole, "first"),
        Query(ge=1, le=MOST_CHILDREN, description="Number of the first row."),
    ] = 1,
    count: Annotated[
        int, written(read_whole, "count"), Query(ge=1, le=MAX_SHOWN, description="Largest number of rows.")
    ] = 50,
) -> Response:
    """Return rows that a profile has in a child table, in the order of their numbers."""
    return await relay(
        request,
        "children",
        dataset=dataset,
        version=version,
        profile_id=id,
        table=table,
        first=first,
        count=count,
    )


@router.get(f"{ONE}/search", response_model=Hits, tags=["search"])
async def search(
    request: Request,
    dataset: DatasetName,
    version: VersionName,
    text: Annotated[str, Query(min_length=1, max_length=MAX_TEXT, description="Text to search for.")],
    k: Count = 10,
    where: Conditions = [],  # noqa: B006  FastAPI copies it
    exact: Exact = False,
) -> Response:
    """Return the profiles nearest to a text, each with the attributes that the text names and it has."""
    return await relay(
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


@router.get(f"{ONE}/similar/{{id}}", response_model=Hits, tags=["search"])
async def similar(
    request: Request,
    dataset: DatasetName,
    version: VersionName,
    id: ProfileId,
    k: Count = 10,
    where: Conditions = [],  # noqa: B006
    exact: Exact = False,
) -> Response:
    """Return the profiles nearest to one profile, each with the attributes that both have."""
    return await relay(
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


@router.post(f"{ONE}/similar", response_model=Hits, tags=["search"])
async def similar_picture(
    request: Request, dataset: DatasetName, version: VersionName, wanted: LikePicture
) -> Response:
    """Return the pictures nearest to one that is sent, of a version of pictures."""
    return await relay(
        request,
        "similar_picture",
        "scan" if wanted.exact else "search",
        dataset=dataset,
        version=version,
        **wanted.model_dump(),
    )


@router.get("/api/datasets/{dataset}/compare", response_model=Compared, tags=["data sets"])
async def compare(
    request: Request, dataset: DatasetName, left: VersionInQuery, right: VersionInQuery
) -> Response:
    """Return the differences between the marginals of two versions, the largest first."""
    return await relay(request, "compare", dataset=dataset, left=left, right=right)


@router.get("/api/datasets/{dataset}/progress", response_model=Progress, tags=["data sets"])
async def progress(request: Request, dataset: DatasetName) -> Response:
    """Return how far the stages of unpublished builds are."""
    return await relay(request, "progress", dataset=dataset)


# --- work, as runs of Airflow ----------------------------------------------------------------------------


@router.post(f"{ONE}/reindex", response_model=Started, status_code=202, tags=["work"])
async def reindex(request: Request, dataset: DatasetName, version: VersionName, wanted: Reindex) -> Started:
    """Start a run of Airflow that publishes the version again with another index."""
    return await _start(request, "reindex", dataset, version, wanted.model_dump())


@router.post(f"{ONE}/verify", response_model=Started, status_code=202, tags=["work"])
async def verify(request: Request, dataset: DatasetName, version: VersionName, wanted: Verify) -> Started:
    """Start a run of Airflow that checks the version against its spec."""
    return await _start(request, "verify", dataset, version, {"all_blocks": wanted.all})


@router.post(f"{ONE}/export", response_model=Started, status_code=202, tags=["work"])
async def export(request: Request, dataset: DatasetName, version: VersionName, wanted: Export) -> Started:
    """Start a run of Airflow that exports the version in one format."""
    return await _start(request, "export", dataset, version, {"formats": [wanted.format]})


@router.post(f"{ONE}/match", response_model=Started, status_code=202, tags=["work"])
async def match(request: Request, dataset: DatasetName, version: VersionName, wanted: MatchWish) -> Started:
    """Start a run of Airflow that finds near-identical pictures, of the version or a permitted folder."""
    if wanted.pictures:
        await request.app.state.access.require(request, "match")  # nobody else may learn where links lead
        try:  # and a disk may hang
            await asyncio.to_thread(check_asked_for, wanted.pictures, "pictures")
        except SpecError as error:
            raise HTTPException(422, str(error)) from None
    return await _start(request, "match", dataset, version, wanted.model_dump())


@router.get("/api/runs/{dag_id}/{run_id}", response_model=RunFacts, tags=["work"])
async def run(
    request: Request,
    dag_id: Annotated[str, Path(max_length=250)],
    run_id: Annotated[str, Path(max_length=250)],
) -> RunFacts:
    """Return the data set and version that a run made or worked on, how far it is, and why it failed."""
    return await _completed(request, await request.app.state.access.run(request, dag_id, run_id))


@router.get(f"{ONE}/work", response_model=Runs, tags=["work"])
async def work(request: Request, dataset: DatasetName, version: VersionName) -> Runs:
    """Return the last run of each kind of work on a version: verification, another index, export."""
    found = await request.app.state.access.jobs(request, dataset, version)
    return Runs(runs=[await _completed(request, each) for each in found])


async def _completed(request: Request, facts: RunFacts) -> RunFacts:
    """Add what the files under the data root tell of a run: its build, or how far its verification is."""
    if facts.dataset is None or facts.version is None:
        return facts
    at: dict[str, Any] = {"dataset": facts.dataset, "version": facts.version}
    if facts.job == "verify":
        answer = await ask(request, "verifying", **at)
    elif facts.job == "reindex" and facts.state != "success":  # until then its version is the old one
        index = Reindex.model_validate({name: facts.asked[name] for name in INDEX if name in facts.asked})
        answer = await ask(request, "reindexed", **at, **index.model_dump())
    else:
        answer = await ask(request, "build", **at)
    if answer.status != 200:
        return facts
    return RunFacts(**{**facts.model_dump(), **json.loads(answer.body)})


async def _start(request: Request, job: Job, dataset: str, version: str, conf: dict[str, Any]) -> Started:
    """Start the job; `current` becomes the name of the version that is current now."""
    access: Access = request.app.state.access
    await access.require(request, job)
    answer = await ask(request, "version_name", dataset=dataset, version=version)
    content = json.loads(answer.body)
    if answer.status != 200:
        raise HTTPException(answer.status, content["detail"])
    return await access.start(request, job, {"dataset": dataset, "version": content["version"], **conf})
