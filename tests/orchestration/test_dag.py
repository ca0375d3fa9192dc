import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import textwrap
import time
from urllib.parse import quote

import httpx
import pytest
from airflow.sdk import DAG
from place import Place, end, ended, free_port, until

from synthprof.base.errors import SpecError
from synthprof.orchestration.local.home import PROJECT
from synthprof.orchestration.local.rest import Airflow
from synthprof.orchestration.tasks.names import DAGS
from synthprof.orchestration.tasks.operator import stage_task
from synthprof.orchestration.tasks.params import airflow_params
from synthprof.pipeline import STAGES, stage
from synthprof.runner.run import run_all
from synthprof.spec.request import Request, check_params
from synthprof.spec.spec import BLOCK_ROWS, Spec
from synthprof.store.store import Store
from synthprof.versions.version import open_version

GENERATE, EMBED = "synthprof_generate", "synthprof_embed"
pytestmark = pytest.mark.timeout(900)  # with others on the machine a run takes its time
NAMES = [each.name for each in STAGES]

# --- the DAG file ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def parsed(place):
    """What Airflow finds in dags/, in a process of its own: the DAGs, import errors and heavy modules."""
    (place.datasets / "broken.toml").write_text('schedule = "at night"\n')
    code = """
        import json, sys
        from airflow.dag_processing.dagbag import DagBag
        from airflow.serialization.serialized_objects import DagSerialization
        bag = DagBag(sys.argv[1])
        heavy = {"numpy", "pandas", "pyarrow", "faiss", "scipy", "sklearn", "faker"} & set(sys.modules)
        dags = {name: DagSerialization.to_dict(dag)["dag"] for name, dag in bag.dags.items()}
        print("FOUND" + json.dumps([dags, bag.import_errors, sorted(heavy)]))
    """
    found = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code), str(PROJECT / "dags")],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"SYNTHPROF_DATASETS": str(place.datasets)},
    )
    (place.datasets / "broken.toml").unlink()
    return json.loads(found.stdout.partition("FOUND")[2])


def test_every_good_dag_imports_beside_a_bad_file(parsed):
    dags, errors, _ = parsed
    assert set(dags) == {"synthprof_gamers_nightly", *DAGS}
    assert [name.rpartition("/")[2] for name in errors] == ["synthprof_bad_datasets.py"]
    (text,) = errors.values()
    assert "datasets/broken.toml: schedule='at night' is not a cron expression; write five fields" in text


def test_importing_the_dags_brings_no_heavy_module(parsed):
    assert parsed[2] == []


@pytest.mark.parametrize("dag", [GENERATE, EMBED, "synthprof_gamers_nightly"])
def test_tasks_and_edges_are_those_of_the_stages(parsed, dag):
    tasks = {task["__var"]["task_id"]: task["__var"] for task in parsed[0][dag]["tasks"]}
    assert list(tasks) == NAMES
    after = {name: set(task.get("downstream_task_ids", ())) for name, task in tasks.items()}
    for each in STAGES:
        assert {name for name in NAMES if each.name in after[name]} - {"setup"} == set(each.needs) - {"setup"}
        assert bool(tasks[each.name].get("_is_mapped")) == (each.scope == "shard")
    assert [name for name in NAMES if not after[name]] == ["publish"]


def test_databases_are_written_beside_the_critical_path(parsed):
    """docs/performance.md names it: the longest chain of tasks but those that a spec can leave out."""
    tasks = {task["__var"]["task_id"]: task["__var"] for task in parsed[0][GENERATE]["tasks"]}

    def longest(name):
        chains = [longest(after) for after in tasks[name].get("downstream_task_ids", ()) if after != "vacuum"]
        return [name, *max(chains, key=len, default=[])]

    path = ["setup", "generate", "vectorize", "cluster", "export_index", "publish"]
    assert longest("setup") == path
    told = (PROJECT / "docs" / "performance.md").read_text()
    assert ", ".join(f"`{name}`" for name in path) in told


