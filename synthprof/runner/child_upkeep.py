"""Work on published versions, as an Airflow task starts it.

`python -m synthprof.runner.child_upkeep TASK --params JSON` does one task. Like
`synthprof.runner.child` it reports by events.
"""

import argparse
import json
import logging
import time
from collections.abc import Callable, Sequence
from typing import Any

from synthprof.base.errors import SpecError
from synthprof.runner.check import check
from synthprof.runner.child import as_child
from synthprof.runner.reindex import build_index
from synthprof.runner.repair import repair
from synthprof.runner.run import Observer
from synthprof.spec.limits import FEW_BLOCKS
from synthprof.system.environment import home_folder
from synthprof.system.events import ProgressEvents, ReceiptWritten, Result, emit, log_events
from synthprof.system.startup import leave
from synthprof.versions.version import open_version

logger = logging.getLogger("synthprof.runner.child_upkeep")


def reindex(params: dict[str, Any], observe: Observer) -> dict[str, Any]:
    """Publish the version once more with another index; return what publishing gave."""
    version = open_version(home_folder(), params["dataset"], params.get("version") or None)
    run = build_index(home_folder(), version, params["index"], params["index_memory_mib"], observe)
    return run.published


def verify_version(params: dict[str, Any], observe: Observer) -> dict[str, Any]:
    """Verify the version. Raise SpecError with all faults that were found."""
    version = open_version(home_folder(), params["dataset"], params.get("version") or None)
    verdict = check(version, None if params["all_blocks"] else FEW_BLOCKS, observe)
    name = f"{version.manifest.dataset} {version.manifest.version}"
    if not verdict.sound:
        found = "; ".join((*verdict.findings, verdict.remedy))
        raise SpecError(f"version {version.manifest.version} is not what it should be: {found}")
    logger.info("%s: %s", name, verdict.confirmation)
    return {
        "dataset": version.manifest.dataset,
        "version": version.manifest.version,
        "rows": version.manifest.rows,
        "blocks": verdict.blocks,
        "summary": verdict.confirmation,
    }


def repair_version(params: dict[str, Any], observe: Observer) -> dict[str, Any]:
    """Make a damaged version whole; return what was put right."""
    home, dataset = home_folder(), params["dataset"]
    done = repair(home, dataset, params.get("version") or None, force=params["force"], observe=observe)
    rows = open_version(home, dataset, done.version).manifest.rows
    logger.info("%s %s: %d files made whole", dataset, done.version, len(done.files))
    return {"version": done.version, "rows": rows, "files": [*done.files], "stages": [*done.stages]}


TASKS: dict[str, Callable[[dict[str, Any], Observer], dict[str, Any]]] = {
    "reindex": reindex,
    "verify": verify_version,
    "repair": repair_version,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Do one task as a child process; returns its exit status."""
    parser = argparse.ArgumentParser(prog="python -m synthprof.runner.child_upkeep", description=__doc__)
    parser.add_argument("task", choices=TASKS)
    parser.add_argument("--params", default="{}", help="the parameters as a JSON object")
    options = parser.parse_args(arguments)
    return as_child(lambda: _report(options.task, json.loads(options.params)))


def _report(task: str, params: dict[str, Any]) -> None:
    log_events(detailed=False)
    began = time.monotonic()
    value = TASKS[task](params, ProgressEvents())
    seconds, rows = round(time.monotonic() - began, 3), value["rows"]
    facts = {"stage": task, "rows": rows, "seconds": seconds}
    emit(ReceiptWritten(f"{task}: {rows:,} rows in {seconds:.2f} s", facts))
    emit(Result(value))


if __name__ == "__main__":
    leave(main())
