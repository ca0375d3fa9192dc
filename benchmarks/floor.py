"""A whole run as a multiple of the machine's own floor, stage by stage, in one call.

    python benchmarks/floor.py                     1,000,000 rows
    python benchmarks/floor.py --rows 100000

The floor is what no program that leaves these files behind can save: the bytes of the version written and
flushed once, its assignment as one sgemm, SHA-256 of its bytes, the Philox words behind its rows drawn, and
its texts copied. Each part is timed in this process, in one thread, on warm memory, right after the run.
A stage's multiple is its CPU seconds over those of the parts that it cannot do without. The multiple of the
wall time is over the floor divided by the cores. Raw results go to benchmarks/results/floor.json.
"""

import argparse
import functools
import hashlib
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from synthprof.base.streams import Stream
from synthprof.profiles.drawing import generate
from synthprof.schemas.loader import load_schema
from synthprof.spec.spec import BLOCK_ROWS, Spec

MIB = 1 << 20
PART = 8 * MIB
TILE = 4_096
"""Rows of one product; more do not make it faster."""

PARTS = {
    "generate": ("drawn", "joined"),
    "ingest": ("written perfis.db",),
    "persist_blobs": ("written vetores.db", "written embeddings.db"),
    "cluster": ("assigned", "written clusters.db"),
    "export_index": ("written index.faiss",),
    "publish": ("hashed",),
}
"""Parts of the floor that a stage cannot do without; `vectorize` has none."""


def main() -> None:
    """Run, time the floor, print the table, write the raw results."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--results", type=Path, default=Path(__file__).parent / "results")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        run = run_once(home, options.rows)
        folder = next(home.glob("*/versions/*/MANIFEST.json")).parent
        manifest = json.loads((folder / "MANIFEST.json").read_text(encoding="utf-8"))
        floor = dict(floor_of(home, folder, manifest))
    found = {
        "rows": options.rows,
        "machine": [platform.release(), len(os.sched_getaffinity(0)), os.getloadavg()[0]],
        "run": run,
        "stages": stages_of(manifest),
        "floor": floor,
    }
    _print(found)
    (options.results / "floor.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


def run_once(home: Path, rows: int) -> dict[str, float]:
    """Make a data set in a data root; return its wall seconds, and the CPU seconds of all processes."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "synthprof", "run", "--profiles", str(rows)],
        env=os.environ | {"SYNTHPROF_HOME": str(home)},
        stdout=subprocess.DEVNULL,
        check=True,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"wall": time.perf_counter() - began, "cpu": cpu}


def stages_of(manifest: dict[str, Any]) -> dict[str, float]:
    """Return the CPU seconds of each stage but `publish`, which ends after its manifest is written."""
    found: dict[str, float] = {}
    for receipt in manifest["stages"]:
        found[receipt["stage"]] = found.get(receipt["stage"], 0.0) + receipt["cpu_seconds"]
    return found


# --- the floor -------------------------------------------------------------------------------------------


def floor_of(home: Path, folder: Path, manifest: dict[str, Any]) -> Iterator[tuple[str, float]]:
    """Yield the parts of the floor of a version, and the CPU seconds that each takes now, in this process."""
    spec = Spec.model_validate(manifest["spec"])
    sizes = {file.name: file.stat().st_size for file in sorted(folder.iterdir())}
    for name, size in sizes.items():
        yield f"written {name}", _cpu(functools.partial(_write, home / "floor", size))
    yield "hashed", _cpu(lambda: _hash(sum(sizes.values())))
    centroids = np.load(folder / "centroids.npy")
    yield "assigned", _cpu(lambda: _assign(spec.profiles, centroids))
    words, text = _drawn_by_a_block(spec)
    blocks = spec.profiles / BLOCK_ROWS
    philox = np.random.Philox(key=1)
    yield "drawn", blocks * _cpu(lambda: philox.random_raw(words))
    source = np.ones(text, np.uint8)
    yield "joined", blocks * _cpu(lambda: source.copy())


def _cpu(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


def _write(path: Path, size: int) -> None:
    part = bytes(PART)
    with path.open("wb", buffering=0) as file:
        for first in range(0, size, PART):
            file.write(part[: size - first])
        os.fsync(file)
    path.unlink()


def _hash(size: int) -> None:
    digest, part = hashlib.sha256(), bytes(PART)
    for first in range(0, size, PART):
        digest.update(part[: size - first])


def _assign(rows: int, centroids: np.ndarray) -> None:
    """Multiply as many rows as there are with all centroids; the processor's own kernels, one thread."""
    vectors = np.ones((TILE, centroids.shape[1]), np.float32)
    scores = np.empty((TILE, len(centroids)), np.float32)
    with threadpool_limits(1):
        for first in range(0, rows, TILE):
            count = min(TILE, rows - first)
            np.matmul(vectors[:count], centroids.T, out=scores[:count])


def _drawn_by_a_block(spec: Spec) -> tuple[int, int]:
    """Return the random words that a block is made of, and the bytes of its columns."""
    counted = 0
    words = Stream.words

    def counting(self: Stream, count: int) -> Any:
        nonlocal counted
        counted += count
        return words(self, count)

    Stream.words = counting  # type: ignore[method-assign]
    try:
        drawn = generate(load_schema(spec.profile_schema), spec.seed, spec.locale, spec.separation, 0)
    finally:
        Stream.words = words  # type: ignore[method-assign]
    return counted, drawn.profiles.nbytes


# --- what a person reads ---------------------------------------------------------------------------------


def _print(found: dict[str, Any]) -> None:
    floor, run, cores = found["floor"], found["run"], found["machine"][1]
    total = sum(floor.values())
    print(f"{found['rows']:,} rows, {cores} cores, load {found['machine'][2]:.1f}\n")
    for name, seconds in sorted(floor.items(), key=lambda each: -each[1]):
        if seconds >= 0.01:
            print(f"  floor: {name:24} {seconds:7.2f} s")
    print(f"\n  {'stage':16} {'CPU s':>7} {'floor s':>8} {'multiple':>9}")
    stages = found["stages"] | {"the rest": run["cpu"] - sum(found["stages"].values())}
    for name, seconds in sorted(stages.items(), key=lambda each: -each[1]):
        least = sum(floor[part] for part in PARTS.get(name, ()))
        multiple = f"{seconds / least:9.1f}" if least else ""
        print(f"  {name:16} {seconds:7.2f} {least:8.2f} {multiple}")
    print(f"\n  the whole: CPU {run['cpu']:.1f} s = {run['cpu'] / total:.2f} x the floor of {total:.1f} s")
    print(f"  wall {run['wall']:.1f} s = {run['wall'] / (total / cores):.2f} x the floor over {cores} cores")


if __name__ == "__main__":
    main()
