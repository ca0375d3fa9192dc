"""The dial of a planted label: solved for, so that the correlation is expected to be the one asked for."""

import math
from dataclasses import dataclass

import numpy as np

from synthprof.delivery.workloads.labels_nearness import GRID, Floats, Nearness
from synthprof.profiles.elementary import normal_tail

_DIALS = 4_096
"""Positions of the dial from 0 to 1."""

_TURNS = 40
"""Halvings of an interval of 32: to about 2**-35."""

_FARTHEST = 16.0

_STEPS = float(1 << 40)
"""A rank is the sum of score and noise times this, with 16 bits of tie-breaking in the lower part."""


@dataclass(frozen=True)
class Dial:
    """A position of the dial for so many rows. dial: -1 to 1, the correlation of score and rank."""

    nearness: Nearness
    rows: int
    dial: float

    @classmethod
    def of(cls, nearness: Nearness, share: float, correlation: float) -> "Dial":
        """Return the position for a share of the rows, at least one, and a correlation from -1 to 1.

        The share of the neighbours that match grows with the dial, so that halving finds it.
        """
        rows = max(1, round(share * nearness.rows))
        if abs(correlation) in (0, 1):
            return cls(nearness, rows, float(correlation))
        sign = 1 if correlation > 0 else -1
        wanted = sign * nearness.share(rows, correlation)
        low, high = 0, _DIALS - 1
        while high - low > 1:
            middle = (low + high) // 2
            found = cls(nearness, rows, sign * middle / _DIALS)._expected_share()
            low, high = (middle, high) if sign * found < wanted else (low, middle)
        return cls(nearness, rows, sign * high / _DIALS)

    def bracket(self, wider: int) -> tuple[int, int]:
        """Return ranks between which the last row that matches is expected, by six deviations of its place.

        wider: how often a bracket did not hold it; each time it is four times as wide.
        """
        margin = (6.0 * math.sqrt(self.rows) + 10.0) * 4.0**wider
        low, high = self._edge(self.rows + margin), self._edge(self.rows - margin)
        apart = 4.0**wider / GRID  # the sums know no finer cells
        return math.floor((low - apart) * _STEPS), math.ceil((high + apart) * _STEPS)

    def _expected_share(self) -> float:
        edge = self._edge(self.rows)
        return self._above(edge, self.nearness.cells[2]) / max(self.nearness.pairs, 1)

    def _edge(self, rows: float) -> float:
        """Return the sum above which so many rows are expected to be."""
        low, high = -_FARTHEST, _FARTHEST
        for _ in range(_TURNS):
            middle = (low + high) / 2
            low, high = (
                (middle, high) if self._above(middle, self.nearness.cells[1]) > rows else (low, middle)
            )
        return high

    def _above(self, edge: float, weights: Floats) -> float:
        """Return the weight that is expected above an edge; its sum is exact, whatever the machine."""
        middles = self.nearness.cells[0] * self.dial - edge
        if abs(self.dial) == 1:
            shares: Floats = (middles > 0).astype(np.float64)
        else:
            shares = normal_tail(middles / math.sqrt(1.0 - self.dial * self.dial))
        return math.fsum((shares * weights).tolist())
