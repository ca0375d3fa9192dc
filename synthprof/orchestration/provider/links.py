"""From a task to the explorer's page about its run."""

from typing import TYPE_CHECKING, ClassVar

from airflow.sdk import BaseOperator, BaseOperatorLink

from synthprof import orchestration
from synthprof.orchestration.tasks.addresses import explorer_link
from synthprof.orchestration.tasks.operator import StageOperator

if TYPE_CHECKING:
    from airflow.sdk.types import TaskInstanceKey


class ExplorerLink(BaseOperatorLink):
    """A button on each task of this provider."""

    name = "Explorer"
    operators: ClassVar[list[type[BaseOperator]]] = [
        StageOperator,
        *(getattr(orchestration, name) for name in orchestration.__all__ if name.endswith("Operator")),
    ]

    def get_link(self, operator: BaseOperator, *, ti_key: "TaskInstanceKey") -> str:
        """Return the path of the explorer's page about the task's run."""
        return explorer_link(ti_key.dag_id, ti_key.run_id)
