"""The worker process behind the server: how many may wait for it, its end and its successor."""

import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import psutil
import pytest
from explorers import DATASET, ONE, alone, answer
from place import until

from synthprof.explorer.server import process
from synthprof.explorer.wire import LIMITS
from synthprof.versions.search import search_text
from synthprof.versions.searcher import Query, open_searcher
from synthprof.versions.version import open_version

TEXT = "joga RPG de madrugada no PC"


def test_more_searches_than_may_wait_are_refused_at_once(client):
    answer(client, f"{ONE}/search?text=RPG")
    worker = client.app.state.worker
    most = LIMITS["search"].waiting
    os.kill(worker.pid, signal.SIGSTOP)
    with ThreadPoolExecutor(most + 1) as callers:
        asked = [callers.submit(client.get, f"{ONE}/search?text=RPG") for _ in range(most + 1)]
        until(lambda: any(each.done() for each in asked), 60, "a refusal")
        os.kill(worker.pid, signal.SIGCONT)
        assert Counter(each.result().status_code for each in asked) == {200: most, 429: 1}


def test_who_waits_too_long_is_told_and_a_hanging_process_is_replaced(client, monkeypatch):
    answer(client, f"{ONE}/search?text=RPG")
    worker = client.app.state.worker
    hanging = worker.pid
    monkeypatch.setattr(process, "ANSWER_SECONDS", 0.2)
    monkeypatch.setattr(process, "GRACE_SECONDS", 0.2)
    os.kill(hanging, signal.SIGSTOP)
    assert client.get(f"{ONE}/search?text=RPG").status_code == 504
    until(lambda: not psutil.pid_exists(hanging), 60, "the end of the hanging process")
    monkeypatch.setattr(process, "ANSWER_SECONDS", 300)
    answer(client, f"{ONE}/search?text=RPG")


TRACER = """
import ctypes, os, sys
SEIZE = 0x4206  # linux/ptrace.h
ptrace = ctypes.CDLL(None, use_errno=True).ptrace
ptrace.argtypes = [ctypes.c_long] * 4
print(os.strerror(ctypes.get_errno()) if ptrace(SEIZE, int(sys.argv[1]), 0, 0) else "holds", flush=True)
sys.stdin.readline()
"""


@contextmanager
def held(pid: int) -> Iterator[subprocess.Popen[str]]:
    """A process that keeps another from being gone when it is killed, as a hanging file server does."""
    with subprocess.Popen(
        [sys.executable, "-c", TRACER, str(pid)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as tracer:
        try:
            if (said := tracer.stdout.readline().strip()) != "holds":
                pytest.skip(f"this machine lets no process trace another: {said}")
            yield tracer
        finally:
            tracer.kill()


def test_a_killed_process_that_does_not_go_holds_up_nobody_and_has_no_successor_yet(client):
    answer(client, "/api/datasets")
    worker = client.app.state.worker
    with held(worker.pid) as holder:
        until_it_is_let_go = threading.Timer(20, holder.kill)  # else a server that waits would wait for ever
        until_it_is_let_go.start()
        os.kill(worker.pid, signal.SIGKILL)
        assert client.get("/api/datasets").status_code == 503
        assert client.get("/static/docs.css").status_code == 200
        assert holder.poll() is None, "the server waited for its process"
        until_it_is_let_go.cancel()
    until(lambda: client.get("/api/datasets").status_code == 200, 60, "an answer")


def test_a_killed_process_is_started_again(client):
    answer(client, "/api/datasets")
    worker = client.app.state.worker
    killed = worker.pid
    os.kill(killed, signal.SIGKILL)
    until(lambda: client.get("/api/datasets").status_code == 200, 60, "an answer")
    assert worker.pid != killed


def test_the_process_is_told_no_secret_of_the_server(home, monkeypatch):
    for name in ("AIRFLOW__CORE__FERNET_KEY", "AIRFLOW_CONN_STORE", "SYNTHPROF_TOKEN", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with alone(home) as client:
        answer(client, "/api/datasets")
        told = psutil.Process(client.app.state.worker.pid).environ()
    assert not [name for name in told if name.startswith("AIRFLOW") or name == "SYNTHPROF_TOKEN"]
    assert told["HTTPS_PROXY"] == "http://127.0.0.1:9"
    assert told["SYNTHPROF_HOME"] == str(home)


def test_an_exact_search_ends_when_nobody_waits_any_longer(home):
    def give_up() -> None:
        raise TimeoutError

    with pytest.raises(TimeoutError):
        search_text(open_searcher(open_version(home, DATASET)), TEXT, Query(exact=True, check=give_up))
