"""Counts and ranks: their probabilities, bounds and cases."""

import numpy as np
import pytest
from drawing import drawn, drawn_with, mixed
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from scipy import stats

from synthprof.base.errors import SpecError
from synthprof.profiles.samplers.counts import poisson_weights, zipf_weights
from synthprof.schemas.draw_kinds.counts import Poisson, Zipf
from synthprof.schemas.draw_kinds.numbers import UniformInteger


@pytest.mark.parametrize("mean", [0.01, 3.0, 400.0])
def test_poisson_numbers_have_their_probabilities(mean: float) -> None:
    first, weights = poisson_weights(mean, 0, None)
    true = stats.poisson.pmf(np.arange(first, first + len(weights)), mean)
    assert weights / weights.sum() == pytest.approx(true, rel=1e-11, abs=1e-13)
    values = drawn(Poisson(mean=mean)).to_numpy()
    assert values.mean() == pytest.approx(mean, abs=4 * np.sqrt(mean / len(values)))
    assert values.var() == pytest.approx(mean, rel=0.1 + 0.03 / mean**0.5)


@given(mean=st.floats(0.001, 1e5), low=st.integers(0, 1_000), width=st.none() | st.integers(0, 300))
@settings(max_examples=40, deadline=None)
def test_cut_poisson_weights_begin_and_end_at_the_bounds(mean: float, low: int, width: int | None) -> None:
    high = None if width is None else low + width
    first, weights = poisson_weights(mean, low, high)
    assert low <= first
    assert high is None or first + len(weights) - 1 <= high
    assert np.isfinite(weights).all()
    assert weights.max() == 1


def test_ranks_follow_zipfs_law() -> None:
    assert zipf_weights(1.3, 500) == pytest.approx(np.arange(1, 501) ** -1.3, rel=1e-13)
    values = drawn(Zipf(exponent=1.0, size=50)).to_numpy()
    true = 1 / np.arange(1, 51)
    counts = np.bincount(values, minlength=51)[1:]
    assert stats.chisquare(counts, true / true.sum() * len(values)).pvalue > 0.01
    assert drawn(Zipf(exponent=1.0, size=50, low=0)).to_numpy().min() == 0


def test_cases_and_archetypes_have_tables_of_their_own() -> None:
    mean = {"by": "n", "values": {"1": 2.0}, "other": 30.0}
    batch = drawn_with({"n": UniformInteger(low=1, high=2), "x": Poisson(mean=mean)})
    n, x = batch["n"].to_numpy(), batch["x"].to_numpy()
    assert x[n == 1].mean() == pytest.approx(2, abs=0.05)
    assert x[n == 2].mean() == pytest.approx(30, abs=0.2)
    x, archetypes = mixed(
        Poisson(mean=2, archetype={"rare": {"mean": 6}}), separation=0.25
    )  # a weight of 0.5
    assert x[archetypes == 1].mean() == pytest.approx(4, abs=0.1)


def test_fewer_rows_are_the_beginning_of_more_and_blocks_differ() -> None:
    for kind in (Poisson(mean=9), Zipf(exponent=1, size=1_000)):
        values = drawn(kind)
        assert drawn(kind, rows=333).equals(values[:333])
        assert abs(np.corrcoef(values, drawn(kind, block=1))[0, 1]) < 0.02


def test_what_no_table_holds_is_refused() -> None:
    with pytest.raises(ValidationError, match="mean=1e\\+06 can be 100000 at most; give a smaller one"):
        Poisson(mean=1e6)
    with pytest.raises(ValidationError, match="low=5 is above high=4; swap them"):
        Poisson(mean=1, low=5, high=4)
    with pytest.raises(ValidationError, match="less than or equal to 65536"):
        Zipf(exponent=1, size=70_000)
    exponent = {"by": "n", "values": {str(n): 1 + n / 100 for n in range(20)}, "other": 1.0}
    with pytest.raises(SpecError, match="21 cases of 60000 values are more than 1048576 entries"):
        drawn_with({"n": UniformInteger(low=0, high=30), "x": Zipf(exponent=exponent, size=60_000)})
