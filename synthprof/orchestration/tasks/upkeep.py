"""The Airflow tasks that work on what is published, and their parameters."""

import sys
from typing import Any

from airflow.sdk import Context, Param

from synthprof.base.errors import SpecError
from synthprof.orchestration.bucket import storage
from synthprof.orchestration.tasks import child
from synthprof.orchestration.tasks.operator import PUBLISHED, ChildOperator, tell_published, told_to_airflow
from synthprof.orchestration.tasks.params import declared
from synthprof.orchestration.tasks.service import connection_environment
from synthprof.spec.limits import FEW_BLOCKS
from synthprof.store.store import VERSION_PATTERN
from synthprof.system.environment import STORAGE

COMMAND = (sys.executable, "-m", "synthprof.runner.child_upkeep")


class UpkeepOperator(ChildOperator):
    """A task that has done one task of `synthprof.runner.child_upkeep` in a child process.

    task: its name. Pushes what it gave; `publishes` tells that this is a new version.
    """

    def __init__(self, *, task: str, publishes: bool = False, **kwargs: Any) -> None:  # noqa: ANN401
        super().__init__(outlets=[PUBLISHED] if publishes else [], **kwargs)
        self.task = task
        self.publishes = publishes

    def execute(self, context: Context) -> Any:  # noqa: ANN401
        """The task has been done."""
        params = dict(context["params"])
        self.check_names(params)
        secrets = connection_environment() if self.publishes else {}
        with told_to_airflow():
            if self.publishes:
                _check_home_is_shared()
            value = child.run_stage(self.task, params, command=COMMAND, on_start=self.hold, variables=secrets)
        if self.publishes:
            tell_published(context, params["dataset"], value)
        return value


def _check_home_is_shared() -> None:
    """Raises SpecError where versions are published in a bucket: a new one would lie on this worker alone."""
    if url := storage.setting():
        raise SpecError(
            f"{STORAGE}={url}: another index is published only in a folder; make the data set "
            "with that index by the DAG that made it"
        )


def version_params() -> dict[str, Param]:
    """Which version to work on."""
    return {
        "dataset": declared("dataset"),
        "version": Param(
            "",
            type=["string", "null"],
            title="Version",
            pattern=f"^({VERSION_PATTERN})?$",
            description="Name of the version; the current one unless given. (version)",
        ),
    }


def reindex_params() -> dict[str, Param]:
    """Which version, and the index that it shall have."""
    return version_params() | {
        "index": declared("index"),
        "index_memory_mib": declared("index_memory_mib"),
    }


def verify_params() -> dict[str, Param]:
    """Which version, and whether all of it is made again."""
    return version_params() | {
        "all_blocks": Param(
            False,
            type="boolean",
            title="All blocks",
            description=f"Make every block again and compare, instead of {FEW_BLOCKS}. (all_blocks)",
        )
    }
