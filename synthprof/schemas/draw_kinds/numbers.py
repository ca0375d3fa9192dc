"""Numbers that are drawn from a continuous distribution, cut to a range and rounded."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from synthprof.base.column_kinds import Kind
from synthprof.schemas.draw_kinds import quantiles
from synthprof.schemas.draw_kinds.model import DrawModel
from synthprof.schemas.draw_kinds.parameters import By, Finite, Parameter, Parametric

Integer = Annotated[int, Field(ge=-(2**53), le=2**53, strict=True)]
"""An integer that JSON, SQLite and a float hold alike."""

MAX_SHAPE = 10_000.0
"""Beyond this shape a gamma or beta distribution is a normal one to 1 part in 100 or better."""


class UniformInteger(DrawModel):
    """An integer from `low` to `high`, each as likely as any other.

    >>> UniformInteger(low=1, high=6).kind.name
    'integer'
    """

    by_quantile: ClassVar[bool] = True

    draw: Literal["uniform_integer"] = "uniform_integer"
    low: Annotated[Integer, Field(description="The lowest number.")]
    high: Annotated[Integer, Field(description="The highest number.")]

    @property
    def kind(self) -> Kind:
        """An integer."""
        return Kind("integer")

    @property
    def ends(self) -> tuple[Any, Any]:
        """The bounds."""
        return self.low, self.high

    @property
    def told(self) -> str:
        """The bounds."""
        return f"{self.low} to {self.high}, each as likely"

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        check_order(self.low, self.high)
        return self


class Rounded(DrawModel):
    """A number that may be rounded: to the nearest multiple within its bounds, halves upwards."""

    by_quantile: ClassVar[bool] = True

    decimals: Annotated[
        int | None, Field(ge=0, le=9, strict=True, description="Digits after the point that are kept.")
    ] = None
    step: Annotated[
        Finite | None, Field(gt=0, description="The number of which every value is a multiple, as 0.5.")
    ] = None
    integer: Annotated[bool, Field(strict=True, description="Whether the values are whole numbers.")] = False

    @property
    def kind(self) -> Kind:
        """A float, or an integer where only whole numbers are kept."""
        return Kind("integer" if self.integer else "float")

    @property
    def grid(self) -> tuple[int, int] | None:
        """The distance of values, numerator and denominator; None where they are not rounded."""
        if self.step is not None:
            return Decimal(repr(self.step)).as_integer_ratio()
        if self.decimals is not None:
            return 1, 10**self.decimals
        return (1, 1) if self.integer else None

    @model_validator(mode="after")
    def _one_rounding(self) -> Self:
        if self.step is not None and self.decimals is not None:
            raise ValueError(f"step={self.step:g} and decimals={self.decimals} both round; give one of them")
        if self.integer and (self.decimals or (self.step or 1) % 1):
            raise ValueError("integer = true keeps no fraction; remove decimals, or give a whole step")
        return self


class Distributed(Rounded, Parametric):
    """A number from a distribution with parameters, which may be rounded."""

    @property
    def told(self) -> str:
        """The parameters and bounds."""
        said = [self.said(name) for name in self.parameters]
        return f"{self.draw.replace('_', '-')}, {', '.join(said)}{self.cut}"

    @property
    def cut(self) -> str:
        """The bounds as they follow the parameters, for people."""
        return ""


class Distribution(Distributed):
    """A number from a distribution, cut to `low` … `high`: the rest keeps its proportions."""

    least: ClassVar[float | None] = None
    """The number that no value is below, whatever the parameters."""

    low: Annotated[Finite | None, Field(description="The lowest number that is drawn.")] = None
    high: Annotated[Finite | None, Field(description="The highest number that is drawn.")] = None

    @property
    def ends(self) -> tuple[Any, Any]:
        """The bounds, else the number that no value is below."""
        return self.least if self.low is None else self.low, self.high

    @property
    def cut(self) -> str:
        """The bounds."""
        bounds = (("from", self.low), ("to", self.high))
        return "".join(f", {word} {number:g}" for word, number in bounds if number is not None)

    @model_validator(mode="after")
    def _room(self) -> Self:
        if self.least is not None and self.high is not None and self.high <= self.least:
            raise ValueError(f"high={self.high:g}: {self.draw} is above {self.least:g}; give a larger one")
        if self.low is not None and self.high is not None:
            check_order(self.low, self.high)
            check_multiples(self, self.low, self.high)
        return self


class Uniform(Distributed):
    """A number from `low` to `high`; where it is rounded, each multiple is as likely as any other.

    >>> Uniform(low=0, high=5, step=0.5).told
    'uniform, low 0, high 5'
    """

    parameters: ClassVar[tuple[str, ...]] = ("low", "high")

    draw: Literal["uniform"] = "uniform"
    low: Annotated[Parameter, Field(description="The lowest number.")]
    high: Annotated[Parameter, Field(description="The highest number.")]

    @property
    def ends(self) -> tuple[Any, Any]:
        """The least and the greatest that the bounds can be."""
        return min(self.numbers("low")), max(self.numbers("high"))

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if not isinstance(self.low, By) and not isinstance(self.high, By):
            check_order(self.low, self.high)
            check_multiples(self, self.low, self.high)
        return self


class Normal(Distribution):
    """A number from the normal distribution.

    >>> Normal(mean=170, stddev=8, low=140, decimals=1).told
    'normal, mean 170, stddev 8, from 140'
    """

    parameters: ClassVar[tuple[str, ...]] = ("mean", "stddev")
    law: ClassVar[quantiles.Law | None] = quantiles.normal
    above: ClassVar[Mapping[str, float]] = {"stddev": 0}

    draw: Literal["normal"] = "normal"
    mean: Annotated[Parameter, Field(description="The mean, before it is cut.")]
    stddev: Annotated[Parameter, Field(description="The standard deviation, before it is cut.")]


class LogNormal(Distribution):
    """A number above 0 whose natural logarithm is normal: incomes, prices, durations.

    Its median is e to the power of `mu`, and its mean that times e to the power of `sigma`² / 2.
    """

    long_tailed: ClassVar[bool] = True
    parameters: ClassVar[tuple[str, ...]] = ("mu", "sigma")
    law: ClassVar[quantiles.Law | None] = quantiles.log_normal
    above: ClassVar[Mapping[str, float]] = {"sigma": 0, "mu": -100}
    most: ClassVar[Mapping[str, float]] = {"sigma": 20, "mu": 100}
    least: ClassVar[float | None] = 0

    draw: Literal["log_normal"] = "log_normal"
    mu: Annotated[Parameter, Field(description="The mean of the natural logarithm.")]
    sigma: Annotated[Parameter, Field(description="The standard deviation of the natural logarithm.")]


class Exponential(Distribution):
    """A number from 0 on, the less likely the larger: waiting times. Its mean is 1 / `rate`."""

    long_tailed: ClassVar[bool] = True
    parameters: ClassVar[tuple[str, ...]] = ("rate",)
    law: ClassVar[quantiles.Law | None] = quantiles.exponential
    above: ClassVar[Mapping[str, float]] = {"rate": 0}
    least: ClassVar[float | None] = 0

    draw: Literal["exponential"] = "exponential"
    rate: Annotated[Parameter, Field(description="Events in a unit of time; 1 / mean.")]


class Pareto(Distribution):
    """A number from `scale` on; the share above x is (scale / x) to the power of `shape`."""

    long_tailed: ClassVar[bool] = True
    parameters: ClassVar[tuple[str, ...]] = ("shape", "scale")
    law: ClassVar[quantiles.Law | None] = quantiles.pareto
    above: ClassVar[Mapping[str, float]] = {"shape": 0.1, "scale": 0}
    most: ClassVar[Mapping[str, float]] = {"shape": 1_000}

    draw: Literal["pareto"] = "pareto"
    shape: Annotated[Parameter, Field(description="The exponent; the mean is infinite up to 1.")]
    scale: Annotated[Parameter, Field(description="The lowest number.")]

    @property
    def ends(self) -> tuple[Any, Any]:
        """The bounds, else the least scale."""
        return min(self.numbers("scale")) if self.low is None else self.low, self.high


class Gamma(Distribution):
    """A number above 0 from the gamma distribution; its mean is `shape` times `scale`."""

    long_tailed: ClassVar[bool] = True
    parameters: ClassVar[tuple[str, ...]] = ("shape", "scale")
    law: ClassVar[quantiles.Law | None] = quantiles.gamma
    above: ClassVar[Mapping[str, float]] = {"shape": 0.01, "scale": 0}
    most: ClassVar[Mapping[str, float]] = {"shape": MAX_SHAPE}
    least: ClassVar[float | None] = 0

    draw: Literal["gamma"] = "gamma"
    shape: Annotated[Parameter, Field(description="The shape k; 1 is the exponential distribution.")]
    scale: Annotated[Parameter, Field(description="The scale, 1 / rate.")]


class Beta(Distributed):
    """A number between `low` and `high`, 0 and 1 where not given, from the beta distribution."""

    parameters: ClassVar[tuple[str, ...]] = ("alpha", "beta")
    above: ClassVar[Mapping[str, float]] = {"alpha": 0.01, "beta": 0.01}
    most: ClassVar[Mapping[str, float]] = {"alpha": MAX_SHAPE, "beta": MAX_SHAPE}

    draw: Literal["beta"] = "beta"
    alpha: Annotated[Parameter, Field(description="The first shape; the larger, the nearer to high.")]
    beta: Annotated[Parameter, Field(description="The second shape; the larger, the nearer to low.")]
    low: Annotated[Finite, Field(description="The lower end of the distribution.")] = 0.0
    high: Annotated[Finite, Field(description="The upper end of the distribution.")] = 1.0

    @property
    def ends(self) -> tuple[Any, Any]:
        """The ends of the distribution."""
        return self.low, self.high

    @property
    def cut(self) -> str:
        """The ends, where they are not 0 and 1."""
        return "" if (self.low, self.high) == (0, 1) else f", from {self.low:g} to {self.high:g}"

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        check_order(self.low, self.high)
        check_multiples(self, self.low, self.high)
        return self


def check_order(low: float, high: float) -> None:
    """Raise ValueError where the lowest number is above the highest."""
    if low > high:
        raise ValueError(f"low={low:g} is above high={high:g}; swap them")


def check_multiples(draw: Rounded, low: float, high: float) -> None:
    """Raise ValueError unless more than a point, or a multiple where it is rounded, lies between bounds."""
    if draw.grid is None and low == high:
        raise ValueError(f'low and high are both {low:g}; use draw = "constant"')
    if draw.grid is not None:
        first, last = multiples(draw.grid, low, high)
        if first > last:
            over, under = draw.grid
            raise ValueError(
                f"no multiple of {over / under:g} lies between {low:g} and {high:g}; widen the bounds"
            )
        if max(abs(first), abs(last)) > 2**53:
            raise ValueError(f"{low:g} to {high:g} has too many multiples; give a larger step")


def multiples(grid: tuple[int, int], low: float, high: float) -> tuple[int, int]:
    """Return the first and the last whole number n such that n times the grid's distance is within bounds.

    >>> multiples((1, 10), 0.25, 1.0)
    (3, 10)
    """
    over, under = grid
    first, last = (Decimal(repr(float(bound))).as_integer_ratio() for bound in (low, high))
    return -(-first[0] * under // (first[1] * over)), last[0] * under // (last[1] * over)


KINDS = (UniformInteger, Uniform, Normal, LogNormal, Exponential, Pareto, Gamma, Beta)
