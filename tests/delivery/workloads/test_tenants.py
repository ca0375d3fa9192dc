"""Tenants of Zipf's sizes: exact, drawn by seed, the same whichever block is asked."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synthprof.base.errors import SpecError
from synthprof.delivery.workloads.tenants import Tenants


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 3_000), st.integers(0, 2**63), st.integers(1, 400), st.floats(0, 4))
def test_sizes_are_exact_and_fall(rows: int, seed: int, count: int, exponent: float) -> None:
    tenants = Tenants(rows, seed, count, exponent)
    every = tenants.of(0, rows)
    assert np.bincount(every, minlength=count).tolist() == tenants.sizes.tolist()
    assert tenants.sizes.sum() == rows and (np.diff(tenants.sizes) <= 0).all()
    assert tenants.of(rows // 2, rows - rows // 2).tolist() == every[rows // 2 :].tolist()


def test_sizes_follow_zipf() -> None:
    tenants = Tenants(1_000_000, 1)
    ranks = np.arange(1, 1_001)
    expected = ranks**-0.8 / (ranks**-0.8).sum() * 1_000_000
    assert np.abs(tenants.sizes - expected).max() <= 1
    assert tenants.sizes[0] == 64_642 and tenants.sizes[-1] == 257


def test_tenants_are_drawn_by_the_seed_and_pinned() -> None:
    """These may not change: a workload of the same order must be the same on every machine and release."""
    assert Tenants(50_000, 7).of(40_000, 8).tolist() == PINNED
    assert (Tenants(50_000, 8).of(0, 50_000) != Tenants(50_000, 7).of(0, 50_000)).mean() > 0.9


PINNED = [95, 329, 15, 13, 12, 836, 15, 55]


@pytest.mark.parametrize(("count", "exponent"), [(0, 1.0), (10**7, 1.0), (10, -1.0), (10, float("nan"))])
def test_what_is_no_number_of_tenants_is_refused(count: int, exponent: float) -> None:
    with pytest.raises(SpecError, match="use a row, 1 to 1,000,000 tenants"):
        Tenants(10, 1, count, exponent)
