"""Share of a whole run that laying out SQLite pages with NumPy saves against inserting the same rows.

    python benchmarks/bench_pages.py --rows 300000 --repeat 3

Two ways make the same data set, all stages, each run in a process of its own, in turn. `laid-out` is what
synthprof does. `inserted` gives the rows to SQLite: BLOBs by ADBC into the same empty tables, indexes by
CREATE INDEX, without a journal as everywhere. Both ways hold the same rows, which is checked. CPU seconds are
those of the process and its pool, wall seconds those of the call. The least and the median of the runs are
told: other work on the machine adds to both, to wall seconds most. Raw results go to
benchmarks/results/pages.json.
"""

import argparse
import hashlib
import itertools
import json
import os
import platform
import resource
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from synthprof.runner.run import run_all
from synthprof.spec.contents import BLOB_PAGE_BYTES
from synthprof.spec.request import Request
from synthprof.stages import cluster, ingest, persist_blobs
from synthprof.store.sqlite.database import filling
from synthprof.store.sqlite.indexes import Coded, index_statement
from synthprof.system.startup import block_pandas

RESULTS = Path(__file__).parent / "results" / "pages.json"
WAYS = ("laid-out", "inserted")
TABLES = ("perfis", "vetores", "embeddings", "clusters")


def main() -> None:
    """Run both ways in turn; print and keep every run."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=300_000)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--way", choices=WAYS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.way:
        print(json.dumps(_run(options.way, options.rows)))
        return
    runs = [_in_child(way, options.rows) for _ in range(options.repeat) for way in WAYS]
    contents = {run.pop("content") for run in runs}
    assert len(contents) == 1, "the two ways hold other rows"
    found: dict[str, Any] = {
        "machine": {"cores": os.cpu_count(), "python": platform.python_version()},
        "sqlite": sqlite3.sqlite_version,
        "rows": options.rows,
        "saved": {measure: _saved(runs, measure) for measure in ("cpu", "wall")},
        "runs": runs,
    }
    RESULTS.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(found["saved"], indent=1))


def _in_child(way: str, rows: int) -> dict[str, Any]:
    argv = [sys.executable, __file__, "--way", way, "--rows", str(rows)]
    done = subprocess.run(argv, check=True, capture_output=True, text=True).stdout
    found = {"way": way, **json.loads(done)}
    print({name: value for name, value in found.items() if name != "content"}, flush=True)
    return found


def _saved(runs: list[dict[str, Any]], measure: str) -> dict[str, float]:
    """Return seconds of both ways, and the share of the run that laying out saves."""
    of = {way: [run[measure] for run in runs if run["way"] == way] for way in WAYS}
    least, median = ({way: pick(of[way]) for way in WAYS} for pick in (min, statistics.median))
    return {
        **{f"{way} least": least[way] for way in WAYS},
        **{f"{way} median": median[way] for way in WAYS},
        "share of the least": round(1 - least["laid-out"] / least["inserted"], 3),
        "share of the median": round(1 - median["laid-out"] / median["inserted"], 3),
    }


def _run(way: str, rows: int) -> dict[str, Any]:
    """Return seconds of one run, of its stages, and a digest of all rows of its databases."""
    block_pandas()
    if way == "inserted":
        persist_blobs.append_blobs = _insert_blobs
        ingest.add_indexes = cluster.add_indexes = _create_indexes
    with tempfile.TemporaryDirectory() as home:
        began, cpu = time.monotonic(), _cpu_seconds()
        done = run_all(Request.from_params({"profiles": rows, "dataset": "pages"}), Path(home))
        wall, cpu = time.monotonic() - began, _cpu_seconds() - cpu
        stages = {each.stage: {"wall": each.seconds, "cpu": each.cpu_seconds} for each in done.receipts}
        content = _content(Path(done.published["path"]))
    return {"wall": round(wall, 2), "cpu": round(cpu, 2), "stages": stages, "content": content}


def _cpu_seconds() -> float:
    """Return the CPU seconds of this process and of its children that have ended."""
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(each.ru_utime + each.ru_stime for each in used)


def _content(folder: Path) -> str:
    total = hashlib.sha256()
    for table in TABLES:
        uri = f"file:{folder / table}.db?mode=ro&immutable=1"
        with closing(sqlite3.connect(uri, uri=True)) as connection:
            for row in connection.execute(f"SELECT * FROM {table} ORDER BY id"):
                total.update(repr(row).encode())
    return total.hexdigest()


def _insert_blobs(
    path: Path, matrices: Iterable[np.ndarray], done: Callable[[int], None] = lambda _: None
) -> int:
    """Insert the rows of the matrices as `blobs.append_blobs` lays them out."""
    with closing(sqlite3.connect(path)) as connection:
        ((table,),) = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        column = connection.execute(f"PRAGMA table_info({table})").fetchall()[1][1]
    matrices = iter(matrices)
    first = next(matrices)
    width = first.shape[1] * first.itemsize
    schema = pa.schema({"id": pa.int64(), column: pa.binary(width)})

    def batches() -> Iterator[pa.RecordBatch]:
        rows = 0
        for matrix in itertools.chain([first], matrices):
            ids = pa.array(np.arange(rows + 1, rows + 1 + len(matrix)))
            values = pa.Array.from_buffers(pa.binary(width), len(matrix), [None, pa.py_buffer(matrix)])
            rows += len(matrix)
            yield pa.record_batch([ids, values], schema=schema)

    with filling(path, BLOB_PAGE_BYTES) as database:
        return database.load(table, schema, batches(), done)


def _create_indexes(path: Path, table: str, columns: Mapping[str, Coded]) -> None:
    """Have SQLite make the indexes that `indexes.add_indexes` lays out."""
    with filling(path) as database:
        for name in columns:
            database.execute(index_statement(table, name))


if __name__ == "__main__":
    main()
