"""The provider: what Airflow finds by entry points, and the examples for users' DAGs, run by Airflow."""

import inspect
import json
import subprocess
import sys
import textwrap
import time
from datetime import UTC, datetime, timedelta

import pytest
from airflow.sdk import DAG, TaskGroup
from explorers import publish
from fault_server import Faults, serving
from place import Place, make_place

from synthprof import orchestration
from synthprof.base.errors import SpecError
from synthprof.orchestration import SynthprofDag, SynthprofTaskGroup, airflow_params
from synthprof.orchestration.local.home import PROJECT
from synthprof.orchestration.provider.triggers import new_version
from synthprof.orchestration.tasks.writers import WRITERS
from synthprof.pipeline import STAGES
from synthprof.spec.request import params_schema
from synthprof.store.store import Store

EXAMPLES = PROJECT / "examples"
NAMES = [stage.name for stage in STAGES]
pytestmark = pytest.mark.timeout(600)


def run(place: Place, code: str, *arguments: str, **environment: str) -> str:
    """Return what the code prints after RESULT, run in an Airflow of its own."""
    done = subprocess.run(
        [sys.executable, "-P", "-c", PRELUDE + textwrap.dedent(code), *arguments],
        cwd=PROJECT,
        env=place.environment | place.home.environment() | environment,
        capture_output=True,
        text=True,
    )
    assert "RESULT" in done.stdout, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout.rpartition("RESULT")[2].strip()


PRELUDE = """
import json, sys
from synthprof.orchestration.local.home import Home
Home.default().migrate()
"""

RUNS = """
    from airflow.models.xcom import XComModel
    from airflow.utils.session import create_session
    from airflow.dag_processing.dagbag import DagBag
    found = {}
    for name, (task, conf) in json.loads(sys.argv[1]).items():
        done = DagBag(f"examples/{name}.py").dags[name].test(run_conf=conf)
        with create_session() as session:
            query = XComModel.get_many(run_id=done.run_id, dag_ids=name, task_ids=[task], key="return_value")
            values = [XComModel.deserialize_value(each) for each in session.scalars(query)]
        found[name] = [str(done.state), *values]
    print("RESULT", json.dumps(found))
"""


@pytest.fixture(scope="module")
def own(tmp_path_factory) -> Place:
    """A place whose DAGs are the examples."""
    return make_place(tmp_path_factory.mktemp("own"))


@pytest.fixture(scope="module")
def ran(own: Place) -> dict[str, list]:
    """Of each example, run in this order by `dag.test()`: the state and what one of its tasks returned."""
    asked = {
        "players_and_their_index": ("repair", {"players": 900, "seed": 5}),
        "wait_for_players": ("report", {}),
        "ask_the_embedding_service": ("embed", {"model": "m"}),
    }
    with serving(Faults(key="k")) as url:
        connection = json.dumps({"conn_type": "synthprof_embeddings", "host": url, "password": "k"})
        settings = {
            "AIRFLOW__CORE__DAGS_FOLDER": str(EXAMPLES),
            "AIRFLOW_CONN_SYNTHPROF_EMBEDDINGS": connection,
        }
        return json.loads(run(own, RUNS, json.dumps(asked), **settings))


# --- what Airflow finds ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def seen(own: Place) -> list:
    """All that Airflow finds, in one process: of the provider, and last the examples."""
    return json.loads(
        run(
            own,
            """
            from airflow.providers_manager import ProvidersManager
            from airflow import plugins_manager
            manager = ProvidersManager()
            hook = manager.hooks["synthprof_embeddings"]
            form = manager.field_behaviours["synthprof_embeddings"]
            plugins, errors = plugins_manager._get_plugins()
            names = sorted(each.name for each in plugins if "synthprof" in each.name)
            heavy = {"numpy", "pandas", "pyarrow", "faiss"} & set(sys.modules)
            info = manager.providers["synthprof"].data
            found = [hook.hook_name, form, names, errors, sorted(heavy), info]
            from airflow.dag_processing.dagbag import DagBag
            bag = DagBag("examples")
            print("RESULT", json.dumps([found, [sorted(bag.dags), bag.import_errors]]))
            """,
        )
    )


def test_airflow_finds_provider_connection_form_and_one_plugin(seen):
    name, form, plugins, errors, heavy, info = seen[0]
    assert name == "synthprof embedding service"
    assert form["relabeling"] == {"host": "Service URL", "password": "Key"}
    assert {"schema", "login", "port", "extra"} <= set(form["hidden_fields"])
    assert plugins == ["synthprof", "synthprof_hosts"]
    assert errors == {}
    assert heavy == []
    for kind in ("operators", "sensors", "triggers", "hooks"):
        for module in info[kind][0]["python-modules"]:
            __import__(module)


