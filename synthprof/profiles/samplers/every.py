"""The sampler of each model.

A module names in `SAMPLERS` the models that it draws.
"""

from synthprof.profiles.samplers import (
    accounts,
    counts,
    expressions,
    items,
    keys,
    lists,
    moments,
    noise,
    numbers,
    odds,
    patterns,
    places,
    tabulated,
    templates,
    vocabulary,
)
from synthprof.profiles.samplers.sampler import Sampler, Samplers, Setting
from synthprof.schemas.draw_kinds.model import DrawModel

FAMILIES = (
    accounts,
    counts,
    expressions,
    items,
    keys,
    lists,
    moments,
    noise,
    numbers,
    odds,
    patterns,
    places,
    tabulated,
    templates,
    vocabulary,
)
"""The modules of samplers."""

SAMPLERS: Samplers = {model: sampler for family in FAMILIES for model, sampler in family.SAMPLERS.items()}
"""The sampler of each model."""


def sampler_of(draw: DrawModel, setting: Setting) -> Sampler:
    """Return the sampler of a column, with the tables that it draws from."""
    return SAMPLERS[type(draw)](draw, setting)
