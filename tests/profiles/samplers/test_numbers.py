"""Numbers from distributions: bounds, shape, and independence of blocks and of rows."""

from typing import Any

import numpy as np
import pytest
from drawing import drawn, drawn_with, mixed
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from scipy import stats

from synthprof.base.errors import SpecError
from synthprof.profiles.separation import weight_of
from synthprof.schemas.draw_kinds.numbers import (
    Beta,
    Distribution,
    Exponential,
    Gamma,
    LogNormal,
    Normal,
    Pareto,
    Rounded,
    Uniform,
    UniformInteger,
)

KINDS: list[tuple[Rounded, Any]] = [
    (Uniform(low=-2, high=3), stats.uniform(-2, 5)),
    (Normal(mean=3, stddev=2), stats.norm(3, 2)),
    (LogNormal(mu=1, sigma=0.5), stats.lognorm(0.5, scale=np.exp(1))),
    (Exponential(rate=2), stats.expon(scale=0.5)),
    (Pareto(shape=3, scale=2), stats.pareto(3, scale=2)),
    (Gamma(shape=2.5, scale=3), stats.gamma(2.5, scale=3)),
    (Beta(alpha=2, beta=5, low=-1, high=3), stats.beta(2, 5, loc=-1, scale=4)),
]
NAMES = [kind.draw for kind, _ in KINDS]


@pytest.mark.parametrize(("kind", "true"), KINDS, ids=NAMES)
def test_numbers_follow_their_distribution(kind: Rounded, true: Any) -> None:
    assert stats.kstest(drawn(kind).to_numpy(), true.cdf).pvalue > 0.01


@pytest.mark.parametrize("kind", [kind for kind, _ in KINDS], ids=NAMES)
def test_blocks_differ_and_fewer_rows_are_the_beginning_of_more(kind: Rounded) -> None:
    values = drawn(kind)
    assert drawn(kind, rows=1_000).equals(values[:1_000])
    other = drawn(kind, block=1).to_numpy()
    assert abs(np.corrcoef(stats.rankdata(values), stats.rankdata(other))[0, 1]) < 0.02


@pytest.mark.parametrize(
    ("kind", "true"),
    [
        (Normal(mean=0, stddev=1, low=-0.5, high=2), stats.norm),
        (Normal(mean=0, stddev=1, low=4), stats.norm),
        (LogNormal(mu=0, sigma=1, high=0.5), stats.lognorm(1)),
        (Exponential(rate=1, low=2, high=3), stats.expon),
        (Pareto(shape=1, scale=1, high=10), stats.pareto(1)),
        (Gamma(shape=2, scale=1, low=1, high=4), stats.gamma(2)),
    ],
    ids=lambda each: getattr(each, "draw", ""),
)
def test_what_is_cut_keeps_its_proportions(kind: Distribution, true: Any) -> None:
    values = drawn(kind).to_numpy()
    low, high = -np.inf if kind.low is None else kind.low, np.inf if kind.high is None else kind.high
    assert low <= values.min() <= values.max() <= high
    shares = (true.sf(low) - true.sf(values)) / (true.sf(low) - true.sf(high))
    assert stats.kstest(shares, "uniform").pvalue > 0.01


def test_integers_are_within_bounds_and_equally_likely() -> None:
    for kind in (UniformInteger(low=-3, high=4), Uniform(low=-3, high=4, integer=True)):
        values, counts = np.unique(drawn(kind).to_numpy(), return_counts=True)
        assert values.tolist() == list(range(-3, 5))
        assert stats.chisquare(counts).pvalue > 0.01


@given(
    low=st.integers(-1_000, 1_000),
    width=st.integers(1, 500),
    step=st.sampled_from([0.05, 0.1, 0.25, 1.0, 3.0]),
    stddev=st.floats(1, 300),
)
@settings(max_examples=15, deadline=None)
def test_rounded_numbers_are_multiples_within_bounds(
    low: int, width: int, step: float, stddev: float
) -> None:
    kind = Normal(mean=low, stddev=stddev, low=low - 3, high=low + width, step=step)
    values = drawn(kind, rows=2_000).to_numpy()
    assert low - 3 <= values.min() <= values.max() <= low + width
    assert np.abs(values / step - np.round(values / step)).max() < 1e-6
    assert {len(repr(each).partition(".")[2]) for each in values.tolist()} <= {1, 2}


