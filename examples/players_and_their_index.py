"""All stages as a task group in a DAG of your own on Airflow, then jobs on the version that they publish.

`profiles` follows the DAG's own parameter, `seed` is in the form by the name that synthprof gives it, all
else is fixed or as declared. The version is verified, published once more with an HNSW index, and repaired,
which does nothing where nothing is damaged.
"""

from airflow.sdk import DAG, Param

from synthprof.orchestration import (
    ReindexOperator,
    RepairOperator,
    SynthprofTaskGroup,
    VerifyOperator,
    airflow_params,
)

DATASET = "players"

with DAG(
    "players_and_their_index",
    schedule=None,
    catchup=False,
    max_active_runs=1,
    params={
        "players": Param(5_000, type="integer", minimum=100, description="How many to make."),
        "seed": airflow_params()["seed"],
    },
):
    made = SynthprofTaskGroup("make", dataset=DATASET, profiles="{{ params.players }}", index="flat")
    verified = VerifyOperator(task_id="verify", dataset=DATASET)
    indexed = ReindexOperator(task_id="reindex", dataset=DATASET, index="hnsw", index_memory_mib=256)
    repaired = RepairOperator(task_id="repair", dataset=DATASET)
    made >> verified >> indexed >> repaired
