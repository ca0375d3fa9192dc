"""Speed of the checksums that a build could have, and their share of the CPU time of a run.

    python benchmarks/bench_hashes.py --rows 1000000
    OPENSSL_ia32cap=:~0x20000000 python benchmarks/bench_hashes.py --rows 0      without SHA instructions

The speed is that of one thread over bytes in memory. The share is of CPU seconds: each checksum of a file, in
whatever process, notes what it took, reading among it. Samples of a profiler would count waiting on a busy
machine. BLAKE3 is shown where the package `blake3` is installed; nothing here needs it.
"""

import argparse
import functools
import hashlib
import importlib
import os
import resource
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import xxhash

from synthprof.base import digests, files
from synthprof.runner.run import run_all
from synthprof.spec.request import Request
from synthprof.store import array_files, blocks

MIB = 1 << 20
BYTES = 64 * MIB
REPEATS = 7
IN_MEMORY = "digest_in_memory"


def main() -> None:
    """Print MiB per second of CPU time, the best of several passes, and the share of a run."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=1_000_000)
    rows = parser.parse_args().rows
    _speeds()
    if rows:
        _share(rows)


def _speeds() -> None:
    data = np.random.default_rng(0).bytes(BYTES)
    for name, digest in _digests().items():
        print(f"{name:<10} {BYTES / MIB / _seconds(digest, data):>8,.0f} MiB/s")


def _digests() -> dict[str, Callable[[bytes], object]]:
    found: dict[str, Callable[[bytes], object]] = {
        "SHA-256": lambda data: hashlib.sha256(data).digest(),
        "BLAKE2b": lambda data: hashlib.blake2b(data).digest(),
        "XXH3-128": lambda data: xxhash.xxh3_128_digest(data),
    }
    try:
        blake3 = importlib.import_module("blake3").blake3
    except ImportError:
        return found
    return found | {"BLAKE3": lambda data: blake3(data).digest()}


def _seconds(digest: Callable[[bytes], object], data: bytes) -> float:
    best = float("inf")
    for _ in range(REPEATS):
        before = time.thread_time()
        digest(data)
        best = min(best, time.thread_time() - before)
    return best


def _share(rows: int) -> None:
    with tempfile.TemporaryDirectory() as home:
        notes = Path(home, "notes")
        notes.touch()
        for name in ("sha256", "xxh128", "both"):  # the pool's processes are forked from this one
            setattr(files, name, _noting(notes, name, getattr(digests, name)))
        for module in (blocks, array_files):
            setattr(module, IN_MEMORY, _noting(notes, "memory", digests.digest_in_memory))
        run_all(Request.from_params({"profiles": rows, "workers": 2}), Path(home))
        found: defaultdict[str, float] = defaultdict(float)
        for line in notes.read_text().splitlines():
            kind, took = line.split()
            found[kind] += float(took)
    whole = sum(
        used.ru_utime + used.ru_stime
        for used in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    )
    print(f"{rows:,} profiles: {whole:.1f} CPU seconds, {sum(found.values()) / whole:.1%} in checksums:")
    for kind, seconds in sorted(found.items()):
        print(f"  {kind:<8} {seconds:6.2f} s  {seconds / whole:.1%}")


def _noting(notes: Path, name: str, digest: Callable[..., Any]) -> Callable[..., Any]:
    descriptor = os.open(notes, os.O_WRONLY | os.O_APPEND)

    @functools.wraps(digest)
    def noted(*content: Any) -> Any:
        before = time.thread_time()
        found = digest(*content)
        os.write(descriptor, f"{name} {time.thread_time() - before}\n".encode())
        return found

    return noted


if __name__ == "__main__":
    main()