@pytest.mark.parametrize("text", ["two", "0", "-1", "1.5"])
def test_a_count_of_shards_that_is_none_is_refused_in_one_sentence(monkeypatch, text):
    monkeypatch.setenv("SYNTHPROF_SHARDS_AT_ONCE", text)
    with DAG("shards"):
        setup = stage_task(stage("setup"), None)
        with pytest.raises(SpecError, match=f"SYNTHPROF_SHARDS_AT_ONCE={text} is no count; write"):
            stage_task(stage("generate"), setup)


def test_every_task_is_tried_again_with_growing_delays(parsed):
    for name, dag in parsed[0].items():
        for task in (task["__var"] for task in dag["tasks"]):
            found = task.get("partial_kwargs", {}) | task  # of a mapped task, and of a single one
            each = [found.get(key) for key in ("owner", "retries", "retry_exponential_backoff")]
            assert each == ["synthprof", 3, True], (name, task["task_id"], each)


def test_what_is_skipped_or_removed_takes_nothing_wanted_along_but_what_failed_does(parsed):
    """A shard may find others removed before it: `setup` was cleared and wants fewer now."""
    tasks = {task["__var"]["task_id"]: task["__var"] for task in parsed[0][GENERATE]["tasks"]}
    found = {name: task.get("partial_kwargs", {}) | task for name, task in tasks.items()}
    rules = {name: each.get("trigger_rule", "all_success") for name, each in found.items()}
    lenient = ["publish", *(each.name for each in STAGES if each.scope == "shard")]
    assert rules == dict.fromkeys(NAMES, "all_success") | dict.fromkeys(lenient, "none_failed")


def test_only_the_scheduled_dag_starts_paused(parsed):
    assert parsed[0][GENERATE]["is_paused_upon_creation"] is False
    assert parsed[0]["synthprof_gamers_nightly"]["is_paused_upon_creation"] is True


# --- parameters ------------------------------------------------------------------------------------------

REFUSED = [
    {"profiles": 0},
    {"profiles": -1},
    {"profiles": 10**10},
    {"profiles": "many"},
    {"profiles": 1.5},
    {"profiles": True},
    {"seed": -1},
    {"dataset": "a/b"},
    {"dataset": "../x"},
    {"dataset": "a b"},
    {"dataset": ""},
    {"dataset": "x" * 64},
    {"dataset": "x\n"},
    {"locale": "xx_XX"},
    {"encoder": "none"},
    {"separation": 1.1},
    {"dim_embedding": 7},
    {"use_gpu": "yes"},
    {"shards": 101},
]


@pytest.mark.parametrize("refused", REFUSED, ids=str)
def test_form_and_command_line_refuse_with_the_same_message(refused):
    from airflow.sdk.definitions.param import ParamsDict
    from airflow.sdk.exceptions import ParamValidationError

    with pytest.raises(ParamValidationError) as ours:
        ParamsDict(airflow_params()).update(refused)
    with pytest.raises(SpecError) as theirs:
        check_params(refused)
    assert str(ours.value).splitlines()[0] == str(theirs.value).splitlines()[0]


# --- dag.test(), as `make run` does ----------------------------------------------------------------------


def published(place: Place, dataset: str) -> dict:
    return json.loads((Store(place.data, dataset).current() / "MANIFEST.json").read_text())


def test_make_run_publishes_and_says_where(place):
    status, output = place.run(
        "run", "PROFILES=2000", "SEED=3", "DATASET=small", "CLUSTERS=8", "VACUUM=false"
    )
    assert status == 0, output
    assert published(place, "small")["rows"] == 2000
    assert str(place.data / "small" / "versions") in output
    for name in ("setup", "generate", "cluster", "publish", "peak memory", "An example"):
        assert name in output
    assert "[info" not in output and "WARNING" not in output
    logs = [
        path.relative_to(place.home.path)
        for path in place.home.path.glob("logs/dag_id=*/*/*/**/attempt=1.log")
    ]
    assert len(logs) == len(NAMES)


