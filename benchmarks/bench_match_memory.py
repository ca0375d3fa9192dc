"""Memory of the index of features of 116,000 pictures: random descriptors, few lists, no pictures.

The number of lists changes the time to fill them, not their bytes, so that 1,000 stand for 13,600 here.
"""

import resource
import sys
import time

import numpy as np

from synthprof.delivery.matching.plan import plan_match
from synthprof.similarity.pictures import geometry, local  # noqa: F401  what a match has loaded
from synthprof.similarity.pictures.binary import add, empty_index
from synthprof.similarity.threads import one_thread_each
from synthprof.sources.pictures import source  # noqa: F401
from synthprof.system.memory import own_memory

MIB = 1 << 20
PICTURES, FEATURES, LISTS, STEP = int(sys.argv[1]) if len(sys.argv) > 1 else 116_000, 100, 1_000, 65_536


def main() -> None:
    """Print the memory before, at the peak and after, and what the plan says."""
    random = np.random.default_rng(1)
    base, total = own_memory(), PICTURES * FEATURES
    index = empty_index("ivf", random.integers(0, 256, (LISTS, 32)).astype(np.uint8))
    begin = time.process_time()
    with one_thread_each(1) as thread:
        for first in range(0, total, STEP):
            add(index, random.integers(0, 256, (min(STEP, total - first), 32)).astype(np.uint8), thread)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1_024
    plan = plan_match(PICTURES, 1 << 40, 2, FEATURES)
    print(f"{PICTURES:,} pictures of {FEATURES} features: {base / MIB:,.0f} MiB before the index")
    print(
        f"peak {peak / MIB:,.0f} MiB, {(peak - base) / total:.1f} bytes a feature, "
        f"{own_memory() / MIB:,.0f} MiB after"
    )
    print(f"{time.process_time() - begin:.0f} CPU-s; the plan says {plan.bytes / MIB:,.0f} MiB in all")


if __name__ == "__main__":
    main()
