"""Numbers that follow from others, with noise."""

import pyarrow as pa

from synthprof.profiles.axes import numbers_of
from synthprof.profiles.samplers.nested import number_sampler
from synthprof.profiles.samplers.rounding import Finish
from synthprof.profiles.samplers.sampler import Rows, Samplers, Setting
from synthprof.schemas.draw_kinds.noise import Noise


class Noisy:
    """Adds columns, each times its factor in declared order, the intercept, and noise."""

    def __init__(self, draw: Noise, setting: Setting) -> None:
        self._factors, self._intercept = tuple(draw.linear.items()), draw.intercept
        self._noise = number_sampler(draw.noise, setting)
        self._finish = Finish(draw, draw.low, draw.high)

    def draw(self, rows: Rows) -> pa.Array:
        """Return numbers, (count,) int64 or double."""
        total = numbers_of(self._noise.draw(rows)) + self._intercept
        for name, factor in self._factors:
            total += numbers_of(rows.given(name)) * factor
        return self._finish(total)


SAMPLERS: Samplers = {Noise: Noisy}
