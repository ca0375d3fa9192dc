"""The continuous distributions: their quantiles for arrays, and the probabilities beside a number."""

from collections.abc import Callable
from typing import Protocol

import numpy as np

from synthprof.base.errors import SpecError
from synthprof.profiles.axes import Cases
from synthprof.profiles.elementary import Floats, exp, log, normal_quantile, normal_tail
from synthprof.profiles.quantiles import quantile_table
from synthprof.profiles.samplers.parameters import ByCase, of_case
from synthprof.schemas.draw_kinds.model import DrawModel
from synthprof.schemas.draw_kinds.numbers import Beta, Exponential, Gamma, LogNormal, Normal, Pareto

MAX_TABLES = 64
"""Different gamma or beta distributions of a column: each has a table of 53 KB, made in about 15 ms."""


class Law(Protocol):
    """A distribution for each case."""

    def quantile(self, below: Floats, above: Floats, cases: Cases | None) -> Floats:
        """Return the number with these probabilities beside it, which sum to 1, (n,)."""

    def tails(self, x: float) -> tuple[Floats, Floats]:
        """Return the probabilities below and above a number, each (cases,)."""


class NormalLaw:
    """The normal distribution."""

    def __init__(self, by: ByCase) -> None:
        self._mean, self._stddev = by["mean"], by["stddev"]

    def quantile(self, below: Floats, above: Floats, cases: Cases | None) -> Floats:
        """Return the number with these probabilities beside it, (n,)."""
        found = normal_quantile(below, above)
        found *= of_case(self._stddev, cases)
        found += of_case(self._mean, cases)
        return found

    def tails(self, x: float) -> tuple[Floats, Floats]:
        """Return the probabilities below and above a number, each (cases,)."""
        away = (x - self._mean) / self._stddev
        return normal_tail(away), normal_tail(-away)


class LogNormalLaw:
    """The distribution of numbers whose logarithm is normal."""

    def __init__(self, by: ByCase) -> None:
        self._mu, self._sigma = by["mu"], by["sigma"]

    def quantile(self, below: Floats, above: Floats, cases: Cases | None) -> Floats:
        """Return the number with these probabilities beside it, (n,)."""
        return exp(normal_quantile(below, above) * of_case(self._sigma, cases) + of_case(self._mu, cases))

    def tails(self, x: float) -> tuple[Floats, Floats]:
        """Return the probabilities below and above a number, each (cases,)."""
        if x <= 0:
            return np.zeros(len(self._mu)), np.ones(len(self._mu))
        away = (log(np.array([x])) - self._mu) / self._sigma
        return normal_tail(away), normal_tail(-away)


class ExponentialLaw:
    """The exponential distribution."""

    def __init__(self, by: ByCase) -> None:
        self._rate = by["rate"]

    def quantile(self, _below: Floats, above: Floats, cases: Cases | None) -> Floats:
        """Return the number with these probabilities beside it, (n,)."""
        return -log(above) / of_case(self._rate, cases)

    def tails(self, x: float) -> tuple[Floats, Floats]:
        """Return the probabilities below and above a number, each (cases,)."""
        above = exp(self._rate * -max(x, 0.0))
        return 1.0 - above, above


class ParetoLaw:
    """The Pareto distribution."""

    def __init__(self, by: ByCase) -> None:
        self._shape, self._scale = by["shape"], by["scale"]

    def quantile(self, _below: Floats, above: Floats, cases: Cases | None) -> Floats:
        """Return the number with these probabilities beside it, (n,)."""
        return exp(log(above) / -of_case(self._shape, cases)) * of_case(self._scale, cases)

    def tails(self, x: float) -> tuple[Floats, Floats]:
        """Return the probabilities below and above a number, each (cases,)."""
        over = np.maximum(x / self._scale, 1.0)
        above = exp(log(over) * -self._shape)
        return 1.0 - above, above


class GammaLaw:
    """The gamma distribution, by tables of the logarithm's quantiles."""

    def __init__(self, by: ByCase) -> None:
        self._scale = by["scale"]
        self._table = quantile_table(tuple(("gamma", shape, 0.0) for shape in by["shape"].tolist()))

    def quantile(self, below: Floats, above: Floats, cases: Cases | None) -> Floats:
        """Return the number with these probabilities beside it, (n,)."""
        return exp(self._table.at(below, above, cases)) * of_case(self._scale, cases)

    def tails(self, x: float) -> tuple[Floats, Floats]:
        """Return the probabilities below and above a number, each (cases,)."""
        if x <= 0:
            return np.zeros(len(self._scale)), np.ones(len(self._scale))
        y = log(x / self._scale).tolist()
        found = np.array([tails(each) for tails, each in zip(self._table.tails, y, strict=True)])
        return found[:, 0], found[:, 1]


class BetaLaw:
    """The beta distribution between 0 and 1, by tables of the logit's quantiles; it is not cut."""

    def __init__(self, by: ByCase) -> None:
        shapes = zip(by["alpha"].tolist(), by["beta"].tolist(), strict=True)
        self._table = quantile_table(tuple(("beta", alpha, beta) for alpha, beta in shapes))

    def quantile(self, below: Floats, above: Floats, cases: Cases | None) -> Floats:
        """Return the number with these probabilities beside it, (n,)."""
        return 1.0 / (exp(-self._table.at(below, above, cases)) + 1.0)

    def tails(self, x: float) -> tuple[Floats, Floats]:
        """Return the probabilities below and above 0 or 1, each (cases,)."""
        ends = np.full(len(self._table.tails), float(x >= 1.0))
        return ends, 1.0 - ends


LAWS: dict[type[DrawModel], Callable[[ByCase], Law]] = {
    Normal: NormalLaw,
    LogNormal: LogNormalLaw,
    Exponential: ExponentialLaw,
    Pareto: ParetoLaw,
    Gamma: GammaLaw,
    Beta: BetaLaw,
}
"""The distribution of each model."""


def law_of(draw: DrawModel, by: ByCase, name: str) -> Law:
    """Return the distribution of a column's draw. Raises SpecError for more than MAX_TABLES tables."""
    if isinstance(draw, Gamma | Beta) and by.count > MAX_TABLES:
        raise SpecError(
            f"{name}: {draw.draw} has {by.count} cases, {MAX_TABLES} at most; let it depend on fewer values"
        )
    return LAWS[type(draw)](by)
