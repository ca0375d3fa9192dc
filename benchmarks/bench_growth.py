"""CPU seconds a million rows of each stage, user and system apart, at several numbers of rows.

    python benchmarks/bench_growth.py                                  1 and 3 million profiles
    python benchmarks/bench_growth.py --rows 100000 300000 --clusters 100

Each stage runs in a process of its own, as a task of Airflow does, and its shards one after the other; the
pool of processes is counted with it. System time above that of few rows is mostly new memory, for pages of
files, too: a virtual machine pays for each page that it has not held lately. Raw results:
benchmarks/results/growth.txt.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

from synthprof.pipeline import wanted
from synthprof.spec.request import Request

MILLION = 1_000_000


def main() -> None:
    """Run the sizes one after the other and print a table of each."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, nargs="+", default=[MILLION, 3 * MILLION])
    parser.add_argument("--clusters", type=int, default=1_000)
    parser.add_argument("--index", default="auto")
    parser.add_argument("--stage", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.stage:
        _run(_request(options, options.rows[0]), options.stage)
        return
    print(f"load average {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores")
    print("CPU seconds a million rows: user, system, both")
    for rows in options.rows:
        _table(options, rows)


def _request(options: argparse.Namespace, rows: int) -> Request:
    params = {"profiles": rows, "clusters": options.clusters, "index": options.index}
    return Request.from_params(params)


def _run(request: Request, stage: str) -> None:
    from synthprof.runner.run import run_stage
    from synthprof.system.startup import block_pandas

    block_pandas()
    run_stage(request, stage, None, Path(os.environ["SYNTHPROF_HOME"]))


def _table(options: argparse.Namespace, rows: int) -> None:
    print(f"{rows:,} rows", flush=True)
    whole = (0.0, 0.0)
    with tempfile.TemporaryDirectory() as home:
        for stage in wanted(_request(options, rows).spec):
            user, system = _cost(options, rows, stage.name, home)
            whole = whole[0] + user, whole[1] + system
            _print(stage.name, user, system, rows)
    _print("all", *whole, rows)


def _cost(options: argparse.Namespace, rows: int, stage: str, home: str) -> tuple[float, float]:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    settings = ["--rows", str(rows), "--clusters", str(options.clusters), "--index", options.index]
    command = [sys.executable, __file__, *settings, "--stage", stage]
    subprocess.run(command, env=os.environ | {"SYNTHPROF_HOME": home}, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime, after.ru_stime - before.ru_stime


def _print(name: str, user: float, system: float, rows: int) -> None:
    costs = (each * MILLION / rows for each in (user, system, user + system))
    print(f"{name:14s}" + "".join(f"{each:8.2f}" for each in costs), flush=True)


if __name__ == "__main__":
    main()
