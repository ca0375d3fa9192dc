"""Quantiles of distributions from their parameters, to three digits.

That is enough for bands, anchors and features, and hides what libraries differ in.
"""

import itertools
import math
from collections.abc import Callable, Sequence
from decimal import Decimal

ODDS = (0.01, 0.05, 0.15, 0.3, 0.5, 0.7, 0.85, 0.95, 0.99)
"""The probabilities of the quantiles."""

NORMAL = (-2.326, -1.645, -1.036, -0.524, 0.0, 0.524, 1.036, 1.645, 2.326)
"""Those quantiles of the standard normal distribution (Abramowitz and Stegun, table 26.5)."""

MAX_CASES = 1_000
"""Combinations of parameters that are looked at, where they depend on another column."""

Law = Callable[..., float]
"""A quantile from its probability, that of the standard normal distribution, and the parameters."""


def quantiles(
    law: Law, parameters: Sequence[Sequence[float]], low: float | None, high: float | None
) -> tuple[float, ...]:
    """Return quantiles within bounds, ascending, at most as many as ODDS.

    parameters: the numbers that each parameter of the law can be.

    >>> quantiles(normal, [(40,), (10,)], 18, None)
    (23.6, 29.6, 34.8, 40.0, 45.2, 50.4, 56.4, 63.3)
    """
    cases = itertools.islice(itertools.product(*parameters), MAX_CASES)
    found = {_rounded(law(odds, z, *each)) for each in cases for odds, z in zip(ODDS, NORMAL, strict=True)}
    kept = sorted(x for x in found if (low is None or x >= low) and (high is None or x <= high))
    last, steps = len(kept) - 1, len(ODDS) - 1
    places = range(len(kept)) if last <= steps else (place * last // steps for place in range(len(ODDS)))
    return tuple(kept[place] for place in places)


def normal(_: float, z: float, mean: float, stddev: float) -> float:
    """Return a quantile of the normal distribution."""
    return mean + z * stddev


def log_normal(_: float, z: float, mu: float, sigma: float) -> float:
    """Return a quantile of the log-normal distribution."""
    return float(Decimal(mu + z * sigma).exp())


def exponential(odds: float, _: float, rate: float) -> float:
    """Return a quantile of the exponential distribution."""
    return float(-(1 - Decimal(repr(odds))).ln()) / rate


def gamma(_: float, z: float, shape: float, scale: float) -> float:
    """Return a quantile of the gamma distribution by the cube of a normal one (Wilson and Hilferty 1931)."""
    root = 1 - 1 / (9 * shape) + z / (3 * math.sqrt(shape))
    return shape * scale * max(root, 0.0) ** 3


def pareto(odds: float, _: float, shape: float, scale: float) -> float:
    """Return a quantile of the Pareto distribution."""
    return scale * float((1 - Decimal(repr(odds))) ** (-1 / Decimal(shape)))


def poisson(_: float, z: float, mean: float) -> float:
    """Return a quantile of the Poisson distribution by a normal one."""
    return max(0.0, math.floor(mean + z * math.sqrt(mean) + 0.5))


def _rounded(number: float) -> float:
    return float(f"{number:.3g}")
