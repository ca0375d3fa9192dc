"""Rows per second of `synthprof load` by target, and the share of the target's own bulk limit.

    python benchmarks/bench_load.py HOME DATASET URL...

The limit is measured in the same way for all: blocks of prepared rows go to a table beside, with nothing to
read or encode. Each line of the output is one target, as JSON. Servers must run; the Python of `make loaders`
has all clients.
"""

import json
import sys
import time
from contextlib import closing
from pathlib import Path

from synthprof.delivery.loaders.address import Address
from synthprof.delivery.loaders.job import load, open_target
from synthprof.delivery.loaders.order import LoadOrder
from synthprof.delivery.loaders.target import bulk_floor
from synthprof.versions.version import open_version


def measure(home: Path, dataset: str, url: str) -> dict[str, object]:
    """Return what loading into one target took."""
    order = LoadOrder.from_params({"dataset": dataset, "into": "conn:x", "index": False, "replace": True})
    order = order.model_copy(update={"into": url})
    cpu = time.process_time()
    loaded = load(home, order)
    cpu = time.process_time() - cpu
    target, source = open_target(order, open_version(home, dataset))
    with closing(target):
        block = source.block(0)
        limit = block.num_rows / min(bulk_floor(target, block) for _ in range(3))
    return {
        "target": Address.parse(url).scheme,
        "rows": loaded.rows,
        "rows_per_second": round(loaded.rows_per_second),
        "limit_rows_per_second": round(limit),
        "share_of_limit": round(loaded.rows_per_second / limit, 2),
        "at_work_share": round(loaded.limit_share, 2),
        "cpu_seconds_here": round(cpu, 1),
    }


if __name__ == "__main__":
    for each in sys.argv[3:]:
        print(json.dumps(measure(Path(sys.argv[1]), sys.argv[2], each)), flush=True)
