"""Larger data sets on paper, from what bench_large.py measured: time, disk, memory and files.

    python benchmarks/paper.py                       100,000,000 on 2 cores; 1,000,000,000 on 32 workers

A stage's CPU seconds are a fixed part and a part by row; that of `cluster` grows by rows times clusters, as
each row is compared with each centroid. Both parts are fitted to the smaller runs, and the largest run says
how far they are off. An index in parts is told from one at once by what bench_index_parts.py measured. Raw
results: benchmarks/results/paper.txt.
"""

import json
import sys
from pathlib import Path
from typing import Any

from synthprof.base.units import MIB
from synthprof.pipeline import STAGES, Stage
from synthprof.spec.request import Request
from synthprof.spec.sizing import clusters_of, lists_in_parts
from synthprof.spec.spec import Spec
from synthprof.stages.footprint import Footprint

GIB = 1 << 30
RESULTS = Path(__file__).parent / "results"
LARGE = RESULTS / "large.json"
CASES = ((100_000_000, 1, 2), (1_000_000_000, 32, 2))
"""Rows, workers and cores of each worker."""

PUBLISHED = ("ingest", "persist_blobs", "cluster", "export_index")
"""Stages whose files a version has."""

INDEXING = ("train_index", "fill_index", "export_index")

FILL_SHARE, SAMPLE_SECONDS, TRAIN_SECONDS, LAY_SECONDS = 0.97, 0.7, 35, 4
"""CPU seconds of an index in parts: the share of one at once that `fill_index` takes, `train_index` for the
sample of a million rows and for training, `export_index` for a GiB (benchmarks/results/index_parts.txt)."""

INDEX_MIB = 65_536
"""The memory that the index may take at these sizes; its default is for smaller ones."""


def main() -> None:
    """Print the check against the largest run, then each case."""
    runs = json.loads(LARGE.read_bytes())["runs"]
    lines = [*_check(runs), *(line for case in CASES for line in _case(runs, *case))]
    text = "\n".join(lines) + "\n"
    sys.stdout.write(text)
    (RESULTS / "paper.txt").write_text(text, encoding="utf-8")


def _check(runs: list[dict[str, Any]]) -> list[str]:
    *fitted, largest = runs
    lines = [f"{largest['rows']:,} rows, from {' and '.join(format(run['rows'], ',') for run in fitted)}"]
    lines.append(f"  {'stage':14} {'told':>9} {'seen':>9} CPU s")
    total = [0.0, 0.0]
    for name in largest["stages"]:
        told, seen = _seconds(fitted, name, largest["rows"]), largest["stages"][name]["cpu"]
        total = [total[0] + told, total[1] + seen]
        lines.append(f"  {name:14} {told:9.1f} {seen:9.1f}")
    return [*lines, f"  {'all':14} {total[0]:9.1f} {total[1]:9.1f}  {total[0] / total[1] - 1:+.0%}", ""]


def _seconds(runs: list[dict[str, Any]], stage: str, rows: int) -> float:
    """Return the CPU seconds of a stage on the line through the smallest and the largest of the runs."""
    few, many = runs[0], runs[-1]
    begin, end = few["stages"][stage]["cpu"], many["stages"][stage]["cpu"]
    first, last, here = (_work(stage, each) for each in (few["rows"], many["rows"], rows))
    slope = max(0.0, end - begin) / (last - first)
    return float(end + slope * (here - last))


def _work(stage: str, rows: int) -> float:
    """Return what a stage's time grows with."""
    return float(rows * clusters_of(_spec(rows)) if stage == "cluster" else rows)


def _spec(rows: int, store: str = "sqlite") -> Spec:
    params = {"profiles": rows, "index_memory_mib": INDEX_MIB, "store": store}
    return Request.from_params(params).spec


def _case(runs: list[dict[str, Any]], rows: int, workers: int, cores: int) -> list[str]:
    spec, largest = _spec(rows, "sqlite" if workers == 1 else "parquet"), runs[-1]
    footprint = Footprint(spec)
    idle = largest["wall"] * cores / largest["cpu"]  # what a core waits for, as it did in the largest run
    lines = [f"{rows:,} rows, {workers} worker{'s' if workers > 1 else ''} of {cores} cores"]
    lines.append(f"  {'stage':14} {'CPU s':>9} {'hours':>7} {'memory':>10} {'disk':>10}")
    hours = 0.0
    parted = [each for each in STAGES if lists_in_parts(spec) and each.name in INDEXING]
    for stage in STAGES:
        if stage.name not in largest["stages"] and not stage.applies(spec):
            continue
        seconds = _of_parts(runs, stage, spec) if stage in parted else _seconds(runs, stage.name, rows)
        spread = workers if stage.is_split(spec.store) else 1
        taken = seconds * idle / cores / spread / 3_600
        hours += taken
        memory, disk = footprint.memory(stage.name, cores), footprint.disk(stage.name)
        lines.append(
            f"  {stage.name:14} {seconds:9.0f} {taken:7.2f} {memory / MIB:6,.0f} MiB {disk / GIB:6,.0f} GiB"
        )
    published = sum(footprint.disk(name) for name in PUBLISHED) / GIB
    parts = f"{spec.blocks:,} blocks, {clusters_of(spec):,} clusters"
    return [*lines, f"  all: {hours:.1f} h, at most {published:,.0f} GiB published, {parts}", ""]


def _of_parts(runs: list[dict[str, Any]], stage: Stage, spec: Spec) -> float:
    """Return the CPU seconds of a stage of an index in parts."""
    size = Footprint(spec).sizes.index / GIB
    fill = FILL_SHARE * _seconds(runs, "export_index", spec.profiles)
    told = {"train_index": TRAIN_SECONDS + SAMPLE_SECONDS * spec.profiles / 1e6, "fill_index": fill}
    return told.get(stage.name, LAY_SECONDS * size)


if __name__ == "__main__":
    main()
