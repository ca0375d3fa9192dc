"""A whole run, or the check of a version, as a process of its own, which the Python API starts.

`python -m synthprof.runner.child_run TASK --params JSON` reports in JSON lines on standard output like
`synthprof.runner.child`; its events of progress also name the stage.
"""

import argparse
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from synthprof.base.errors import SpecError
from synthprof.runner.log import run_log
from synthprof.runner.request import request_of
from synthprof.spec.limits import FEW_BLOCKS
from synthprof.system.child import as_child
from synthprof.system.environment import home_folder
from synthprof.system.events import ProgressEvents, Result, emit, log_events
from synthprof.system.logs import add_file
from synthprof.system.startup import leave

SECONDS_BETWEEN_PROGRESS = 0.1


def run(params: dict[str, Any]) -> dict[str, Any]:
    """Make the data set; return what publishing gave."""
    from synthprof.runner.run import resolved, run_all  # loads NumPy: `as_child` prepares for it

    request, home = request_of(params), home_folder()
    log_events(detailed=request.runtime.detailed_logging)
    observe = ProgressEvents(SECONDS_BETWEEN_PROGRESS)
    request = resolved(request, home, observe)
    with run_log(request, home) as log:
        add_file(log)
        return run_all(request, home, observe).published


def verify(params: dict[str, Any]) -> dict[str, Any]:
    """Check the version in a folder; return the verdict."""
    from synthprof.runner.check import check
    from synthprof.versions.version import open_folder

    asked = params["blocks"]
    blocks = {"few": FEW_BLOCKS, "all": None}.get(asked, asked)
    if blocks is not None and not (isinstance(blocks, int) and blocks >= 1):
        raise SpecError(f'blocks={asked!r} is no number of blocks; give 1 or more, "few" or "all"')
    found = open_folder(Path(params["folder"]))
    return asdict(check(found, blocks, ProgressEvents(SECONDS_BETWEEN_PROGRESS)))


TASKS: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {"run": run, "verify": verify}


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
