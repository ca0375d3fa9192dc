"""Intervals of counts against SciPy's binomial distribution."""

import pytest

from synthprof.base.intervals import binomial_interval


@pytest.mark.parametrize("rows", [1, 7, 100, 1_500, 50_000, 10_000_000])
@pytest.mark.parametrize("share", [1e-6, 0.001, 0.01, 0.2, 0.4, 0.5, 0.77, 0.999])
def test_the_interval_is_that_of_the_binomial_distribution(rows: int, share: float) -> None:
    from scipy.stats import binom  # heavy: the other workers need it not

    low, high = binomial_interval(share, rows)
    exact = int(binom.ppf(0.005, rows, share)), int(binom.ppf(0.995, rows, share))
    few = rows * share * (1 - share) < 400
    assert (low, high) == exact if few else max(abs(low - exact[0]), abs(high - exact[1])) <= 1


def test_what_must_never_be_is_never_within() -> None:
    assert binomial_interval(0.0, 1_000) == (0, 0)
    assert binomial_interval(1.0, 1_000) == (1_000, 1_000)
    assert binomial_interval(0.3, 0) == (0, 0)
