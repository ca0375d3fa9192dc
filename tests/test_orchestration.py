import logging
import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
import time
from datetime import UTC, datetime
from pathlib import Path

import psutil
import pytest

from synthprof.errors import Busy, SpecError, StageError
from synthprof.orchestration import child, datasets, local
from synthprof.orchestration.home import Home, locked
from synthprof.orchestration.operator import seed_of
from synthprof.orchestration.params import OPEN, SECTIONS, airflow_params
from synthprof.spec import check_params, params_schema

# --- the child -------------------------------------------------------------------------------------------


@pytest.fixture
def script(tmp_path, monkeypatch, caplog):
    """Writes a stand-in for `python -m synthprof.run` and runs it as the stage `generate`."""
    caplog.set_level(logging.INFO, logger=child.__name__)

    def run(body, **options):
        path = tmp_path / "stage.py"
        path.write_text(PRELUDE + textwrap.dedent(body))
        return child.run_stage(
            "generate", {"seed": 7, "vacuum": False}, command=[sys.executable, str(path)], **options
        )

    return run


PRELUDE = """\
import json, os, signal, subprocess, sys, time
def say(event, **fields): print(json.dumps({"event": event, **fields}), flush=True)
"""


def test_log_begins_with_parameters_and_ends_with_the_receipt(script, caplog):
    value = script(
        """
        say("log", level="WARNING", message="100 % of it")
        say("progress", done=5, total=10, unit="rows", seconds=0.1)
        say("receipt", stage="generate", rows=10, seconds=2.0, line="generate: 10 rows")
        say("result", value={"version": "v1"})
        """
    )
    assert value == {"version": "v1"}
    assert caplog.messages == [
        "generate: seed=7",
        "::group::Parameters",
        "seed: 7",
        "vacuum: false",
        "::endgroup::",
        "100 % of it",
        "5 of 10 (50%) rows",
        "::group::Receipt",
        'stage: "generate"',
        "rows: 10",
        "seconds: 2.0",
        "::endgroup::",
        "generate: 10 rows",
    ]
    assert caplog.records[5].levelname == "WARNING"


def test_lines_of_single_blocks_are_folded_together(script, caplog):
    script(
        """
        say("log", level="INFO", message="begin")
        say("log", level="DEBUG", message="block 0")
        say("log", level="DEBUG", message="block 1")
        say("log", level="INFO", message="end")
        say("log", level="DEBUG", message="block 2")
        """
    )
    assert caplog.messages[caplog.messages.index("begin") :] == [
        "begin",
        *("::group::Detail", "block 0", "block 1", "::endgroup::"),
        "end",
        *("::group::Detail", "block 2", "::endgroup::"),
    ]


def test_progress_tells_failures_rate_and_the_time_left_once_they_are_known():
    from synthprof.orchestration.child import _progress_line

    first = {"done": 100, "total": 1_000, "seconds": 5.0}
    assert _progress_line(first, first) == "100 of 1,000 (10%) rows"
    later = {"done": 400, "total": 1_000, "seconds": 11.0, "failed": 2}
    expected = "400 of 1,000 (40%) rows, 2 failed, 50 rows/s, about 12 s left"
    assert _progress_line(later, first) == expected


def test_progress_is_logged_at_most_every_few_seconds(script, caplog):
    script("for n in range(1000): say('progress', done=n, total=1000, unit='rows', seconds=0.0)")
    assert sum("of 1,000" in message for message in caplog.messages) == 1


@pytest.mark.parametrize(
    ("kind", "code", "error"),
    [
        ("SpecError", 2, SpecError),
        ("Busy", 75, Busy),
        ("StageError", 1, StageError),
        ("Crash", 1, StageError),
    ],
)
def test_error_of_the_child_is_raised_here_and_logged_first(script, caplog, kind, code, error):
    with pytest.raises(error, match=r"^no good$"):
        script(f"say('error', kind={kind!r}, message='no good', traceback='T'); sys.exit({code})")
    assert caplog.messages[0] == "no good"
    assert "generate: seed=7" in caplog.messages


