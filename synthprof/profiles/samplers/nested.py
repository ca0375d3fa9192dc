"""The samplers of distributions of numbers, also within other draws."""

from synthprof.profiles.samplers import counts, numbers
from synthprof.profiles.samplers.sampler import Sampler, Samplers, Setting
from synthprof.schemas.draw_kinds.model import DrawModel

NUMBERS: Samplers = {**numbers.SAMPLERS, **counts.SAMPLERS}
"""The sampler of each distribution in `draw_kinds/nested`."""


def number_sampler(draw: DrawModel, setting: Setting) -> Sampler:
    """Return the sampler of a distribution that stands within the draw of a column."""
    return NUMBERS[type(draw)](draw, setting)
