"""The DAGs that work on what is published: started from the explorer, or by hand. Wiring only."""

from typing import Any

from airflow.sdk import DAG, task

from synthprof.orchestration import (
    ExportOperator,
    LoadOperator,
    MatchOperator,
    ReindexOperator,
    VerifyOperator,
    WorkloadOperator,
)
from synthprof.orchestration.provider.delivery import (
    exports_params,
    load_params,
    match_params,
    workload_params,
)
from synthprof.orchestration.provider.operators import reindex_params, verify_params
from synthprof.orchestration.tasks.doc import (
    EXPORT_DOC,
    LOAD_DOC,
    MATCH_DOC,
    REINDEX_DOC,
    VERIFY_DOC,
    WORKLOAD_DOC,
)
from synthprof.orchestration.tasks.names import (
    EXPORT_DAG,
    LOAD_DAG,
    MATCH_DAG,
    REINDEX_DAG,
    TITLES,
    VERIFY_DAG,
    WORKLOAD_DAG,
)
from synthprof.orchestration.tasks.operator import TASK_DEFAULTS


def job(dag_id: str, description: str, doc: str, params: dict[str, Any], *, active: int = 2) -> DAG:
    """Return the DAG of a job on a version, as yet without tasks; so many of them work at once."""
    return DAG(
        dag_id,
        dag_display_name=TITLES[dag_id],
        description=description,
        doc_md=doc,
        params=params,
        max_active_runs=active,
        max_active_tasks=active,
        schedule=None,
        tags=["synthprof", "published versions"],
        catchup=False,
        is_paused_upon_creation=False,
        default_args=TASK_DEFAULTS,
    )


ANOTHER_INDEX = "Publish a version of a data set once more, with another search index."
with job(REINDEX_DAG, ANOTHER_INDEX, REINDEX_DOC, reindex_params(), active=1):
    ReindexOperator(task_id="reindex")

PROOF = "Prove that a version of a data set is what its spec says, byte by byte."
with job(VERIFY_DAG, PROOF, VERIFY_DOC, verify_params()):
    VerifyOperator(task_id="verify")

QUERIES = "Make queries for a version of a data set, from easy to hard, with their exact answers."
with job(WORKLOAD_DAG, QUERIES, WORKLOAD_DOC, workload_params()):
    WorkloadOperator(task_id="workload")

FILL = "Fill a table of a database or search engine with the rows of a version."
with job(LOAD_DAG, FILL, LOAD_DOC, load_params()):
    LoadOperator(task_id="load")

FIND = "Find the near-identical pictures of a folder, a table or tar files, or of a version's avatars."
with job(MATCH_DAG, FIND, MATCH_DOC, match_params()):
    MatchOperator(task_id="match")

WRITE = "Write a version of a data set in formats that other programs read."
with job(EXPORT_DAG, WRITE, EXPORT_DOC, exports_params()):

    @task
    def formats(params: dict[str, Any]) -> list[str]:
        """Return the formats, of which each has a task."""
        return list(params["formats"])

    ExportOperator.partial(task_id="export", map_index_template="{{ task.format }}").expand(format=formats())
