"""Tenants: each row belongs to one of many, whose sizes follow Zipf's law."""

import functools
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from synthprof.base.errors import SpecError
from synthprof.profiles.elementary import power
from synthprof.profiles.permutation import Permutation

TENANT = "tenant"
"""The column of labels.parquet with the number of a row's tenant."""

TENANTS, EXPONENT = 1_000, 0.8
"""With these the largest tenant has 6.4 % of the rows, the hundredth 0.16 %, the last 0.026 %."""


@dataclass(frozen=True)
class Tenants:
    """So many tenants of so many rows: tenant i, from 0 on, has rows as 1 / (i + 1)**exponent.

    Sizes are exact: each is its share of the rows, rounded so that all together are the rows. Which rows a
    tenant has is drawn by the seed, regardless of what they hold.

    >>> Tenants(10, count=3, exponent=1.0).sizes.tolist()
    [5, 3, 2]
    """

    rows: int
    seed: int = 0
    count: int = TENANTS
    exponent: float = EXPONENT

    def __post_init__(self) -> None:
        if not (self.rows >= 1 and 1 <= self.count <= 10**6 and 0 <= self.exponent <= 4):
            raise SpecError(
                f"rows={self.rows}, tenants={self.count} and exponent={self.exponent} are not all usable; "
                "use a row, 1 to 1,000,000 tenants, and an exponent from 0 to 4"
            )

    @functools.cached_property
    def sizes(self) -> NDArray[np.int64]:
        """The rows of each tenant, (count,) int64, not ascending; the last may have none."""
        weights = power(np.arange(1, self.count + 1, dtype=np.float64), -self.exponent)
        exact = weights * (self.rows / math.fsum(weights.tolist()))
        found = np.floor(exact).astype(np.int64)
        rest = np.argsort(found - exact, kind="stable")[: self.rows - int(found.sum())]
        found[rest] += 1
        return np.sort(found)[::-1]

    def of(self, first: int, rows: int) -> NDArray[np.int32]:
        """Return the tenants of rows from number `first` on, counted from 0, (rows,) int32."""
        numbers = np.arange(first, first + rows, dtype=np.uint64)
        places = self._permutation.at(numbers).astype(np.int64)
        return np.searchsorted(self._ends, places, side="right").astype(np.int32)

    @functools.cached_property
    def _ends(self) -> NDArray[np.int64]:
        return np.cumsum(self.sizes)

    @functools.cached_property
    def _permutation(self) -> Permutation:
        return Permutation(self.rows, TENANT, self.seed)
