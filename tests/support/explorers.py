"""The explorer for tests: a data set to look at, and callers of its app in this process."""

import contextlib
import os
import re
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from place import SCRATCH

from synthprof.explorer.server.access import TokenAccess
from synthprof.explorer.server.app import make_app
from synthprof.orchestration.local.home import Home
from synthprof.runner.run import run_all
from synthprof.spec.request import Request
from synthprof.spec.spec import BLOCK_ROWS

with warnings.catch_warnings():  # it would rather have httpx2, which nothing else here needs
    warnings.simplefilter("ignore")
    from starlette.testclient import TestClient

DATASET = "players"
ROWS = BLOCK_ROWS + 600
ORDER = {"dataset": DATASET, "profiles": ROWS, "clusters": 12, "kmeans_niter": 3, "index": "flat"}
ONE = f"/api/datasets/{DATASET}/versions/current"

PATIENT = {"SYNTHPROF_EXPLORER_SECONDS": "300"}
"""For machines that others hold: a test may wait longer than a reader."""

VIEWER, OPERATOR = "viewer", "op"


def publish(home: Path, **changes) -> str:
    """The name of the version that the order gives, changed so."""
    return str(run_all(Request.from_params(ORDER | changes), home).published["version"])


def two_versions(home: Path) -> Path:
    """The data root with two versions of the data set, the second one current."""
    publish(home, seed=1, profiles=1_500, workers=1)
    publish(home, seed=2, workers=2)
    return home


def answer(client, path: str, **options):
    """The API's answer, of status 200."""
    response = client.get(path, **options)
    assert response.status_code == 200, response.text
    return response.json()


def requests_of(app, prefix: str = "") -> Iterator[tuple[str, str, Any]]:
    """A good request for every route that there is."""
    values = {
        "dataset": DATASET,
        "version": "current",
        "id": "1",
        "name": "docs.css",
        "measurement": "m",
        "match": f"match-{'0' * 12}",
        "dag_id": "d",
        "run_id": "r",
        "table": "sessions",
    }
    queries = {"search": "?text=RPG", "compare": "?left=current&right=current"}
    for route in app.routes:
        path = re.sub(r"\{(\w+)\}", lambda found: values[found[1]], route.path)
        body = {} if "POST" in route.methods else None
        for method in sorted(route.methods - {"HEAD"}):
            yield method, f"{prefix}{path}{queries.get(path.rpartition('/')[2], '')}", body


@contextlib.contextmanager
def alone(home: Path, token: str | None = None) -> Iterator[TestClient]:
    """A caller of the explorer without Airflow."""
    with TestClient(make_app(home, TokenAccess(token)), raise_server_exceptions=False) as client:
        yield client


@contextlib.contextmanager
def inside_airflow(home: Path) -> Iterator[tuple[TestClient, dict[str | None, dict[str, str]]]]:
    """A caller of Airflow's own app with our plugin, and the headers of each user; None is anonymous."""
    settings = {
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "False",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": f"{VIEWER}:viewer,{OPERATOR}:op",
        "SYNTHPROF_HOME": str(home),
    }
    before = dict(os.environ)
    os.environ |= settings
    try:
        Home(SCRATCH / "imported").migrate()
        from airflow.api_fastapi.app import create_app, get_auth_manager
        from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser

        app = create_app("core")
        headers: dict[str | None, dict[str, str]] = {None: {}}
        for name in (VIEWER, OPERATOR):
            user = SimpleAuthManagerUser(username=name, role=name)
            headers[name] = {"authorization": f"Bearer {get_auth_manager().generate_jwt(user)}"}
        with TestClient(app, raise_server_exceptions=False, follow_redirects=False) as client:
            yield client, headers
    finally:
        os.environ.clear()
        os.environ |= before


@contextlib.contextmanager
def served(home: Path, files: int = 1_024, first: str = "") -> Iterator[str]:
    """The address of `synthprof serve` over `home`, which may open that many files. first: code before it."""
    limited = ["sh", "-c", f'ulimit -n {files}; exec "$@"', "sh"]
    code = f"{first}\nfrom synthprof.cli.main import main\nmain()"
    command = [*limited, sys.executable, "-c", code, "serve", "--port", "0"]
    environment = os.environ | {"SYNTHPROF_HOME": str(home), "COLUMNS": "200", "PYTHONUNBUFFERED": "1"}
    environment |= PATIENT
    with subprocess.Popen(command, env=environment, text=True, stdout=subprocess.PIPE) as server:
        try:
            found = re.search(r"http://[^;]*/", server.stdout.readline())
            assert found, server.stdout.read()
            yield found[0]
        finally:
            server.terminate()
