"""Tables of quantiles: near those of SciPy in probability, and rising."""

import numpy as np
import pytest
from scipy import stats

from synthprof.profiles.elementary import exp
from synthprof.profiles.quantiles import quantile_table

RANDOM = np.random.default_rng(2)
BELOW = np.concatenate([RANDOM.random(4_000), 2.0 ** -RANDOM.uniform(1, 40, 1_000), [2.0**-53, 0.5]])

LAWS = (("gamma", 0.02, 0.0), ("gamma", 1.0, 0.0), ("gamma", 7.5, 0.0), ("gamma", 10_000.0, 0.0),
        ("beta", 0.1, 0.1), ("beta", 0.5, 3.0), ("beta", 2.0, 5.0), ("beta", 10_000.0, 8_000.0))  # fmt: skip


@pytest.mark.parametrize("law", LAWS)
def test_probabilities_are_within_a_millionth(law: tuple[str, float, float]) -> None:
    table = quantile_table((law,))
    y = table.at(BELOW, 1 - BELOW, None)
    if law[0] == "gamma":
        reached = stats.gamma.cdf(exp(y), law[1])
    else:  # by the end that is nearer, as a float tells few numbers near 1 apart
        lower = stats.beta.cdf(1 / (1 + exp(-y)), law[1], law[2])
        upper = stats.beta.cdf(1 / (1 + exp(y)), law[2], law[1])
        reached = np.where(BELOW <= 0.5, lower, 1 - upper)
    assert np.abs(reached - BELOW).max() < 1e-6
    assert (np.diff(y[np.argsort(BELOW)]) >= 0).all()
    below, above = table.tails[0](float(y[0]))
    assert below == pytest.approx(BELOW[0], abs=1e-6)
    assert below + above == pytest.approx(1, abs=1e-12)


def test_tables_of_several_laws_keep_each_apart() -> None:
    both = quantile_table(LAWS[:2])
    cases = np.arange(len(BELOW)) % 2
    found = both.at(BELOW, 1 - BELOW, cases)
    for case, law in enumerate(LAWS[:2]):
        alone = quantile_table((law,)).at(BELOW, 1 - BELOW, None)
        assert (found[cases == case] == alone[cases == case]).all()
