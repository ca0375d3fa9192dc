"""Texts from elsewhere: how long a table of short texts takes from the file to the published version.

    python benchmarks/bench_collection.py [--texts 140000]

The table is an SQLite file made here; the encoder is `catalogue`. The raw result goes to
benchmarks/results/collection.json.
"""

import argparse
import json
import random
import sqlite3
import tempfile
import time
from contextlib import closing
from pathlib import Path

import psutil

from synthprof.runner.run import run_all
from synthprof.spec.request import Request
from synthprof.stages.import_rows import resolve_source

GAMES = ("Minecraft", "Valorant", "FIFA", "RPG", "xadrez", "Free Fire", "corrida")
HOURS = ("de madrugada", "à noite", "de manhã", "no PC", "no celular")


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--texts", type=int, default=140_000)
    parser.add_argument("--results", type=Path, default=Path(__file__).parent / "results")
    options = parser.parse_args()
    options.results.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        source = _table(Path(folder, "notes.db"), options.texts)
        home = Path(folder, "data")
        began = time.monotonic()
        request = resolve_source(Request.from_params({"dataset": "notes", "source": str(source)}), home)
        surveyed = time.monotonic()
        run = run_all(request, home)
        ended = time.monotonic()
    results = {
        "texts": options.texts,
        "seconds": round(ended - began, 2),
        "survey_seconds": round(surveyed - began, 2),
        "stage_seconds": {receipt.stage: receipt.seconds for receipt in run.receipts},
        "stage_cpu_seconds": round(sum(receipt.cpu_seconds for receipt in run.receipts), 2),
        "load_average": psutil.getloadavg()[0],
        "cores": psutil.cpu_count(),
    }
    text = json.dumps(results, indent=1)
    print(text)
    (options.results / "collection.json").write_text(text + "\n")


def _table(path: Path, count: int) -> Path:
    pick = random.Random(1)
    rows = (
        (10 * i, f"Jogo {pick.choice(GAMES)} {pick.choice(HOURS)} com amigos, nota {i % 9_973}")
        for i in range(count)
    )
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT)")
        database.executemany("INSERT INTO notes VALUES (?, ?)", rows)
    return path


if __name__ == "__main__":
    main()