def test_refused_by_setup_is_exit_status_2_and_nothing_is_left_visible(place):
    status, output = place.run("run", "PROFILES=100", "CLUSTERS=101", "DATASET=refused")
    assert status == 2, output
    assert "clusters=101" in output
    assert "tries again" not in output
    with pytest.raises(SpecError, match="no data set"):
        Store(place.data, "refused").current()


@pytest.mark.long
def test_ctrl_c_ends_a_run_and_leaves_no_process(place):
    process = place.start("run", "PROFILES=2000000", "DATASET=ended")
    until(lambda: place.stages(), 60, "the start of a stage")
    time.sleep(1)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does
    output, _ = process.communicate(timeout=30)
    assert process.returncode == 130, output
    assert not place.stages()


# --- a real scheduler with LocalExecutor -----------------------------------------------------------------


@pytest.fixture(scope="module")
def rest(airflow):
    with Airflow(airflow.home.url) as client:
        yield client


@pytest.mark.parametrize(
    "path", ["/", "/api/v2/dags", "/auth/token", "/synthprof/", "/synthprof/api/datasets"]
)
def test_airflow_without_a_login_answers_only_to_names_of_this_machine(airflow, path):
    """A foreign page could make its own name lead here (DNS rebinding), and would be an administrator."""

    def status(host: str) -> int:
        return httpx.get(f"{airflow.home.url}{path}", headers={"host": host}).status_code

    port = airflow.home.port
    assert {status(f"{name}:{port}") for name in ("127.0.0.1", "localhost", "[::1]")} <= {200, 201}
    assert {status(host) for host in (f"rebind.example:{port}", "airflow", "127.0.0.1.example", "")} == {400}


def start(rest: Airflow, **params) -> str:
    answer = rest.trigger(GENERATE, params)
    assert answer.status_code == 200, answer.text
    return answer.json()["dag_run_id"]


@pytest.fixture(scope="module")
def said(airflow):
    """What `make run` says while the UI is up: of a run in two shards, with a child table and the index."""
    order = (
        f"PROFILES={BLOCK_ROWS + 1000}",
        "SHARDS=2",
        "CLUSTERS=20",
        "DATASET=made",
        "WITH_TABLES=sessoes",
    )
    status, output = airflow.run("run", *order)
    assert status == 0, output
    return output


@pytest.fixture(scope="module")
def made(said):
    """That run, which has no logical date."""
    return re.search(rf"/dags/{GENERATE}/runs/(\S+)", said)[1]


def test_make_run_uses_the_airflow_whose_ui_is_up(airflow, rest, said, made):
    assert f"{airflow.home.url}/dags/{GENERATE}/runs/{made}" in said
    assert rest.run(GENERATE, made)["state"] == "success"
    assert published(airflow, "made")["rows"] == BLOCK_ROWS + 1000


def test_a_run_without_logical_date_publishes(airflow, rest, made):
    assert rest.run(GENERATE, made)["logical_date"] is None
    manifest = published(airflow, "made")
    assert manifest["rows"] == BLOCK_ROWS + 1000
    value = rest.value(GENERATE, made, "publish")
    assert (value["version"], value["rows"]) == (manifest["version"], manifest["rows"])


def test_a_run_with_a_child_table_publishes_the_sessions_of_every_shard(airflow, made):
    version = open_version(airflow.data, "made")
    players = version.table(columns=["perfil_id"], table="sessoes").column("perfil_id").to_pylist()
    assert version.tables() == {"sessoes": len(players)}
    assert min(players) == 1
    assert BLOCK_ROWS < max(players) <= version.rows


def test_shards_are_labelled_by_rows_and_only_the_unwanted_stage_is_skipped(rest, made):
    tasks = rest.tasks(GENERATE, made)
    labels = [task["rendered_map_index"] for task in tasks if task["task_id"] == "generate"]
    assert sorted(labels) == ["1-16,384", "16,385-17,384"]
    states = {task["task_id"]: task["state"] for task in tasks}
    assert states == dict.fromkeys(NAMES, "success") | {"vacuum": "skipped"}
    assert {task["try_number"] for task in tasks} == {1}


