"""The explorer inside Airflow's API server: its users, their rights, and its runs."""

import asyncio
import urllib.parse
from typing import Any, get_args

import httpx
from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.auth.managers.models.resource_details import AccessView, DagAccessEntity
from airflow.api_fastapi.core_api.security import (
    bearer_scheme,
    get_user,
    requires_access_dag,
    requires_access_view,
)
from fastapi import FastAPI, HTTPException, Request
from starlette.responses import RedirectResponse, Response

from synthprof.explorer.models import Permissions, RunFacts, Started
from synthprof.explorer.server.access import Job
from synthprof.explorer.server.app import make_app
from synthprof.orchestration.explorer.lazy import HOST_APP
from synthprof.orchestration.tasks.addresses import public_host, run_page
from synthprof.orchestration.tasks.names import REINDEX_DAG, VERIFY_DAG, dag_id
from synthprof.orchestration.tasks.service import connection_environment
from synthprof.system.environment import home_folder

PUSHES_VERSION = {REINDEX_DAG: "reindex", VERIFY_DAG: "verify"}
"""The task whose value has a run's version, where the DAG has no stage `setup` that pushes it."""


def explorer() -> FastAPI:
    """Return the explorer for Airflow's users."""
    return make_app(home_folder(), AirflowUsers(), connection_environment)


class AirflowUsers:
    """Airflow's users and their rights: to see plugins is to look, to trigger a DAG is to start its runs.

    Rights are asked in threads, not in the event loop: some auth managers keep them in a database.
    """

    def __init__(self) -> None:
        self.hosts: tuple[str, ...] = (public_host(),)

    async def admit(self, request: Request) -> Response | None:
        """Return None for a user who may see plugins; send a browser without a session to sign in."""
        try:
            user = await get_user(request, None, await bearer_scheme(request))
        except HTTPException:
            if request.method == "GET" and "text/html" in request.headers.get("accept", ""):
                return RedirectResponse(get_auth_manager().get_url_login(next_url=str(request.url)), 302)
            raise
        await asyncio.to_thread(requires_access_view(AccessView.PLUGINS), request, user)
        request.state.synthprof_user = user
        return None

    async def can(self, request: Request) -> Permissions:
        """Return whether the user may start both kinds of work."""
        try:
            for job in get_args(Job):
                await self.require(request, job)
        except HTTPException:
            return Permissions(
                trigger=False, reason=f"you may not trigger the DAG {dag_id(job)}; ask an administrator"
            )
        return Permissions(trigger=True, reason=None)

    async def require(self, request: Request, job: Job) -> None:
        """Raise HTTPException 403 for a caller who may not trigger the job's DAG."""
        check = requires_access_dag("POST", DagAccessEntity.RUN, dag_id(job))
        await asyncio.to_thread(check, request, request.state.synthprof_user)

    async def start(self, request: Request, job: Job, conf: dict[str, Any]) -> Started:
        """Start a run by Airflow's own API, which checks it and logs who asked."""
        run = await _call(
            request, "POST", f"/dags/{dag_id(job)}/dagRuns", {"logical_date": None, "conf": conf}
        )
        run_id = str(run["dag_run_id"])
        return Started(dag_id=dag_id(job), run_id=run_id, url=run_page(dag_id(job), run_id))

    async def run(self, request: Request, dag: str, run_id: str) -> RunFacts:
        """Return the data set a run was asked for, and the version that it makes or was asked to look at."""
        path = f"/dags/{_quoted(dag)}/dagRuns/{_quoted(run_id)}"
        run = await _call(request, "GET", path)
        # a run of somebody else's DAG may have anything under these names
        conf = {name: value for name, value in (run["conf"] or {}).items() if isinstance(value, str)}
        setup = None if dag in PUSHES_VERSION else await _setup_task(request, dag)
        dataset = conf.get("dataset") or await _default_dataset(request, dag)
        if setup is not None:  # its author may have fixed the data set
            dataset = await _pushed(request, path, setup, "dataset") or dataset
        version = await _version_of(request, dag, path, setup) or conf.get("version") or None
        return RunFacts(dataset=dataset, version=version, build=None, state=str(run["state"]))


async def _setup_task(request: Request, dag: str) -> str | None:
    """Return the id of the DAG's stage `setup`, which lies in a task group in DAGs of users."""
    tasks = (await _call(request, "GET", f"/dags/{_quoted(dag)}/tasks"))["tasks"]
    setups = (task["task_id"] for task in tasks if task["class_ref"]["class_name"] == "StageOperator")
    return next((name for name in setups if name.rpartition(".")[2] == "setup"), None)


async def _default_dataset(request: Request, dag: str) -> str | None:
    """Return the data set of runs that name none: the default of the DAG's parameter."""
    details = await _call(request, "GET", f"/dags/{_quoted(dag)}/details")
    param = (details.get("params") or {}).get("dataset") or {}
    value = param.get("value") if isinstance(param, dict) else param
    return value if isinstance(value, str) else None


async def _version_of(request: Request, dag: str, run_path: str, setup: str | None) -> str | None:
    """Return the version that a run looked at, made or, after `setup`, will make; None if unknown."""
    if dag in PUSHES_VERSION:
        return await _pushed(request, run_path, PUSHES_VERSION[dag], "return_value")
    return await _pushed(request, run_path, setup, "version") if setup else None


async def _pushed(request: Request, run_path: str, task: str, key: str) -> str | None:
    """Return the text that a task has pushed, or the version in its return value; None without one."""
    try:
        entry = f"{run_path}/taskInstances/{_quoted(task)}/xcomEntries/{key}?deserialize=true"
        value = (await _call(request, "GET", entry))["value"]
    except HTTPException as error:
        if error.status_code in (403, 404):
            return None
        raise
    if isinstance(value, dict):
        value = value.get("version")
    return value if isinstance(value, str) else None


async def _call(request: Request, method: str, path: str, body: Any = None) -> dict[str, Any]:  # noqa: ANN401
    """Ask Airflow's public API as the caller of this request; raise HTTPException with its refusal."""
    transport = httpx.ASGITransport(request.scope[HOST_APP])
    passed_on = ("host", "authorization", "cookie")
    headers = {name: request.headers[name] for name in passed_on if name in request.headers}
    async with httpx.AsyncClient(transport=transport, base_url="http://airflow", timeout=30) as client:
        answer = await client.request(method, f"/api/v2{path}", json=body, headers=headers)
    if answer.is_success:
        return dict(answer.json())
    try:
        detail = answer.json().get("detail")
    except ValueError:
        detail = answer.text[:200]
    status = answer.status_code if answer.status_code in (401, 403, 404, 409, 429) else 503
    raise HTTPException(422 if answer.status_code == 400 else status, detail)


def _quoted(text: str) -> str:
    return urllib.parse.quote(text, safe="")
