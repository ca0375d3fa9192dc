"""The last steps of a drawn number: its bounds, and the multiple that it is rounded to."""

import numpy as np
import pyarrow as pa

from synthprof.profiles.elementary import Floats
from synthprof.schemas.draw_kinds.numbers import Rounded, multiples

MOST = 2.0**53
"""Whole numbers beyond are not told apart by floats."""


class Finish:
    """Cuts numbers to bounds, and rounds them to multiples within the bounds, halves upwards."""

    def __init__(self, draw: Rounded, low: float | None, high: float | None) -> None:
        self._grid, self._integer = draw.grid, draw.integer
        self._low, self._high = low, high
        if self._grid is not None:
            first, last = multiples(self._grid, -MOST if low is None else low, MOST if high is None else high)
            self._low = first if low is not None or draw.integer else None
            self._high = last if high is not None or draw.integer else None

    def __call__(self, numbers: Floats) -> pa.Array:
        """Return what becomes of the numbers, (n,) int64 or double; they are changed."""
        if self._grid is not None:
            over, under = self._grid
            numbers = np.floor(numbers * (under / over if over > 1 else float(under)) + 0.5)
        if self._low is not None:
            numbers = np.maximum(numbers, float(self._low))
        if self._high is not None:
            numbers = np.minimum(numbers, float(self._high))
        return on_grid(numbers, self._grid, self._integer)


def on_grid(numbers: Floats, grid: tuple[int, int] | None, integer: bool) -> pa.Array:
    """Return multiples of a grid's distance, which are given as whole numbers, (n,) int64 or double.

    One division rounds each to the float that is nearest to its decimal, as 0.3.
    """
    if grid is not None and grid[0] > 1:
        numbers = numbers * float(grid[0])
    if integer:
        return pa.array(numbers.astype(np.int64))
    if grid is not None and grid[1] > 1:
        numbers = numbers / float(grid[1])
    return pa.array(numbers + 0.0)  # -0.0 becomes 0.0
