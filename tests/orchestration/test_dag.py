"""The DAG files, their parameters, and `make run`, which needs no scheduler."""

import json
import os
import signal
import subprocess
import sys
import textwrap
import time

import pytest
from airflow.sdk import DAG
from place import until
from stage_runs import EMBED, GENERATE, NAMES, published

from synthprof.base.errors import SpecError
from synthprof.orchestration.local.home import PROJECT
from synthprof.orchestration.tasks.names import DAGS
from synthprof.orchestration.tasks.operator import stage_task
from synthprof.orchestration.tasks.params import airflow_params
from synthprof.orchestration.tasks.writers import WRITERS, WRITING
from synthprof.pipeline import STAGES, stage
from synthprof.spec.request import check_params
from synthprof.store.store import Store

pytestmark = pytest.mark.timeout(900)  # with others on the machine a run takes its time


@pytest.fixture(scope="module")
def parsed(place):
    """Airflow's findings in dags/, in a process of its own: the DAGs, import errors and heavy modules."""
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
    writing = {} if dag == EMBED else tasks.pop(WRITERS)
    stages = [each for each in STAGES if writing or not each.of_lists]
    names = [each.name for each in stages]
    assert list(tasks) == names
    assert set(writing.get("downstream_task_ids", ())) == ({*WRITING} if writing else set())
    after = {name: set(task.get("downstream_task_ids", ())) for name, task in tasks.items()}
    for each in stages:
        before, needs = {name for name in names if each.name in after[name]}, {*each.needs} & {*names}
        assert before - {"setup"} == needs - {"setup"}
        mapped = each.scope == "shard" or (writing and each.name in WRITING)
        assert bool(tasks[each.name].get("_is_mapped")) == bool(mapped)
    assert [name for name in names if not after[name]] == ["publish"]


def test_databases_are_written_beside_the_critical_path(parsed):
    """docs/performance.md names it: the longest chain of tasks but those that a spec can leave out."""
    skipped = {"vacuum", *(each.name for each in STAGES if each.of_lists)}
    tasks = {task["__var"]["task_id"]: task["__var"] for task in parsed[0][GENERATE]["tasks"]}

    def longest(name):
        chains = [
            longest(after) for after in tasks[name].get("downstream_task_ids", ()) if after not in skipped
        ]
        return [name, *max(chains, key=len, default=[])]

    path = ["setup", "generate", "vectorize", "cluster", "export_index", "publish"]
    assert longest("setup") == path
    told = (PROJECT / "docs" / "performance.md").read_text()
    assert ", ".join(f"`{name}`" for name in path) in told


@pytest.mark.parametrize("text", ["two", "0", "-1", "1.5"])
def test_a_count_of_shards_that_is_none_is_refused_in_one_sentence(monkeypatch, text):
    monkeypatch.setenv("SYNTHPROF_SHARDS_AT_ONCE", text)
    with DAG("shards"):
        setup = stage_task(stage("setup"), None).output
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
    lenient = ["publish", "export_index", *WRITING, *(each.name for each in STAGES if each.scope == "shard")]
    assert rules == dict.fromkeys([*NAMES, WRITERS], "all_success") | dict.fromkeys(lenient, "none_failed")


def test_only_the_scheduled_dag_starts_paused(parsed):
    assert parsed[0][GENERATE]["is_paused_upon_creation"] is False
    assert parsed[0]["synthprof_gamers_nightly"]["is_paused_upon_creation"] is True


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
    started = [WRITERS, *(each.name for each in STAGES if not each.of_lists)]
    assert len(logs) == len(started)


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