def test_a_stage_log_begins_with_parameters_and_ends_with_its_receipt(rest, made):
    lines = rest.log(GENERATE, made, "generate", map_index=0)
    ours = lines[next(n for n, line in enumerate(lines) if line.startswith("generate: dataset=made")) :]
    assert "profiles=17384" in ours[0]
    assert "workers=0" not in ours[0], "what is as declared stands in the fold"
    folded = ours[ours.index("::group::Parameters") : ours.index("::endgroup::")]
    assert {"workers: 0", 'encoder: "catalogue"', 'blocks: "0:1"'} <= set(folded)
    assert "::group::Receipt" in ours
    (receipt,) = (line for line in ours if line.startswith("generate: 16,384 rows in"))
    assert not [line for line in ours[ours.index(receipt) + 1 :] if not re.match("::|Pushing", line)]


@pytest.mark.parametrize(("task", "index"), [("setup", -1), ("generate", 1)])
def test_each_task_has_a_link_to_the_explorer(rest, made, task, index):
    path = f"/dags/{GENERATE}/dagRuns/{made}/taskInstances/{task}/links?map_index={index}"
    links = rest.call("GET", path).raise_for_status().json()["extra_links"]
    assert links == {"Explorer": f"/synthprof/?dag_id={GENERATE}&run_id={quote(made, safe='')}"}


def test_the_note_of_a_run_tells_what_it_has_published(rest, made):
    note = rest.run(GENERATE, made)["note"]
    version = rest.value(GENERATE, made, "publish")["version"]
    assert note.startswith(f"Published **made** version `{version}`: 17,384 profiles, purity 0.")
    assert f"run_id={quote(made, safe='')})" in note


def test_the_tab_on_a_run_finds_the_version_that_the_run_made(rest, made):
    facts = rest.ask("GET", f"/synthprof/api/runs/{GENERATE}/{quote(made)}").raise_for_status().json()
    version = rest.value(GENERATE, made, "publish")["version"]
    assert facts | {"dataset": "made", "version": version, "build": None, "state": "success"} == facts


def test_publishing_is_an_asset_event_with_version_rows_and_scores(rest, made):
    events = rest.call("GET", f"/assets/events?source_run_id={quote(made)}").json()["asset_events"]
    (extra,) = (event["extra"] for event in events if event["name"] == "synthprof.made")
    assert extra["rows"] == BLOCK_ROWS + 1000
    assert extra["version"] == rest.value(GENERATE, made, "publish")["version"]
    assert "purity" in extra["scores"]


def test_bad_file_is_an_import_error_beside_the_good_dags(rest):
    (error,) = rest.call("GET", "/importErrors").json()["import_errors"]
    assert "datasets/broken.toml: schedule='at night'" in error["stack_trace"]
    dags = rest.call("GET", "/dags").json()["dags"]
    assert {dag["dag_id"] for dag in dags} >= {
        GENERATE,
        EMBED,
        NIGHTS,
        "synthprof_reindex",
        "synthprof_verify",
    }
    assert not [dag["dag_id"] for dag in dags if dag["has_import_errors"]]


@pytest.mark.parametrize("refused", [{"profiles": 0}, {"dataset": "a b"}, {"locale": "xx"}], ids=str)
def test_rest_refuses_with_the_message_of_the_command_line(rest, refused):
    answer = rest.trigger(GENERATE, refused)
    with pytest.raises(SpecError) as ours:
        check_params(refused)
    assert answer.status_code == 400
    assert answer.json()["detail"].splitlines()[0] == str(ours.value).splitlines()[0]


@pytest.mark.long
def test_airflows_own_command_refuses_with_the_same_message(airflow):
    status, output = airflow.run("airflow", "dags", "trigger", GENERATE, "--conf", '{"profiles": 0}')
    assert status != 0
    assert "Invalid input for param profiles: 0 is less than the minimum of 1" in output


