"""Numbers from a distribution, by exact integer arithmetic or by basic operations alone."""

import numpy as np
import pyarrow as pa

from synthprof.profiles.samplers.sampler import Rows, Setting
from synthprof.schemas.draw_kinds.numbers import UniformInteger


class UniformIntegers:
    """Draws integers between two bounds, each as likely as any other to 2**-10 of its share or less."""

    def __init__(self, draw: UniformInteger, _setting: Setting) -> None:
        self._low, self._size = draw.low, draw.high - draw.low + 1

    def draw(self, rows: Rows) -> pa.Array:
        """Return integers, (count,) int64."""
        scaled = (rows.uniform() * self._size).astype(np.int64)
        return pa.array(np.minimum(scaled, self._size - 1) + self._low)
