"""From a task or a run to the explorer's page about it."""

from typing import TYPE_CHECKING, ClassVar
from urllib.parse import urlencode, urlsplit

from airflow.sdk import BaseOperator, BaseOperatorLink
from airflow.sdk.configuration import conf

from synthprof.orchestration.names import EXPLORER
from synthprof.orchestration.operator import StageOperator
from synthprof.orchestration.upkeep import UpkeepOperator

if TYPE_CHECKING:
    from airflow.sdk.types import TaskInstanceKey


def explorer_link(dag: str, run: str) -> str:
    """The path on Airflow's own host of the explorer's page about the data set that the run makes."""
    root = urlsplit(conf.get("api", "base_url", fallback="") or "").path.rstrip("/")
    return f"{root}{EXPLORER}/?{urlencode({'dag_id': dag, 'run_id': run})}"


class ExplorerLink(BaseOperatorLink):
    """A button on each task of ours."""

    name = "Explorer"
    operators: ClassVar[list[type[BaseOperator]]] = [StageOperator, UpkeepOperator]

    def get_link(self, operator: BaseOperator, *, ti_key: "TaskInstanceKey") -> str:
        """The explorer's page about the task's run."""
        return explorer_link(ti_key.dag_id, ti_key.run_id)
