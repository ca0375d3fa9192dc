import contextlib
import io
import logging
import os
import re
import sqlite3
import subprocess
import sys
import textwrap
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import psutil
import pytest

from synthprof.base.errors import SynthprofError
from synthprof.orchestration.local import __main__ as launcher
from synthprof.orchestration.local import runs
from synthprof.orchestration.local.console import Display
from synthprof.orchestration.local.home import Home, locked
from synthprof.orchestration.local.install import install
from synthprof.orchestration.local.rest import Airflow
from synthprof.orchestration.tasks import child
from synthprof.orchestration.tasks.names import GENERATE_DAG
from synthprof.report.terminal import Terminal
from synthprof.system.events import Failed, LogLine


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


def test_secrets_that_were_not_written_are_made_again(tmp_path):
    (tmp_path / "secrets.json").touch()
    assert len(Home(tmp_path).environment()["AIRFLOW__API__SECRET_KEY"]) == 44
    assert (tmp_path / "secrets.json").stat().st_mode & 0o077 == 0


def test_no_airflow_cfg_of_the_caller_decides_anything(tmp_path, monkeypatch):
    monkeypatch.setenv("AIRFLOW_CONFIG", "/somewhere/airflow.cfg")
    assert "AIRFLOW_CONFIG" not in launcher._environment(Home(tmp_path))


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


