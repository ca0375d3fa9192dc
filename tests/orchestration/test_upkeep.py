"""Work on what is published, started from the explorer and done by a real scheduler."""

import logging
from urllib.parse import quote

import pytest
from airflow.sdk import DAG
from airflow.sdk.exceptions import AirflowFailException
from explorers import DATASET, ONE, publish
from place import ended

from synthprof.delivery.exports.finished import exports
from synthprof.orchestration import ExportOperator, ReindexOperator, VerifyOperator
from synthprof.orchestration.provider.delivery import export_params
from synthprof.orchestration.provider.operators import COMMAND, reindex_params, verify_params
from synthprof.orchestration.tasks import child
from synthprof.store.store import Store
from synthprof.system.environment import STORAGE
from synthprof.system.events import ProgressMade
from synthprof.versions.searcher import open_searcher
from synthprof.versions.version import open_version


@pytest.fixture(scope="module")
def made(airflow) -> str:
    return publish(airflow.data, profiles=1_500, workers=1)


def test_an_index_is_rebuilt_by_a_run_that_the_page_started(airflow, rest, made):
    started = rest.ask("POST", f"/synthprof{ONE}/reindex", {"index": "hnsw"})
    assert started.status_code == 202, started.text
    run = started.json()
    assert run["url"] == f"/dags/synthprof_reindex/runs/{quote(run['run_id'], safe='')}"
    assert ended(rest, "synthprof_reindex", run["run_id"], 240) == "success"
    version = open_version(airflow.data, DATASET)
    assert version.manifest.version != made
    assert version.spec.index == "hnsw"
    assert open_searcher(version).index.ntotal == 1_500
    facts = rest.ask("GET", f"/synthprof/api/runs/synthprof_reindex/{quote(run['run_id'])}").json()
    told = {name: facts[name] for name in ("job", "dataset", "version", "state", "problem")}
    new = version.manifest.version
    assert told == {"job": "reindex", "dataset": DATASET, "version": new, "state": "success", "problem": None}
    assert [(task["task"], task["states"]) for task in facts["tasks"]] == [("reindex", {"success": 1})]
    events = rest.call("GET", f"/assets/events?source_run_id={quote(run['run_id'])}").json()["asset_events"]
    assert [event["extra"]["version"] for event in events if event["name"] == f"synthprof.{DATASET}"] == [
        version.manifest.version
    ]


def test_a_version_is_exported_in_each_format_by_a_task_of_its_own(airflow, rest, made):
    params = {"dataset": DATASET, "version": made, "formats": ["csv", "u8bin"], "columns": "id,cluster_id"}
    run = rest.trigger("synthprof_export", params).raise_for_status().json()["dag_run_id"]
    assert ended(rest, "synthprof_export", run, 240) == "failed"
    tasks = {task["map_index"]: task for task in rest.tasks("synthprof_export", run)}
    states = [(tasks[place]["state"], tasks[place]["try_number"]) for place in (0, 1)]
    assert states == [("success", 1), ("failed", 1)]
    refused = "columns=id,cluster_id: format u8bin does not take it, but space; leave it out"
    assert refused in "\n".join(rest.log("synthprof_export", run, "export", 1, 1))
    (found,) = exports(airflow.data, DATASET)
    assert (found.format, found.version, found.rows) == ("csv", made, 1_500)
    assert (found.folder / "rows.csv").read_text().startswith("id,cluster_id\n1,")


def test_a_damaged_version_fails_its_verification_with_what_is_wrong(airflow, rest, made):
    path = Store(airflow.data, DATASET).published(made) / "map.arrow"
    path.unlink()
    one = f"/synthprof/api/datasets/{DATASET}/versions/{made}"
    run = rest.ask("POST", f"{one}/verify", {"all": True}).raise_for_status().json()["run_id"]
    assert ended(rest, "synthprof_verify", run, 240) == "failed"
    (task,) = rest.tasks("synthprof_verify", run)
    assert task["try_number"] == 1
    log = "\n".join(rest.log("synthprof_verify", run, "verify"))
    fault = "map.arrow is missing or differs from its checksum in the manifest"
    assert fault in log
    facts = rest.ask("GET", f"{one}/work").json()["runs"]
    (found,) = [each for each in facts if each["run_id"] == run]
    assert (found["job"], found["state"], found["failed_task"]) == ("verify", "failed", "verify")
    assert f"{fault}; `synthprof repair` makes it whole" in found["problem"]
    note = rest.run("synthprof_verify", run)["note"]
    assert note.startswith(f"Failed at **verify**: {found['problem']}. [Explore](")
    verified = rest.ask("GET", one).json()["verified"]
    assert (verified["sound"], verified["findings"]) == (False, [fault])


def test_each_event_of_progress_tells_the_seconds_that_rate_and_time_left_need(tmp_path, monkeypatch, caplog):
    publish(tmp_path, profiles=600, workers=1)
    monkeypatch.setenv("SYNTHPROF_HOME", str(tmp_path))
    with caplog.at_level(logging.DEBUG, "synthprof.orchestration.tasks.child"):
        child.run_stage("verify", {"dataset": DATASET, "all_blocks": True}, command=COMMAND)
    told = [each.synthprof for each in caplog.records if hasattr(each, "synthprof")]
    progress = [event for event in told if isinstance(event, ProgressMade)]
    assert progress
    assert all(event.seconds > 0 for event in progress)


def test_the_form_tells_the_bounds_that_the_spec_declares():
    memory = reindex_params()["index_memory_mib"]
    assert memory.schema["title"] == "Memory for the index (MiB)"
    assert f"From {memory.schema['minimum']} to " in memory.description


def test_a_misspelt_parameter_fails_the_task_at_once():
    with DAG("upkeep", params=verify_params()):
        task = VerifyOperator(task_id="verify")
    given = task.dag.params.dump() | {"datset": "week"}
    with pytest.raises(
        AirflowFailException, match=r"Unknown parameter datset='week'; did you mean dataset\?"
    ):
        task.execute({"params": given})


def test_another_index_is_not_published_where_versions_are_in_a_bucket(monkeypatch):
    monkeypatch.setenv(STORAGE, "s3://store@data/x")
    with DAG("upkeep", params=reindex_params()):
        task = ReindexOperator(task_id="reindex")
    with pytest.raises(
        AirflowFailException, match="s3://store@data/x: another index is published only in a f"
    ):
        task.execute({"params": task.dag.params.dump()})


def test_an_export_is_written_only_in_a_folder_and_its_parameters_are_those_of_the_command(monkeypatch):
    monkeypatch.setenv(STORAGE, "s3://store@data/x")
    with DAG("upkeep", params=export_params()):
        task = ExportOperator(task_id="export", format="csv")
    assert set(export_params()) == {*task.template_fields}
    with pytest.raises(AirflowFailException, match="x: an export is written only in a folder"):
        task.execute({"params": task.dag.params.dump()})
