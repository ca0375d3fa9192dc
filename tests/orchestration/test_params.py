import re
import runpy
import shutil
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from airflow.sdk import DAG
from airflow.sdk.definitions.param import ParamsDict
from airflow.sdk.exceptions import AirflowFailException, ParamValidationError
from oddities import put
from shops import edit, write_shop

from synthprof.base.errors import SpecError
from synthprof.orchestration import SynthprofDag
from synthprof.orchestration.local.home import PROJECT
from synthprof.orchestration.provider.notes import failed_note
from synthprof.orchestration.tasks import child, datasets, doc
from synthprof.orchestration.tasks.fixed import split, with_types
from synthprof.orchestration.tasks.operator import PROBLEM, StageOperator, night_of, seed_of
from synthprof.orchestration.tasks.params import airflow_params
from synthprof.schemas.loader import schema_names
from synthprof.spec.request import Request, check_params, params_schema
from synthprof.spec.sections import OPEN, SECTIONS


@pytest.mark.parametrize("kind", ["generate", "embed"])
def test_every_parameter_is_in_the_form_once_with_title_and_description(kind):
    found = airflow_params(kind=kind)
    assert set(found) == set(params_schema(kind))
    placed = [*OPEN, *(name for names in SECTIONS.values() for name in names)]
    assert len(placed) == len(set(placed))
    assert set(placed) == set(params_schema("generate")) | set(params_schema("embed"))
    for name, param in found.items():
        assert param.schema["title"] and name in param.description
        assert param.schema.get("section") == next(
            (s for s, names in SECTIONS.items() if name in names), None
        )
        for bound in ("minimum", "maximum"):
            if bound in param.schema:
                assert f"{param.schema[bound]:,}" in param.description


def test_the_form_marks_the_source_and_names_say_what_to_write():
    """Airflow's form marks what may not be null, and quotes the pattern of what it refuses."""
    source = airflow_params(kind="embed")["source"]
    assert (source.value, source.schema["type"]) == (None, "string")
    for kind in ("generate", "embed"):
        for name, param in airflow_params(kind=kind).items():
            assert param.schema.get("pattern", "(?#write ").startswith("(?#write "), name


@pytest.fixture
def shop(tmp_path, monkeypatch):
    """The folder of a schema of the user's."""
    monkeypatch.setenv("SYNTHPROF_SCHEMAS", str(tmp_path / "schemas"))
    return write_shop(tmp_path / "schemas")


def test_the_form_lists_the_schemas_that_are_there_broken_ones_too(shop):
    edit(write_shop(shop.parent, "broken"), "choice", "dice")
    form = airflow_params()
    assert form["profile_schema"].schema["enum"] == [*schema_names(), "broken", "shop"]
    params = ParamsDict(form)
    params.update({"profile_schema": "shop"})
    with pytest.raises(ParamValidationError, match="'other' is not one of"):
        params.update({"profile_schema": "other"})
    shutil.rmtree(shop)
    named = airflow_params({"profile_schema": "shop"})  # a DAG's own default hides no DAG
    assert named["profile_schema"].resolve() == "shop"


def test_airflow_shows_what_is_wrong_with_a_schema_beside_the_bad_data_sets(shop, tmp_path, monkeypatch):
    monkeypatch.setenv("SYNTHPROF_DATASETS", str(tmp_path / "datasets"))
    file = str(PROJECT / "dags" / "synthprof_bad_datasets.py")
    assert "bad" in runpy.run_path(file)
    edit(shop, "choice", "dice")
    (tmp_path / "datasets").mkdir()
    (tmp_path / "datasets" / "nights.toml").write_text(
        'schedule = "0 3 * * *"\n[params]\nprofile_schema = "clinic"\n'
    )
    with pytest.raises(SpecError) as told:
        runpy.run_path(file)
    no_clinic, no_dice = str(told.value).splitlines()
    assert no_clinic.startswith("datasets/nights.toml: profile_schema='clinic' is neither built in")
    assert "column plan: draw='dice' is unknown; did you mean 'choice'?" in no_dice


