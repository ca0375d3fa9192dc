"""Rows per second of a Parquet export against pyarrow writing the same rows from memory in the same way.

    python benchmarks/bench_export.py --rows 1000000 --repeat 3

`export` is what `synthprof export` does: it reads SQLite, makes typed columns, writes, hashes and flushes the
files, cards included. `pyarrow` has the whole table in memory before its time begins, writes the same files
with the same row groups, and flushes them. Each run is a process of its own, in turn. Wall seconds, CPU
seconds of the process and its peak of memory are told; other work on the machine adds to wall seconds.
`two_cores` are the seconds below which two free cores cannot end the work: half of all CPU seconds, or those
of the thread that writes, if these are more. Raw results go to benchmarks/results/export.json. `--formats`
writes each of the other formats once, to benchmarks/results/export_formats.json.
"""

import argparse
import json
import os
import platform
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from synthprof.base.files import flush
from synthprof.delivery.exports.finished import EXPORTS
from synthprof.delivery.exports.job import export
from synthprof.delivery.exports.order import Order
from synthprof.delivery.exports.parts import Parts
from synthprof.delivery.rows import Rows
from synthprof.runner.run import run_all
from synthprof.spec.request import Request
from synthprof.store.columnar.parquet import settings_for
from synthprof.versions.version import open_version

RESULTS = Path(__file__).parent / "results" / "export.json"
DATASET = "exported"
WAYS = ("export", "pyarrow")
OTHERS = ("arrow", "jsonl", "csv", "npy", "fvecs", "fbin", "u8bin", "i8bin")


def main() -> None:
    """Run both ways in turn, then the other formats; print and keep every run."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--formats", action="store_true", help="write the other formats instead")
    parser.add_argument("--home", type=Path, help="a data root that keeps the data set")
    parser.add_argument("--way", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.way:
        print(json.dumps(_run(options.home, options.way)))
        return
    with tempfile.TemporaryDirectory() as folder:
        home = options.home or Path(folder)
        if not (home / DATASET / "CURRENT").exists():
            run_all(Request.from_params({"dataset": DATASET, "profiles": options.rows}), home)
        ways = OTHERS if options.formats else WAYS * options.repeat
        runs = [_in_child(home, way) for way in ways]
    _tell(runs)
    told = {"machine": platform.platform(), "cores": os.cpu_count(), "pyarrow": pa.__version__}
    results = RESULTS.with_stem("export_formats") if options.formats else RESULTS
    results.write_text(json.dumps(told | {"runs": runs}, indent=1) + "\n")


def _in_child(home: Path, way: str) -> dict[str, Any]:
    words = [sys.executable, __file__, "--home", str(home), "--way", way]
    found = json.loads(subprocess.run(words, check=True, capture_output=True, text=True).stdout)
    print(json.dumps(found), flush=True)
    return dict(found)


def _run(home: Path, way: str) -> dict[str, Any]:
    if way == "pyarrow":
        return {"way": way, **_pyarrow(home)}
    form = "parquet" if way == "export" else way
    shutil.rmtree(home / DATASET / EXPORTS, ignore_errors=True)
    order = Order.from_params({"dataset": DATASET, "format": form})
    wall, cpu, own = time.perf_counter(), time.process_time(), time.thread_time()
    folder, output = export(home, order)
    seconds = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
    own = time.thread_time() - own
    shutil.rmtree(folder)
    bound = {"two_cores": max(own, seconds["cpu"] / 2)}
    return {"way": way, "rows": output.rows, "bytes": output.bytes_total, **seconds, **bound, **_peak()}


def _pyarrow(home: Path) -> dict[str, Any]:
    rows = Rows(open_version(home, DATASET, None))
    blocks = list(rows)
    parts, settings, place = Parts.of(blocks[0], rows.blocks), settings_for(blocks[0]), iter(blocks)
    with tempfile.TemporaryDirectory(dir=home) as folder:
        paths = [Path(folder) / f"{part}.parquet" for part in range(parts.number)]
        groups = [list(_tables(parts, part, place)) for part in range(parts.number)]
        wall, cpu = time.perf_counter(), time.process_time()
        for path, tables in zip(paths, groups, strict=True):
            with pq.ParquetWriter(path, rows.schema, **settings) as writer:
                for table in tables:
                    writer.write_table(table, table.num_rows)
            flush(path)
        seconds = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
        written = sum(path.stat().st_size for path in paths)
    return {"rows": rows.version.rows, "bytes": written, **seconds, "two_cores": seconds["cpu"], **_peak()}


def _tables(parts: Parts, part: int, place: Iterator[pa.RecordBatch]) -> Iterator[pa.Table]:
    for size in parts.groups(part):
        yield pa.Table.from_batches([next(place) for _ in range(size)])


def _peak() -> dict[str, float]:
    return {"peak_mib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)}


def _tell(runs: list[dict[str, Any]]) -> None:
    for way in dict.fromkeys(run["way"] for run in runs):
        of = [run for run in runs if run["way"] == way]
        best = {name: min(run[name] for run in of) for name in ("wall", "cpu", "two_cores")}
        rate = of[0]["rows"] / statistics.median(run["wall"] for run in of)
        print(f"{way:>8}: {rate:>9,.0f} rows/s by the median of wall seconds, least {best}")
    if len({run["way"] for run in runs}) > len(WAYS):
        return
    least = {
        name: {way: min(run[name] for run in runs if run["way"] == way) for way in WAYS}
        for name in ("wall", "two_cores")
    }
    for name, found in least.items():
        print(f"pyarrow / export by the least of {name} seconds: {found['pyarrow'] / found['export']:.2f}")


if __name__ == "__main__":
    main()