def test_child_killed_without_a_word_is_a_stage_error_that_says_so(script):
    with pytest.raises(StageError, match=r"killed by signal 9.*memory.*: last words"):
        script("print('last words', file=sys.stderr, flush=True); os.kill(os.getpid(), 9)")


def test_text_that_is_no_event_is_logged(script, caplog):
    script("print('plain'); print('[1]'); print('{\"event\": \"other\"}'); sys.stderr.write('no line feed')")
    assert set(caplog.messages[5:]) == {"plain", "[1]", '{"event": "other"}', "no line feed"}


def test_parameters_are_logged_even_if_the_child_is_silent(script, caplog, monkeypatch):
    monkeypatch.setattr(child, "SECONDS_OF_SILENCE", 0.0)
    script("time.sleep(1.5); say('error', kind='StageError', message='late', traceback='') if 0 else None")
    assert caplog.messages[0] == "generate: seed=7"


def test_a_grandchild_that_holds_the_pipes_does_not_hold_us(script):
    begin = time.monotonic()
    script("subprocess.Popen(['sleep', '30'], start_new_session=True)")
    assert time.monotonic() - begin < 10


def test_whatever_ends_us_ends_the_child(script):
    started = []

    class TimeOut(BaseException):
        pass

    def stop(signum, frame):
        raise TimeOut

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, 1.0)
    try:
        with pytest.raises(TimeOut):
            script("time.sleep(60)", on_start=started.append)
    finally:
        signal.signal(signal.SIGALRM, before)
    assert started[0].process.returncode == -signal.SIGTERM


def test_a_child_that_ignores_sigterm_is_killed(script, monkeypatch):
    monkeypatch.setattr(child, "SECONDS_TO_END", 0.5)
    path_started = []

    def end_soon(running):
        path_started.append(running)
        running.process.stdout.readline()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        script(
            "signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(60)",
            on_start=end_soon,
        )
    assert path_started[0].process.returncode == -signal.SIGKILL


@pytest.mark.parametrize("before", ["", "os.close(1); os.close(2);"], ids=["talks", "closed its pipes"])
def test_a_child_that_is_not_wanted_any_more_ends_even_if_it_ignores_that(script, before):
    started = []

    def end_soon(running):
        started.append(running)
        running.process.stdout.readline()
        running.ask_to_end()

    with pytest.raises(StageError, match="was asked to end before it was done"):
        script(
            f"signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True);{before} time.sleep(60)",
            on_start=end_soon,
        )
    assert started[0].process.returncode == -signal.SIGKILL


def test_child_gets_our_process_group_and_an_environment_without_airflows_own(script, monkeypatch):
    monkeypatch.setenv("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", "forbidden")
    monkeypatch.setenv("_AIRFLOW_PROCESS_CONTEXT", "client")
    monkeypatch.setenv("__AIRFLOW_SUPERVISOR_FD", "9")
    monkeypatch.setenv("SYNTHPROF_HOME", "/kept")
    names, group, parent = script("say('result', value=[list(os.environ), os.getpgrp(), os.getppid()])")
    assert not [name for name in names if "AIRFLOW_SUPERVISOR" in name or name.endswith("SQL_ALCHEMY_CONN")]
    assert "_AIRFLOW_PROCESS_CONTEXT" not in names
    assert {"SYNTHPROF_HOME", "SYNTHPROF_PARENT_PID"} <= set(names)
    assert (group, parent) == (os.getpgrp(), os.getpid())


