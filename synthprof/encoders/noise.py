"""Noise in the embeddings of profiles: what a real text says beside the values that are known of it.

Sums of tokens lie near few points, in few directions. Embeddings of real texts do not: each has its own
part, of some texts small, of others large. The noise of a row is a Gaussian whose length differs from row to
row. It depends on the seed and the row's id alone, so that it is the same in any block, batch and process.
"""

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from synthprof.base.arrays import Ids, Matrix
from synthprof.encoders.exact import CHUNK_ROWS
from synthprof.encoders.hashes import GOLDEN, hash_name, mix

LENGTHS = 4_096
"""Different lengths of noise: quantiles at the middles of equal odds."""

LARGEST = 2**18
"""Largest standard deviation of a coordinate, so that sums stay below 2**20 for `exact.unit_rows`."""

FINE = 1_024
"""Parts of 1 that tables are rounded to, which hides in what the last bits of libraries differ."""


@dataclass(frozen=True)
class Hardness:
    """The noise of all rows.

    energy: of the noise of a typical row over that of its fields. spread: standard deviation of the logarithm
    of its length. decay: the variance of dimension j is in proportion to j ** -decay.
    """

    energy: float
    spread: float
    decay: float


class Noise:
    """The noise of one data set."""

    def __init__(self, dim: int, seed: int, purpose: str, hardness: Hardness, size: float) -> None:
        """Prepare the noise of one purpose. size: root mean square of a coordinate without noise."""
        self.dim = dim
        self._salt = np.uint64(hash_name(f"{seed}\x1f{purpose}"))
        self._values = _normal(256)
        shares = np.array([math.pow(place, -hardness.decay) for place in range(1, dim + 1)])
        deviations = np.sqrt(shares * (dim / math.fsum(shares)))
        self._deviations = (np.rint(deviations * FINE) / FINE).astype(np.float32)
        widest = max(float(self._deviations.max()), 1.0)
        self._lengths = np.minimum(_lengths(hardness, size), LARGEST / widest).astype(np.float32)

    def add(self, sums: Matrix, ids: Ids) -> None:
        """Add the noise of rows to their sums, in whole numbers. sums: (n, dim) float32. ids: (n,) int64."""
        steps = np.arange(-(-self.dim // 8) + 1, dtype=np.uint64) * GOLDEN
        for first in range(0, len(sums), CHUNK_ROWS):
            rows = slice(first, first + CHUNK_ROWS)
            words = mix(mix(ids[rows].astype(np.uint64) + self._salt)[:, None] + steps)
            lengths = self._lengths[words[:, 0] % np.uint64(LENGTHS)]
            places = words[:, 1:].astype("<u8", copy=False).view(np.uint8)[:, : self.dim]
            noise = self._values.take(places)
            noise *= self._deviations
            noise *= lengths[:, None]
            sums[rows] += np.rint(noise, out=noise)


def _normal(count: int) -> npt.NDArray[np.float32]:
    """Return the Gaussian's quantiles at the middles of `count` equal odds, scaled to a variance of 1."""
    found = np.array([NormalDist().inv_cdf((place + 0.5) / count) for place in range(count)])
    found /= math.sqrt(math.fsum(found**2) / count)
    values: npt.NDArray[np.float32] = (np.rint(found * FINE) / FINE).astype(np.float32)
    return values


def _lengths(hardness: Hardness, size: float) -> npt.NDArray[np.float64]:
    """Return the standard deviations of a coordinate, of the shortest noise to the longest."""
    middle = math.sqrt(hardness.energy) * size
    quantiles = (NormalDist().inv_cdf((place + 0.5) / LENGTHS) for place in range(LENGTHS))
    return np.rint([middle * math.exp(hardness.spread * each) * FINE for each in quantiles]) / FINE
