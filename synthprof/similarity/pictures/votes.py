"""Pictures that may show the same as another one, by votes of its descriptors.

A descriptor votes for the pictures of its nearest descriptors. Its vote weighs as much as the hit is nearer
than the farthest of them: a corner that thousands of pictures have says nothing, one that only two have says
much (in the manner of Lowe's ratio, "Distinctive image features from scale-invariant keypoints", 2004).
"""

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.int64]

NEIGHBOURS = 8
"""Descriptors that are looked for by each one, itself among them."""

FARTHEST = 64
"""Bits of 256 in which a descriptor of the same corner may differ."""

LEAST_WEIGHT = 4
"""Bits by which a hit must be nearer than the farthest one; less is chance."""

CANDIDATES = 5
"""Pictures that are compared with each one."""


def candidates(
    own: Numbers, found: Numbers, distances: npt.NDArray[np.int32], least: float
) -> tuple[Numbers, Numbers, Numbers]:
    """Return the pictures most voted for: the asking picture, the other one, and the votes, (m,) each.

    own: (n,) the picture of each asking descriptor. found: (n, k) the pictures of the nearest descriptors, -1
    for none. distances: (n, k) bits, ascending. least: votes that a candidate needs.
    """
    weights = np.maximum(distances[:, -1:] - distances, 0).astype(np.int64)
    good = (found >= 0) & (found != own[:, None]) & (distances <= FARTHEST) & (weights >= LEAST_WEIGHT)
    for at in range(
        1, found.shape[1]
    ):  # a descriptor has one vote for a picture: its best, which comes first
        for before in range(at):
            good[:, at] &= found[:, at] != found[:, before]
    mine = np.broadcast_to(own[:, None], found.shape)[good]
    theirs, weights = found[good], weights[good]
    pictures = int(max(mine.max(initial=0), theirs.max(initial=0))) + 1
    keys, numbers = np.unique(mine * pictures + theirs, return_inverse=True)
    sums = np.zeros(len(keys), np.int64)
    np.add.at(sums, numbers, weights)
    mine, theirs = keys // pictures, keys % pictures
    enough = sums >= least
    return _best(mine[enough], theirs[enough], sums[enough])


def _best(mine: Numbers, theirs: Numbers, votes: Numbers) -> tuple[Numbers, Numbers, Numbers]:
    """Keep the candidates with most votes of each picture; the lower number takes a tie."""
    order = np.lexsort((theirs, -votes, mine))
    mine, theirs, votes = mine[order], theirs[order], votes[order]
    begins = np.flatnonzero(np.r_[True, mine[1:] != mine[:-1]][: len(mine)])
    places = np.arange(len(mine)) - np.repeat(begins, np.diff(np.r_[begins, len(mine)]))
    kept = places < CANDIDATES
    return mine[kept], theirs[kept], votes[kept]
