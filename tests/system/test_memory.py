"""Memory of processes."""

import subprocess
import sys

PROGRAM = """
import numpy as np
from synthprof.base.units import MIB
from synthprof.system import memory

large = np.ones(256 * MIB // 8)
assert memory.peak_memory() > 256 * MIB
del large
memory.reset_peak_memory()
before = memory.peak_memory()
medium = np.ones(64 * MIB // 8)
assert before + 60 * MIB < memory.peak_memory() < before + 200 * MIB, (before, memory.peak_memory())
"""


def test_the_peak_of_memory_can_be_counted_afresh() -> None:
    # in a process of its own: one that has freed much memory gives it out again, and does not grow
    subprocess.run([sys.executable, "-c", PROGRAM], check=True)
