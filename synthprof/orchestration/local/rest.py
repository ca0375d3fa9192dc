"""Requests to the REST API of a running Airflow, for the launcher and the tests."""

from typing import Any, Self

import httpx

from synthprof.orchestration.tasks.names import GENERATE_DAG


class Airflow:
    """A running Airflow. login: name and password, where its callers are not all administrators."""

    def __init__(self, url: str, login: tuple[str, str] | None = None) -> None:
        self.url = url
        self._login = login
        self._client = httpx.Client(base_url=url, timeout=60, trust_env=False)  # past a proxy: it is here

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def answers(self) -> bool:
        """Return whether a server answers at all."""
        try:
            self._client.get("/api/v2/version")
        except httpx.HTTPError:
            return False
        return True

    def takes_reports(self) -> bool:
        """Return whether tasks can report: Airflow builds that part of its API when first asked."""
        try:
            return self._client.get("/execution/health").status_code == httpx.codes.OK
        except httpx.HTTPError:
            return False

    def healthy(self) -> bool:
        """Return whether API server, scheduler and DAG processor work and the DAG is there."""
        try:
            health = self._client.get("/api/v2/monitor/health").json()
            parts = ("metadatabase", "scheduler", "dag_processor")
            return (
                all(health[part]["status"] == "healthy" for part in parts)
                and self.call("GET", f"/dags/{GENERATE_DAG}").status_code == httpx.codes.OK
            )
        except (httpx.HTTPError, ValueError, KeyError):
            return False

    def call(self, method: str, path: str, body: Any = None) -> httpx.Response:  # noqa: ANN401
        """Return the answer of /api/v2 + path."""
        return self.ask(method, f"/api/v2{path}", body)

    def ask(self, method: str, path: str, body: Any = None) -> httpx.Response:  # noqa: ANN401
        """Return the answer of any path, such as a plugin's."""
        if "authorization" not in self._client.headers:
            self._client.headers["authorization"] = f"Bearer {self._token()}"
        return self._client.request(method, path, json=body)

    def _token(self) -> str:
        if self._login is None:
            answer = self._client.get("/auth/token")
        else:
            name, password = self._login
            answer = self._client.post("/auth/token", json={"username": name, "password": password})
        return str(answer.raise_for_status().json()["access_token"])

    def paused(self, dag: str) -> bool:
        """Return whether the DAG is paused."""
        return bool(self._get(f"/dags/{dag}")["is_paused"])

    def trigger(self, dag: str, params: dict[str, Any]) -> httpx.Response:
        """Trigger a run without a logical date; return the answer."""
        return self.call("POST", f"/dags/{dag}/dagRuns", {"logical_date": None, "conf": params})

    def run(self, dag: str, run: str) -> dict[str, Any]:
        """Return the run."""
        return self._get(f"/dags/{dag}/dagRuns/{run}")

    def tasks(self, dag: str, run: str) -> list[dict[str, Any]]:
        """Return the task instances of a run; Airflow gives a hundred at a time."""
        found: list[dict[str, Any]] = []
        while True:
            path = f"/dags/{dag}/dagRuns/{run}/taskInstances?limit=100&order_by=id&offset={len(found)}"
            page = self._get(path)
            found += page["task_instances"]
            if not page["task_instances"] or len(found) >= page["total_entries"]:
                return found

    def log(self, dag: str, run: str, task: str, attempt: int = 1, map_index: int = -1) -> list[str]:
        """Return the messages in a task's log."""
        path = f"/dags/{dag}/dagRuns/{run}/taskInstances/{task}/logs/{attempt}"
        content = self._get(f"{path}?full_content=true&map_index={map_index}")["content"]
        return [str(line["event"]) if isinstance(line, dict) else str(line) for line in content]

    def value(self, dag: str, run: str, task: str) -> Any:  # noqa: ANN401
        """Return the value that a task has returned."""
        path = f"/dags/{dag}/dagRuns/{run}/taskInstances/{task}/xcomEntries/return_value?deserialize=true"
        return self._get(path)["value"]

    def _get(self, path: str) -> dict[str, Any]:
        return dict(self.call("GET", path).raise_for_status().json())
