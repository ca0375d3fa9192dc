"""The DAGs that make workloads and load versions, run by a real scheduler."""

import json
import signal
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

import psutil
import pytest
from explorers import DATASET, publish
from place import Place, ended, until

from synthprof.delivery.workloads.workload import open_workload
from synthprof.orchestration.local.rest import Airflow

pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]

WORKLOAD, LOAD = "synthprof_workload", "synthprof_load"
ROWS = 100_000


@pytest.fixture(scope="module")
def made(airflow: Place) -> str:
    return publish(airflow.data, profiles=ROWS, index="flat", dim_embedding=64, seed=3)


def triggered(rest: Airflow, dag: str, **params: object) -> str:
    answer = rest.trigger(dag, {"dataset": DATASET} | params)
    return str(answer.raise_for_status().json()["dag_run_id"])


def connection(rest: Airflow, name: str, **parts: object) -> None:
    body = {"connection_id": f"synthprof_{name}", **parts}
    assert rest.call("POST", "/connections", body).status_code == 201


def test_a_workload_is_made_and_its_labels_are_loaded_by_a_connection(rest, made, tmp_path) -> None:
    run = triggered(rest, WORKLOAD, version=made, queries=20, filters="label_1p")
    assert ended(rest, WORKLOAD, run) == "success"
    workload = open_workload(Path(rest.value(WORKLOAD, run, "workload")["folder"]))
    assert workload.queries.num_rows == 20
    key = workload.output.key
    asked = f"Queries for **{DATASET}** version `{made}`: 20 under 1 filter, in workload `{key}`."
    assert rest.run(WORKLOAD, run)["note"].startswith(asked)
    schema, extra = f"{tmp_path}/rows.duckdb"[1:], '{"table": "people"}'
    connection(rest, "duck", conn_type="duckdb", schema=schema, extra=extra)
    params = {"version": made, "into": "conn:duck", "columns": "idade", "workload": key}
    run = triggered(rest, LOAD, **params)
    assert ended(rest, LOAD, run) == "success"
    loaded = rest.value(LOAD, run, "load")
    assert (loaded["rows"], loaded["table"]) == (ROWS, "people")
    note = f"Loaded **{DATASET}** version `{made}`: 100,000 rows in people of duckdb:///"
    assert rest.run(LOAD, run)["note"].startswith(note)
    links = rest.call("GET", f"/dags/{LOAD}/dagRuns/{quote(run)}/taskInstances/load/links").json()
    assert links["extra_links"]["Explorer"].startswith(f"/synthprof/?dag_id={LOAD}&run_id=")
    one = f"/synthprof/api/datasets/{DATASET}/versions/{made}"
    (told,) = rest.ask("GET", f"{one}/loads").json()["loads"]
    assert (told["rows"], told["state"], told["workload"]) == (ROWS, "finished", key)
    facts = rest.ask("GET", f"/synthprof/api/runs/{LOAD}/{quote(run)}").json()
    assert (facts["job"], facts["version"]) == ("load", made)


def test_a_killed_load_goes_on_in_the_next_try(airflow, rest, made, tmp_path) -> None:
    run = triggered(rest, LOAD, version=made, into=f"sqlite:{tmp_path}/rows.db")
    until(lambda: _blocks(airflow, "sqlite"), 300, "a block in the table")
    for child in _children(airflow):
        child.send_signal(signal.SIGKILL)
    assert ended(rest, LOAD, run) == "success"
    (task,) = rest.tasks(LOAD, run)
    assert task["try_number"] == 2
    loaded = rest.value(LOAD, run, "load")
    assert loaded["rows"] == ROWS and 0 < loaded["written"] < ROWS


def _blocks(airflow: Place, scheme: str) -> int:
    found = [json.loads(path.read_text()) for path in airflow.data.glob(f"*/loads/{scheme}-*.json")]
    return sum(each["blocks"] for each in found if not each["done"])


def _children(airflow: Place) -> list[psutil.Process]:
    """The processes that load for this place."""
    every = psutil.process_iter(["cmdline"])
    found = [each for each in every if "synthprof.delivery.child" in (each.info["cmdline"] or ())]
    return [each for each in found if each.environ().get("SYNTHPROF_HOME") == str(airflow.data)]


@pytest.mark.parametrize(
    ("into", "told"),
    [
        ("conn:wrong", "refuses: password authentication failed for user"),
        ("conn:other", "embedding is FLOAT[3], not FLOAT[64]"),
        ("postgresql://ana:s3cret@host/x", "has a password, which other users of this machine would see"),
    ],
)
def test_a_load_that_cannot_be_fails_at_once_with_what_helps(
    rest, made, tmp_path, postgres_url, into, told
) -> None:
    import duckdb

    name = into.removeprefix("conn:")
    if name == "wrong":
        parts = urlsplit(postgres_url)
        known = {"host": parts.hostname, "port": parts.port, "login": unquote(parts.username or "")}
        connection(rest, name, conn_type="postgres", password="s3cret", schema="postgres", **known)
    if name == "other":
        file = tmp_path / "other.duckdb"
        with duckdb.connect(str(file)) as database:
            database.execute("CREATE TABLE people (id BIGINT PRIMARY KEY, embedding FLOAT[3])")
        connection(rest, name, conn_type="duckdb", schema=str(file)[1:], extra='{"table": "people"}')
    run = triggered(rest, LOAD, version=made, into=into, columns="idade")
    assert ended(rest, LOAD, run) == "failed"
    (task,) = rest.tasks(LOAD, run)
    assert task["try_number"] == 1
    log = "\n".join(rest.log(LOAD, run, "load"))
    note = rest.run(LOAD, run)["note"]
    assert told in log and note.startswith("Failed at **load**: ")
    assert told in note
    assert "s3cret" not in log + note
