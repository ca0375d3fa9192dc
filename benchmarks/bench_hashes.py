"""Speed of the checksums that a build could have, one thread, over bytes in memory.

    python benchmarks/bench_hashes.py > benchmarks/results/hashes.txt
    OPENSSL_ia32cap=:~0x20000000 python benchmarks/bench_hashes.py      without SHA instructions

BLAKE3 is shown where the package `blake3` is installed; nothing here needs it.
"""

import hashlib
import importlib
import time
from collections.abc import Callable

import numpy as np
import xxhash

MIB = 1 << 20
BYTES = 64 * MIB
REPEATS = 7


def main() -> None:
    """Print MiB of CPU time per second, the best of several passes."""
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


if __name__ == "__main__":
    main()
