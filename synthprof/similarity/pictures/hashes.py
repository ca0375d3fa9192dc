"""Pairs of pictures whose hashes differ in few bits: found by parts of the hash that are equal."""

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.int64]

FARTHEST = 3
"""Bits of 64 that may differ: of four parts at least one is then equal."""

PARTS = 4
NEXT = 16
"""Pictures of an equal part that are compared with each one, the next ones by the whole hash."""


def hash_pairs(hashes: npt.NDArray[np.uint64]) -> tuple[Numbers, Numbers]:
    """Return pairs of pictures by number, the lower one first, sorted.

    hashes: (n,). All pairs of equal hashes' neighbours in the order of hashes are found, not all pairs of a
    large set of equal ones: a chain of pairs joins those in a group.
    """
    found = []
    for part in range(PARTS):
        turned = hashes << np.uint64(16 * part) | hashes >> np.uint64(64 - 16 * part) if part else hashes
        order = np.argsort(turned, kind="stable")
        for step in range(1, min(NEXT, len(order) - 1) + 1):
            one, other = order[:-step], order[step:]
            near = np.bitwise_count(hashes[one] ^ hashes[other]) <= FARTHEST
            found.append(np.stack([np.minimum(one, other)[near], np.maximum(one, other)[near]]))
    pairs = np.unique(np.concatenate(found, axis=1), axis=1) if found else np.zeros((2, 0), np.int64)
    return pairs[0].astype(np.int64), pairs[1].astype(np.int64)