def test_halves_are_rounded_upwards_and_decimals_are_the_nearest_floats() -> None:
    values = drawn(Uniform(low=0, high=1, decimals=1)).to_numpy()
    assert np.unique(values).tolist() == [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0]
    whole = drawn(Exponential(rate=0.1, integer=True))
    assert str(whole.type) == "int64"
    assert (whole.to_numpy() == 0).mean() == pytest.approx(1 - np.exp(-0.05), abs=0.005)


def test_parameters_follow_bands_and_values_of_other_columns() -> None:
    mean = {"by": "age", "bands": {"0": 10.0, "50": 20.0}}
    batch = drawn_with({"age": UniformInteger(low=0, high=99), "x": Normal(mean=mean, stddev=1)})
    age, x = batch["age"].to_numpy(), batch["x"].to_numpy()
    assert stats.kstest(x[age < 50] - 10, "norm").pvalue > 0.01
    assert stats.kstest(x[age >= 50] - 20, "norm").pvalue > 0.01
    shape = {"by": "n", "values": {"1": 0.5, "2": 8.0}, "other": 2.0}
    batch = drawn_with({"n": UniformInteger(low=1, high=4), "x": Gamma(shape=shape, scale=1)})
    for n, true in ((1, 0.5), (2, 8), (3, 2), (4, 2)):
        x = batch["x"].to_numpy()[batch["n"].to_numpy() == n]
        assert stats.kstest(x, stats.gamma(true).cdf).pvalue > 0.01


def test_archetypes_have_parameters_of_their_own_by_separation() -> None:
    kind = Normal(mean=0, stddev=1, archetype={"rare": {"mean": 10}})
    for separation in (0.0, 0.5, 1.0):
        values, archetypes = mixed(kind, separation)
        assert values[archetypes == 0].mean() == pytest.approx(0, abs=0.05)
        assert values[archetypes == 1].mean() == pytest.approx(10 * weight_of(separation), abs=0.05)


@pytest.mark.parametrize(
    ("kind", "wrong", "message"),
    [
        (UniformInteger, {"low": 4, "high": 3}, "low=4 is above high=3; swap them"),
        (Uniform, {"low": 1, "high": 1}, "low and high are both 1; use draw"),
        (Uniform, {"low": 0.1, "high": 0.9, "integer": True}, "no multiple of 1 lies between 0.1 and 0.9"),
        (Normal, {"mean": 0, "stddev": 0}, "stddev=0 must be above 0; give a larger one"),
        (Normal, {"mean": "a", "stddev": 1}, "valid number"),
        (Normal, {"mean": float("nan"), "stddev": 1}, "finite number"),
        (Normal, {"mean": {"by": "a"}, "stddev": 1}, "needs either values or bands"),
        (Normal, {"mean": {"by": "a", "bands": {"x": 1}}, "stddev": 1}, "bands by a begin at numbers; got x"),
        (Normal, {"mean": {"by": "a", "bands": {"2": 1, "1": 1}}, "stddev": 1}, "must ascend, got 2, 1"),
        (Normal, {"mean": 0, "stddev": 1, "decimals": 1, "step": 0.5}, "both round; give one of them"),
        (Normal, {"mean": 0, "stddev": 1, "decimals": 1, "integer": True}, "keeps no fraction"),
        (Normal, {"mean": 0, "stddev": 1, "archetype": {"a": {"rate": 1}}}, "rate is no parameter of normal"),
        (Gamma, {"shape": 1e5, "scale": 1}, "shape=100000 can be 10000 at most"),
        (LogNormal, {"mu": 0, "sigma": 1, "high": -1}, "high=-1: log_normal is above 0"),
        (Beta, {"alpha": 1, "beta": 1, "low": 2, "high": 1}, "low=2 is above high=1"),
    ],
)
def test_wrong_parameters_are_refused_in_words(kind: type[Rounded], wrong: dict, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        kind(**wrong)


def test_what_does_not_fit_the_other_columns_is_refused() -> None:
    age = UniformInteger(low=0, high=99)
    for mean, message in (
        ({"by": "age", "values": {"1": 1.0}}, "leaves values without a number; give other"),
        ({"by": "y", "bands": {"1": 1.0}}, "unknown column 'y'"),
    ):
        with pytest.raises(SpecError, match=message):
            drawn_with({"age": age, "x": Normal(mean=mean, stddev=1)})
    with pytest.raises(SpecError, match="unknown archetype 'some'; there are all"):
        drawn(Normal(mean=0, stddev=1, archetype={"some": {"mean": 1}}))
    with pytest.raises(SpecError, match="of the distribution lies between low and high"):
        drawn(Normal(mean=0, stddev=1, low=6))
