"""Work on published versions, as an Airflow task starts it.

`python -m synthprof.runner.child_upkeep TASK --params JSON` does one task. Like
`synthprof.runner.child` it reports by events.
"""

import logging
from typing import Any

from synthprof.base.errors import SpecError
from synthprof.runner.check import check
from synthprof.runner.reindex import build_index
from synthprof.runner.repair import repair
from synthprof.spec.limits import FEW_BLOCKS
from synthprof.system.child import Task, task_main
from synthprof.system.environment import home_folder
from synthprof.system.events import Observer
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


TASKS: dict[str, Task] = {
    "reindex": reindex,
    "verify": verify_version,
    "repair": repair_version,
}


if __name__ == "__main__":
    leave(task_main(TASKS, "synthprof.runner.child_upkeep"))
