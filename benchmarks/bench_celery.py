"""Shards on Celery workers of one machine: seconds of a run with one worker and with four.

    python benchmarks/bench_celery.py                      1,000,000 profiles in 8 shards
    python benchmarks/bench_celery.py --rows 200000 --workers 1 2

The services of docker-compose.yml run as processes, as in tests/cluster: PostgreSQL, Redis and Airflow. Each
Celery worker takes one task at a time, and each task one process, so that workers alone make the difference;
more of them than cores can only share the cores. They share a folder. Raw results:
benchmarks/results/celery.json, with another store celery_<store>.json.
"""

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
from collections import defaultdict
from datetime import datetime
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "support"))

from composed import AIRFLOW, SECONDS_TO_START, Cluster
from place import ended, until

from synthprof.orchestration.local.processes import inherit_orphans
from synthprof.orchestration.tasks.names import GENERATE_DAG

RESULTS = Path(__file__).parent / "results" / "celery.json"


def main() -> None:
    """Start the services, run the data set with each number of workers, print and keep what it took."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--shards", type=int, default=8)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 4])
    parser.add_argument("--store", default="", help="how rows are stored; the default of the DAG without")
    parser.add_argument("--results", type=Path)
    options = parser.parse_args()
    results = options.results or (RESULTS.with_stem(f"celery_{options.store}") if options.store else RESULTS)
    folder = Path(tempfile.mkdtemp(prefix="synthprof-celery-"))
    folder.chmod(0o755)
    inherit_orphans()
    cluster = Cluster(folder)
    runs = []
    try:
        cluster.start_stores()
        cluster.run("init", home="shared")
        cluster.wait("init")
        for name in AIRFLOW:
            cluster.run(name, home="shared")
        for count in options.workers:
            runs.append(_run(cluster, options, count))
            print(json.dumps(runs[-1]), flush=True)
    finally:
        cluster.end_all()
        shutil.rmtree(folder, ignore_errors=True)
    if len({run["content"] for run in runs}) > 1:
        raise SystemExit("another number of workers gave other bytes")
    facts = {"cores": os.cpu_count(), "rows": options.rows, "shards": options.shards, "runs": runs}
    results.write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")


def _run(cluster: Cluster, options: argparse.Namespace, count: int) -> dict[str, Any]:
    """Make the data set, named after the number of workers, by so many workers of one task each."""
    cluster.variables |= {"WORKER_CONCURRENCY": "1", "SHARDS_AT_ONCE": "16"}
    names = [f"worker-{count}-{number}" for number in range(count)]
    for name in names:
        cluster.run(name, "worker", home="shared")
    for name in names:
        until(lambda name=name: cluster.healthy("worker", name), SECONDS_TO_START, f"health of {name}")
    params = {"profiles": options.rows, "shards": options.shards, "workers": 1, "dataset": f"by{count}"}
    params |= {"store": options.store} if options.store else {}
    with cluster.airflow() as airflow:
        until(airflow.healthy, SECONDS_TO_START, "Airflow's health")
        began = time.time()
        run = airflow.trigger(GENERATE_DAG, params).raise_for_status().json()["dag_run_id"]
        state = ended(airflow, GENERATE_DAG, run, 3_600)
        seconds = time.time() - began
        if state != "success":
            raise SystemExit(f"the run has {state}")
        tasks = [task for task in airflow.tasks(GENERATE_DAG, run) if task["state"] == "success"]
        content = airflow.value(GENERATE_DAG, run, "publish")["content"]
    for name in names:
        cluster.end(name)
    return {"workers": count, "seconds": round(seconds, 1), "content": content, "tasks": _spans(tasks)}


def _spans(tasks: list[dict[str, Any]]) -> dict[str, float]:
    """Return the seconds from the first start of each mapped task to its last end."""
    spans: dict[str, list[float]] = defaultdict(list)
    for task in tasks:
        for moment in (task["start_date"], task["end_date"]):
            spans[task["task_id"]].append(datetime.fromisoformat(moment).timestamp())
    return {name: round(max(moments) - min(moments), 1) for name, moments in spans.items()}


if __name__ == "__main__":
    main()
