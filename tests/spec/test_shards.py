import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthprof.base.errors import SpecError
from synthprof.spec.contents import PART_BLOCKS, blocks_of, ids_of, part_of, parts_of
from synthprof.spec.shards import Shard, plan_shards
from synthprof.spec.spec import MAX_SHARDS, Runtime, Spec


@given(profiles=st.integers(1, 10**9), shards=st.integers(0, MAX_SHARDS))
def test_shards_cover_every_block_once_in_order_and_evenly(profiles: int, shards: int) -> None:
    spec = Spec(profiles=profiles)
    plan = plan_shards(spec, Runtime(shards=shards))
    assert plan[0].first == 0
    assert plan[-1].end == spec.blocks
    assert all(one.end == other.first for one, other in itertools.pairwise(plan))
    sizes = [len(shard.blocks) for shard in plan]
    assert min(sizes) >= 1
    assert max(sizes) - min(sizes) <= 1
    assert len(plan) <= MAX_SHARDS


@pytest.mark.parametrize("text", ["5:3", "3:3", "-1:2", "3", "0:1:2", "0:١", "a:b", ""])
def test_a_shard_without_blocks_is_refused(text: str) -> None:
    with pytest.raises(SpecError, match=f"^shard '?{text}'? .*; give its first block"):
        Shard.of(text)


def test_labels_of_shards_are_the_ids_they_hold() -> None:
    spec = Spec(profiles=40_000)
    labels = [shard.label(spec.profiles) for shard in plan_shards(spec, Runtime(shards=2))]
    assert labels == ["1-16,384", "16,385-40,000"]


@given(profiles=st.integers(1, 10**9), shards=st.integers(0, MAX_SHARDS))
def test_shards_of_parts_are_whole_parts_as_even_as_can_be(profiles: int, shards: int) -> None:
    spec = Spec(profiles=profiles, store="parquet")
    plan = plan_shards(spec, Runtime(shards=shards))
    assert plan[0].first == 0
    assert plan[-1].end == spec.blocks
    assert all(one.end == other.first for one, other in itertools.pairwise(plan))
    assert {shard.first % PART_BLOCKS for shard in plan} == {0}
    sizes = [-(-len(shard.blocks) // PART_BLOCKS) for shard in plan]
    assert max(sizes) - min(sizes) <= 1
    assert sum(sizes) == parts_of(spec)


def test_ids_and_blocks_of_parts_follow_each_other() -> None:
    spec = Spec(profiles=1_000_000_000, store="parquet")
    assert parts_of(spec) == 3_815
    assert [ids_of(spec, part) for part in (0, 1)] == [range(1, 262_145), range(262_145, 524_289)]
    assert ids_of(spec, 3_814) == range(999_817_217, 1_000_000_001)
    assert blocks_of(spec, 3_814) == range(61_024, spec.blocks)
    assert part_of(61_024) == 3_814
