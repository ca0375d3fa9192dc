"""One run of the DAG, watched from a process that stays light."""

import json
import sys
import time
from typing import Any

import httpx

from synthprof.base.errors import SpecError, StageError, first_line
from synthprof.orchestration.local.console import print_result, waiting
from synthprof.orchestration.local.home import SAFE_PATH
from synthprof.orchestration.local.processes import (
    Interrupted,
    end_all,
    inherit_orphans,
    interrupted_by_signals,
    start,
)
from synthprof.orchestration.local.rest import Airflow
from synthprof.orchestration.tasks.names import GENERATE_DAG
from synthprof.report.ending import INTERRUPTED
from synthprof.report.terminal import Terminal

SECONDS_TO_START = 120.0


def here(params: dict[str, Any], environment: dict[str, str]) -> int:
    """Run the DAG in a process of its own; return its exit status. A signal ends it and all it started."""
    inherit_orphans()
    command = [sys.executable, *SAFE_PATH, "-m", "synthprof.orchestration.local", "work", json.dumps(params)]
    try:
        with interrupted_by_signals():
            return start(command, environment).wait()
    except Interrupted:
        Terminal(sys.stderr).say("Interrupted; the same command goes on where it stopped.")
        return INTERRUPTED
    finally:
        end_all()


def through_ui(airflow: Airflow, params: dict[str, Any]) -> int:
    """Give the run to the Airflow whose UI is up, as its scheduler would meddle; return an exit status.

    Raises SpecError if it is refused or would wait, StageError if Airflow ends, or the run is deleted.
    """
    try:
        return _through_ui(airflow, params)
    except httpx.HTTPError as error:
        raise StageError(
            f"Airflow at {airflow.url} has ended, or lost the run ({first_line(error)}); run it again"
        ) from error


def _through_ui(airflow: Airflow, params: dict[str, Any]) -> int:
    terminal = Terminal()
    run = _trigger(airflow, params)
    terminal.say(f"Airflow is up, so this run is its: {airflow.url}/dags/{GENERATE_DAG}/runs/{run}")
    try:
        with interrupted_by_signals(), waiting(terminal, "Running"):
            state = _follow(airflow, run, terminal)
    except Interrupted:
        terminal.say("The run goes on in Airflow; end it there.")
        return INTERRUPTED
    if state != "success":  # its note has the message of the task that failed
        note = str(airflow.run(GENERATE_DAG, run)["note"] or "").partition(" [Explore]")[0]
        terminal.say(note.replace("**", ""))
        return 1
    print_result(terminal, airflow.value(GENERATE_DAG, run, "publish"), [])
    return 0


def _trigger(airflow: Airflow, params: dict[str, Any]) -> str:
    deadline = time.monotonic() + SECONDS_TO_START
    while not airflow.healthy():
        if time.monotonic() > deadline:
            raise StageError(
                f"Airflow at {airflow.url} is up but not healthy; end it with Ctrl-C and try again"
            )
        time.sleep(1)
    if airflow.paused(GENERATE_DAG):
        raise SpecError(
            f"the DAG is paused: {airflow.url}/dags/{GENERATE_DAG}; switch it on there, then run it again"
        )
    answer = airflow.trigger(GENERATE_DAG, params)
    if answer.status_code == httpx.codes.BAD_REQUEST:
        raise SpecError(answer.json()["detail"])
    return str(answer.raise_for_status().json()["dag_run_id"])


def _follow(airflow: Airflow, run: str, terminal: Terminal) -> str:
    """Print a line for each task that has ended; return the state that the run has ended in."""
    seen: set[tuple[str, int]] = set()
    while True:
        state = str(airflow.run(GENERATE_DAG, run)["state"])
        for task in airflow.tasks(GENERATE_DAG, run):
            key = (task["task_id"], task["map_index"])
            if key not in seen and task["state"] in ("success", "failed", "skipped", "upstream_failed"):
                seen.add(key)
                label = task.get("rendered_map_index") or ""
                terminal.say(f"{task['state']:<8} {task['task_id']} {label}".rstrip())
        if state in ("success", "failed"):
            return state
        time.sleep(1)
