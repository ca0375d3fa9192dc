"""A run through a real scheduler with LocalExecutor, and one by `make run`: seconds to success.

    python benchmarks/bench_airflow.py                    1,000,000 profiles
    python benchmarks/bench_airflow.py --rows 100000 --repeat 3

An Airflow of its own (scheduler, DAG processor, triggerer, API server) is started in a temporary folder and
ended again. A stage's time is what its receipt says, laid against the end of its task; what no stage covers
is Airflow's: scheduling, starting tasks, starting Python. `make run` is timed as a whole.
Raw results go to benchmarks/results/.
"""

import argparse
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "support"))

import psutil
from place import ended

from synthprof.orchestration.local.home import PROJECT, Home
from synthprof.orchestration.local.rest import Airflow
from synthprof.orchestration.tasks.names import GENERATE_DAG
from synthprof.store.manifest import read_manifest
from synthprof.store.receipts import Receipt
from synthprof.store.store import Store

Span = tuple[float, float]


def main() -> None:
    """Run it, print and write what it took."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--make-runs", type=int, default=1, help="how often `make run` is timed")
    parser.add_argument("--port", type=int, default=18_080)
    parser.add_argument("--results", type=Path, default=Path(__file__).parent / "results")
    options = parser.parse_args()
    options.results.mkdir(parents=True, exist_ok=True)
    facts: dict[str, Any] = {"rows": options.rows, "cores": len(os.sched_getaffinity(0))}
    facts["load_average"] = {"before": os.getloadavg()}
    with tempfile.TemporaryDirectory() as name, _airflow(Path(name), options.port) as (airflow, pid):
        facts["scheduler"] = [
            _through(airflow, pid, Path(name), options.rows, f"timed{number}")
            for number in range(options.repeat)
        ]
    with tempfile.TemporaryDirectory() as name:
        facts["make run"] = [
            _make_run(Path(name), options.rows, number) for number in range(options.make_runs)
        ]
    facts["load_average"]["after"] = os.getloadavg()
    path = options.results / f"airflow_{options.rows}.json"
    path.write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(facts, indent=1))


@contextmanager
def _airflow(folder: Path, port: int) -> Iterator[tuple[Airflow, int]]:
    """Yield an Airflow and the id of the process that has started all of it."""
    command = [sys.executable, "-m", "synthprof.orchestration.local", "ui", "--port", str(port)]
    process = subprocess.Popen(
        command, env=_environment(folder), stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    try:
        for line in process.stdout or ():
            if "is ready" in line:
                break
        with Airflow(Home(folder / "airflow", port).url) as airflow:
            yield airflow, process.pid
    finally:
        process.terminate()
        process.wait()


def _environment(folder: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")}
    places = {"SYNTHPROF_AIRFLOW_HOME": folder / "airflow", "SYNTHPROF_HOME": folder / "data"}
    return kept | {name: str(place) for name, place in places.items()}


def _through(airflow: Airflow, pid: int, folder: Path, rows: int, dataset: str) -> dict[str, Any]:
    """Run a data set of its own; its profiles and Airflow's tasks are those of any run."""
    began, before = time.time(), _cpu_seconds(pid)
    params = {"dataset": dataset, "profiles": rows}
    run = airflow.trigger(GENERATE_DAG, params).raise_for_status().json()["dag_run_id"]
    state = ended(airflow, GENERATE_DAG, run)
    seconds = time.time() - began
    if state != "success":
        raise SystemExit(f"the run has {state}")
    tasks = [task for task in airflow.tasks(GENERATE_DAG, run) if task["state"] == "success"]
    receipts = _receipts(folder / "data", dataset)
    stages = _stage_seconds(receipts)
    covered = _covered([_span(task, stages[task["task_id"]]) for task in tasks if task["task_id"] in stages])
    return {
        "seconds": round(seconds, 1),
        "cpu_seconds": round(_cpu_seconds(pid) - before, 1),
        "cpu_seconds_of_stages": round(
            sum(each.cpu_seconds for each in _receipts(folder / "data", dataset)), 1
        ),
        "tasks": len(tasks),
        "outside_stages": round(seconds - covered, 1),
        "share_outside": round(1 - covered / seconds, 3),
        "stages": stages,
        "gaps": _gaps(tasks, receipts, began),
    }


def _gaps(tasks: list[dict[str, Any]], receipts: list[Receipt], began: float) -> dict[str, dict[str, float]]:
    """Return seconds of each task, from its metadata and from the first receipt of its stage.

    scheduled: from the trigger. waits: until its executor has it. starts: until the task runs. prepares:
    until the stage begins, in a child process. works: until its receipt. ends: until Airflow notes the end.
    """
    first = {each.stage: each for each in reversed(receipts)}
    found = {}
    stages = [task for task in tasks if task["task_id"] in first]
    for task in sorted(stages, key=lambda task: task["start_date"]):
        at = [_moment(task[f"{name}_when"]) for name in ("scheduled", "queued")]
        at += [_moment(task["start_date"])]
        receipt = first[task["task_id"]]
        at += [
            receipt.began or at[-1],
            (receipt.began or at[-1]) + receipt.seconds,
            _moment(task["end_date"]),
        ]
        names = ("scheduled", "waits", "starts", "prepares", "works", "ends")
        steps = zip(names, [began, *at[:-1]], at, strict=True)
        found[task["task_id"]] = {name: round(later - earlier, 2) for name, earlier, later in steps}
    return found


def _cpu_seconds(pid: int) -> float:
    """Return the CPU seconds so far of a process and all its descendants, of ended ones too."""
    found = 0.0
    for process in [(root := psutil.Process(pid)), *root.children(recursive=True)]:
        with contextlib.suppress(psutil.NoSuchProcess):
            found += sum(process.cpu_times()[:4])
    return found


def _moment(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def _stage_seconds(receipts: list[Receipt]) -> dict[str, float]:
    """Of each stage the seconds of its longest shard."""
    found: dict[str, float] = {}
    for receipt in receipts:
        found[receipt.stage] = max(found.get(receipt.stage, 0.0), receipt.seconds)
    return found


def _receipts(home: Path, dataset: str) -> list[Receipt]:
    build = next((home / dataset / "build").glob("*/publish-*/receipt.json"))
    return [
        *read_manifest(Store(home, dataset).current()).stages,
        Receipt.model_validate_json(build.read_bytes()),
    ]


def _span(task: dict[str, Any], seconds: float) -> Span:
    end = _moment(task["end_date"])
    return end - seconds, end


def _covered(spans: list[Span]) -> float:
    """Seconds that lie in at least one of the spans."""
    covered, reached = 0.0, 0.0
    for begin, end in sorted(spans):
        covered += max(0.0, end - max(begin, reached))
        reached = max(reached, end)
    return covered


def _make_run(folder: Path, rows: int, number: int) -> float:
    command = ["make", "--no-print-directory", "run", f"PROFILES={rows}", f"DATASET=made{number}"]
    began = time.perf_counter()
    subprocess.run(command, cwd=PROJECT, env=_environment(folder), check=True, stdout=subprocess.DEVNULL)
    return round(time.perf_counter() - began, 1)


if __name__ == "__main__":
    main()
