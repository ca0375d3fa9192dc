"""The DAGs that work on what is published: started from the explorer, or by hand. Wiring only."""

from airflow.sdk import DAG

from synthprof.orchestration.tasks.doc import REINDEX_DOC, VERIFY_DOC
from synthprof.orchestration.tasks.names import REINDEX_DAG, VERIFY_DAG
from synthprof.orchestration.tasks.operator import dag_defaults
from synthprof.orchestration.tasks.upkeep import UpkeepOperator, reindex_params, verify_params

with DAG(
    REINDEX_DAG,
    description="Publish a version of a data set once more, with another search index.",
    doc_md=REINDEX_DOC,
    schedule=None,
    params=reindex_params(),
    is_paused_upon_creation=False,
    **dag_defaults(),
):
    UpkeepOperator(task_id="reindex", task="reindex", publishes=True)

with DAG(
    VERIFY_DAG,
    description="Prove that a version of a data set is what its spec says, byte by byte.",
    doc_md=VERIFY_DOC,
    schedule=None,
    params=verify_params(),
    is_paused_upon_creation=False,
    **(dag_defaults() | {"max_active_runs": 2}),
):
    UpkeepOperator(task_id="verify", task="verify")
