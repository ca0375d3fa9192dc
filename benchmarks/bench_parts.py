"""Rows in databases and in parts: CPU seconds, memory and bytes of the two stages that write them, in turn.

    python benchmarks/bench_parts.py --profiles 524288 > benchmarks/results/parts.txt

As under Airflow, each task is a process of its own, with one worker. `generate` and `vectorize` are done once
for each store; then `ingest` and `persist_blobs` are done anew in turn, and the median is told. Of parts also
the two shards that halve them are told: what a task takes when two machines share the work. Memory is that of
the receipt: the largest resident set of any process of the task, and beside it what was estimated before.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from synthprof.base.units import MIB
from synthprof.spec.contents import parts_of
from synthprof.spec.request import Request
from synthprof.spec.shards import Shard, plan_shards
from synthprof.stages.footprint import Footprint
from synthprof.store.store import Store
from synthprof.system.events import ReceiptWritten, read

STAGES = ("ingest", "persist_blobs")


@dataclass(frozen=True)
class Taken:
    """The figures of a task's receipt."""

    cpu: float
    peak: float
    written: int


def main() -> None:
    """Measure both stores in turn, and print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--profiles", type=int, default=524_288)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        requests = {store: _request(store, options.profiles, shards=2) for store in ("sqlite", "parquet")}
        for request in requests.values():
            for stage in ("setup", "generate", "vectorize"):
                _done(home, request, stage, None)
        halves = plan_shards(requests["parquet"].spec, requests["parquet"].runtime)
        parts = parts_of(requests["parquet"].spec)
        print(
            f"{options.profiles:,} profiles, {parts} parts, one worker, median of {options.repeats} in turn"
        )
        print(f"{'task':<32} {'CPU s':>7} {'us/row':>7} {'MiB':>6} {'of':>6} {'bytes/row':>9}")
        for stage in STAGES:
            found: dict[str, list[Taken]] = {}
            for _ in range(options.repeats):
                for name, taken in _in_turn(home, requests, stage, halves):
                    found.setdefault(name, []).append(taken)
            for name, each in found.items():
                spec = requests[name.partition(",")[0]].spec
                rows = options.profiles // (len(halves) if "shard" in name else 1)
                build = Store(home, "parted").build(spec).folder
                cpu = statistics.median(one.cpu for one in each)
                peak = statistics.median(one.peak for one in each)
                of = Footprint.of(spec, build).memory(stage, int(spec.in_parts)) / MIB
                print(
                    f"{stage + ', ' + name:<32} {cpu:7.2f} {cpu / rows * 1e6:7.2f} {peak:6.0f} {of:6.0f} "
                    f"{each[0].written / rows:9.1f}",
                    flush=True,
                )


def _request(store: str, profiles: int, shards: int) -> Request:
    order = {"dataset": "parted", "profiles": profiles, "store": store, "shards": shards, "workers": 1}
    return Request.from_params(order)


def _in_turn(
    home: Path, requests: dict[str, Request], stage: str, halves: tuple[Shard, ...]
) -> Iterator[tuple[str, Taken]]:
    for store, request in requests.items():
        _forget(home, request, stage)
        yield store, _done(home, request, stage, None)
    request = requests["parquet"]
    _forget(home, request, stage)
    for number, shard in enumerate(halves):
        yield f"parquet, shard {number}", _done(home, request, stage, shard)


def _forget(home: Path, request: Request, stage: str) -> None:
    shutil.rmtree(Store(home, "parted").build(request.spec).stage_folder(stage), ignore_errors=True)


def _done(home: Path, request: Request, stage: str, shard: Shard | None) -> Taken:
    """Do the stage in a process of its own, and return what its receipt tells."""
    command = [sys.executable, "-m", "synthprof.runner.child", stage, "--params", json.dumps(request.params)]
    command += ["--shard", f"{shard.first}:{shard.end}"] if shard else []
    ended = subprocess.run(
        command, env=os.environ | {"SYNTHPROF_HOME": str(home)}, capture_output=True, text=True, check=True
    )
    events = [event for event in map(read, ended.stdout.splitlines()) if isinstance(event, ReceiptWritten)]
    facts = events[-1].facts
    return Taken(facts["cpu_seconds"], facts["peak_memory"] / MIB, facts["bytes_written"])


if __name__ == "__main__":
    main()