@pytest.mark.parametrize(("schema", "pulled"), [("shop", ["found_out"]), ("gamer_br", [])])
def test_what_setup_found_out_of_a_schema_is_handed_to_later_stages(shop, schema, pulled):
    asked = []

    def xcom_pull(task_ids: str, key: str) -> dict[str, str]:
        asked.append(key)
        return {"schema_digest": "0" * 32}

    with DAG("own", params=airflow_params({"profile_schema": schema})):
        task = StageOperator(task_id="generate", stage="generate")
    context = {
        "params": task.dag.params.dump(),
        "dag_run": SimpleNamespace(run_type="manual"),
        "ti": SimpleNamespace(xcom_pull=xcom_pull),
    }
    found = task._params(context)
    assert asked == pulled
    assert found.get("schema_digest", "") == ("0" * 32 if pulled else "")
    assert Request.from_params(found).spec.profile_schema == schema


def test_more_clusters_than_rows_can_train_are_refused_before_a_child_starts(monkeypatch):
    monkeypatch.setattr(child, "COMMAND", ["false"])
    with DAG("many", params=airflow_params()):
        task = StageOperator(task_id="setup", stage="setup")
    pushed = {}
    context = {
        "params": task.dag.params.dump() | {"profiles": 1_000, "clusters": 5_000},
        "dag_run": SimpleNamespace(run_type="manual"),
        "ti": SimpleNamespace(xcom_push=pushed.__setitem__),
    }
    with pytest.raises(AirflowFailException, match="clusters=5000 needs at least 195000 rows") as refused:
        task.execute(context)
    assert pushed == {PROBLEM: str(refused.value)}
    with pytest.raises(SpecError, match="clusters=5000 needs"):
        SynthprofDag("many_too", profiles=1_000, clusters=5_000)


def test_a_dag_of_pictures_has_their_kind_and_the_parameters_of_collections():
    dag = SynthprofDag("photos", kind="images", source="/photos", encoder="clip", model="/clip")
    assert {"synthprof", "pictures"} <= dag.tags
    assert "image_column" in dag.params and not {"kind", "source", "profiles"} & set(dag.params)
    (setup,) = (task for task in dag.tasks if task.task_id == "setup")
    assert setup.fixed["kind"] == "images"


def test_a_note_holds_a_long_message_and_makes_no_link_of_it():
    text = failed_note("cluster", f"[a](http://x) <b> `k=1` {'x' * 2_000}", "/synthprof/")
    assert len(text) < 1_000
    assert text.startswith("Failed at **cluster**: [a]\\(http://x) \\<b> `k=1` xxx")


def test_defaults_of_the_form_are_the_declared_ones_unless_replaced():
    found = airflow_params({"profiles": " 5 "})
    assert found["profiles"].value == 5
    assert {name: param.value for name, param in found.items() if name != "profiles"} == {
        name: schema["default"] for name, schema in params_schema().items() if name != "profiles"
    }


# --- numbers as people write them ------------------------------------------------------------------------


def test_values_of_dag_files_and_templates_are_read_as_everywhere():
    schema = params_schema()
    fixed, others = split(
        "generate", {"profiles": "100k", "separation": "0,8", "vacuum": "{{ params.v }}", "tags": 1}
    )
    assert (fixed["profiles"], fixed["separation"], others) == (100_000, 0.8, {"tags": 1})
    rendered = with_types({"profiles": "1.000.000", "vacuum": "sim", "locale": "pt-BR"}, schema)
    assert rendered == {"profiles": 1_000_000, "vacuum": True, "locale": "pt_BR"}
    with pytest.raises(SpecError, match="could mean 1 or 1000"):
        with_types({"profiles": "1.000"}, schema)


