"""The local Airflow: the folder of its state, the settings it runs with, and the process that may use it."""

import contextlib
import fcntl
import importlib.metadata
import json
import os
import secrets
import sqlite3
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from synthprof.base.files import replacing
from synthprof.base.locks import try_lock

PROJECT = Path(__file__).parents[3]
HOST = "127.0.0.1"
"""The address it listens on. Whoever reaches it is an administrator, so no other host may (`plugins/`)."""

SAFE_PATH = ("-P",)
"""Python's options for processes of Airflow: with the project's folder on the path, its `synthprof.egg-info`
would be found beside the installed package, and Airflow would report the plugin as registered twice."""

Use = Literal["nobody", "runs", "ui"]


@dataclass(frozen=True)
class Home:
    """A folder with a metadata database in SQLite, logs and secrets, and the port of its API server."""

    path: Path
    port: int = 8080

    @classmethod
    def default(cls, port: int = 8080) -> "Home":
        """`.airflow` in the project's folder, unless SYNTHPROF_AIRFLOW_HOME names another."""
        return cls(Path(os.environ.get("SYNTHPROF_AIRFLOW_HOME") or PROJECT / ".airflow").absolute(), port)

    @property
    def url(self) -> str:
        """The address of its API server."""
        return f"http://{HOST}:{self.port}"

    @property
    def database(self) -> Path:
        """Its metadata database."""
        return self.path / "airflow.db"

    @classmethod
    def of_ui(cls) -> "Home":
        """Return the default home with the port that its UI was last started on."""
        home = cls.default()
        with contextlib.suppress(OSError, ValueError):
            return cls(home.path, int((home.path / "port").read_text()))
        return home

    def environment(self) -> dict[str, str]:
        """Return all settings as environment variables, so that no airflow.cfg decides anything."""
        self.path.mkdir(parents=True, exist_ok=True)
        return {f"AIRFLOW__{name}": value for name, value in (_SETTINGS | self._settings()).items()} | {
            "AIRFLOW_HOME": str(self.path)
        }

    def migrate(self) -> None:
        """Bring the metadata database to this version of Airflow; needs the environment of this home."""
        stamp = self.path / "migrated"
        version = importlib.metadata.version("apache-airflow-core")
        with locked(self.path / "migrate.lock"):
            if self.database.exists() and stamp.exists() and stamp.read_text() == version:
                return
            from airflow.utils.db import upgradedb

            upgradedb()
            stamp.write_text(version)

    @contextlib.contextmanager
    def used(self, *, by: Literal["run", "ui"]) -> Iterator[Use]:
        """Take the home while the block runs; yield the use that others make of it.

        After "nobody" it may be used, after "runs" for a run; "ui" means that the UI has it. The UI's
        scheduler would work on a run that another process works on: so either the UI or runs.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        with (self.path / "use.lock").open("a") as lock:
            with locked(self.path / "enter.lock"):  # else a run that gives up dead ones looks like the UI
                alone = try_lock(lock.fileno())
                if alone:
                    self._give_up_dead_runs()
                shared = (by == "run" or not alone) and try_lock(lock.fileno(), shared=True)
            yield "nobody" if alone else "runs" if shared else "ui"

    def _settings(self) -> dict[str, str]:
        kept = self._secrets()
        return {
            # without the time-out a write lock over 5 s gives HTTP 500
            "DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{self.database}?timeout=60",
            "CORE__FERNET_KEY": kept["fernet_key"],
            "API__BASE_URL": self.url,
            "API__PORT": str(self.port),
            "API__SECRET_KEY": kept["secret_key"],
            "API_AUTH__JWT_SECRET": kept["jwt_secret"],
            "LOGGING__BASE_LOG_FOLDER": str(self.path / "logs"),
            "DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST": json.dumps(_bundles()),
        }

    def _secrets(self) -> dict[str, str]:
        path = self.path / "secrets.json"
        with locked(self.path / "secrets.lock"):
            if not path.exists() or path.stat().st_size == 0:
                sizes = {"fernet_key": 32, "secret_key": 32, "jwt_secret": 64}
                made = {name: urlsafe_b64encode(secrets.token_bytes(n)).decode() for name, n in sizes.items()}
                with replacing(path) as new:
                    new.touch(mode=0o600)
                    new.write_text(json.dumps(made))
            return dict(json.loads(path.read_text()))

    def _give_up_dead_runs(self) -> None:
        """Mark runs whose process was killed as failed, lest the scheduler carry them on unasked."""
        if not self.database.exists():
            return
        with (
            contextlib.suppress(sqlite3.OperationalError),  # no tables yet
            contextlib.closing(sqlite3.connect(self.database, timeout=60)) as connection,
        ):
            connection.executescript(_GIVE_UP)


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Lock the file for this process alone while the block runs."""
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _bundles() -> list[dict[str, Any]]:
    """Our DAGs, and those of the folder that SYNTHPROF_DAGS names: consumers of data sets, for instance."""
    local = "airflow.dag_processing.bundles.local.LocalDagBundle"
    own = {"name": "dags-folder", "classpath": local, "kwargs": {}}
    more = os.environ.get("SYNTHPROF_DAGS")
    if not more:
        return [own]
    return [own, {"name": "more", "classpath": local, "kwargs": {"path": str(Path(more).absolute())}}]


_CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1

_SETTINGS = {
    "API__HOST": HOST,
    "CORE__DAGS_FOLDER": str(PROJECT / "dags"),
    "CORE__PLUGINS_FOLDER": str(PROJECT / "plugins"),
    "CORE__EXECUTOR": "LocalExecutor",
    "CORE__LOAD_EXAMPLES": "False",
    # one task more than cores: stages that wait for the disk run beside those that compute
    "CORE__PARALLELISM": str(max(2, min(_CORES, 8)) + 1),
    "CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
    "DAG_PROCESSOR__PARSING_PROCESSES": "1",
    "DAG_PROCESSOR__REFRESH_INTERVAL": "10",
    # the scheduler says five times a second which task still waits; LOGGING_LEVEL would empty tasks' logs too
    "LOGGING__NAMESPACE_LEVELS": "airflow.jobs.scheduler_job_runner=WARNING,airflow.api_fastapi=WARNING",
    "SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.2",
    # a task's supervisor looks whether its task has ended, or was ended by someone, only that often (seconds)
    "WORKERS__MIN_HEARTBEAT_INTERVAL": "1",
    "USAGE_DATA_COLLECTION__ENABLED": "False",
}

_GIVE_UP = """
UPDATE task_instance SET state = 'failed', end_date = CURRENT_TIMESTAMP
WHERE state IN ('running', 'queued', 'scheduled', 'up_for_retry') AND (dag_id, run_id) IN
  (SELECT dag_id, run_id FROM dag_run WHERE state = 'running' AND upper(triggered_by) = 'TEST');
UPDATE dag_run SET state = 'failed', end_date = CURRENT_TIMESTAMP
WHERE state = 'running' AND upper(triggered_by) = 'TEST';
"""
