"""Distributions within other draws: the noise of a number, the time after a date."""

from typing import Annotated

from pydantic import Field

from synthprof.schemas.draw_kinds.counts import Poisson, Zipf
from synthprof.schemas.draw_kinds.numbers import (
    Beta,
    Exponential,
    Gamma,
    LogNormal,
    Normal,
    Pareto,
    Uniform,
    UniformInteger,
)

NumberDraw = Annotated[
    UniformInteger | Uniform | Normal | LogNormal | Exponential | Pareto | Gamma | Beta | Poisson | Zipf,
    Field(discriminator="draw"),
]
"""A distribution of numbers, told apart by `draw`."""
