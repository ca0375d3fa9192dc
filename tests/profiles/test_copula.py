"""Correlated columns: their ranks go together as declared, and each keeps its own distribution."""

import numpy as np
import pyarrow as pa
import pytest
from drawing import drawn_with
from scipy import stats

from synthprof.schemas.correlations import Correlation
from synthprof.schemas.draw_kinds.counts import Poisson
from synthprof.schemas.draw_kinds.numbers import Beta, Gamma, LogNormal, Normal, Uniform
from synthprof.schemas.draw_kinds.odds import Boolean, Histogram

DRAWS = {
    "a": Normal(mean=3, stddev=2),
    "b": LogNormal(mu=1, sigma=1),
    "c": Gamma(shape=0.7, scale=1),
    "d": Beta(alpha=2, beta=3),
    "e": Uniform(low=0, high=1),
    "f": Normal(mean=0, stddev=1, low=0),
}
TARGET = (
    (1.0, 0.7, -0.3, 0.1, 0.0, 0.5),
    (0.7, 1.0, -0.2, 0.2, 0.1, 0.4),
    (-0.3, -0.2, 1.0, 0.6, 0.3, -0.1),
    (0.1, 0.2, 0.6, 1.0, 0.4, 0.2),
    (0.0, 0.1, 0.3, 0.4, 1.0, -0.5),
    (0.5, 0.4, -0.1, 0.2, -0.5, 1.0),
)
SIX = Correlation(columns=tuple(DRAWS), spearman=TARGET)


def test_six_columns_reach_their_correlations_and_keep_their_distributions() -> None:
    """At 65,536 rows a rank correlation has a standard error of 0.004."""
    batches = [drawn_with(DRAWS, block=block, correlations=(SIX,)) for block in range(4)]
    values = np.column_stack([pa.chunked_array([b[name] for b in batches]).to_numpy() for name in DRAWS])
    assert np.abs(stats.spearmanr(values).statistic - np.array(TARGET)).max() < 0.015
    true = [
        stats.norm(3, 2),
        stats.lognorm(1, scale=np.exp(1)),
        stats.gamma(0.7),
        stats.beta(2, 3),
        stats.uniform,
    ]
    for column, each in zip(values.T, [*true, stats.halfnorm], strict=True):
        assert stats.kstest(column, each.cdf).pvalue > 0.01


def test_counts_bins_and_booleans_keep_their_shares_and_go_together() -> None:
    draws = {
        "n": Poisson(mean={"by": "z", "values": {"true": 4.0, "false": 9.0}}),
        "h": Histogram(edges=(0, 1, 5), weights=(3, 1)),
        "t": Boolean(share=0.3),
        "z": Boolean(share=0.5),
    }
    together = Correlation(columns=("n", "h", "t"), spearman=((1, 0.6, 0.6), (0.6, 1, 0.6), (0.6, 0.6, 1)))
    batch = drawn_with(draws, correlations=(together,))
    n, h, t, z = (batch[name].to_numpy() for name in "nhtz")
    assert n[z == 1].mean() == pytest.approx(4, abs=0.1)
    assert n[z == 0].mean() == pytest.approx(9, abs=0.15)
    assert (h < 1).mean() == pytest.approx(0.75, abs=0.015)
    assert stats.kstest(h[h < 1], "uniform").pvalue > 0.01
    assert t.mean() == pytest.approx(0.3, abs=0.015)
    assert stats.spearmanr(n[z == 1], h[z == 1]).statistic == pytest.approx(0.6, abs=0.03)
    assert h[t == 1].mean() > h[t == 0].mean() + 0.4


def test_correlated_rows_depend_on_their_position_alone() -> None:
    whole = drawn_with(DRAWS, correlations=(SIX,))
    assert drawn_with(DRAWS, rows=500, correlations=(SIX,)).equals(whole.slice(0, 500))
    turned = {name: DRAWS[name] for name in reversed(DRAWS)}
    assert drawn_with(turned, rows=500, correlations=(SIX,))["c"].equals(whole["c"][:500])
    other = drawn_with(DRAWS, block=1, correlations=(SIX,))
    assert abs(np.corrcoef(whole["a"], other["a"])[0, 1]) < 0.03
