"""What the page size of the databases costs: CPU seconds to make them, microseconds to read one row.

    python benchmarks/bench_database.py > benchmarks/results/database.txt

Each size makes `perfis.db` and the two databases of BLOBs from the same blocks, in turn with the others; the
median of the rounds counts. A lookup is one random id through sqlite3, all pages in the page cache.
"""

import argparse
import platform
import random
import shutil
import sqlite3
import statistics
import tempfile
import time
from contextlib import closing
from pathlib import Path

from synthprof import database
from synthprof.run import run_stage
from synthprof.spec import Request

PAGES = (4_096, 16_384, 32_768, 65_536)
LOOKUPS = 20_000
STAGES = ("ingest", "persist_blobs")


def main() -> None:
    """Measure every size, print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--repeat", type=int, default=5)
    options = parser.parse_args()
    request = Request.from_params({"profiles": options.rows, "workers": 1})
    rounds: dict[int, list[tuple[float, ...]]] = {pages: [] for pages in PAGES}
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        for stage in ("setup", "generate", "vectorize"):
            run_stage(request, stage, None, home)
        for _ in range(options.repeat):
            for pages in PAGES:
                rounds[pages].append(_measured(request, home, pages))
    print(f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, {options.rows:,} rows\n")
    print("page bytes   ingest CPU-s   BLOBs CPU-s   profile us   embedding us")
    for pages, found in rounds.items():
        ingest, blobs, profile, embedding = (statistics.median(values) for values in zip(*found, strict=True))
        print(f"{pages:10,}   {ingest:12.2f}   {blobs:11.2f}   {profile:10.1f}   {embedding:12.1f}")


def _measured(request: Request, home: Path, pages: int) -> tuple[float, ...]:
    database._BUILD = (f"page_size={pages}", *database._BUILD[1:])
    seconds = []
    for stage in STAGES:
        for folder in home.glob(f"*/build/*/{stage}-*"):
            shutil.rmtree(folder)
        seconds.append(run_stage(request, stage, None, home).cpu_seconds)
    return (*seconds, *(_lookup(home, name, request.spec.profiles) for name in ("perfis", "embeddings")))


def _lookup(home: Path, name: str, rows: int) -> float:
    chance = random.Random(0)
    ids = [(chance.randint(1, rows),) for _ in range(LOOKUPS)]
    with closing(sqlite3.connect(next(home.glob(f"*/build/*/*/{name}.db")))) as connection:
        connection.execute(f"SELECT sum(length(quote(id))) FROM {name}").fetchone()
        began = time.process_time()
        for each in ids:
            connection.execute(f"SELECT * FROM {name} WHERE id = ?", each).fetchone()
        return (time.process_time() - began) / LOOKUPS * 1e6


if __name__ == "__main__":
    main()