def test_public_names_are_these_and_each_can_be_imported():
    """A change of this list changes what DAGs of users may import."""
    assert orchestration.__all__ == [
        "PUBLISHED",
        "EmbeddingsHook",
        "ExportOperator",
        "LoadOperator",
        "MatchOperator",
        "NewVersionSensor",
        "ReindexOperator",
        "RepairOperator",
        "SynthprofDag",
        "SynthprofTaskGroup",
        "VerifyOperator",
        "WorkloadOperator",
        "airflow_params",
        "dataset_asset",
    ]
    assert all(getattr(orchestration, name) is not None for name in orchestration.__all__)
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        orchestration.Nothing  # noqa: B018


# --- DAG and task group ----------------------------------------------------------------------------------


def test_a_fixed_parameter_is_not_in_the_form_and_a_default_is():
    dag = SynthprofDag("own", dataset="own", profiles=500, defaults={"clusters": 4}, tags=["mine"])
    assert [task.task_id for task in dag.tasks] == [NAMES[0], WRITERS, *NAMES[1:]]
    assert dag.params["clusters"] == 4
    assert not {"dataset", "profiles"} & set(dag.params)
    assert set(dag.params) | {"dataset", "profiles"} == set(airflow_params())
    assert {task.retries for task in dag.tasks} == {3}
    assert dag.tags == {"synthprof", "profiles", "mine"}
    assert dag.get_task("setup").fixed == {"dataset": "own", "profiles": 500}


def test_the_authors_own_task_arguments_come_first():
    dag = SynthprofDag("own", default_args={"retries": 1, "owner": "me"})
    assert {(task.retries, task.owner) for task in dag.tasks} == {(1, "me")}
    assert {task.max_retry_delay for task in dag.tasks} == {timedelta(minutes=5)}


def test_a_task_group_retries_as_our_own_dags_whatever_its_dag_says():
    with DAG("mine", default_args={"retries": 0}):
        group = SynthprofTaskGroup("make", dataset="own")
    assert {task.retries for task in group.iter_tasks()} == {3}
    assert {task.task_id for task in group.iter_tasks()} == {f"make.{name}" for name in [*NAMES, WRITERS]}


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"profiles": 0}, "profiles: 0 is less than the minimum of 1"),
        ({"dataset": "a b"}, "dataset: 'a b' does not match"),
        ({"encoder": "none"}, "encoder: 'none' is not one of"),
    ],
)
def test_a_fixed_value_out_of_its_bounds_is_an_import_error(keywords, message):
    with pytest.raises(SpecError, match=message):
        SynthprofDag("own", **keywords)
    with DAG("mine"), pytest.raises(SpecError, match=message):
        SynthprofTaskGroup("make", **keywords)


def test_no_parameter_has_the_name_of_a_keyword_of_airflow():
    """The same keyword could not mean both; only `kind` means one thing, and takes `images`, too."""
    own = {"defaults", "seed_zone", "first_night", "night_zone", "embeddings_conn_id", "fixed"}
    theirs = {name for each in (DAG, TaskGroup) for name in inspect.signature(each.__init__).parameters}
    ours = set(params_schema("generate") | params_schema("embed")) - {"kind"}
    assert not ours & (theirs | own)


def test_a_misspelt_keyword_is_refused():
    with pytest.raises(TypeError, match="profilez"):
        SynthprofDag("own", profilez=5)


# --- the examples ----------------------------------------------------------------------------------------


def test_every_example_is_parsed_without_an_error(seen):
    assert seen[1] == [
        [
            "ask_the_embedding_service",
            "count_players_by_night",
            "players_and_their_index",
            "players_by_night",
            "sample_of_each_night",
            "wait_for_players",
        ],
        {},
    ]


@pytest.mark.long
def test_a_task_group_makes_a_version_and_jobs_work_on_it(own, ran):
    state, repaired = ran["players_and_their_index"]
    assert state == "success"
    store = Store(own.data, "players")
    made, indexed = (json.loads((folder / "MANIFEST.json").read_text()) for folder in store.versions())
    assert (made["rows"], made["spec"]["seed"], made["spec"]["index"]) == (900, 5, "flat")
    assert (indexed["rows"], indexed["spec"]["index"]) == (900, "hnsw")
    assert repaired == {"version": indexed["version"], "rows": 900, "files": [], "stages": []}


@pytest.mark.long
def test_a_deferred_sensor_finds_the_version_that_is_there(own, ran):
    assert ran["wait_for_players"] == ["success", Store(own.data, "players").current().name]


@pytest.mark.long
def test_the_hook_asks_the_service_of_the_connection(ran):
    state, dimensions = ran["ask_the_embedding_service"]
    assert state == "success"
    assert dimensions > 0


# --- a new version ---------------------------------------------------------------------------------------


def test_only_what_was_published_after_the_moment_is_new(tmp_path, monkeypatch):
    monkeypatch.setenv("SYNTHPROF_HOME", str(tmp_path))
    before = datetime.now(UTC)
    assert new_version("week", before) is None, "nothing is published"
    time.sleep(0.02)
    version = publish(tmp_path, profiles=600, workers=1, dataset="week")
    assert new_version("week", before) == version
    assert new_version("week", datetime.now(UTC)) is None
    with pytest.raises(SpecError, match="is no name of a data set"):
        new_version("../week", before)
