"""An index made at once and in parts: CPU seconds and memory of the stages, in turn.

    python benchmarks/bench_index_parts.py --profiles 1000000 > benchmarks/results/index_parts.txt

As under Airflow, each task is a process of its own, with one worker. The stages before are done once for each
store; then those of the index are done anew in turn, and the median is told: `export_index` of databases,
which makes it at once, and the three of parts, `fill_index` also by the two shards that halve them. The two
files must be the same. Memory is as in bench_parts.py.
"""

import argparse
import statistics
import tempfile
from collections.abc import Iterator
from pathlib import Path

from bench_parts import Taken, _done, _forget

from synthprof.base.digests import xxh128
from synthprof.base.units import MIB
from synthprof.spec.contents import INDEX, parts_of
from synthprof.spec.request import Request
from synthprof.spec.shards import Shard, plan_shards
from synthprof.stages.footprint import Footprint
from synthprof.store.store import Store

BEFORE = ("setup", "generate", "vectorize", "cluster")


def main() -> None:
    """Measure both forms in turn, and print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--profiles", type=int, default=1_000_000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--index", default="auto")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        order = {"dataset": "parted", "profiles": options.profiles, "index": options.index, "workers": 1}
        requests = [
            Request.from_params(order | {"store": store, "shards": 2}) for store in ("sqlite", "parquet")
        ]
        for request in requests:
            for stage in BEFORE:
                _done(home, request, stage, None)
        found: dict[tuple[str, str], list[Taken]] = {}
        for _ in range(options.repeats):
            for name, taken in _in_turn(home, *requests):
                found.setdefault(name, []).append(taken)
        files = {xxh128(_folder(home, request, "export_index") / INDEX) for request in requests}
        assert len(files) == 1, "the bytes differ"
        parts, spec = parts_of(requests[1].spec), requests[1].spec
        print(f"{spec.profiles:,} profiles, index={options.index}, {parts} parts, one worker")
        print(f"{'task':<34} {'CPU s':>7} {'MiB':>6} {'of':>6}")
        for (stage, form), each in found.items():
            of = Footprint(requests[form != "at once"].spec).memory(stage, int(stage == "fill_index")) / MIB
            cpu, peak = (statistics.median(getattr(one, name) for one in each) for name in ("cpu", "peak"))
            print(f"{f'{stage}, {form}':<34} {cpu:7.2f} {peak:6.0f} {of:6.0f}")


def _in_turn(home: Path, whole: Request, parted: Request) -> Iterator[tuple[tuple[str, str], Taken]]:
    _forget(home, whole, "export_index")
    yield ("export_index", "at once"), _done(home, whole, "export_index", None)
    for stage in ("train_index", "fill_index", "export_index"):
        _forget(home, parted, stage)
    yield ("train_index", "parts"), _done(home, parted, "train_index", None)
    yield ("fill_index", "parts"), _done(home, parted, "fill_index", None)
    _forget(home, parted, "fill_index")
    for number, shard in enumerate(_halves(parted)):
        yield ("fill_index", f"parts, shard {number}"), _done(home, parted, "fill_index", shard)
    yield ("export_index", "parts"), _done(home, parted, "export_index", None)


def _halves(request: Request) -> tuple[Shard, ...]:
    return plan_shards(request.spec, request.runtime)


def _folder(home: Path, request: Request, stage: str) -> Path:
    return Store(home, "parted").build(request.spec).stage_folder(stage)


if __name__ == "__main__":
    main()
