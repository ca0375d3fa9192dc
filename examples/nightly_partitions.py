"""A data set for each night as a partition of its asset, and a consumer of each partition, in Airflow.

The run of a night, and the asset event that it emits, have the night's date as partition key. The consumer
runs once per night, with the same key, also when a night is backfilled. Airflow wakes no DAG by such an event
that waits for the asset as a whole, as `sample_of_each_night` does.
"""

from typing import Any

from airflow.sdk import DAG, CronPartitionTimetable, PartitionedAssetTimetable, task

from synthprof.orchestration import SynthprofDag, dataset_asset

DATASET = "players_by_night"

SynthprofDag(
    "players_by_night",
    description="Players of the night, from the date as seed.",
    schedule=CronPartitionTimetable("0 3 * * *", timezone="America/Sao_Paulo", key_format="%Y-%m-%d"),
    seed_zone="America/Sao_Paulo",
    dataset=DATASET,
    defaults={"profiles": 2_000, "clusters": 8},
)

with DAG(
    "count_players_by_night",
    schedule=PartitionedAssetTimetable(assets=dataset_asset(DATASET)),
    catchup=False,
):

    @task
    def count(dag_run: Any = None, triggering_asset_events: Any = None) -> dict[str, Any]:  # noqa: ANN401
        """Return the night and how many rows each version published for it has."""
        assert dag_run is not None, "Airflow gives it"
        events = triggering_asset_events[dataset_asset(DATASET)]
        return {"night": dag_run.partition_key, "rows": [event.extra["rows"] for event in events]}

    count()
