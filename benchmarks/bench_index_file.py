"""Memory and CPU time of filling an index file, and of opening it for one search, by rows.

    python benchmarks/bench_index_file.py > benchmarks/results/index_file.txt

Each size is worked on in a process of its own: random unit vectors, 128 dimensions, block by block; as many
lists as a data set of so many rows has, measured with 8 to 64 of them read. Peaks are of resident memory,
pages of mapped files among them. A search is cold: the file has been dropped from the cache. "held": the
whole file is read and hashed by SHA-256 first, as up to release 0.2.
"""

import argparse
import hashlib
import math
import multiprocessing
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import faiss
import numpy as np

from synthprof.base.arrays import Matrix
from synthprof.similarity import index, inverted_file, recall
from synthprof.spec.sizing import choose
from synthprof.system.memory import peak_memory, reset_peak_memory

MIB = 1 << 20
DIM, BLOCK_ROWS, MEMORY_MIB = 128, 16_384, 4_096
EFFORTS = (8, 16, 32, 64)
SIZES = (1_000_000, 3_000_000, 10_000_000)


def main() -> None:
    """Print a line for each size and question."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, nargs="*", default=SIZES)
    parser.add_argument("--folder", type=Path, default=None)
    options = parser.parse_args()
    context = multiprocessing.get_context("spawn")
    for rows in options.rows:
        with tempfile.TemporaryDirectory(dir=options.folder) as folder:
            path = Path(folder, "index.faiss")
            for work in (_fill, _mapped, _held):
                process = context.Process(target=work, args=(rows, path))
                process.start()
                process.join()


def _fill(rows: int, path: Path) -> None:
    random = np.random.default_rng(1)
    nlist = round(math.sqrt(rows))
    centroids, queries = _units(random, nlist), next(_blocks(rows))[: recall.QUERIES]
    labels = random.integers(0, nlist, rows).astype(np.int32)
    choice = choose(rows, DIM, MEMORY_MIB * MIB, clusters=nlist)
    reset_peak_memory()
    before, began, clock = peak_memory(), time.process_time(), time.perf_counter()
    sample = _units(random, 65_536)
    made = index.build(
        choice, lambda: _blocks(rows), path, centroids=centroids, labels=labels, training=sample, threads=2
    )
    filled = time.process_time()
    for made.nprobe in EFFORTS:
        recall.measured(made, queries, np.ones((len(queries), 10), np.int64))
    index.finish(made, path, np.zeros(0, np.int64))
    _say(rows, f"{choice.kind} filled, {path.stat().st_size / MIB:,.0f} MiB", clock, before)
    print(f"{'':>12} CPU seconds: {filled - began:.1f} filled, {time.process_time() - filled:.1f} measured")


def _mapped(rows: int, path: Path) -> None:
    _drop(path)
    before, clock = peak_memory(), time.perf_counter()
    _search(inverted_file.opened(path))
    _say(rows, "cold search, mapped", clock, before)


def _held(rows: int, path: Path) -> None:
    _drop(path)
    before, clock = peak_memory(), time.perf_counter()
    with path.open("rb") as file:
        hashlib.file_digest(file, "sha256").hexdigest()
    _search(faiss.read_index(str(path)))
    _say(rows, "cold search, held", clock, before)


def _search(found: Any) -> None:
    found.nprobe = 64
    found.search(next(_blocks(1))[:1], 10)


def _say(rows: int, what: str, clock: float, before: int) -> None:
    seconds, memory = time.perf_counter() - clock, (peak_memory() - before) / MIB
    print(f"{rows:>12,} {what:<30} {seconds:8.2f} s  {memory:8,.0f} MiB more at most", flush=True)


def _blocks(rows: int) -> Iterator[Matrix]:
    random = np.random.default_rng(2)
    for first in range(0, rows, BLOCK_ROWS):
        yield _units(random, min(BLOCK_ROWS, max(rows - first, 1)))


def _units(random: np.random.Generator, rows: int) -> Matrix:
    vectors = random.standard_normal((rows, DIM), dtype=np.float32)
    found: Matrix = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return found


def _drop(path: Path) -> None:
    """Drop the file from the system's cache."""
    descriptor = os.open(path, os.O_RDONLY)
    os.fsync(descriptor)
    os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    os.close(descriptor)


if __name__ == "__main__":
    main()
