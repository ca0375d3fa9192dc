"""Two Celery workers, one of which is killed midway; the result is that of one machine."""

import json
import os
import subprocess
import sys

import pytest
from composed import AIRFLOW, BUCKET, SECONDS_TO_START, Cluster
from place import ended, until

from synthprof.orchestration.bucket.bucket import Bucket
from synthprof.spec.spec import BLOCK_ROWS
from synthprof.store.store import Store

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(1500)]

GENERATE = "synthprof_generate"
PARAMS = {"profiles": 5 * BLOCK_ROWS + 100, "clusters": 16, "shards": 3, "workers": 1}
PATIENCE = 600


@pytest.fixture(scope="module")
def alone(tmp_path_factory) -> str:
    """The digest of the data set as one machine makes it, without Airflow."""
    home = tmp_path_factory.mktemp("alone")
    options = [
        "--profiles",
        str(PARAMS["profiles"]),
        "--clusters",
        str(PARAMS["clusters"]),
        "--dataset",
        "alone",
    ]
    command = [sys.executable, "-m", "synthprof", "run", *options]
    subprocess.run(command, check=True, capture_output=True, env=os.environ | {"SYNTHPROF_HOME": str(home)})
    return str(json.loads((Store(home, "alone").current() / "MANIFEST.json").read_text())["content"])


@pytest.fixture(autouse=True)
def no_worker_is_left_to_the_next_test(cluster):
    yield
    for worker in [name for name in cluster.running if name.startswith("worker")]:
        cluster.end(worker)


def run_and_kill_one(cluster: Cluster, dataset: str, homes: dict[str, str], storage: str) -> dict:
    """The result of publishing, though a worker at work on a stage was killed with all its processes."""
    for worker, home in homes.items():
        cluster.run(worker, "worker", home=home, storage=storage)
    with cluster.airflow() as airflow:
        until(airflow.healthy, SECONDS_TO_START, "Airflow's health")
        answer = airflow.trigger(GENERATE, PARAMS | {"dataset": dataset})
        assert answer.status_code == 200, answer.text
        run = answer.json()["dag_run_id"]

        def killed() -> str | None:
            cluster.check()
            return next((worker for worker in homes if cluster.kill_at_work(worker)), None)

        until(killed, PATIENCE, "a worker at work on a stage")
        assert ended(airflow, GENERATE, run, PATIENCE) == "success"
        tries = {(t["task_id"], t["map_index"]): t["try_number"] for t in airflow.tasks(GENERATE, run)}
        assert max(tries.values()) > 1, "no task was tried again"

        def read() -> bool:
            log = airflow.log(GENERATE, run, "publish", tries["publish", -1])
            return any("Receipt" in line for line in log)

        # each service has a folder of its own for logs, as on machines of its own: Airflow stores the log of
        # a task after it has told of its end
        until(read, SECONDS_TO_START, "a receipt in the stored log of publish")
        return airflow.value(GENERATE, run, "publish")


def test_every_health_check_of_the_compose_file_succeeds(cluster):
    # asked first, because it is cheaper than the checks, two of which start Airflow's command
    with cluster.airflow() as airflow:
        until(airflow.healthy, SECONDS_TO_START, "Airflow's health")
    for name in AIRFLOW:
        until(lambda name=name: cluster.healthy(name, name), SECONDS_TO_START, f"health of {name}")


def test_a_bucket_and_two_workers_with_homes_of_their_own(cluster, alone, monkeypatch):
    value = run_and_kill_one(cluster, "bucket", {"worker-1": "one", "worker-2": "two"}, BUCKET)
    assert value["content"] == alone
    monkeypatch.setenv("AIRFLOW_CONN_SYNTHPROF_STORAGE", cluster.variables["STORAGE_CONNECTION"])
    bucket = Bucket(BUCKET)
    assert bucket.text("bucket/CURRENT") == f"versions/{value['version']}\n"
    manifest = json.loads(bucket.text(f"bucket/versions/{value['version']}/MANIFEST.json"))
    for file in manifest["files"]:
        assert bucket.has(f"bucket/versions/{value['version']}/{file['path']}", file["bytes"])
    assert {path.name for path in (cluster.folder / "homes").iterdir()} >= {"one", "two"}
    (left,) = {"worker-1", "worker-2"} & set(cluster.running)
    until(lambda: cluster.healthy("worker", left), SECONDS_TO_START, "health of a worker")


def test_a_shared_folder_and_two_workers(cluster, alone):
    value = run_and_kill_one(cluster, "folder", {"worker-3": "shared", "worker-4": "shared"}, "")
    assert value["content"] == alone
    folder = Store(cluster.folder / "homes" / "shared", "folder").current()
    assert folder.name == value["version"]