def test_runs_that_begin_together_never_take_one_another_for_the_ui(tmp_path):
    home, both = Home(tmp_path), threading.Barrier(2)
    with contextlib.closing(sqlite3.connect(home.database)) as made:  # so many that to look takes a while
        made.executescript(
            """
            CREATE TABLE dag_run (dag_id, run_id, state, triggered_by, end_date);
            CREATE TABLE task_instance (dag_id, run_id, state, end_date);
            WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50000)
            INSERT INTO dag_run SELECT 'd', i, 'success', 'TEST', NULL FROM n;
            """
        )

    def enter(_):
        both.wait()
        with home.used(by="run") as use:
            both.wait()
            return use

    with ThreadPoolExecutor(2) as pool:
        found = {tuple(sorted(pool.map(enter, range(2)))) for _ in range(20)}
    assert found == {("nobody", "runs")}


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
        from synthprof.orchestration.local.processes import end_all, inherit_orphans, living
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
        from synthprof.orchestration.local.processes import start
        print(start(["sleep", "60"], dict(os.environ)).pid, flush=True)
        time.sleep(60)
        """
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as parent:
        pid = int(parent.stdout.readline())
        parent.kill()
    time.sleep(0.5)
    assert not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


# --- a run through the UI of another process -------------------------------------------------------------

HEALTHY = {part: {"status": "healthy"} for part in ("metadatabase", "scheduler", "dag_processor")}
RUN = "manual__2025-01-31T03:00:00.123456+00:00_abcdefgh"


def answering(**more) -> Airflow:
    """An Airflow that takes a run and then answers so by the last part of a path, or with status 404."""
    known = {"token": {"access_token": "t"}, "health": HEALTHY, GENERATE_DAG: {"is_paused": False}}
    known |= {"dagRuns": {"dag_run_id": RUN}} | more

    def answer(request: httpx.Request) -> httpx.Response:
        found = known.get(request.url.path.rpartition("/")[2])
        if isinstance(found, Exception):
            raise found
        if callable(found):
            found = found(request.url.params)
        return httpx.Response(404 if found is None else 200, json=found)

    airflow = Airflow("http://127.0.0.1:8080")
    airflow._client = httpx.Client(base_url=airflow.url, transport=httpx.MockTransport(answer))
    return airflow


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({}, "has ended, or lost the run (Client error '404 Not Found' for url"),
        ({RUN: httpx.ConnectError("refused")}, "has ended, or lost the run (refused); run it again"),
        ({GENERATE_DAG: {"is_paused": True}}, "the DAG is paused: http://127.0.0.1:8080/dags/synthprof_gen"),
    ],
)
def test_what_ends_a_run_through_the_ui_is_one_line(capsys, more, message):
    with pytest.raises(SynthprofError, match=re.escape(message)) as caught:
        runs.through_ui(answering(**more), {})
    assert "\n" not in str(caught.value)
    assert "paused" in message or f"/runs/{RUN}\n" in capsys.readouterr().out


def test_every_task_of_a_run_is_followed():
    tasks = list(range(207))

    def page(params: httpx.QueryParams) -> dict:
        begin, limit = int(params.get("offset", 0)), min(int(params["limit"]), 100)
        return {"task_instances": tasks[begin : begin + limit], "total_entries": len(tasks)}

    assert answering(taskInstances=page).tasks(GENERATE_DAG, RUN) == tasks


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
        ("PROFILES=1.000", "profiles='1.000' could mean 1 or 1000\nhint: write 1000 or 1"),
        ("LOCALE=xx_XX", "locale='xx_XX' is unknown\nhint: there are ar_AA"),
        ("PROFILE=5", "Unknown parameter profile='5'\nhint: did you mean profiles?"),
        ("SOURCE=/x", "Unknown parameter source='/x'\nhint: the parameters are dataset, profiles"),
    ],
)
def test_bad_parameter_is_one_clear_message_and_exit_status_2(argument, message):
    status, output = command("run", argument)
    assert status == 2
    assert output.startswith(f"error: {message}")
    assert "Traceback" not in output


def test_a_home_that_cannot_be_made_is_one_clear_message(tmp_path):
    (tmp_path / "file").touch()
    status, output = command("run", SYNTHPROF_AIRFLOW_HOME=str(tmp_path / "file" / "home"))
    assert status == 2
    assert output.startswith(
        f"error: cannot use {tmp_path}/file/home: Not a directory\nhint: remove or rename"
    )
    assert "set SYNTHPROF_AIRFLOW_HOME to another folder" in output


def test_values_come_from_the_environment_where_only_names_are_given():
    status, output = command("run", "SEED", "DATASET", SEED="1", DATASET="$(touch x);")
    assert status == 2
    assert "'$(touch x);' does not match" in output


def test_make_hands_parameters_over_as_they_are(tmp_path):
    """Text typed after `make run` reaches the check unchanged, and is never run by a shell."""
    project = Path(launcher.__file__).parents[3]
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


def test_an_installation_that_fails_is_told_with_what_pip_said_and_where_all_of_it_is(tmp_path, capfd):
    given = ["--no-index", "--dry-run", "no-such-package-of-ours"]
    assert install(given, tmp_path / "install.log") == 1
    told = capfd.readouterr()
    assert told.out == "" and "No matching distribution found for no-such-package-of-ours" in told.err
    assert told.err.splitlines()[-2:] == [
        "error: pip ended with status 1, as above",
        f"hint: {tmp_path}/install.log has all that it said; mend that, then run the same command again",
    ]
    assert "No matching distribution" in (tmp_path / "install.log").read_text()


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


@pytest.mark.parametrize("port", ["0", "65536", "-1"])
def test_a_port_that_is_none_is_refused(port):
    status, output = command("ui", f"--port={port}")
    assert status == 2
    assert output.startswith(f"error: port={port} is not within 1 to 65535")


def test_json_of_parameters_never_holds_what_json_does_not_know():
    with pytest.raises(ValueError, match="not JSON compliant"):
        child.run_stage("setup", {"separation": float("nan")}, command=["false"])


def test_texts_of_others_do_not_command_the_terminal(capsys):
    assert launcher.main(["run", "\x1b]0;title\x07"]) == 2
    said = io.StringIO()
    display = Display(Terminal(said))
    for event in (Failed("StageError", "\x1b[2J", ""), LogLine("WARNING", "\x1b[2J")):
        display.emit(logging.makeLogRecord({"synthprof": event, "stage": "setup"}))
    assert "\x1b" not in capsys.readouterr().err + said.getvalue()
    assert said.getvalue().count("\ufffd[2J") == 2
