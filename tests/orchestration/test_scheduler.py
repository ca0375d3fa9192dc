"""Runs of a real scheduler with LocalExecutor: what they publish, log, refuse and link to."""

import re
import signal
from urllib.parse import quote

import httpx
import pytest
from place import end, ended, free_port, until
from stage_runs import EMBED, GENERATE, NAMES, NIGHTS, failed_of, published, start

from synthprof.base.errors import SpecError
from synthprof.orchestration.tasks.writers import WRITERS
from synthprof.spec.request import Request, check_params
from synthprof.spec.spec import BLOCK_ROWS, Spec
from synthprof.store.store import Store
from synthprof.versions.version import open_version

pytestmark = pytest.mark.timeout(900)  # with others on the machine a run takes its time


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


@pytest.fixture(scope="module")
def said(airflow):
    """Output of `make run` while the UI is up: of a run in two shards, with a child table and the index."""
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
    skipped = dict.fromkeys(("train_index", "fill_index", "vacuum"), "skipped")
    assert states == dict.fromkeys([*NAMES, WRITERS], "success") | skipped
    unstarted = {task["task_id"] for task in tasks if task["try_number"] == 0}
    assert unstarted == {"train_index", "fill_index"}  # no process is started for them
    assert {task["try_number"] for task in tasks if task["task_id"] not in unstarted} == {1}


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


def test_reports_of_tasks_go_to_another_process_than_actions_in_the_ui(airflow, made):
    """In one process they could wait for one another: one for SQLite's lock, one for the event loop."""
    logs = airflow.home.path / "logs" / "components"
    assert "/execution/task-instances" in (logs / "task-api.log").read_text()
    assert "/execution/" not in (logs / "api-server.log").read_text()


def test_second_ui_is_refused(airflow):
    status, output = airflow.run("ui", "--port", str(free_port()))
    assert status == 75
    assert "its UI runs already" in output


@pytest.mark.ends_airflow
def test_ctrl_c_ends_the_ui_and_a_stage_at_work(airflow_process, rest):
    place, process = airflow_process
    start(rest, dataset="ended", profiles=2_000_000, shards=1)
    until(lambda: place.stages(), 60, "the start of a stage")
    end(process, signal.SIGINT)
    assert not place.stages()
