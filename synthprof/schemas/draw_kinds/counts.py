"""Whole numbers from distributions of counts and ranks."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from synthprof.base.column_kinds import Kind
from synthprof.schemas.draw_kinds.numbers import check_order
from synthprof.schemas.draw_kinds.parameters import Parameter, Parametric
from synthprof.schemas.draw_kinds.quantiles import Law, poisson

MAX_VALUES = 65_536
"""Values of a table that is drawn from: its codes have 16 bits."""

RANKS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000)
"""Ranks that part the ranks of Zipf's law."""

Count = Annotated[int, Field(ge=0, le=2**31, strict=True)]


class Counted(Parametric):
    """A whole number whose probabilities stand in a table."""

    by_quantile: ClassVar[bool] = True

    @property
    def kind(self) -> Kind:
        """An integer."""
        return Kind("integer")


class Poisson(Counted):
    """A number of events that come independently of each other, from 0 on.

    >>> Poisson(mean=3, high=10).told
    'poisson, mean 3, to 10'
    """

    parameters: ClassVar[tuple[str, ...]] = ("mean",)
    law: ClassVar[Law | None] = poisson
    above: ClassVar[Mapping[str, float]] = {"mean": 0}
    most: ClassVar[Mapping[str, float]] = {"mean": 100_000}

    draw: Literal["poisson"] = "poisson"
    mean: Annotated[Parameter, Field(description="The mean, before it is cut; beyond 100,000 use normal.")]
    low: Annotated[Count, Field(description="The lowest number that is drawn.")] = 0
    high: Annotated[Count | None, Field(description="The highest number that is drawn.")] = None

    @property
    def ends(self) -> tuple[Any, Any]:
        """The bounds."""
        return self.low, self.high

    @property
    def told(self) -> str:
        """The mean and bounds."""
        low = f", from {self.low}" if self.low else ""
        return f"poisson, {self.said('mean')}{low}" + ("" if self.high is None else f", to {self.high}")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.high is not None:
            check_order(self.low, self.high)
        return self


class Zipf(Counted):
    """A rank from 1 to `size`; the weight of rank k is 1 / k to the power of `exponent`.

    >>> Zipf(exponent=1, size=100).told
    'zipf, exponent 1, 1 to 100'
    """

    long_tailed: ClassVar[bool] = True
    parameters: ClassVar[tuple[str, ...]] = ("exponent",)
    above: ClassVar[Mapping[str, float]] = {"exponent": 0}
    most: ClassVar[Mapping[str, float]] = {"exponent": 20}

    draw: Literal["zipf"] = "zipf"
    exponent: Annotated[Parameter, Field(description="How fast the weights fall; 1 is Zipf's law.")]
    size: Annotated[int, Field(ge=1, le=MAX_VALUES, strict=True, description="The number of ranks.")]
    low: Annotated[Count, Field(description="What the first rank is drawn as.")] = 1

    @property
    def ends(self) -> tuple[Any, Any]:
        """The first and the last rank."""
        return self.low, self.low + self.size - 1

    @property
    def quantiles(self) -> tuple[Any, ...]:
        """Ranks, each about twice the one before, as a few have most of the weight."""
        return tuple(self.low + rank - 1 for rank in RANKS if rank <= self.size)

    @property
    def told(self) -> str:
        """The exponent and ranks."""
        return f"zipf, {self.said('exponent')}, {self.low} to {self.low + self.size - 1}"


KINDS = (Poisson, Zipf)
