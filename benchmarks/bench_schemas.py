"""Rows per CPU-second of the schema customer_us, without orders, against four other ways to such columns.

    .venv/bin/python benchmarks/bench_schemas.py --peers PYTHON | tee benchmarks/results/schemas.txt

PYTHON has mimesis, faker, numpy, pandas, polars and pyarrow, see peers_customers.py. Each way runs in one
process, `--repeats` times in turn; the ratio is that of the medians. synthprof draws Arrow batches by
blocks; by Mimesis and Faker there are dictionaries in the end, and by NumPy and pandas a data frame,
then an Arrow table; by Polars its own frame, as Arrow.
"""

import argparse
import os
import platform
import statistics
import subprocess
import sys
import time
from pathlib import Path

from synthprof.profiles.drawing import generate
from synthprof.schemas.loader import load_schema, schema_folder
from synthprof.schemas.tables import with_tables
from synthprof.spec.spec import BLOCK_ROWS, Spec

SCHEMA = "customer_us"
PEERS = {"mimesis": (4_000, 20), "faker": (2_000, 100), "numpy": (163_840, 1.5), "polars": (163_840, 1.5)}
"""By way, the rows of a run and the ratio that is aimed at."""

ROWS = 163_840


def own(rows: int) -> float:
    """Return the CPU-seconds in which blocks of customers are drawn."""
    schema, spec = with_tables(load_schema(SCHEMA), "none"), Spec()
    generate(schema, spec.seed, spec.locale, spec.separation, 0, 10)  # makes the tables
    began = time.process_time()
    for block in range(rows // BLOCK_ROWS):
        generate(schema, spec.seed, spec.locale, spec.separation, block)
    return time.process_time() - began


def run(command: list[str]) -> float:
    """Return the rows per CPU-second that a command prints as rows and seconds."""
    threads = {name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "ARROW_NUM_THREADS")}
    environment = os.environ | threads
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    rows, seconds = done.stdout.split()
    return float(rows) / float(seconds)


def main() -> None:
    """Print the rows per CPU-second of each repeat and way, then the ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--peers", default="peers/bin/python", help="a Python that has the other libraries")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--own", action="store_true", help="print rows and CPU-seconds of synthprof alone")
    given = parser.parse_args()
    if given.own:
        print(ROWS, round(own(ROWS), 3))
        return
    peers = Path(__file__).with_name("peers_customers.py")
    folder = str(schema_folder(SCHEMA))
    commands = {"synthprof": [sys.executable, __file__, "--own"]} | {
        way: [given.peers, str(peers), way, str(rows), folder] for way, (rows, _) in PEERS.items()
    }
    found: dict[str, list[float]] = {way: [] for way in commands}
    columns = len(load_schema(SCHEMA).columns)
    print(f"{SCHEMA}, {columns} columns, no orders; {platform.machine()}, {os.cpu_count()} CPUs")
    for repeat in range(given.repeats):
        for way, command in commands.items():
            found[way].append(run(command))
            print(f"repeat {repeat + 1}  {way:10} {found[way][-1]:>10,.0f} rows/CPU-s", flush=True)
    median = {way: statistics.median(speeds) for way, speeds in found.items()}
    for way, (_, wanted) in PEERS.items():
        own_speed = median["synthprof"]
        told = f"synthprof {own_speed:,.0f} = {own_speed / median[way]:,.1f} x {way} {median[way]:,.0f}"
        print(f"{told} (aim: {wanted} x)")


if __name__ == "__main__":
    main()
