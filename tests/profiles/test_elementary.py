"""Elementary functions: near the true values, and the same bits as when they were written."""

import os
import subprocess
import sys
from decimal import Decimal, localcontext

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special

from synthprof.profiles.elementary import Floats, cosine, exp, log, normal_quantile, normal_tail, power, sine

RANDOM = np.random.default_rng(1)
SHARES = (RANDOM.integers(0, 2**52, 20_000) + 0.5) * 2.0**-52


def _ulps(found: Floats, true: list[Decimal]) -> float:
    off = [abs(Decimal(a) - b) / Decimal(float(np.spacing(abs(a)))) for a, b in zip(found, true, strict=True)]
    return float(max(off))


def test_logarithms_and_powers_of_e_are_within_two_units_of_the_last_place() -> None:
    with localcontext() as context:
        context.prec = 40
        x = np.concatenate([SHARES[:500], 1 + RANDOM.normal(0, 1e-5, 500), [2.0**-1_022, 1e300, 0.5, 2.0]])
        assert _ulps(log(x), [Decimal(each).ln() for each in x.tolist()]) < 2
        y = np.concatenate([RANDOM.uniform(-700, 700, 500), RANDOM.normal(0, 1, 500), [1.0]])
        assert _ulps(exp(y), [Decimal(each).exp() for each in y.tolist()]) < 2


@given(st.floats(1e-300, 1e300))
@settings(max_examples=50, deadline=None)
def test_powers_of_e_undo_logarithms(x: float) -> None:
    assert exp(log(np.array([x])))[0] == pytest.approx(x, rel=2e-13)


def test_ends_of_what_a_float_holds() -> None:
    assert log(np.array([1.0]))[0] == 0
    assert exp(np.array([0.0, 1_000.0, -1_000.0])).tolist() == [1, np.inf, 0]
    assert normal_tail(np.array([-50.0, 50.0])).tolist() == [0, 1]


def test_sines_and_powers_are_near_those_of_numpy() -> None:
    turns = RANDOM.uniform(-3, 3, 5_000)
    angles = turns.astype(np.longdouble) * 2 * np.longdouble("3.14159265358979323846264338")
    assert np.abs(sine(turns) - np.sin(angles)).max() < 1e-15
    assert np.abs(cosine(turns) - np.cos(angles)).max() < 1e-15
    assert power(SHARES, 2.5) == pytest.approx(SHARES**2.5, rel=1e-13)


def test_the_normal_distribution_is_that_of_scipy() -> None:
    small = 10.0 ** RANDOM.uniform(-290, -1, 5_000)
    for share in (SHARES, small):
        found = normal_quantile(share)
        assert np.abs(found - special.ndtri(share)).max() < 1e-13
        assert normal_tail(found) == pytest.approx(share, rel=1e-12)
    assert normal_quantile(1 - small[small > 1e-3], small[small > 1e-3]) == pytest.approx(
        -normal_quantile(small[small > 1e-3]), rel=1e-13
    )
    x = RANDOM.uniform(-37, 8, 20_000)
    assert normal_tail(x) == pytest.approx(special.ndtr(x), rel=1e-12)


BITS = """
import hashlib, numpy as np
from synthprof.profiles.elementary import exp, log, normal_quantile, normal_tail, sine
from synthprof.profiles.quantiles import quantile_table
grid = (np.arange(1, 4_096) - 0.5) / 4_096
found = [log(grid), exp(grid * 20 - 10), sine(grid), normal_quantile(grid), normal_tail(grid * 16 - 8)]
for law in (("gamma", 2.5, 0.0), ("beta", 2.0, 0.5)):
    found.append(quantile_table((law,)).at(grid, 1 - grid, None))
print(hashlib.blake2b(np.concatenate(found).astype("<f8").tobytes(), digest_size=8).hexdigest())
"""


@pytest.mark.parametrize("lacking", ["", "X86_V3 X86_V4"])
def test_bits_are_the_same_on_processors_with_and_without_wide_registers(lacking: str) -> None:
    """They stand in data sets: another digest means that another processor or release differs."""
    environment = os.environ | ({"NPY_DISABLE_CPU_FEATURES": lacking} if lacking else {})
    command = [sys.executable, "-W", "ignore", "-c", BITS]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "cde3acb1bda2f386"
