"""Histograms, booleans and constants: their shares, and the factors of other columns and archetypes."""

from typing import Any

import numpy as np
import pytest
from drawing import drawn, drawn_with, mixed
from pydantic import ValidationError
from scipy import stats

from synthprof.base.errors import SpecError
from synthprof.profiles.separation import weight_of
from synthprof.schemas.draw_kinds.numbers import UniformInteger
from synthprof.schemas.draw_kinds.odds import Boolean, Constant, Histogram

BINS = Histogram(edges=(-5, 0, 10, 100), weights=(2, 0, 3))


class CsvFiles:
    """One file, whatever its name."""

    def __init__(self, *rows: dict[str, str]) -> None:
        self._rows = rows

    def rows(self, _file: str) -> tuple[dict[str, str], ...]:
        return self._rows


def test_bins_have_their_weights_and_are_even_within() -> None:
    values = drawn(BINS).to_numpy()
    first = values[values < 0]
    assert len(first) / len(values) == pytest.approx(0.4, abs=0.01)
    assert not ((values > 0) & (values < 10)).any()
    assert stats.kstest(first, stats.uniform(-5, 5).cdf).pvalue > 0.01
    assert stats.kstest(values[values > 5], stats.uniform(10, 90).cdf).pvalue > 0.01
    assert drawn(BINS, rows=77).to_numpy().tolist() == values[:77].tolist()
    assert abs(np.corrcoef(values, drawn(BINS, block=1))[0, 1]) < 0.02


def test_bins_of_whole_numbers_end_below_their_upper_edge() -> None:
    values = drawn(Histogram(edges=(0, 1, 4, 6), weights=(1, 3, 4), integer=True))
    assert str(values.type) == "int64"
    counts = np.bincount(values.to_numpy())
    assert stats.chisquare(counts, np.array([1, 1, 1, 1, 2, 2]) * len(values) / 8).pvalue > 0.01


def test_bins_may_stand_in_a_file() -> None:
    files = CsvFiles({"low": "0", "high": "1", "weight": "2"}, {"low": "1", "high": "5", "weight": "3"})
    read = Histogram(file="x.csv", decimals=1).with_files(files)
    assert (read.edges, read.weights, read.file, read.decimals) == ((0, 1, 5), (2, 3), None, 1)
    gap = CsvFiles({"low": "0", "high": "1", "weight": "2"}, {"low": "2", "high": "5", "weight": "3"})
    with pytest.raises(SpecError, match="row 3: low=2 is not the high=1 above"):
        Histogram(file="x.csv").with_files(gap)
    with pytest.raises(SpecError, match="bins need numbers in low, high and weight, but 'weight'"):
        Histogram(file="x.csv").with_files(CsvFiles({"low": "0", "high": "1"}))


def test_odds_of_true_follow_other_columns_by_value_and_by_band() -> None:
    draws = {
        "age": UniformInteger(low=0, high=99),
        "vip": Boolean(share=0.5, given={"age": {"0": 1.0, "50": 3.0}}),
        "x": Boolean(share=0.2, given={"vip": {"true": 4.0}}),
        "h": Histogram(edges=(0, 1, 2), weights=(1, 1), given={"x": {"false": (1, 0)}}),
    }
    batch = drawn_with(draws)
    age, vip, x = (batch[name].to_numpy() for name in ("age", "vip", "x"))
    assert vip[age < 50].mean() == pytest.approx(0.5, abs=0.01)
    assert vip[age >= 50].mean() == pytest.approx(0.75, abs=0.01)
    assert x[vip == 0].mean() == pytest.approx(0.2, abs=0.01)
    assert x[vip == 1].mean() == pytest.approx(0.5, abs=0.01)
    assert batch["h"].to_numpy()[x == 0].max() < 1
    assert batch["h"].to_numpy()[x == 1].mean() == pytest.approx(1, abs=0.02)


def test_archetypes_change_odds_by_separation() -> None:
    for separation in (0.0, 0.5, 1.0):
        values, archetypes = mixed(Boolean(share=0.2, archetype={"rare": 4.0}), separation)
        assert values[archetypes == 0].mean() == pytest.approx(0.2, abs=0.01)
        assert values[archetypes == 1].mean() == pytest.approx(0.2 + 0.3 * weight_of(separation), abs=0.03)
    kind = Histogram(edges=(0, 1, 2), weights=(1, 1), archetype={"rare": (1, 0)})
    values, archetypes = mixed(kind, 1.0)
    assert values[archetypes == 1].max() < 1


@pytest.mark.parametrize("value", [3, 2.5, "a b", True])
def test_constants_keep_their_type(value: Any) -> None:
    assert set(drawn(Constant(value=value), rows=3).to_pylist()) == {value}
    assert (
        Constant(value=value).kind.name
        == {int: "integer", float: "float", str: "text", bool: "bool"}[type(value)]
    )


@pytest.mark.parametrize(
    ("kind", "wrong", "message"),
    [
        (Boolean, {"share": 1.5}, "less than or equal to 1"),
        (Boolean, {"share": 0.5, "given": {"a": {"1": -1.0}}}, "greater than or equal to 0"),
        (Histogram, {}, "either edges and weights or a file"),
        (Histogram, {"edges": (0, 1), "weights": (1, 2)}, "2 edges for 2 weights; give one more edge"),
        (Histogram, {"edges": (0, 2, 1), "weights": (1, 2)}, "give one more edge, ascending"),
        (Histogram, {"edges": (0, 1, 2), "weights": (0, 0)}, "all weights are 0; give one above 0"),
        (Histogram, {"edges": (0, 0.5), "weights": (1,), "integer": True}, "needs whole edges; round them"),
        (
            Histogram,
            {"edges": (0, 1), "weights": (1,), "given": {"a": {"1": (1, 2)}}},
            "2 factors for 1 bins",
        ),
        (Constant, {"value": float("nan")}, "finite number"),
    ],
)
def test_wrong_odds_are_refused_in_words(kind: type, wrong: dict, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        kind(**wrong)


def test_factors_that_name_what_is_not_there_are_refused() -> None:
    vip = Boolean(share=0.5)
    with pytest.raises(SpecError, match="x given vip: no value 'yes'; it has true, false"):
        drawn_with({"vip": vip, "x": Boolean(share=0.5, given={"vip": {"yes": 1.0}})})
    with pytest.raises(SpecError, match="leave no value to choose"):
        nothing = Histogram(edges=(0, 1), weights=(1,), given={"vip": {"true": (0,)}})
        drawn_with({"vip": vip, "x": nothing})
