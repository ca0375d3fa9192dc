"""What this machine takes for a page of memory: microseconds to touch one for the first time, and again.

    python benchmarks/bench_pages.py > benchmarks/results/pages.txt

Mostly that is well below one microsecond, zeroing included. A virtual machine may take several: then whatever
writes much memory, as columns do, is dearer than what computes.
"""

import mmap
import time

PAGE = 4_096
MIB = 256  # pages


def main() -> None:
    """Print a line for each size."""
    for mib in (64, 256, 1_024):
        fresh, again = _microseconds(mib)
        print(f"{mib:5} MiB: fresh {fresh:.2f} us a page, again {again:.2f} us")


def _microseconds(mib: int) -> tuple[float, float]:
    with mmap.mmap(-1, mib << 20) as memory:
        return _touched(memory, mib), _touched(memory, mib)


def _touched(memory: mmap.mmap, mib: int) -> float:
    began = time.process_time()
    for place in range(0, mib << 20, PAGE):
        memory[place] = 1
    return (time.process_time() - began) / (mib * MIB) * 1e6


if __name__ == "__main__":
    main()