def test_airflow_refuses_text_for_a_number_itself_and_lets_1e6_pass_as_a_fraction():
    """Its form and REST API apply the JSON Schema before a task of ours sees the value."""
    form = airflow_params()
    for name, text, told in (
        ("profiles", "1e6", "'1e6' is not of type 'integer'"),
        ("separation", "0,8", "'0,8' is not of type 'number'"),
        ("vacuum", "sim", "'sim' is not of type 'boolean'"),
        ("locale", "pt-BR", "'pt-BR' is not one of"),
        ("profiles", None, "None is not of type 'integer'"),
    ):
        with pytest.raises(ParamValidationError, match=re.escape(told)):
            form[name].resolve(text)
    passed = form["profiles"].resolve(1e6)
    assert Request.from_params({"profiles": passed}).spec == Request.from_params({"profiles": 1_000_000}).spec


@pytest.mark.parametrize("dag", ["generate", "embed"])
def test_help_of_a_dag_names_the_command_beside_make_ui_too(dag):
    text = {"generate": doc.GENERATE_DOC, "embed": doc.EMBED_DOC}[dag]
    assert f"`airflow dags trigger synthprof_{dag} --conf '{{" in text
    assert "Beside `make ui` write `.venv/bin/python -m synthprof.orchestration.local airflow`" in text


# --- files in datasets/ ----------------------------------------------------------------------------------


def test_shipped_files_are_good(monkeypatch):
    monkeypatch.delenv("SYNTHPROF_DATASETS", raising=False)
    good, bad = datasets.read_all()
    assert "gamers_nightly" in [dataset.name for dataset in good]
    assert not bad


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("schedule = ", "is not TOML"),
        ("", "schedule is missing"),
        ('schedule = "daily at three"', "schedule='daily at three'.*five fields"),
        ('schedule = "99 * * * *"', "schedule='99"),
        ('schedule = "0 3 31 4 *"', r"schedule='0 3 31 4 \*' never comes; write a day that its month has"),
        ("schedule = 3", "schedule=3 must be of type str"),
        ('schedule = "0 3 * * *"\ntimezone = "Mars/Base"', "timezone='Mars/Base' is unknown; write"),
        ('schedule = "0 3 * * *"\ntimezone = "America"', "timezone='America' is unknown; write"),
        (f'schedule = "0 3 * * *"\ntimezone = "{"A" * 300}"', "timezone='A+' is unknown; write"),
        ('schedule = "0 3 * * *"\nseconds_per_stage = -1', "seconds_per_stage=-1 is not within 0 to"),
        (f'schedule = "0 3 * * *"\nseconds_per_stage = {10**14}', "seconds_per_stage=10+ is not within 0 to"),
        ("a = " + "[" * 3000, "is not TOML"),
        ('schedule = "0 3 * * *"\nprofiles = 5', r"unknown key 'profiles'.*\[params\]"),
        ('schedule = "0 3 * * *"\n[params]\nprofiles = 0', "param profiles: 0 is less than the minimum of 1"),
        ('schedule = "0 3 * * *"\n[params]\nprofiles = "1.000"', "profiles='1.000' could mean 1 or 1000"),
        ('schedule = "0 3 * * *"\npartitioned = "maybe"', "partitioned='maybe' is neither true nor false"),
        (
            'schedule = "0 3 * * *"\nfirst_night = "30/1"\n[params]\ndrift = "prior"',
            "first_night='30/1' is no date; write",
        ),
        ('schedule = "0 3 * * *"\nfirst_night = "2025-01-30"', "name a drift in"),
        ('schedule = "0 3 * * *"\n[params]\nprofile = 5', "Unknown parameter profile=5"),
        (
            'schedule = "0 3 * * *"\n[params]\nprofiles = 99\nclusters = 5',
            "clusters=5 needs at least 195 rows",
        ),
        ('schedule = "0 3 * * *"\n[params]\nsource = "/x"', "Unknown parameter source='/x'"),
    ],
)
def test_bad_file_is_named_with_key_and_remedy(tmp_path, text, named):
    path = tmp_path / "datasets" / "night.toml"
    path.parent.mkdir()
    path.write_text(text)
    with pytest.raises(SpecError, match=f"^datasets/night.toml:? (?s:.*){named}"):
        datasets.read(path)


