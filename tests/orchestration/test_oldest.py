"""The DAGs on the oldest Airflow that pyproject.toml allows; other tests have the newest there is."""

import json
import os
import subprocess
import tomllib
from pathlib import Path

import pytest
from dag_runs import airflow_environment, run_dag

from synthprof.orchestration.local.home import PROJECT
from synthprof.orchestration.tasks.writers import WRITERS
from synthprof.pipeline import STAGES
from synthprof.store.manifest import read_manifest
from synthprof.store.store import Store

ENVIRONMENT = Path(os.environ.get("SYNTHPROF_OLDEST") or PROJECT / ".venv-oldest")
PYTHON = ENVIRONMENT / "bin" / "python"
pytestmark = [
    pytest.mark.timeout(900),
    pytest.mark.skipif(
        not (ENVIRONMENT / ".ready").is_file(),
        reason="no Airflow 3.2: `make oldest` installs it, SYNTHPROF_OLDEST may name another environment",
    ),
]

IMPORTED = """
import json, sys
from importlib.metadata import version
from airflow.utils.db import upgradedb
upgradedb()
from airflow.dag_processing.dagbag import DagBag
from airflow.providers_manager import ProvidersManager
bag = DagBag(sys.argv[1])
found = [version("apache-airflow"), sorted(bag.dags), bag.import_errors, list(ProvidersManager().providers)]
print("FOUND" + json.dumps(found))
"""


def test_dags_and_examples_import_and_the_provider_is_found(tmp_path):
    environment = airflow_environment(tmp_path, PROJECT / "dags")
    found = {}
    for folder in ("dags", "examples"):
        ended = subprocess.run(
            [PYTHON, "-c", IMPORTED, str(PROJECT / folder)], env=environment, capture_output=True, text=True
        )
        assert "FOUND" in ended.stdout, (ended.stdout + ended.stderr)[-4_000:]
        version, dags, errors, providers = json.loads(ended.stdout.rpartition("FOUND")[2])
        assert errors == {}
        assert "synthprof" in providers
        found[folder] = dags
    assert {"synthprof_generate", "synthprof_embed", "synthprof_verify"} <= set(found["dags"])
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    (bounds,) = (
        each for each in project["optional-dependencies"]["airflow"] if each.startswith("apache-airflow")
    )
    oldest = bounds.partition(">=")[2].partition(",")[0]
    assert version == oldest or version.startswith(f"{oldest}.0")


@pytest.mark.long
def test_the_dag_that_generates_runs(tmp_path):
    file = PROJECT / "dags" / "synthprof_dags.py"
    params = {"dataset": "oldest", "profiles": 700, "clusters": 4, "save_index": True}
    state, tasks, values = run_dag(tmp_path, file, "synthprof_generate", str(PYTHON), **params)
    assert state == "success", tasks
    assert set(tasks) == {WRITERS, *(stage.name for stage in STAGES)}
    manifest = read_manifest(Store(tmp_path / "data", "oldest").current())
    assert (manifest.rows, manifest.version) == (700, values["publish"]["version"])
