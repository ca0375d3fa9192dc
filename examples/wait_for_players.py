"""A DAG for Airflow that waits until a new version of a data set is published, by whatever made it.

The sensor waits in the triggerer, so it takes no worker's slot. New is what was published since this DAG's
last successful run.
"""

import logging

from airflow.sdk import DAG, task

from synthprof.orchestration import NewVersionSensor

DATASET = "players"

with DAG("wait_for_players", schedule="0 6 * * *", catchup=False):
    new = NewVersionSensor(
        task_id="wait",
        dataset=DATASET,
        since="{{ prev_start_date_success or '1970-01-01' }}",
        deferrable=True,
        poke_interval=60,
        timeout=12 * 60 * 60,
    )

    @task
    def report(version: str) -> str:
        """Log what was found; return it."""
        logging.getLogger(__name__).info("data set %s, version %s", DATASET, version)
        return version

    report(new.output)
