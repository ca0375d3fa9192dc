"""The DAGs that work on what is published: started from the explorer, or by hand. Wiring only."""

from typing import Any

from airflow.sdk import DAG, task

from synthprof.orchestration import (
    ExportOperator,
    LoadOperator,
    ReindexOperator,
    VerifyOperator,
    WorkloadOperator,
)
from synthprof.orchestration.provider.operators import (
    exports_params,
    load_params,
    reindex_params,
    verify_params,
    workload_params,
)
from synthprof.orchestration.tasks.doc import EXPORT_DOC, LOAD_DOC, REINDEX_DOC, VERIFY_DOC, WORKLOAD_DOC
from synthprof.orchestration.tasks.names import (
    EXPORT_DAG,
    LOAD_DAG,
    REINDEX_DAG,
    TITLES,
    VERIFY_DAG,
    WORKLOAD_DAG,
)
from synthprof.orchestration.tasks.operator import TASK_DEFAULTS

COMMON: dict[str, Any] = {
    "schedule": None,
    "tags": ["synthprof", "published versions"],
    "catchup": False,
    "is_paused_upon_creation": False,
    "default_args": TASK_DEFAULTS,
}

with DAG(
    REINDEX_DAG,
    dag_display_name=TITLES[REINDEX_DAG],
    description="Publish a version of a data set once more, with another search index.",
    doc_md=REINDEX_DOC,
    params=reindex_params(),
    max_active_runs=1,
    **COMMON,
):
    ReindexOperator(task_id="reindex")

with DAG(
    VERIFY_DAG,
    dag_display_name=TITLES[VERIFY_DAG],
    description="Prove that a version of a data set is what its spec says, byte by byte.",
    doc_md=VERIFY_DOC,
    params=verify_params(),
    max_active_runs=2,
    **COMMON,
):
    VerifyOperator(task_id="verify")

with DAG(
    WORKLOAD_DAG,
    dag_display_name=TITLES[WORKLOAD_DAG],
    description="Make queries for a version of a data set, from easy to hard, with their exact answers.",
    doc_md=WORKLOAD_DOC,
    params=workload_params(),
    max_active_runs=2,
    **COMMON,
):
    WorkloadOperator(task_id="workload")

with DAG(
    LOAD_DAG,
    dag_display_name=TITLES[LOAD_DAG],
    description="Fill a table of a database or search engine with the rows of a version.",
    doc_md=LOAD_DOC,
    params=load_params(),
    max_active_runs=2,
    **COMMON,
):
    LoadOperator(task_id="load")

with DAG(
    EXPORT_DAG,
    dag_display_name=TITLES[EXPORT_DAG],
    description="Write a version of a data set in formats that other programs read.",
    doc_md=EXPORT_DOC,
    params=exports_params(),
    max_active_runs=2,
    max_active_tasks=2,
    **COMMON,
):

    @task
    def formats(params: dict[str, Any]) -> list[str]:
        """Return the formats, of which each has a task."""
        return list(params["formats"])

    ExportOperator.partial(task_id="export", map_index_template="{{ task.format }}").expand(format=formats())
