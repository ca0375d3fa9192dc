"""Each night's data set, sampled into a Parquet file as soon as it is published.

Copy this file into your folder of DAGs, or start with `SYNTHPROF_DAGS=examples make ui`; then switch on both
`synthprof_gamers_nightly` and this DAG. Every publication of the data set is an asset event that carries its
version, rows and scores, so that the consumer reads just that version, even if a later one is current by now.
"""

import logging
from pathlib import Path
from typing import Any

from airflow.sdk import DAG, Param, task

from synthprof.orchestration.tasks.operator import dataset_asset

DATASET = "gamers_nightly"
NIGHT = dataset_asset(DATASET)

logger = logging.getLogger(__name__)


def export(event: dict[str, Any], rows: int, folder: Path) -> Path:
    """Write a Parquet file with some profiles of the published version and the cluster of each."""
    # imported here: what a DAG file imports is imported again for every task
    import pyarrow.parquet

    from synthprof.store.sqlite.database import read
    from synthprof.system.environment import home_folder
    from synthprof.versions.version import open_version

    version = open_version(home_folder(), DATASET, event["version"])  # while we refer to it, it is not pruned
    every = max(1, event["rows"] // rows)
    chosen = "WHERE id % ? = 0 ORDER BY id"
    profiles = read(version.folder / "perfis.db", f"SELECT * FROM perfis {chosen}", (every,))
    clusters = read(version.folder / "clusters.db", f"SELECT cluster_id FROM clusters {chosen}", (every,))
    sample = profiles.append_column("cluster_id", clusters.column("cluster_id"))

    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{DATASET}-{event['version']}.parquet"
    aside = path.with_suffix(".part")
    pyarrow.parquet.write_table(sample, aside)
    aside.replace(path)  # a reader sees all of it or nothing; a retry writes the same again
    return path


with DAG(
    "sample_of_each_night",
    description=f"A Parquet sample of each version of {DATASET} that is published.",
    doc_md=__doc__,
    schedule=[NIGHT],
    catchup=False,
    params={
        "rows": Param(1_000, type="integer", minimum=1, description="About how many profiles to take."),
        "folder": Param("samples", type="string", description="Where the files go, beside the data root."),
    },
):

    @task(retries=2)
    def sample(
        params: dict[str, Any] | None = None,
        triggering_asset_events: Any = None,  # noqa: ANN401
    ) -> list[str]:
        """Return the files written, one for each publication since the last run."""
        from synthprof.system.environment import home_folder

        assert params is not None, "Airflow gives it"
        written = []
        for event in triggering_asset_events[NIGHT]:
            logger.info("version %(version)s, %(rows)s rows, scores %(scores)s", event.extra)
            written.append(export(event.extra, params["rows"], home_folder().parent / params["folder"]))
        return list(map(str, written))

    sample()
