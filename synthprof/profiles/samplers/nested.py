"""The samplers of distributions of numbers, also within other draws."""

from collections.abc import Callable, Mapping
from typing import Any

from synthprof.profiles.samplers.counts import Counts
from synthprof.profiles.samplers.laws import LAWS
from synthprof.profiles.samplers.numbers import Continuous, UniformIntegers, Uniforms
from synthprof.profiles.samplers.sampler import Sampler, Setting
from synthprof.schemas.draw_kinds.counts import Poisson, Zipf
from synthprof.schemas.draw_kinds.model import DrawModel
from synthprof.schemas.draw_kinds.numbers import Uniform, UniformInteger

NUMBERS: Mapping[type[DrawModel], Callable[[Any, Setting], Sampler]] = {
    UniformInteger: UniformIntegers,
    Uniform: Uniforms,
    **dict.fromkeys(LAWS, Continuous),
    **dict.fromkeys((Poisson, Zipf), Counts),
}
"""The sampler of each distribution in `draw_kinds/nested`."""


def number_sampler(draw: DrawModel, setting: Setting) -> Sampler:
    """Return the sampler of a distribution that stands within the draw of a column."""
    return NUMBERS[type(draw)](draw, setting)
