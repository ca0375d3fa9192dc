"""Numbers that follow from others with noise."""

import numpy as np
import pytest
from drawing import drawn_with
from pydantic import ValidationError
from scipy import stats

from synthprof.base.errors import SpecError
from synthprof.schemas.draw_kinds.noise import Noise
from synthprof.schemas.draw_kinds.numbers import Normal, UniformInteger
from synthprof.schemas.draw_kinds.odds import Boolean, Constant

NORMAL = {"draw": "normal", "mean": 0, "stddev": 3}
DRAWS = {
    "x": UniformInteger(low=0, high=100),
    "t": Boolean(share=0.5),
    "y": Noise(linear={"x": 2.0, "t": -10.0}, intercept=5, noise=NORMAL),
    "z": Noise(linear={"x": 1.0}, noise=NORMAL, low=10, high=50, integer=True),
}


def test_what_is_left_after_the_sum_is_the_noise() -> None:
    batch = drawn_with(DRAWS)
    x, t, y, z = (batch[name].to_numpy().astype(float) for name in "xtyz")
    assert stats.kstest(y - (2 * x - 10 * t + 5), stats.norm(0, 3).cdf).pvalue > 0.01
    assert (z.min(), z.max()) == (10, 50)
    assert (z == 50).mean() == pytest.approx(0.5, abs=0.02)
    assert batch["z"].type == "int64"
    assert drawn_with(DRAWS, rows=50).equals(batch.slice(0, 50))
    assert not np.isin(drawn_with(DRAWS, block=1)["y"].to_numpy()[:99], y).any()


def test_sums_of_texts_and_unknown_noise_are_refused() -> None:
    noise = Noise(linear={"x": 1.0}, noise=NORMAL)
    with pytest.raises(SpecError, match="y: linear names x, which is a text; name columns of numbers"):
        drawn_with({"x": Constant(value="a"), "y": noise})
    with pytest.raises(ValidationError, match="does not match any of the expected tags"):
        Noise(linear={"x": 1.0}, noise={"draw": "pink"})
    with pytest.raises(ValidationError, match="at least 1 item"):
        Noise(linear={}, noise=NORMAL)
    assert Noise(linear={"x": 1.0}, noise=Normal(mean={"by": "a", "bands": {"0": 1.0}}, stddev=1)).given == (
        "x",
        "a",
    )
