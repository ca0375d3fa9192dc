"""synthprof beside what a user would pick instead, stage by stage, in one call.

    make peers                                         200,000 customers, or ARGS='--rows 1000000'
    python benchmarks/peers.py --peers PYTHON          PYTHON has requirements-peers.txt

A data set of `customer_us` is made by `synthprof run`; its manifest tells the CPU seconds of each stage. The
same rows and embeddings are then handed to the other libraries, each in a process of its own (peers_ways.py),
with the same k, iterations, sample and lists. Seconds are those of the work, without imports; those of a
synthprof stage hold its checks and hashes, too. Generation is compared as in bench_schemas.py.
Raw results go to benchmarks/results/peers.json.
"""

import argparse
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from bench_schemas import PEERS, SCHEMA, run

import synthprof
from synthprof.schemas.loader import schema_folder
from synthprof.spec.sizing import training_rows_count
from synthprof.versions.version import Version

QUERIES = 1_000
HERE = Path(__file__).parent
Found = dict[str, Any]


def main() -> None:
    """Make the data set, run each way, print the table, write the raw results."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--peers", type=Path, default=Path(".venv-peers/bin/python"))
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--results", type=Path, default=HERE / "results")
    options = parser.parse_args()
    found: Found = {
        "rows": options.rows,
        "machine": [platform.release(), len(os.sched_getaffinity(0)), os.getloadavg()[0]],
        "generate": _generation(options.peers, options.repeats),
    }
    with tempfile.TemporaryDirectory() as name:
        found |= _stages(Path(name), options)
    _print(found)
    (options.results / "peers.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


def _generation(peers: Path, repeats: int) -> dict[str, Found]:
    """Return the rows per CPU second of each way to draw customers, the median of the repeats."""
    commands = {"synthprof": [sys.executable, str(HERE / "bench_schemas.py"), "--own"]} | {
        way: [str(peers), str(HERE / "peers_customers.py"), way, str(rows), str(schema_folder(SCHEMA))]
        for way, (rows, _) in PEERS.items()
    }
    speeds: dict[str, list[float]] = {way: [] for way in commands}
    for _ in range(repeats):
        for way, command in commands.items():
            speeds[way].append(run(command))
    return {way: {"rows_a_cpu_second": round(statistics.median(each))} for way, each in speeds.items()}


def _stages(home: Path, options: argparse.Namespace) -> Found:
    """Return, by stage, what each way took on the same rows."""
    whole = _own_run(home, options.rows)
    version = synthprof.open("gamers", home=home)
    stages, folder = whole.pop("stages"), home / "given"
    folder.mkdir()
    _give(version, folder)
    k = int(np.load(version.folder / "centroids.npy").shape[0])
    sample = min(options.rows, training_rows_count(options.rows, k))
    training = {"k": k, "niter": 20, "sample": sample}

    def way(name: str, **given: Any) -> Found:
        command = [str(options.peers), str(HERE / "peers_ways.py"), name, str(folder), json.dumps(given)]
        done = subprocess.run(command, capture_output=True, text=True, env=os.environ)
        if done.returncode:
            return {"left_out": done.stderr.strip().splitlines()[-1][:120]}
        return json.loads(done.stdout.splitlines()[-1])  # type: ignore[no-any-return]

    way("truth", queries=QUERIES)
    own_inertia = _inertia(version)
    return {
        "ingest": {"synthprof": {"cpu": stages["ingest"]}}
        | {
            name: way(name)
            for name in (
                "ADBC into SQLite", "DuckDB into SQLite", "DuckDB into its own file", "DuckDB into Parquet",
                "Polars into Parquet",
            )
        },
        "cluster": {"synthprof": {"cpu": stages["cluster"], "inertia": own_inertia}}
        | {name: way(name, **training) for name in ("faiss.Kmeans", "MiniBatchKMeans", "SuperKMeans")},
        "export_index": {"synthprof": {"cpu": stages["export_index"]} | way("synthprof")}
        | {name: way(name) for name in ("autofaiss", "hnswlib", "USearch")},
        "whole": {"synthprof": whole}
        | {
            name: way(name, rows=options.rows, schema=str(schema_folder(SCHEMA)), **training)
            for name in ("the best library for each stage",)
        },
    }  # fmt: skip


def _own_run(home: Path, rows: int) -> Found:
    """Make the data set, with one table as the others do, and return what it and its stages took."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    command = [sys.executable, "-m", "synthprof", "run", "--profile-schema", SCHEMA, "--profiles", str(rows)]
    environment = os.environ | {"SYNTHPROF_HOME": str(home)}
    subprocess.run(
        [*command, "--with-tables", "none"], env=environment, stdout=subprocess.DEVNULL, check=True
    )
    wall = time.perf_counter() - began
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    manifest = json.loads(next(home.glob("*/versions/*/MANIFEST.json")).read_text(encoding="utf-8"))
    stages: dict[str, float] = {}
    for receipt in manifest["stages"]:
        stages[receipt["stage"]] = round(stages.get(receipt["stage"], 0.0) + receipt["cpu_seconds"], 3)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"cpu": round(cpu, 2), "wall": round(wall, 2), "stages": stages}


def _give(version: Version, folder: Path) -> None:
    """Write the version's rows and embeddings where the other libraries find them."""
    table = version.table()
    with pa.OSFile(str(folder / "rows.arrow"), "wb") as file, pa.ipc.new_file(file, table.schema) as writer:
        writer.write_table(table)
    np.save(folder / "vectors.npy", version.embeddings())
    (folder / "index.faiss").hardlink_to(version.folder / "index.faiss")


def _inertia(version: Version) -> float:
    """Return the mean squared distance of rows to the centroids of their clusters."""
    vectors, centroids = version.embeddings(), np.load(version.folder / "centroids.npy")
    apart = vectors - centroids[version.clusters()]
    return float(np.einsum("ij,ij->i", apart, apart).mean())


# --- what a person reads ---------------------------------------------------------------------------------


def _print(found: Found) -> None:
    print(f"{found['rows']:,} rows, {found['machine'][1]} cores, load {found['machine'][2]:.1f}")
    for stage in ("generate", "ingest", "cluster", "export_index", "whole"):
        print(f"\n{stage}")
        for way, values in found[stage].items():
            told = ", ".join(f"{name} {value}" for name, value in values.items())
            print(f"  {way:32} {told}")


if __name__ == "__main__":
    main()
