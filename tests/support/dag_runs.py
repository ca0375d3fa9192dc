"""Runs of DAG files by `dag.test()`, in a process of its own, with any environment's Airflow."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from synthprof.orchestration.local.home import Home

CODE = """
import json, sys
from airflow.utils.db import upgradedb
upgradedb()
from airflow.dag_processing.dagbag import DagBag
from airflow.models.xcom import XComModel
from airflow.utils.session import create_session
path, dag_id, conf = sys.argv[1:4]
bag = DagBag(path)
assert not bag.import_errors, bag.import_errors
run = bag.dags[dag_id].test(run_conf=json.loads(conf))
tasks = {task.task_id: str(getattr(task.state, "value", task.state)) for task in run.get_task_instances()}
with create_session() as session:
    rows = session.scalars(XComModel.get_many(run_id=run.run_id, dag_ids=dag_id, key="return_value"))
    values = {row.task_id: XComModel.deserialize_value(row) for row in rows}
print("FOUND" + json.dumps([str(getattr(run.state, "value", run.state)), tasks, values]))
"""


def airflow_environment(folder: Path, dags: Path) -> dict[str, str]:
    """An Airflow and a data root of its own below the folder, in the environment of a process."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")}
    home = Home(folder / "airflow").environment()
    own = {"AIRFLOW__CORE__DAGS_FOLDER": str(dags), "SYNTHPROF_HOME": str(folder / "data")}
    return kept | home | own


def run_dag(
    folder: Path, file: Path, dag: str, python: str = sys.executable, **conf: Any
) -> tuple[str, dict[str, str], dict[str, Any]]:
    """The run's state, its tasks' states, and their values. Data lies in folder/data."""
    environment = airflow_environment(folder, file.parent)
    command = [python, "-c", CODE, str(file), dag, json.dumps(conf)]
    ended = subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True)
    assert "FOUND" in ended.stdout, (ended.stdout + ended.stderr)[-6_000:]
    state, tasks, values = json.loads(ended.stdout.rpartition("FOUND")[2])
    return state, tasks, values
