"""The work of a child process: it ends with its parent, and tells results and failures by events."""

import argparse
import json
import os
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from synthprof.base.errors import SynthprofError
from synthprof.system.environment import PARENT_PID
from synthprof.system.events import (
    Failed,
    Observer,
    ProgressEvents,
    ReceiptWritten,
    Result,
    emit,
    log_events,
)
from synthprof.system.pool import die_with
from synthprof.system.startup import block_pandas, end_on_signals, spare_time


def as_child(work: Callable[[], None]) -> int:
    """Do the work and return its exit status; emit its failure as an event; end with the parent."""
    end_on_signals()
    spare_time()
    if parent := os.environ.get(PARENT_PID):
        die_with(int(parent))
    block_pandas()
    try:
        work()
    except SynthprofError as error:
        emit(Failed.of(error))
        return error.exit_code
    except Exception as error:
        emit(Failed.of(error))
        return 1
    return 0


Task = Callable[[dict[str, Any], Observer], dict[str, Any]]
"""A job by its parameters: returns what it did, of JSON types, with the number of `rows`."""


def task_main(tasks: Mapping[str, Task], module: str, arguments: Sequence[str] | None = None) -> int:
    """Do one of the tasks as `python -m MODULE TASK --params JSON`; returns the exit status."""
    parser = argparse.ArgumentParser(prog=f"python -m {module}")
    parser.add_argument("task", choices=tasks)
    parser.add_argument("--params", default="{}", help="the parameters as a JSON object")
    options = parser.parse_args(arguments)
    return as_child(lambda: _report(options.task, tasks[options.task], json.loads(options.params)))


def _report(name: str, task: Task, params: dict[str, Any]) -> None:
    log_events(detailed=False)
    began = time.monotonic()
    value = task(params, ProgressEvents())
    seconds, rows = round(time.monotonic() - began, 3), value["rows"]
    facts = {"stage": name, "rows": rows, "seconds": seconds}
    emit(ReceiptWritten(f"{name}: {rows:,} rows in {seconds:.2f} s", facts))
    emit(Result(value))
