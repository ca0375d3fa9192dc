"""The project's pool of processes against loky: start, work, memory, and the death of a worker (ADR 34).

    pip install -e . loky     in an environment of its own
    python benchmarks/bench_pool.py

Each way runs in a process of its own. Workers need what a worker of a stage needs: NumPy, Arrow, FAISS, and
the modules that draw and embed a block. Raw results go to benchmarks/results/pool.jsonl.
"""

import argparse
import importlib
import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np

import synthprof.encoders.catalogue.encoder
import synthprof.profiles.drawing  # noqa: F401  forked workers have what this process has loaded
from synthprof.system.pool import Pool

RESULTS = Path(__file__).parent / "results" / "pool.jsonl"
Run = Callable[[Callable[[int], Any], Iterable[int]], list[Any]]


def root(number: int) -> float:
    """Return the sum of 200,000 square roots."""
    return float(np.sqrt(np.arange(200_000) + number).sum())


def who(_: int) -> int:
    """Load what a worker of a stage needs, unless it is loaded, and return the worker's process id."""
    importlib.import_module("synthprof.encoders.catalogue.encoder")
    importlib.import_module("synthprof.profiles.drawing")
    time.sleep(0.001)
    return os.getpid()


def die(_: int) -> None:
    """Kill the worker."""
    os.kill(os.getpid(), signal.SIGKILL)


def main() -> None:
    """Measure both ways in processes of their own, twice each; or one way, for the parent process."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--way", choices=["own", "loky"])
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    if options.way:
        print(json.dumps(_measured(options.way, options.workers)))
        return
    lines = []
    for way in ("own", "loky", "own", "loky"):
        command = [sys.executable, __file__, "--way", way, "--workers", str(options.workers)]
        lines.append(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
        print(lines[-1], end="")
    RESULTS.write_text("".join(lines), encoding="utf-8")


def _measured(way: str, workers: int) -> dict[str, Any]:
    began = time.perf_counter()
    run, close = _opened(way, workers)
    processes = set(run(who, range(400 * workers)))
    facts: dict[str, Any] = {"way": way, "workers": workers, "start_s": time.perf_counter() - began}
    facts["200_jobs_s"] = _seconds(lambda: run(root, range(200)))
    facts["empty_job_ms"] = _seconds(lambda: run(who, range(2_000))) / 2
    facts["memory_mib"] = sum(map(_proportional, processes)) / 1024
    began = time.perf_counter()
    try:
        run(die, range(4))
    except Exception as error:
        facts |= {"death": type(error).__name__, "death_s": time.perf_counter() - began}
    close()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    facts["children_cpu_s"] = used.ru_utime + used.ru_stime
    return {name: round(value, 3) if isinstance(value, float) else value for name, value in facts.items()}


def _opened(way: str, workers: int) -> tuple[Run, Callable[[], Any]]:
    if way == "own":
        pool = Pool(workers)
        return (lambda work, jobs: list(pool.map(work, list(jobs)))), pool.__exit__
    from loky import ProcessPoolExecutor

    executor = ProcessPoolExecutor(max_workers=workers)
    return (lambda work, jobs: list(executor.map(work, jobs))), executor.shutdown


def _seconds(work: Callable[[], Any]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _proportional(process: int) -> int:
    """Return the proportional set size of a process in KiB."""
    lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("Pss:")).split()[1])


if __name__ == "__main__":
    main()