def test_stage_dies_with_a_killed_parent():
    """As the real child does: kill -9 of the task leaves nothing behind."""
    code = textwrap.dedent(
        """
        import subprocess, sys, time
        from synthprof.orchestration.child import environment
        child = subprocess.Popen([sys.executable, "-c", '''
        import os, time
        from synthprof.parallel import die_with
        die_with(int(os.environ["SYNTHPROF_PARENT_PID"]))
        print(os.getpid(), flush=True)
        time.sleep(60)
        '''.replace(chr(10) + " " * 8, chr(10))], env=environment())
        time.sleep(60)
        """
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as parent:
        pid = int(parent.stdout.readline())
        parent.kill()
    deadline = time.monotonic() + 5
    while psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline
        time.sleep(0.05)


# --- parameters ------------------------------------------------------------------------------------------


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


def test_defaults_of_the_form_are_the_declared_ones_unless_replaced():
    found = airflow_params({"profiles": 5})
    assert found["profiles"].value == 5
    assert {name: param.value for name, param in found.items() if name != "profiles"} == {
        name: schema["default"] for name, schema in params_schema().items() if name != "profiles"
    }


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("profiles", "1000000", 1_000_000),
        ("profiles", "1_000", 1_000),
        ("profiles", "1e3", 1000.0),
        ("profiles", "many", "many"),
        ("separation", ".5", 0.5),
        ("separation", "nan", "nan"),
        ("profiles", "9" * 400, "9" * 400),
        ("vacuum", "True", True),
        ("vacuum", "maybe", "maybe"),
        ("dataset", "7", "7"),
        ("unknown", "x", "x"),
    ],
)
def test_texts_become_values(name, text, value):
    assert local.from_text({name: text}) == {name: value}


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
        ("schedule = 3", "schedule=3 must be of type str"),
        ('schedule = "0 3 * * *"\ntimezone = "Mars/Base"', "timezone='Mars/Base' is unknown; write"),
        ('schedule = "0 3 * * *"\nprofiles = 5', r"unknown key 'profiles'.*\[params\]"),
        ('schedule = "0 3 * * *"\n[params]\nprofiles = 0', "param profiles: 0 is less than the minimum of 1"),
        ('schedule = "0 3 * * *"\n[params]\nprofile = 5', "Unknown parameter profile=5"),
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
    (tmp_path / "b.toml").write_text('schedule = "0 3 * * *"\n[params]\nprofiles = 10\n')
    (tmp_path / "c.toml").write_text("")
    good, bad = datasets.read_all()
    assert [(dataset.name, dict(dataset.params)) for dataset in good] == [
        ("b", {"dataset": "b", "profiles": 10})
    ]
    assert len(bad) == 2


def test_seed_is_the_date_where_the_data_set_lives():
    moment = datetime(2025, 1, 31, 1, 30, tzinfo=UTC)
    assert seed_of(moment, "UTC") == 20250131
    assert seed_of(moment, "America/Sao_Paulo") == 20250130
    check_params({"seed": seed_of(moment, "UTC")})


# --- home and processes ----------------------------------------------------------------------------------


def test_secrets_are_made_once_and_for_their_owner_only(tmp_path):
    home = Home(tmp_path / "home")
    first = home.environment()
    assert Home(tmp_path / "home").environment() == first
    assert (
        Home(tmp_path / "other").environment()["AIRFLOW__API_AUTH__JWT_SECRET"]
        != (first["AIRFLOW__API_AUTH__JWT_SECRET"])
    )
    assert (tmp_path / "home" / "secrets.json").stat().st_mode & 0o077 == 0
    assert first["AIRFLOW__API__HOST"] == "127.0.0.1"


def test_ui_has_the_home_alone_and_runs_share_it(tmp_path):
    home = Home(tmp_path)
    with home.used(by="run") as first, home.used(by="run") as second:
        assert (first, second) == ("nobody", "runs")
        with home.used(by="ui") as third:
            assert third == "runs"
    with home.used(by="ui") as alone:
        assert alone == "nobody"
        with home.used(by="run") as run, home.used(by="ui") as ui:
            assert (run, ui) == ("ui", "ui")


def test_runs_of_a_killed_process_are_given_up(tmp_path):
    home = Home(tmp_path)
    with sqlite3.connect(home.database) as made:
        made.executescript(
            """
            CREATE TABLE dag_run (dag_id, run_id, state, triggered_by, end_date);
            CREATE TABLE task_instance (dag_id, run_id, state, end_date);
            INSERT INTO dag_run VALUES ('d', 'dead', 'running', 'TEST', NULL);
            INSERT INTO dag_run VALUES ('d', 'ui', 'running', 'UI', NULL);
            INSERT INTO task_instance VALUES ('d', 'dead', 'running', NULL), ('d', 'dead', 'success', NULL),
              ('d', 'ui', 'running', NULL);
            """
        )
    made.close()
    with home.used(by="ui"):
        pass
    with sqlite3.connect(home.database) as found:
        assert found.execute("SELECT run_id, state FROM dag_run").fetchall() == [
            ("dead", "failed"),
            ("ui", "running"),
        ]
        assert found.execute("SELECT run_id, state FROM task_instance").fetchall() == [
            ("dead", "failed"),
            ("dead", "success"),
            ("ui", "running"),
        ]
    found.close()


