"""What each stage really takes in memory, over all its processes, beside what `plan` says it will.

All stages of a run in one process, as `synthprof run` does it. That takes more than a process per stage, as
under Airflow, because idle workers keep what they had. Memory is the sum of proportional set sizes (pages
that forked workers share count once), sampled every 30 ms. Raw results: benchmarks/results/memory.json.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

import psutil

from synthprof.plan import memory_of
from synthprof.resources import MIB, default_workers, own_memory
from synthprof.run import applies
from synthprof.spec import Request
from synthprof.stages import STAGES

RESULTS = Path(__file__).parent / "results" / "memory.json"

CASES: tuple[dict[str, int], ...] = (
    {"profiles": 20_000},
    {"profiles": 100_000, "workers": 1},
    {"profiles": 100_000, "dim_embedding": 512, "workers": 4},
    {"profiles": 200_000},
    {"profiles": 1_000_000, "clusters": 100, "kmeans_niter": 2},
    {"profiles": 1_000_000},
)


def main() -> None:
    """Measure, print and keep every row."""
    rows = [row for case in CASES for row in _measure(case)]
    RESULTS.write_text(json.dumps({"cores": os.cpu_count(), "rows": rows}, indent=1) + "\n")


def _measure(params: dict[str, int]) -> list[dict[str, object]]:
    request = Request.from_params(params)
    workers = request.runtime.workers or default_workers()
    rows = []
    for stage, peak in _peaks(params, [each.name for each in STAGES if applies(each, request)]).items():
        if stage != "setup":
            told = memory_of(stage, request.spec, workers)
            sizes = {"peak_mib": round(peak / MIB), "told_mib": round(told / MIB)}
            rows.append({**params, "stage": stage, **sizes, "error": f"{told / peak - 1:+.0%}"})
            print(json.dumps(rows[-1]), flush=True)
    return rows


def _peaks(params: dict[str, int], stages: list[str]) -> dict[str, int]:
    """The largest sum of proportional sizes while each stage was at work, in bytes."""
    peaks: dict[str, int] = defaultdict(int)
    options = [word for name, value in params.items() for word in (f"--{name.replace('_', '-')}", str(value))]
    with tempfile.TemporaryDirectory() as home:
        process = subprocess.Popen(
            [sys.executable, "-m", "synthprof.cli", "run", *options],
            env=os.environ | {"SYNTHPROF_HOME": home},
            stdout=subprocess.DEVNULL,
        )
        while process.poll() is None:
            done = len(list(Path(home).glob("*/build/*/*/receipt.json")))
            if done < len(stages):
                try:
                    peaks[stages[done]] = max(peaks[stages[done]], own_memory(psutil.Process(process.pid)))
                except psutil.NoSuchProcess:
                    break
            time.sleep(0.03)
        assert process.wait() == 0
    return peaks


if __name__ == "__main__":
    main()
