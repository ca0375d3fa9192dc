"""Intervals of counts: how far a sample may stray from the share that it was drawn with."""

import math
from statistics import NormalDist

OUTSIDE = 0.005
"""The share of samples that may lie beyond each end: 99 % lie between."""

_MANY = 400.0
"""Variance from which the normal distribution stands for the binomial one; the ends differ by 2 at most."""

_FAR = 10.0
"""Standard deviations below the mean where probabilities begin to count."""


def binomial_interval(share: float, rows: int, outside: float = OUTSIDE) -> tuple[int, int]:
    """Return the lowest and the highest count of 99 % of samples of so many rows, each met with that share.

    outside: the share of samples that lie below the lowest at most, and above the highest. Where the variance
    is large, by the normal distribution with a correction for continuity.

    >>> binomial_interval(0.5, 100)
    (37, 63)
    """
    if share in (0.0, 1.0) or not rows:
        return round(share * rows), round(share * rows)
    variance = rows * share * (1 - share)
    if variance >= _MANY:
        half = NormalDist().inv_cdf(1 - outside) * math.sqrt(variance) + 0.5
        return max(0, math.ceil(rows * share - half)), min(rows, math.floor(rows * share + half))
    if share > 0.5:
        low, high = _exact(1 - share, rows, outside)
        return rows - high, rows - low
    return _exact(share, rows, outside)


def _exact(share: float, rows: int, outside: float) -> tuple[int, int]:
    """Return the ends by adding up probabilities, from where they begin to count; share: at most one half."""
    mean = rows * share
    first = max(0, math.floor(mean - _FAR * math.sqrt(mean)))
    ways = math.lgamma(rows + 1) - math.lgamma(first + 1) - math.lgamma(rows - first + 1)
    chance = math.exp(ways + first * math.log(share) + (rows - first) * math.log1p(-share))
    below, low, ratio = 0.0, -1, share / (1 - share)
    for count in range(first, rows + 1):
        if low < 0 and below + chance > outside:
            low = count
        if below + chance >= 1 - outside:
            return max(low, 0), count
        below += chance
        chance *= ratio * (rows - count) / (count + 1)
    return max(low, 0), rows
