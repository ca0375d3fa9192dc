"""Automatic sizes: clusters, training rows, kinds of index."""

import dataclasses

import pytest

from synthprof.base.errors import SpecError
from synthprof.spec import sizing

GIB = 2**30


@pytest.mark.parametrize(
    ("rows", "k"),
    [
        (1, 1),
        (39, 1),
        (78, 2),
        (1_521, 39),
        (10_000, 100),
        (1_000_000, 1_000),
        (10**8, 8_192),
        (10**9, 8_192),
    ],
)
def test_automatic_k_is_the_square_root_kept_at_39_points_per_centroid(rows, k):
    assert sizing.automatic_k(rows) == k


def test_every_automatic_k_passes_its_own_check():
    for rows in (1, 2, 38, 39, 40, 77, 78, 1_520, 1_521, 1_522, 99_999):
        sizing.check_k(sizing.automatic_k(rows), rows)


def test_too_many_clusters_are_refused_with_value_rule_and_remedy():
    with pytest.raises(SpecError) as error:
        sizing.check_k(500, 1_000)
    assert str(error.value) == (
        "clusters=500 needs at least 19500 rows to train on (39 per centroid, FAISS), got 1000; "
        "use clusters=25 or fewer, or 0 for automatic"
    )
    sizing.check_k(25, 1_000)
    with pytest.raises(SpecError, match="26 needs"):
        sizing.check_k(26, 1_000)
    with pytest.raises(SpecError, match="clusters=0 is below 1; use"):
        sizing.check_k(0, 1_000)


def test_the_sample_is_capped_but_never_below_39_per_centroid():
    assert sizing.training_rows_count(10**9, 12) == 65_536
    assert sizing.training_rows_count(10**9, 1_000) == 128_000
    assert sizing.training_rows_count(10**9, 2_000) == 131_072
    assert sizing.training_rows_count(10**9, 10_000) == 390_000
    assert sizing.training_rows_count(100, 10_000) == 100


# One case for each row of the table: rows, dimension, memory, kind asked for -> kind, PQ codes.
TABLE = [
    (1, 128, GIB, "auto", "flat", 0),
    (20_000, 128, GIB, "auto", "flat", 0),
    (20_001, 128, GIB, "auto", "ivf_flat", 0),
    (1_000_000, 128, GIB, "auto", "ivf_flat", 0),
    (1_000_000, 128, GIB // 4, "auto", "ivf_sq8", 0),
    (1_000_000, 128, GIB // 8, "auto", "ivf_pq", 64),
    (1_000_000, 128, 60_000_000, "auto", "ivf_pq", 32),
    (1_000_000, 128, 30_000_000, "auto", "ivf_pq", 16),
    (1_000_000, 128, GIB, "hnsw", "hnsw", 0),
    (1_000_000, 128, GIB, "flat", "flat", 0),
    (30, 128, GIB, "ivf_flat", "ivf_flat", 0),
    (30, 128, GIB, "ivf_sq8", "ivf_sq8", 0),
    (10_000, 128, GIB, "ivf_pq", "ivf_pq", 64),
]


@pytest.mark.parametrize(("rows", "dim", "memory", "asked", "kind", "pq_m"), TABLE)
def test_rows_dimension_and_memory_decide_the_kind(rows, dim, memory, asked, kind, pq_m):
    choice = sizing.choose(rows, dim, memory, asked)
    assert (choice.kind, choice.pq_m) == (kind, pq_m)
    assert choice.bytes <= memory
    assert f"{rows} rows of {dim} dimensions" in choice.reason
    assert (choice.nlist > 0) == (choice.nprobe > 0) == kind.startswith("ivf")
    assert 0 <= choice.nprobe <= choice.nlist


def test_every_rule_of_the_table_is_reached():
    reached = {(kind, 128 // pq_m if pq_m else 0) for *_, kind, pq_m in TABLE}
    assert reached == {(rule.kind, rule.dsub) for rule in sizing.RULES}


def test_a_choice_is_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        sizing.choose(10, 8, GIB).kind = "hnsw"


def test_the_number_of_clusters_is_nlist_within_a_factor_of_four():
    for clusters, nlist in (
        (0, 1_000),
        (249, 1_000),
        (250, 250),
        (1_000, 1_000),
        (4_000, 4_000),
        (4_001, 1_000),
    ):
        assert sizing.choose(1_000_000, 128, GIB, clusters=clusters).nlist == nlist


def test_what_cannot_be_is_refused_with_value_rule_and_remedy():
    with pytest.raises(
        SpecError, match="index='lsh' is not a kind of index; use auto or one of flat, ivf_flat"
    ):
        sizing.choose(10, 8, GIB, "lsh")
    with pytest.raises(SpecError, match=r"index=flat of 1000000 .* 1000 are allowed; allow more memory, use"):
        sizing.choose(1_000_000, 128, 1_000, "flat")
    with pytest.raises(SpecError, match=r"index=auto of 1000000 .* needs at least 24\d* bytes"):
        sizing.choose(1_000_000, 128, 1_000)
    with pytest.raises(SpecError, match=r"index=ivf_pq needs at least 9984 rows .* got 500 of 128; use"):
        sizing.choose(500, 128, GIB, "ivf_pq")
    with pytest.raises(SpecError, match="even dimension, got 10000 of 15; use index=auto"):
        sizing.choose(10_000, 15, GIB, "ivf_pq")
