"""Selectivity and correlation of every filter, asked and measured, on a large version; and what it costs.

    .venv/bin/python benchmarks/bench_filters.py [--rows 1000000] > benchmarks/results/filters.txt

Makes a data set in a temporary folder, or takes one that is there (--home, --dataset), and a workload with
each selectivity at each correlation and of each kind. Rows and correlations in the table are measured anew
from the files: rows by the conditions, and how many true neighbours match by sorting rows by the queries that
they are neighbours of. Seconds are CPU time of this process.
"""

import argparse
import platform
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa

from synthprof.delivery.workloads.conditions import as_where
from synthprof.delivery.workloads.filters import NEARNESS, RANKS, SHARES, percent
from synthprof.delivery.workloads.filters_columns import KINDS
from synthprof.delivery.workloads.filters_masks import FilterMasks
from synthprof.delivery.workloads.job import make_workload
from synthprof.delivery.workloads.order import WorkloadOrder
from synthprof.delivery.workloads.workload import Workload
from synthprof.runner.run import run_all
from synthprof.spec.request import Request
from synthprof.versions.version import Version, open_version

NAMES = (
    *(f"label_{percent(share)}{end}" for share in SHARES for end in NEARNESS),
    *(f"{kind}_{percent(share)}" for share in SHARES for kind in KINDS),
    *(f"tenant_{rank}" for rank in RANKS),
    "tenant_0_label_50p",
)


def main() -> None:
    """Print what the parts of the job took, then a line for each filter."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--rows", type=int, default=1_000_000)
    options.add_argument("--queries", type=int, default=1_000)
    options.add_argument("--home", type=Path)
    options.add_argument("--dataset", default="gamers")
    asked = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = asked.home or Path(folder)
        if asked.home is None:
            params = {"dataset": asked.dataset, "profiles": asked.rows, "save_index": False, "clusters": 16}
            run_all(Request.from_params(params), home)
        _print(home, asked.dataset, asked.queries)


def _print(home: Path, dataset: str, queries: int) -> None:
    version = open_version(home, dataset)
    print(f"Python {platform.python_version()}, NumPy {np.__version__}, pyarrow {pa.__version__}")
    print(f"{version.rows:,} rows of {version.schema.name}, {queries:,} queries, {len(NAMES) + 1} filters\n")
    spent: dict[str, float] = {}
    last = time.process_time()

    def observe(what: str, *_: object) -> None:
        nonlocal last
        now = time.process_time()
        spent[what] = spent.get(what, 0.0) + now - last
        last = now

    order = WorkloadOrder(dataset=dataset, queries=queries, filters=",".join(NAMES), streams="churn")
    workload = make_workload(home, order, observe)
    for what, seconds in spent.items():
        print(f"{what:40} {seconds:8.1f} CPU-s")
    _table(workload, version)


def _table(workload: Workload, version: Version) -> None:
    neighbours, total = workload.truth().ids, version.rows
    masks = FilterMasks(workload.folder, version)
    matches = np.concatenate([masks.of(block) for block in range(version.spec.blocks)], axis=1)
    times = np.sort(np.bincount(neighbours.ravel() - 1, minlength=total))
    below = np.concatenate([[0], np.cumsum(times)])
    print(f"\n{len(np.unique(neighbours)):,} rows are a true neighbour of some query")
    print(
        "selectivity: error relative to what was asked; least, share, most: of true neighbours that match\n"
    )
    print(
        f"{'filter':22}{'rows':>9}{'selectivity':>13}{'least':>9}{'share':>9}{'most':>9}{'asked':>7}{'found':>8}"
    )
    worst = {"selectivity": 0.0, "correlation": 0.0}
    for number, row in enumerate(workload.filters.to_pylist()[1:], start=1):
        rows = int(matches[number].sum())
        share = float(matches[number][neighbours - 1].mean())
        least, most = below[rows] / neighbours.size, (below[-1] - below[total - rows]) / neighbours.size
        selectivity = rows / total
        room = most - selectivity if share >= selectivity else selectivity - least
        found, error = (share - selectivity) / room, selectivity / row["selectivity"] - 1
        where = "" if row["kind"] == "label" else "  " + " & ".join(as_where(row["condition"]))[:60]
        asked = "" if row["correlation"] is None else f"{row['correlation']:+.1f}"
        print(
            f"{row['name']:22}{rows:9,}{error:+13.4%}{least:9.5f}{share:9.5f}{most:9.5f}{asked:>7}"
            f"{found:+8.3f}{where}"
        )
        if row["kind"] in ("label", *KINDS) and "tenant" not in row["name"]:
            worst["selectivity"] = max(worst["selectivity"], abs(error))
        if row["kind"] == "label":
            worst["correlation"] = max(worst["correlation"], abs(found - row["correlation"]))
    print(
        f"\nlargest error: selectivity {worst['selectivity']:.2%} of labels and conditions on columns, ",
        end="",
    )
    print(f"correlation {worst['correlation']:.3f}")


if __name__ == "__main__":
    main()
