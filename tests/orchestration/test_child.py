import logging
import os
import signal
import subprocess
import sys
import textwrap
import time

import psutil
import pytest

from synthprof.base.errors import Busy, SpecError, StageError
from synthprof.orchestration.tasks import child
from synthprof.system.events import ProgressMade


@pytest.fixture
def script(tmp_path, monkeypatch, caplog):
    """Writes a stand-in for `python -m synthprof.runner.child` and runs it as the stage `generate`."""
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
        say("progress", done=5, total=10, failed=0, unit="rows", seconds=0.1)
        say("receipt", line="generate: 10 rows", facts={"stage": "generate", "rows": 10, "seconds": 2.0})
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
    from synthprof.orchestration.tasks.child import _progress_line

    first = ProgressMade(100, 1_000, 0, "rows", 5.0)
    assert _progress_line(first, first) == "100 of 1,000 (10%) rows"
    later = ProgressMade(400, 1_000, 2, "rows", 11.0)
    expected = "400 of 1,000 (40%) rows, 2 failed, 50 rows/s, about 12 s left"
    assert _progress_line(later, first) == expected


def test_progress_is_logged_at_most_every_few_seconds(script, caplog):
    script("for n in range(1000): say('progress', done=n, total=1000, failed=0, unit='rows', seconds=0.0)")
    assert sum("of 1,000" in message for message in caplog.messages) == 1


@pytest.mark.parametrize(
    ("kind", "code", "error"),
    [
        ("refused", 2, SpecError),
        ("busy", 75, Busy),
        ("failed", 1, StageError),
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
    script("time.sleep(1.5); say('error', kind='failed', message='late', traceback='') if 0 else None")
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


SECRET = (
    "AIRFLOW__CORE__FERNET_KEY",
    "AIRFLOW__API_AUTH__JWT_SECRET",
    "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN",
    "AIRFLOW_CONN_STORE",
    "_AIRFLOW_PROCESS_CONTEXT",
    "__AIRFLOW_SUPERVISOR_FD",
    "SYNTHPROF_TOKEN",
)
WANTED = ("SYNTHPROF_HOME", "SYNTHPROF_EMBEDDINGS_KEY", "HTTPS_PROXY", "AWS_ACCESS_KEY_ID", "HF_HOME")


def test_child_gets_our_process_group_and_an_environment_without_airflows_own(script, monkeypatch):
    for name in (*SECRET, *WANTED):
        monkeypatch.setenv(name, "9")
    names, group, parent = script("say('result', value=[list(os.environ), os.getpgrp(), os.getppid()])")
    assert not [name for name in names if name.lstrip("_").startswith("AIRFLOW") or name in SECRET]
    assert {*WANTED, "SYNTHPROF_PARENT_PID"} <= set(names)
    assert (group, parent) == (os.getpgrp(), os.getpid())


def test_stage_dies_with_a_killed_parent():
    """As the real child does: kill -9 of the task leaves nothing behind."""
    code = textwrap.dedent(
        """
        import subprocess, sys, time
        from synthprof.system.environment import child_environment
        child = subprocess.Popen([sys.executable, "-c", '''
        import os, time
        from synthprof.system.pool import die_with
        die_with(int(os.environ["SYNTHPROF_PARENT_PID"]))
        print(os.getpid(), flush=True)
        time.sleep(60)
        '''.replace(chr(10) + " " * 8, chr(10))], env=child_environment())
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