@pytest.mark.parametrize(
    ("name", "value", "remedy"),
    [("profile", 5, "did you mean profiles"), ("source", "/x", "the parameters are")],
)
def test_unknown_parameter_fails_setup_at_once_with_the_message_first(rest, name, value, remedy):
    """Also one that only the DAG synthprof_embed has."""
    run = start(rest, **{name: value})
    assert ended(rest, GENERATE, run, 60) == "failed"
    assert {task["task_id"]: task["try_number"] for task in rest.tasks(GENERATE, run)}["setup"] == 1
    lines = rest.log(GENERATE, run, "setup")
    first = lines[max(n for n, line in enumerate(lines) if "Worker startup" in line) + 2]
    told = f"Unknown parameter {name}={value!r}; {remedy}"
    assert first.startswith(told)
    assert rest.run(GENERATE, run)["note"].startswith(f"Failed at **setup**: {told}")


@pytest.mark.long
def test_a_failed_stage_is_cleared_and_finishes(airflow, rest):
    params = {"dataset": "mended", "profiles": 1000, "clusters": 8}
    spec: Spec = Request.from_params(params).spec
    obstacle = Store(airflow.data, "mended").build(spec).stage_folder("ingest")
    obstacle.parent.mkdir(parents=True)
    obstacle.touch()
    run = start(rest, **params)
    assert ended(rest, GENERATE, run) == "failed"
    states = {task["task_id"]: task["state"] for task in rest.tasks(GENERATE, run)}
    assert (states["ingest"], states["publish"], states["cluster"]) == (
        "failed",
        "upstream_failed",
        "success",
    )
    obstacle.unlink()
    answer = rest.call("POST", f"/dags/{GENERATE}/clearTaskInstances", failed_of(run))
    cleared = answer.raise_for_status().json()
    assert {task["task_id"] for task in cleared["task_instances"]} >= {"ingest", "publish"}
    assert ended(rest, GENERATE, run) == "success"
    assert published(airflow, "mended")["rows"] == 1000


@pytest.mark.long
def test_texts_from_elsewhere_are_read_once_and_published(airflow, rest):
    source = airflow.folder / "notes"
    source.mkdir()
    for number in range(120):
        (source / f"{number}.txt").write_text(f"Joga xadrez à noite, nota {number}", encoding="utf-8")
    answer = rest.trigger(EMBED, {"dataset": "notes", "source": str(source), "clusters": 2})
    assert answer.status_code == 200, answer.text
    run = answer.json()["dag_run_id"]
    assert ended(rest, EMBED, run, 240) == "success"
    spec = published(airflow, "notes")["spec"]
    assert (spec["profiles"], len(spec["collection"])) == (120, 32)
    lines = rest.log(EMBED, run, "publish")
    assert any(f"collection={spec['collection']}" in line for line in lines)  # told by setup, not read again


NIGHTS, SAMPLE = "synthprof_nights", "sample_of_each_night"


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
    """What is published is the data set that the example consumes, though not by its own DAG."""
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


def failed_of(run: str) -> dict:
    """What clears the failed tasks of a run and all after them."""
    return {"dag_run_id": run, "only_failed": True, "include_downstream": True, "dry_run": False}


def test_reports_of_tasks_go_to_another_process_than_actions_in_the_ui(airflow, made):
    """In one process they could wait for one another: one for SQLite's lock, one for the event loop."""
    logs = airflow.home.path / "logs" / "components"
    assert "/execution/task-instances" in (logs / "task-api.log").read_text()
    assert "/execution/" not in (logs / "api-server.log").read_text()


def test_second_ui_is_refused(airflow):
    status, output = airflow.run("ui", "--port", str(free_port()))
    assert status == 75
    assert "its UI runs already" in output


# --- the end of it ---------------------------------------------------------------------------------------


@pytest.mark.ends_airflow
def test_ctrl_c_ends_the_ui_and_a_stage_at_work(airflow_process, rest):
    place, process = airflow_process
    start(rest, dataset="ended", profiles=2_000_000, shards=1)
    until(lambda: place.stages(), 60, "the start of a stage")
    end(process, signal.SIGINT)
    assert not place.stages()
