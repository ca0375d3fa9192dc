"""Airflow with its UI, as processes of ours that end with us."""

import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from synthprof.base.errors import Busy, SpecError, StageError
from synthprof.orchestration.local.console import waiting
from synthprof.orchestration.local.home import HOST, SAFE_PATH, Home
from synthprof.orchestration.local.processes import (
    Interrupted,
    end_all,
    end_tree,
    inherit_orphans,
    interrupted_by_signals,
    start,
)
from synthprof.orchestration.local.rest import Airflow
from synthprof.orchestration.tasks.names import GENERATE_DAG
from synthprof.report.terminal import Terminal
from synthprof.spec.limits import LARGEST_PORT

SECONDS_TO_START = 180.0

FORKING = ("scheduler", "dag-processor")
"""Components that fork processes which read our DAG files."""


def serve(home: Home, terminal: Terminal, environment: dict[str, str]) -> None:
    """Run Airflow until a signal asks it to end, and leave no process that it started.

    Raises SpecError if the port is taken, Busy if another process uses this home, StageError if a component
    ended by itself.
    """
    _check_port(home.port)
    with home.used(by="ui") as use:
        if use != "nobody":
            other = "its UI runs already" if use == "ui" else "a `make run` is under way"
            raise Busy(f"{home.path} is in use: {other}; end that first, or wait")
        (home.path / "port").write_text(str(home.port))
        inherit_orphans()
        running: dict[str, subprocess.Popen[bytes]] = {}
        try:
            with interrupted_by_signals():
                with waiting(terminal, "Starting Airflow"):
                    seconds = _start(home, environment, running)
                terminal.say(f"Airflow is ready after {seconds:.0f} s: {home.url}/dags/{GENERATE_DAG}")
                terminal.say(f"Logs of its parts: {_log(home, '*')}")
                terminal.say("Ctrl-C ends it.")
                while True:
                    _check(running, home)
                    time.sleep(0.5)
        except Interrupted:
            terminal.say("Ending Airflow ...")
        finally:
            if "scheduler" in running:  # first, so that its tasks can still report that they were ended
                end_tree(running["scheduler"].pid, seconds=5)
            end_all()


def _check_port(port: int) -> None:
    if not 1 <= port <= LARGEST_PORT:
        raise SpecError(f"port={port} is not within 1 to 65535; choose another: make ui PORT=8080")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise SpecError(
                f"port={port} cannot be used ({error.strerror}); end what holds it, or choose another: "
                f"make ui PORT={port + 1}"
            ) from None


def _start(home: Home, environment: dict[str, str], running: dict[str, subprocess.Popen[bytes]]) -> float:
    """Start Airflow and wait until it is healthy; return the seconds that took."""
    begin = time.monotonic()
    _log(home, "").parent.mkdir(parents=True, exist_ok=True)
    migrate = [sys.executable, "-m", "synthprof.orchestration.local", "migrate"]
    if start(migrate, environment, _log(home, "migrate")).wait() != 0:
        raise StageError(f"Airflow's metadata database could not be prepared; see {_log(home, 'migrate')}")
    port = _free_port()
    environment = environment | {
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://{HOST}:{port}/execution/"
    }
    with Airflow(home.url) as airflow, Airflow(f"http://{HOST}:{port}") as reports:
        for name, arguments in _components(port).items():
            if name == "scheduler":  # a task that finds nobody to report to fails
                _until(reports.answers, lambda: _check(running, home))
            _log(home, name).unlink(missing_ok=True)
            program = "synthprof.orchestration.local.forking" if name in FORKING else "airflow"
            command = [sys.executable, *SAFE_PATH, "-m", program, *arguments]
            running[name] = start(command, environment, _log(home, name))
        _until(reports.takes_reports, lambda: _check(running, home))  # else the first task waits for it
        _until(airflow.healthy, lambda: _check(running, home))
    return time.monotonic() - begin


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def _components(port: int) -> dict[str, tuple[str, ...]]:
    """Return Airflow's commands by their logs' names; tasks report to a process of its own, on the port.

    In one process with the UI, Airflow's log of who did what waits for SQLite's write lock and holds the
    event loop, by which alone a report that has that lock can let it go: all stands still until the time-out.
    """
    return {
        "api-server": ("api-server", "--apps", "core"),
        "task-api": ("api-server", "--apps", "execution", "--port", str(port)),
        "dag-processor": ("dag-processor",),
        "triggerer": ("triggerer", "--skip-serve-logs"),
        "scheduler": ("scheduler", "--skip-serve-logs"),
    }


def _until(reached: Callable[[], bool], check: Callable[[], None]) -> None:
    deadline = time.monotonic() + SECONDS_TO_START
    while not reached():
        check()
        if time.monotonic() > deadline:
            raise StageError(f"Airflow did not become healthy within {SECONDS_TO_START:.0f} s; see its logs")
        time.sleep(0.5)


def _check(running: dict[str, subprocess.Popen[bytes]], home: Home) -> None:
    for name, process in running.items():
        if process.poll() is not None:
            log = _log(home, name)
            last = "\n".join(log.read_text(errors="replace").splitlines()[-15:])
            raise StageError(
                f"Airflow's {name} ended with exit code {process.returncode}:\n"
                f"see {log}, which ends so:\n{last}"
            )


def _log(home: Home, name: str) -> Path:
    return home.path / "logs" / "components" / f"{name}.log"
