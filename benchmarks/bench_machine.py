"""The machine's own limits on the ratios that bench_stages.py finds.

    python benchmarks/bench_machine.py > benchmarks/results/machine.txt

A page of memory, touched for the first time, and again: mostly that is well below one microsecond, zeroing
included. A virtual machine may take several: then whatever writes much memory, as columns do, is dearer than
what computes. And what one process for each core gets done, in multiples of what a single one does in the
same time, with work that shares nothing: a loop of Python, sorting, copying memory.
Cores that share a bus, or are halves of one, do not give the number of cores. The middle of some rounds.
"""

import argparse
import mmap
import multiprocessing
import os
import platform
import statistics
import time
from collections.abc import Callable

import numpy as np

PAGE = 4_096
MIB = 256  # pages
SECONDS = 1.0


def main() -> None:
    """Print a line for each size, and one for each kind of work."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeat", type=int, default=7)
    repeat = parser.parse_args().repeat
    cores = len(os.sched_getaffinity(0))
    print(f"{cores} cores, Linux {platform.release()}\n")
    for mib in (64, 256, 1_024):
        fresh, again = _microseconds(mib)
        print(f"{mib:5} MiB: fresh {fresh:.2f} us a page, again {again:.2f} us")
    print()
    for work in (loop, sort, copy):
        print(
            f"{work.__name__}: {cores} processes get {_scaling(work, cores, repeat):.2f} times as much done"
        )


# --- memory ----------------------------------------------------------------------------------------------


def _microseconds(mib: int) -> tuple[float, float]:
    with mmap.mmap(-1, mib << 20) as memory:
        return _touched(memory, mib), _touched(memory, mib)


def _touched(memory: mmap.mmap, mib: int) -> float:
    began = time.process_time()
    for place in range(0, mib << 20, PAGE):
        memory[place] = 1
    return (time.process_time() - began) / (mib * MIB) * 1e6


# --- cores -----------------------------------------------------------------------------------------------


def loop() -> None:
    """Add numbers in Python."""
    sum(number & 7 for number in range(20_000))


def sort(numbers: np.ndarray = np.random.default_rng(0).random(20_000)) -> None:  # noqa: B008
    """Sorts what fits in the nearest cache."""
    np.sort(numbers)


def copy(source: np.ndarray = np.ones(4 << 20), target: np.ndarray = np.ones(4 << 20)) -> None:  # noqa: B008
    """Copy more than fits in a cache."""
    np.copyto(target, source)


def _scaling(work: Callable[[], None], cores: int, repeat: int) -> float:
    """Return how many times the work of one process `cores` processes do."""
    with multiprocessing.Pool(cores) as pool:
        rounds = [[_done(pool, work, number) for number in (1, cores)] for _ in range(repeat)]
    return statistics.median(many / one for one, many in rounds)


def _done(pool: "multiprocessing.pool.Pool", work: Callable[[], None], processes: int) -> float:
    """Return how often the processes, started together, did the work."""
    begin = time.time() + 0.1
    return sum(pool.starmap(_count, [(work, begin)] * processes, chunksize=1))


def _count(work: Callable[[], None], begin: float) -> int:
    time.sleep(max(0.0, begin - time.time()))
    count = 0
    while time.time() < begin + SECONDS:
        work()
        count += 1
    return count


if __name__ == "__main__":
    main()
