"""Numbers from distributions: bounds, shape, and independence of blocks and of rows."""

import pytest
from drawing import drawn
from pydantic import ValidationError

from synthprof.schemas.draw_kinds.numbers import UniformInteger


def test_integers_are_within_bounds_and_equally_likely() -> None:
    values = drawn(UniformInteger(low=-3, high=4)).to_numpy()
    assert sorted(set(values.tolist())) == list(range(-3, 5))
    for value in range(-3, 5):
        assert (values == value).mean() == pytest.approx(1 / 8, abs=0.012)


def test_bounds_that_are_swapped_are_refused() -> None:
    with pytest.raises(ValidationError, match="low=4 is above high=3; swap them"):
        UniformInteger(low=4, high=3)
