"""Embeddings that are near-copies of another row's, as records kept twice have them, and which these are.

A copy has its origin in its block and above it, so that a block is made alone and a short one is the
beginning of the full one.
"""

import functools

import numpy as np

from synthprof.base.arrays import Ids, Matrix
from synthprof.base.streams import stream
from synthprof.encoders.exact import unit_rows
from synthprof.encoders.noise import Hardness, Noise
from synthprof.spec.spec import BLOCK_ROWS, Spec

PARTS = 16_384.0
"""Whole numbers of an embedding's length, so that copies are sums of whole numbers too."""

SPREAD = 0.4
"""Standard deviation of the logarithm of the distance between a copy and its origin."""


def origins(spec: Spec, block: int) -> Ids:
    """Return the id of the row that each row of a block copies, (rows,) int64; 0 for a row of its own.

    A row that is copied is no copy itself.
    """
    rows = spec.block_rows(block)
    draw = stream(spec.seed, "embedding", "near_duplicates", block)
    copies = draw.uniform(BLOCK_ROWS)[:rows] < spec.near_duplicates
    places = (draw.uniform(BLOCK_ROWS)[:rows] * np.arange(rows)).astype(np.int64)
    copies[:1] = False
    while (again := copies & copies[places]).any():
        places = np.where(again, places[places], places)
    return np.where(copies, places + 1 + block * BLOCK_ROWS, 0)


def with_near_copies(embeddings: Matrix, spec: Spec, block: int) -> Matrix:
    """Return the embeddings of a whole block with its near-copies, (n, dim) float32 of length 1."""
    of = origins(spec, block)
    rows = np.flatnonzero(of)
    sums = np.rint(embeddings[of[rows] - 1 - block * BLOCK_ROWS] * np.float32(PARTS))
    _noise(spec.seed, spec.dim_embedding, spec.near_distance).add(sums, rows + 1 + block * BLOCK_ROWS)
    found = embeddings.copy()
    found[rows] = unit_rows(sums)
    return found


@functools.lru_cache(maxsize=2)
def _noise(seed: int, dim: int, distance: float) -> Noise:
    hardness = Hardness(distance**2, SPREAD, decay=0.0)
    return Noise(dim, seed, "near_duplicates", hardness, PARTS / float(np.sqrt(dim)))
