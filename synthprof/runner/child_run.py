"""A whole run, or the check of a version, as a process of its own, which the Python API starts.

`python -m synthprof.runner.child_run TASK --params JSON` reports in JSON lines on standard output like
`synthprof.runner.child`; its events of progress also name the stage.
"""

import argparse
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from synthprof.base.errors import SpecError
from synthprof.runner.child import as_child
from synthprof.runner.log import run_log
from synthprof.runner.request import request_of
from synthprof.runner.run import resolved, run_all
from synthprof.spec.limits import FEW_BLOCKS
from synthprof.system.environment import home_folder
from synthprof.system.events import ProgressMade, Result, emit, log_events
from synthprof.system.logs import add_file
from synthprof.system.startup import leave

SECONDS_BETWEEN_PROGRESS = 0.1


def run(params: dict[str, Any]) -> dict[str, Any]:
    """Make the data set; return what publishing gave."""
    request, home = request_of(params), home_folder()
    log_events(detailed=request.runtime.detailed_logging)
    request = resolved(request, home)
    with run_log(request, home) as log:
        add_file(log)
        return run_all(request, home, _Progress()).published


def verify(params: dict[str, Any]) -> dict[str, Any]:
    """Check the version in a folder; return the verdict."""
    from synthprof.versions.verify import verify as check
    from synthprof.versions.version import open_folder

    observe, asked = _Progress(), params["blocks"]
    blocks = {"few": FEW_BLOCKS, "all": None}.get(asked, asked)
    if blocks is not None and not (isinstance(blocks, int) and blocks >= 1):
        raise SpecError(f'blocks={asked!r} is no number of blocks; give 1 or more, "few" or "all"')
    found = open_folder(Path(params["folder"]))
    return asdict(check(found, blocks, lambda done, total: observe("verify", done, total)))


TASKS: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {"run": run, "verify": verify}


class _Progress:
    """Progress of each stage as events, some ten a second."""

    def __init__(self) -> None:
        self._told: dict[str, float] = {}
        self._began = time.monotonic()

    def __call__(self, stage: str, done: int, total: int, failed: int = 0) -> None:
        now = time.monotonic()
        if done >= total or now - self._told.get(stage, 0.0) >= SECONDS_BETWEEN_PROGRESS:
            self._told[stage] = now
            emit(ProgressMade(done, total, failed, "rows", round(now - self._began, 3), stage))


def main(arguments: Sequence[str] | None = None) -> int:
    """Do one task as a child process; return its exit status."""
    parser = argparse.ArgumentParser(prog="python -m synthprof.runner.child_run", description=__doc__)
    parser.add_argument("task", choices=TASKS)
    parser.add_argument("--params", required=True, help="what the task takes, as a JSON object")
    options = parser.parse_args(arguments)
    params = json.loads(options.params)
    return as_child(lambda: emit(Result(TASKS[options.task](params))))


if __name__ == "__main__":
    leave(main())
