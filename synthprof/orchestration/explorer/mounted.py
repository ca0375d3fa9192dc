"""The explorer inside Airflow's API server: its users, their rights, and its runs."""

import asyncio
import contextlib
import urllib.parse
from collections import Counter
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

from synthprof.explorer.models.datasets import Permissions
from synthprof.explorer.models.derived import Derivation
from synthprof.explorer.models.work import RunFacts, Started, TaskFacts
from synthprof.explorer.server.access import Job
from synthprof.explorer.server.app import make_app
from synthprof.orchestration.explorer.lazy import HOST_APP
from synthprof.orchestration.tasks.addresses import public_host, run_page
from synthprof.orchestration.tasks.names import (
    EXPORT_DAG,
    LOAD_DAG,
    MATCH_DAG,
    REINDEX_DAG,
    VERIFY_DAG,
    WORKLOAD_DAG,
    dag_id,
)
from synthprof.orchestration.tasks.operator import NO_MESSAGE, PROBLEM
from synthprof.orchestration.tasks.service import connection_environment
from synthprof.system.environment import home_folder

JOBS: dict[str, Job] = {
    REINDEX_DAG: "reindex",
    VERIFY_DAG: "verify",
    EXPORT_DAG: "export",
    MATCH_DAG: "match",
}
"""The jobs on a published version that are started here, by their DAGs."""

WORK: dict[str, Job | Derivation] = {**JOBS, WORKLOAD_DAG: "workload", LOAD_DAG: "load"}
"""All work on published versions by its DAGs. The task whose value has the version bears its name."""

MAPPED = (EXPORT_DAG,)
"""DAGs in which that task is mapped; its first instance is asked."""

LATEST = "order_by=-run_after&limit=50"
"""The runs of a DAG among which those on one version are looked for."""

STATES = (
    *("failed", "upstream_failed", "up_for_retry", "running", "restarting", "queued", "scheduled"),
    *("deferred", "up_for_reschedule", "waiting", "removed", "skipped", "success"),
)
"""Airflow's states of a task, and `waiting` for none; of several, the first is that of their task."""


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
        """Return whether the user may start every kind of work."""
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
        """Return what a run was asked for, the version that it makes or looks at, and why it failed."""
        path = f"/dags/{_quoted(dag)}/dagRuns/{_quoted(run_id)}"
        run = await _call(request, "GET", path)
        # a run of somebody else's DAG may have anything under these names
        conf = {name: value for name, value in (run["conf"] or {}).items() if isinstance(value, str)}
        setup = None if dag in WORK else await _setup_task(request, dag)
        dataset = conf.get("dataset") or await _default_dataset(request, dag)
        if setup is not None:  # its author may have fixed the data set
            dataset = await _pushed(request, path, setup, "dataset") or dataset
        version = await _version_of(request, dag, path, setup) or conf.get("version") or None
        tasks = await _tasks_of(request, path)
        failed, problem = await _problem_of(request, path, tasks)
        return RunFacts(
            dag_id=dag,
            run_id=run_id,
            url=run_page(dag, run_id),
            job=WORK.get(dag),
            dataset=dataset,
            version=version,
            build=None,
            state=str(run["state"]),
            asked=run["conf"] or {},
            started_at=run["start_date"],
            ended_at=run["end_date"],
            tasks=_grouped(tasks),
            failed_task=failed,
            problem=problem,
            step=None,
        )

    async def jobs(self, request: Request, dataset: str, version: str) -> list[RunFacts]:
        """Return the last run of each job on a version, of those that the caller may see."""
        found = []
        for dag in JOBS:
            with contextlib.suppress(HTTPException):  # runs that the caller may not see, or no such DAG
                runs = (await _call(request, "GET", f"/dags/{dag}/dagRuns?{LATEST}"))["dag_runs"]
                for run in runs:
                    conf = run["conf"] or {}
                    if (conf.get("dataset"), conf.get("version")) == (dataset, version):
                        found.append(await self.run(request, dag, run["dag_run_id"]))
                        break
        return found


async def _tasks_of(request: Request, run_path: str) -> list[dict[str, Any]]:
    """Return the task instances of a run; Airflow gives a hundred at a time."""
    found: list[dict[str, Any]] = []
    while True:
        path = f"{run_path}/taskInstances?limit=100&order_by=id&offset={len(found)}"
        page = await _call(request, "GET", path)
        found += page["task_instances"]
        if not page["task_instances"] or len(found) >= page["total_entries"]:
            return found


def _grouped(tasks: list[dict[str, Any]]) -> list[TaskFacts]:
    """Return the tasks in the order in which they began, the instances of each together."""
    found: dict[str, list[dict[str, Any]]] = {}
    for task in sorted(tasks, key=lambda each: each["start_date"] or "9999"):
        found.setdefault(task["task_id"], []).append(task)
    return [_task(name, of) for name, of in found.items()]


def _task(name: str, of: list[dict[str, Any]]) -> TaskFacts:
    states = Counter(each["state"] or "waiting" for each in of)
    return TaskFacts(
        task=name,
        state=min(states, key=lambda state: STATES.index(state) if state in STATES else 0),
        states=dict(states),
        tries=max(each["try_number"] or 0 for each in of),
        tries_allowed=1 + max(each["max_tries"] or 0 for each in of),
    )


async def _problem_of(
    request: Request, run_path: str, tasks: list[dict[str, Any]]
) -> tuple[str | None, str | None]:
    """Return the task that failed, or waits for its next attempt, and its message; None for none."""
    ended = [task for task in tasks if task["state"] in ("failed", "up_for_retry")]
    for task in sorted(ended, key=lambda each: (each["state"] != "failed", each["end_date"] or "")):
        name = task["task_id"]
        problem = await _pushed(request, run_path, name, PROBLEM, task["map_index"])
        return name, problem or NO_MESSAGE
    return None, None


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
    if dag in WORK:
        return await _pushed(request, run_path, WORK[dag], "return_value", 0 if dag in MAPPED else -1)
    return await _pushed(request, run_path, setup, "version") if setup else None


async def _pushed(request: Request, run_path: str, task: str, key: str, map_index: int = -1) -> str | None:
    """Return the text that a task has pushed, or the version in its return value; None without one."""
    try:
        entry = f"{run_path}/taskInstances/{_quoted(task)}/xcomEntries/{key}?deserialize=true"
        entry += f"&map_index={map_index}"
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
