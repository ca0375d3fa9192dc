"""The memory that each stage takes, over all its processes, beside the estimate of `plan`.

Of profiles, and of collections of texts of several lengths. All stages of a run in one process, as
`synthprof run` does it. That takes more than a process per stage, as under Airflow, because idle workers
keep what they had. Memory is the sum of proportional set sizes (pages that forked workers share count once),
sampled every 30 ms. Raw results: benchmarks/results/memory.json.
"""

import json
import os
import random
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from contextlib import closing
from pathlib import Path

import psutil

from synthprof.base.units import MIB
from synthprof.pipeline import STAGES
from synthprof.spec.request import Request
from synthprof.spec.spec import Spec
from synthprof.stages.footprint import Footprint
from synthprof.system.machine import default_workers
from synthprof.system.memory import own_memory

RESULTS = Path(__file__).parent / "results" / "memory.json"

CASES: tuple[dict[str, int], ...] = (
    {"profiles": 20_000},
    {"profiles": 100_000, "workers": 1},
    {"profiles": 100_000, "dim_embedding": 512, "workers": 4},
    {"profiles": 200_000},
    {"profiles": 1_000_000, "clusters": 100, "kmeans_niter": 2},
    {"profiles": 1_000_000},
)
BESIDE = ("ingest", "vectorize", "persist_blobs")
"""Stages of which the first goes on beside the others where there are two workers: one row for them all."""

TEXTS = ((200_000, 10), (50_000, 2_000), (2_000, 50_000))
"""Texts of collections, and the characters of each."""


def main() -> None:
    """Measure, print and keep every row."""
    rows = [row for case in CASES for row in _measure(case)]
    rows += [row for count, characters in TEXTS for row in _measure_texts(count, characters)]
    RESULTS.write_text(json.dumps({"cores": os.cpu_count(), "rows": rows}, indent=1) + "\n")


def _measure(params: dict[str, int]) -> list[dict[str, object]]:
    request = Request.from_params(params)
    workers = request.runtime.workers or default_workers()
    options = [word for name, value in params.items() for word in (f"--{name.replace('_', '-')}", str(value))]
    with tempfile.TemporaryDirectory() as home:
        peaks = _peaks(Path(home), request, ["run", *options])
    footprint = Footprint(request.spec)
    told = {each.name: footprint.memory(each.name, workers) for each in STAGES}
    return _rows(dict(params), peaks, told)


def _measure_texts(count: int, characters: int) -> list[dict[str, object]]:
    with tempfile.TemporaryDirectory() as home:
        source = Path(home, "texts.db")
        _write_texts(source, count, characters)
        peaks = _peaks(Path(home), Request(), ["embed", "--source", str(source), "--workers", "2"])
        (build,) = Path(home).glob("*/build/*")
        spec = Spec.model_validate_json((build / "spec.json").read_bytes())
        footprint = Footprint.of(spec, build)
        told = {each.name: footprint.memory(each.name, 2) for each in STAGES}
    return _rows({"texts": count, "characters": characters, "workers": 2}, peaks, told)


def _write_texts(path: Path, count: int, characters: int) -> None:
    """Write a table of texts with a dash that Latin 1 lacks, for which Python takes twice the memory."""
    pick, words = random.Random(1), ("joga", "RPG", "de madrugada", "no PC", "com amigos", "xadrez", "—")
    some = [" ".join(pick.choices(words, k=characters // 5 + 1))[: characters - 2] + " —" for _ in range(200)]
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("CREATE TABLE texts (id INTEGER PRIMARY KEY, text TEXT)")
        rows = ((number, some[number % len(some)]) for number in range(count))
        database.executemany("INSERT INTO texts VALUES (?, ?)", rows)


def _rows(params: dict[str, object], peaks: dict[str, int], told: dict[str, int]) -> list[dict[str, object]]:
    rows = []
    together = {name: BESIDE if name in BESIDE and params.get("workers") != 1 else (name,) for name in peaks}
    for names in dict.fromkeys(together[name] for name in peaks if name != "setup"):
        peak, most = max(peaks.get(name, 0) for name in names), max(told[name] for name in names)
        sizes = {"peak_mib": round(peak / MIB), "told_mib": round(most / MIB)}
        rows.append({**params, "stage": ", ".join(names), **sizes, "error": f"{most / peak - 1:+.0%}"})
        print(json.dumps(rows[-1]), flush=True)
    return rows


def _peaks(home: Path, request: Request, words: list[str]) -> dict[str, int]:
    """Return the largest sum of proportional sizes while each stage was at work, in bytes."""
    peaks: dict[str, int] = defaultdict(int)
    stages = [each.name for each in STAGES if each.applies(request.spec)]
    process = subprocess.Popen(
        [sys.executable, "-m", "synthprof", *words],
        env=os.environ | {"SYNTHPROF_HOME": str(home)},
        stdout=subprocess.DEVNULL,
    )
    while process.poll() is None:
        done = len(list(home.glob("*/build/*/*/receipt.json")))
        if done < len(stages):
            try:
                peaks[stages[done]] = max(peaks[stages[done]], own_memory(psutil.Process(process.pid)))
            except psutil.NoSuchProcess:
                break
        time.sleep(0.03)
    assert process.wait() == 0
    return peaks


if __name__ == "__main__":
    main()