def test_a_lock_is_free_when_its_holder_is_gone(tmp_path):
    with locked(tmp_path / "lock"):
        pass
    with locked(tmp_path / "lock"):
        pass


def test_end_all_leaves_no_descendant_however_it_was_started():
    code = textwrap.dedent(
        """
        import os, signal, subprocess, sys, time
        from synthprof.orchestration.processes import end_all, inherit_orphans, living
        inherit_orphans()
        stubborn = "import signal, time; signal.signal(15, signal.SIG_IGN); time.sleep(60)"
        orphan = f"import subprocess as s, sys; s.Popen([sys.executable, '-c', {stubborn!r}])"
        subprocess.run([sys.executable, "-c", orphan])
        subprocess.Popen([sys.executable, "-c", stubborn])
        subprocess.Popen(["sleep", "60"], start_new_session=True)
        time.sleep(1)
        print(len(living()))
        end_all(1.0)
        print(len(living()))
        """
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.split() == ["3", "0"]


def test_a_started_process_dies_with_us():
    code = textwrap.dedent(
        """
        import os, time
        from synthprof.orchestration.processes import start
        print(start(["sleep", "60"], dict(os.environ)).pid, flush=True)
        time.sleep(60)
        """
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as parent:
        pid = int(parent.stdout.readline())
        parent.kill()
    time.sleep(0.5)
    assert not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


# --- the command -----------------------------------------------------------------------------------------


def command(*arguments, **environment):
    found = subprocess.run(
        [sys.executable, "-m", "synthprof.orchestration.local", *arguments],
        capture_output=True,
        text=True,
        env=os.environ | environment,
    )
    return found.returncode, found.stdout + found.stderr


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ("PROFILES=0", "Invalid input for param profiles: 0 is less than the minimum of 1"),
        ("DATASET=a b/../[red]", "Invalid input for param dataset: 'a b/../[red]' does not match"),
        ("LOCALE=xx_XX", "Invalid input for param locale: 'xx_XX' is not one of ['ar_AA'"),
        ("PROFILE=5", "Unknown parameter profile='5'; the parameters are dataset, profiles"),
    ],
)
def test_bad_parameter_is_one_clear_message_and_exit_status_2(argument, message):
    status, output = command("run", argument)
    assert status == 2
    assert output.startswith(f"Error: {message}")
    assert "Traceback" not in output


def test_values_come_from_the_environment_where_only_names_are_given():
    status, output = command("run", "SEED", "DATASET", SEED="1", DATASET="$(touch x);")
    assert status == 2
    assert "'$(touch x);' does not match" in output


def test_make_hands_parameters_over_as_they_are(tmp_path):
    """What is typed after `make run` reaches the check unchanged, and is never run by a shell."""
    project = Path(local.__file__).parents[2]
    # `make test` tells what it was given to every make below it
    outside = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    shown = subprocess.run(
        ["make", "-n", "run", f"DATASET=a;touch {tmp_path}/x", "SEED=3", "PORT=1", "-o", ".venv/.ready"],
        cwd=project,
        capture_output=True,
        text=True,
        check=True,
        env=outside | {"PROFILES": "5"},
    )
    assert shown.stdout.strip().endswith("synthprof.orchestration.local run DATASET SEED")


def test_taken_port_is_named_with_the_remedy(place):
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        status, output = place.run("ui", "--port", str(port))
    assert status == 2
    assert f"port={port} cannot be used" in output
    assert f"PORT={port + 1}" in output


def test_json_of_parameters_never_holds_what_json_does_not_know():
    with pytest.raises(ValueError, match="not JSON compliant"):
        child.run_stage("setup", {"separation": float("nan")}, command=["false"])
