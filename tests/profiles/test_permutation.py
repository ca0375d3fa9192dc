"""The keyed permutation: one to one on domains of any size, spread evenly, and drawn by seed and name."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synthprof.profiles.permutation import LARGEST, Permutation

BLOCK = 16_384


def all_of(size: int, name: str = "id", seed: int = 1) -> np.ndarray:
    return Permutation(size, name, seed).at(np.arange(size, dtype=np.uint64))


def test_every_small_domain_is_sent_onto_itself():
    for size in range(1, 300):
        assert np.array_equal(np.sort(all_of(size)), np.arange(size)), size


@settings(max_examples=25, deadline=None)
@given(size=st.integers(300, 50_000), seed=st.integers(0, 2**53))
def test_a_domain_is_sent_onto_itself(size, seed):
    assert np.array_equal(np.sort(all_of(size, seed=seed)), np.arange(size))


@settings(max_examples=25, deadline=None)
@given(size=st.integers(50_000, LARGEST), seed=st.integers(0, 2**53), data=st.data())
def test_a_large_domain_keeps_positions_apart(size, seed, data):
    first = data.draw(st.integers(0, size - BLOCK))
    found = Permutation(size, "id", seed).at(np.arange(first, first + BLOCK, dtype=np.uint64))
    assert len(np.unique(found)) == BLOCK
    assert int(found.max()) < size


def test_no_number_repeats_among_blocks_of_100_000_000_rows():
    permutation = Permutation(100_000_000, "card", 42)
    blocks = (0, 1, 2_000, 3_051, 4_096, 6_102)
    found = [permutation.at(np.arange(b * BLOCK, (b + 1) * BLOCK, dtype=np.uint64)) for b in blocks]
    assert len(np.unique(np.concatenate(found))) == len(blocks) * BLOCK


def test_all_orders_of_four_are_about_as_likely():
    orders, counts = np.unique([all_of(4, seed=seed) for seed in range(2_400)], axis=0, return_counts=True)
    assert len(orders) == 24
    assert 60 < counts.min() <= counts.max() < 145


def test_the_order_is_as_mixed_as_a_random_one():
    found = all_of(65_536).astype(np.int64)
    steps = np.diff(found)
    assert abs(np.corrcoef(np.arange(65_536), found)[0, 1]) < 0.02
    assert len(np.unique(steps)) > 40_000
    assert np.bincount(found[:16_384] >> 12, minlength=16).max() < 1_200  # 1,024 expected of each sixteenth


def test_seed_and_name_decide_the_order():
    orders = [all_of(1_000, name, seed).tolist() for name, seed in (("id", 1), ("id", 2), ("card", 1))]
    assert orders[0] == all_of(1_000).tolist()
    assert orders[0] != orders[1] != orders[2] != orders[0]


def test_the_numbers_stay_what_they_are():
    """Published data hold them: another order would give other values under the same version name."""
    positions = np.array([0, 1, 2, 99], dtype=np.uint64)
    assert Permutation(100, "id", 42).at(positions).tolist() == PINNED_100
    assert Permutation(LARGEST, "id", 42).at(positions).tolist() == PINNED_LARGEST


PINNED_100 = [6, 33, 7, 60]
PINNED_LARGEST = [904742526814643961, 5460192181157826260, 8820476833195303544, 7698199439160659563]


@pytest.mark.parametrize("size", [0, -1, LARGEST + 1])
def test_a_domain_that_64_bits_do_not_hold_is_refused(size):
    with pytest.raises(ValueError, match="is not from 1 to 2"):
        Permutation(size, "id", 1)
