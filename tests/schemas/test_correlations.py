"""Matrices of rank correlations: which are possible, and what is said of others."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from synthprof.base.errors import SpecError
from synthprof.schemas.correlations import Correlation
from synthprof.schemas.draw_kinds.numbers import Normal
from synthprof.schemas.draw_kinds.odds import Constant
from synthprof.schemas.schema import Archetype, Column, Schema

HALF = ((1.0, 0.5), (0.5, 1.0))


@given(st.integers(2, 8), st.integers(0, 2**32), st.floats(0.0, 0.9))
@settings(max_examples=30, deadline=None)
def test_the_factor_gives_the_correlations_of_normal_numbers(count: int, seed: int, mixed: float) -> None:
    loads = np.random.default_rng(seed).normal(size=(count, count))
    pearson = loads @ loads.T
    scale = np.sqrt(np.diag(pearson))
    pearson = mixed * pearson / np.outer(scale, scale) + (1 - mixed) * np.eye(count)
    spearman = np.arcsin(pearson / 2) * 6 / np.pi
    spearman = (spearman + spearman.T) / 2
    np.fill_diagonal(spearman, 1)
    made = Correlation(columns=tuple("abcdefgh"[:count]), spearman=tuple(map(tuple, spearman.tolist())))
    factor = np.array([[*row, *[0.0] * (count - len(row))] for row in made.factor])
    assert factor @ factor.T == pytest.approx(pearson, abs=1e-12)


@pytest.mark.parametrize(
    ("columns", "spearman", "message"),
    [
        (("a", "a"), HALF, "correlated columns a, a name one twice"),
        (("a", "b", "c"), HALF, "spearman needs 3 rows of 3 numbers"),
        (("a", "b"), ((0.9, 0.5), (0.5, 1.0)), "a has 0.9 with itself; write 1"),
        (("a", "b"), ((1.0, 0.5), (0.4, 1.0)), "b with a is 0.4, but the other way round it is 0.5"),
        (("a", "b"), ((1.0, 1.5), (1.5, 1.0)), "less than or equal to 1"),
        (("a", "b"), ((1.0, 1.0), (1.0, 1.0)), "not positive definite; multiply .* by 0.99"),
        (
            ("a", "b", "c"),
            ((1.0, 0.9, 0.9), (0.9, 1.0, -0.9), (0.9, -0.9, 1.0)),
            "no columns can have these .* of a, b, c is not positive definite; multiply .* by 0.53",
        ),
    ],
)
def test_impossible_matrices_are_refused_in_words(columns: tuple, spearman: tuple, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Correlation(columns=columns, spearman=spearman)


def test_columns_that_cannot_be_correlated_are_refused() -> None:
    draws = {"a": Normal(mean=0, stddev=1), "b": Normal(mean=0, stddev=1), "c": Constant(value=1)}
    columns = tuple(Column(name, draw, None, "For a test.") for name, draw in draws.items())
    everyone = (Archetype("all", "All", 1.0, ()),)
    pair = Correlation(columns=("a", "b"), spearman=HALF)
    for correlations, message in (
        ((Correlation(columns=("a", "c"), spearman=HALF),), "c cannot be correlated"),
        ((Correlation(columns=("a", "x"), spearman=HALF),), "unknown column 'x'"),
        ((pair, pair), "a stands in two correlations"),
    ):
        with pytest.raises(SpecError, match=message):
            Schema("test", columns, everyone, correlations=correlations)
