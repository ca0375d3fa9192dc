"""The rate at which profiles are drawn by two packages, in turn: this one and one of an older commit.

    git worktree add /tmp/older COMMIT
    .venv/bin/python benchmarks/bench_lists.py --than /tmp/older > benchmarks/results/lists.txt

Profiles per second of CPU time of one process each (time.process_time), the best of some rounds; and what a
process does once. The machine is shared, so that ratios hold and single figures do not.
"""

import argparse
import os
import statistics
import subprocess
import sys
from pathlib import Path

TURNS = 5

MEASURED = """
import sys, time
from synthprof.profiles.drawing import generate
from synthprof.profiles.tables import tables_of
from synthprof.schemas.loader import load_schema, schema_folder
from synthprof.schemas.reading import read_bundle
name = sys.argv[1]
start = time.process_time(); read_bundle(schema_folder(name)); read = time.process_time() - start
schema = load_schema(name)
start = time.process_time(); tables_of(schema, "pt_BR", 0.8, 42); made = time.process_time() - start
generate(schema, 42, "pt_BR", 0.8, 0)
rates = []
for _ in range(3):
    start = time.process_time()
    for block in range(6):
        generate(schema, 42, "pt_BR", 0.8, block)
    rates.append(6 * 16_384 / (time.process_time() - start))
print(max(rates), 1e3 * read, 1e3 * made)
"""


def main() -> None:
    """Measure both packages in turn, schema by schema, and print medians and the median ratio."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--than", required=True, help="a folder with the older package synthprof")
    older = options.parse_args().than
    print(f"{'':14}{'older':>12}{'this':>12}{'ratio':>8}   once: read and make tables, ms, older and this")
    for schema in ("gamer_br", "customer_us", "patient"):
        pairs = [
            (measured(older, schema), measured(str(Path(__file__).parents[1]), schema)) for _ in range(TURNS)
        ]
        one, other = (statistics.median(pair[at][0] for pair in pairs) for at in (0, 1))
        ratio = statistics.median(new[0] / old[0] for old, new in pairs)
        once = [
            f"{sum(statistics.median(pair[at][i] for pair in pairs) for i in (1, 2)):.0f}" for at in (0, 1)
        ]
        print(f"{schema:14}{one:12,.0f}{other:12,.0f}{ratio:8.2f}   {once[0]}, {once[1]}", flush=True)


def measured(folder: str, schema: str) -> list[float]:
    """Return profiles per CPU-second, and milliseconds to read the schema and to make its tables."""
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, schema],
        env={**os.environ, "PYTHONPATH": folder},
        capture_output=True,
        text=True,
        check=True,
        cwd="/",
    )
    return [float(number) for number in done.stdout.split()]


if __name__ == "__main__":
    main()
