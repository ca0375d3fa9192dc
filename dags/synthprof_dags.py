"""The DAGs of synthprof: to generate, to embed, and one for each file in `datasets/`. Wiring only."""

from typing import Any

from airflow.sdk import DAG

from synthprof.orchestration.tasks.datasets import read_all
from synthprof.orchestration.tasks.doc import EMBED_DOC, GENERATE_DOC, dataset_doc
from synthprof.orchestration.tasks.names import EMBED_DAG, GENERATE_DAG
from synthprof.orchestration.tasks.operator import dag_defaults, stage_task
from synthprof.orchestration.tasks.params import airflow_params
from synthprof.pipeline import STAGES


def wire(seed_zone: str | None = None) -> None:
    """The DAG under construction has one task for each stage, after the stages that it needs."""
    tasks: dict[str, Any] = {}
    for stage in STAGES:
        tasks[stage.name] = stage_task(stage, tasks.get("setup"), seed_zone)
        for need in stage.needs:
            tasks[need] >> tasks[stage.name]


with DAG(
    GENERATE_DAG,
    description="Make a data set of profiles with vectors, embeddings, clusters and a search index.",
    doc_md=GENERATE_DOC,
    schedule=None,
    params=airflow_params(),
    is_paused_upon_creation=False,
    **dag_defaults(),
) as generate:
    wire()

with DAG(
    EMBED_DAG,
    description="Make a data set of texts from a table or a folder, with embeddings, clusters and an index.",
    doc_md=EMBED_DOC,
    schedule=None,
    params=airflow_params(kind="embed"),
    is_paused_upon_creation=False,
    **dag_defaults(),
):
    wire()

for dataset in read_all()[0]:
    with DAG(
        dataset.dag_id,
        description=dataset.description,
        doc_md=dataset_doc(dataset),
        schedule=dataset.timetable,
        params=airflow_params(dataset.params),
        is_paused_upon_creation=True,
        **dag_defaults(execution_timeout=dataset.execution_timeout),
    ):
        wire(dataset.seed_zone)
