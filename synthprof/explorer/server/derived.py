"""The routes of the HTTP API for what was derived from a version. Files are told by path, not served."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from synthprof.explorer.models import derived
from synthprof.explorer.server.parameters import PROBLEMS, DatasetName, VersionName
from synthprof.explorer.server.relay import relay

ONE = "/api/datasets/{dataset}/versions/{version}"

router = APIRouter(responses=PROBLEMS, tags=["derived from a version"])


@router.get(f"{ONE}/exports", response_model=derived.Exports)
async def exports(request: Request, dataset: DatasetName, version: VersionName) -> Response:
    """Return the exports of a version, also those in the making, each with a line of code that opens it."""
    return await relay(request, "exports", dataset=dataset, version=version)


@router.get(f"{ONE}/workloads", response_model=derived.Workloads)
async def workloads(request: Request, dataset: DatasetName, version: VersionName) -> Response:
    """Return the workloads of a version: classes of queries with their hardness, filters, metrics."""
    return await relay(request, "workloads", dataset=dataset, version=version)


@router.get(f"{ONE}/matches", response_model=derived.Matches)
async def matches(request: Request, dataset: DatasetName, version: VersionName) -> Response:
    """Return matches of the version's pictures and of others: pairs, groups, recall and precision."""
    return await relay(request, "matches", dataset=dataset, version=version)


@router.get(f"{ONE}/loads", response_model=derived.Loads)
async def loads(request: Request, dataset: DatasetName, version: VersionName) -> Response:
    """Return the loads of a version into databases and search engines, as their checkpoints tell them."""
    return await relay(request, "loads", dataset=dataset, version=version)


@router.get(f"{ONE}/measurements", response_model=derived.Measurements)
async def measurements(request: Request, dataset: DatasetName, version: VersionName) -> Response:
    """Return recall and speed as they were measured on workloads of a version, the last 50 measurements."""
    return await relay(request, "measurements", dataset=dataset, version=version)