@pytest.mark.parametrize(
    ("name", "named"),
    [
        ("my set", "the file gives a DAG its name, but (?s:.*)my set(?s:.*); rename the file"),
        ("generate", "the DAG synthprof_generate is there without a file; rename the file"),
        ("verify", "the DAG synthprof_verify is there without a file; rename the file"),
    ],
)
def test_file_whose_name_no_dag_can_have_is_refused(tmp_path, name, named):
    path = tmp_path / "datasets" / f"{name}.toml"
    path.parent.mkdir()
    path.write_text('schedule = "0 3 * * *"\n[params]\ndataset = "night"\n')
    with pytest.raises(SpecError, match=f"^datasets/{name}.toml: {named}"):
        datasets.read(path)


def test_bad_file_does_not_hide_the_good_ones(tmp_path, monkeypatch):
    monkeypatch.setenv("SYNTHPROF_DATASETS", str(tmp_path))
    (tmp_path / "a.toml").write_text("?")
    (tmp_path / "b.toml").write_text(
        'schedule = "0 3 * * *"\nseconds_per_stage = "1e3"\n[params]\nprofiles = "1e1"\n'
    )
    (tmp_path / "c.toml").write_text("")
    put(tmp_path / "d.toml", "folder")
    put(tmp_path / "e.toml", "link to nowhere")
    put(tmp_path / "f.toml", "FIFO")
    put(tmp_path / "g.toml", "socket")
    put(tmp_path / "h.toml", "link to itself")
    (tmp_path / ".#b.toml").symlink_to("me@host.1234:1")  # as Emacs locks a file
    good, bad = datasets.read_all()
    assert [(dataset.name, dataset.seconds_per_stage, dict(dataset.params)) for dataset in good] == [
        ("b", 1_000, {"dataset": "b", "profiles": 10})
    ]
    assert [str(error).partition(f"{tmp_path.name}/")[2].split(";")[0] for error in bad[-5:]] == [
        "d.toml is a folder, where a file belongs",
        "e.toml cannot be read (No such file or directory)",
        "f.toml is a FIFO, where a file belongs",
        "g.toml is a socket, where a file belongs",
        "h.toml cannot be read (Too many levels of symbolic links)",
    ]
    assert len(bad) == 7


@pytest.mark.parametrize("kind", ["file", "FIFO", "link to itself"])
def test_a_folder_of_files_that_is_none_is_told(tmp_path, monkeypatch, kind):
    put(tmp_path / "datasets", kind)
    monkeypatch.setenv("SYNTHPROF_DATASETS", str(tmp_path / "datasets"))
    good, (error,) = datasets.read_all()
    assert not good
    assert "datasets is no folder; set SYNTHPROF_DATASETS to the folder of data set files" in str(error)


@pytest.mark.parametrize(
    ("run_type", "zone", "night"),
    [("scheduled", "UTC", 2), ("backfill", "America/Sao_Paulo", 1), ("manual", "UTC", None)],
)
def test_the_night_of_a_drift_is_counted_where_the_data_set_lives(run_type, zone, night):
    task = StageOperator(task_id="setup", stage="setup", first_night="2025-01-29", night_zone=zone)
    run = SimpleNamespace(
        run_type=run_type, logical_date=None, run_after=datetime(2025, 1, 31, 1, 30, tzinfo=UTC)
    )
    assert task._of_date(run).get("drift_night") == night
    assert night_of(run.run_after, zone, "2025-02-10") == 0


def test_seed_is_the_date_where_the_data_set_lives():
    moment = datetime(2025, 1, 31, 1, 30, tzinfo=UTC)
    assert seed_of(moment, "UTC") == 20250131
    assert seed_of(moment, "America/Sao_Paulo") == 20250130
    check_params({"seed": seed_of(moment, "UTC")})
