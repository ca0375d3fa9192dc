"""Nights: data sets that a schedule, a backfill or an event makes or reads."""

import contextlib
from urllib.parse import quote

import pytest
from place import Place, ended, until
from stage_runs import GENERATE, NIGHTS, failed_of, published, start

from synthprof.orchestration.local.rest import Airflow
from synthprof.runner.run import run_all
from synthprof.spec.request import Request
from synthprof.store.store import Store

SAMPLE = "sample_of_each_night"

pytestmark = pytest.mark.timeout(900)  # with others on the machine a run takes its time


@pytest.fixture(scope="module")
def nights(airflow, rest):
    """The backfilled nights of 29 February 2020 and 2024, of which the second fails."""
    until(lambda: rest.call("GET", f"/dags/{NIGHTS}").is_success, 180, f"the DAG {NIGHTS}")
    obstacle = Store(airflow.data, "nights").build(night(20240229).spec).stage_folder("ingest")
    obstacle.parent.mkdir(parents=True)
    obstacle.touch()
    backfill(airflow, rest, "2020-02-01", "2024-03-31")
    rest.call("PATCH", f"/dags/{NIGHTS}", {"is_paused": False}).raise_for_status()
    return [run["dag_run_id"] for run in runs(rest, NIGHTS)], obstacle


def backfill(airflow: Place, rest: Airflow, first: str, last: str) -> None:
    """The nights between the dates wait for the DAG to be unpaused.

    On SQLite, Airflow's command fails when another process writes between its reading and its writing.
    """
    for _ in range(10):
        status, output = airflow.run(
            *("airflow", "backfill", "create", "--dag-id", NIGHTS, "--from-date", first, "--to-date", last),
            *("--max-active-runs", "1", "--reprocess-behavior", "completed"),
        )
        if status == 0:
            return
        assert "database is locked" in output, output
        for begun in rest.call("GET", f"/backfills?dag_id={NIGHTS}").json()["backfills"]:
            rest.call("PUT", f"/backfills/{begun['id']}/cancel")
    raise AssertionError(output)


@contextlib.contextmanager
def unpaused(rest: Airflow, dag: str):
    rest.call("PATCH", f"/dags/{dag}", {"is_paused": False}).raise_for_status()
    yield
    rest.call("PATCH", f"/dags/{dag}", {"is_paused": True}).raise_for_status()


def night(seed: int) -> Request:
    return Request.from_params({"dataset": "nights", "seed": seed, "profiles": 300, "clusters": 4})


def runs(rest: Airflow, dag: str) -> list[dict]:
    return rest.call("GET", f"/dags/{dag}/dagRuns?order_by=run_after").json()["dag_runs"]


@pytest.mark.long
def test_a_backfilled_night_is_what_that_night_would_have_been(airflow, rest, nights, tmp_path):
    assert ended(rest, NIGHTS, nights[0][0]) == "success"
    manifest = published(airflow, "nights")
    assert manifest["spec"]["seed"] == 20200229
    assert manifest["content"] == run_all(night(20200229), tmp_path).published["content"]


@pytest.mark.long
def test_a_night_that_fails_leaves_the_one_before_current_until_it_is_mended(airflow, rest, nights):
    (first, second), obstacle = nights
    assert ended(rest, NIGHTS, second) == "failed"
    assert published(airflow, "nights")["spec"]["seed"] == 20200229
    assert rest.run(NIGHTS, first)["state"] == "success"
    obstacle.unlink()
    rest.call("POST", f"/dags/{NIGHTS}/clearTaskInstances", failed_of(second)).raise_for_status()
    assert ended(rest, NIGHTS, second) == "success"
    assert published(airflow, "nights")["spec"]["seed"] == 20240229


@pytest.mark.long
def test_the_example_samples_the_version_that_the_event_names(airflow, rest):
    """The published data set is the one that the example consumes, though not by its own DAG."""
    import pyarrow.parquet

    until(lambda: rest.call("GET", f"/dags/{SAMPLE}").is_success, 180, f"the DAG {SAMPLE}")
    with unpaused(rest, SAMPLE):
        run = start(rest, dataset="gamers_nightly", profiles=3_000, clusters=4, save_index=False)
        assert ended(rest, GENERATE, run) == "success"
        until(lambda: runs(rest, SAMPLE), 300, "the run that the event starts")
        assert ended(rest, SAMPLE, runs(rest, SAMPLE)[0]["dag_run_id"]) == "success"
    version = published(airflow, "gamers_nightly")["version"]
    sample = pyarrow.parquet.read_table(airflow.data.parent / "samples" / f"gamers_nightly-{version}.parquet")
    assert sample.column("id").to_pylist() == list(range(3, 3_001, 3))
    assert {"nome", "descricao", "cluster_id"} <= set(sample.column_names)


@pytest.mark.long
def test_a_night_is_a_partition_that_wakes_the_consumer_of_partitions(airflow, rest):
    """The example's DAGs; a night's run comes by hand, with the key that the timetable would give it."""
    maker, consumer, night = "players_by_night", "count_players_by_night", "2026-02-28"
    until(lambda: rest.call("GET", f"/dags/{consumer}").is_success, 180, f"the DAG {consumer}")
    with unpaused(rest, maker), unpaused(rest, consumer):
        body = {"logical_date": None, "conf": {"profiles": 300, "clusters": 4}, "partition_key": night}
        made = rest.call("POST", f"/dags/{maker}/dagRuns", body).raise_for_status().json()["dag_run_id"]
        assert ended(rest, maker, made) == "success"

        def started() -> list[dict]:  # the last night's run may come by itself, once its DAG is unpaused
            return [each for each in runs(rest, consumer) if each["partition_key"] == night]

        (run,) = until(started, 300, "the run that the partition starts")
        assert ended(rest, consumer, run["dag_run_id"]) == "success"
    assert run["partition_key"] == night
    assert rest.value(consumer, run["dag_run_id"], "count") == {"night": night, "rows": [300]}
    facts = rest.ask("GET", f"/synthprof/api/runs/{maker}/{quote(made)}").raise_for_status().json()
    assert facts["dataset"] == "players_by_night", "its author fixed the data set"
    assert rest.run(maker, made)["note"].startswith("Published **players_by_night** version")
