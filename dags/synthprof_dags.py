"""The Airflow DAGs of synthprof: to generate, to embed, and one for each file in `datasets/`. Wiring only."""

from synthprof.orchestration import SynthprofDag
from synthprof.orchestration.tasks.datasets import read_all
from synthprof.orchestration.tasks.doc import EMBED_DOC, GENERATE_DOC, dataset_doc
from synthprof.orchestration.tasks.names import EMBED_DAG, GENERATE_DAG, TITLES

generate = SynthprofDag(
    GENERATE_DAG,
    dag_display_name=TITLES[GENERATE_DAG],
    description="Make a data set of profiles with vectors, embeddings, clusters and a search index.",
    doc_md=GENERATE_DOC,
    is_paused_upon_creation=False,
)

embed = SynthprofDag(
    EMBED_DAG,
    dag_display_name=TITLES[EMBED_DAG],
    kind="embed",
    description="Make a data set of texts or pictures of yours, with embeddings, clusters and an index.",
    doc_md=EMBED_DOC,
    is_paused_upon_creation=False,
)

for dataset in read_all()[0]:
    SynthprofDag(
        dataset.dag_id,
        dag_display_name=dataset.title,
        description=dataset.description,
        doc_md=dataset_doc(dataset),
        schedule=dataset.timetable,
        defaults=dataset.params,
        seed_zone=dataset.seed_zone,
        first_night=dataset.first_night or None,
        night_zone=dataset.timezone,
        is_paused_upon_creation=True,
        default_args=dataset.task_defaults,
    )
