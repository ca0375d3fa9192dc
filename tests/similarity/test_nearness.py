import numpy as np
import pytest

from synthprof.similarity import nearness as module
from synthprof.similarity.nearness import METRICS, lengths, nearness, queries_side, rows_side, sum_halves

DIM = 64


def in_order(metric, query, rows):
    """The scores by their definition, summed in order."""
    wide, one = rows.astype(np.float64), query.astype(np.float64)
    if metric == "l2":
        return (-sum_halves((wide - one) ** 2)).astype(np.float32)
    sums = sum_halves(wide * one)
    if metric == "cosine":
        sums = sums / (lengths(query[None])[0] * lengths(rows))
    return sums.astype(np.float32)


def sides(metric, queries, rows):
    return queries_side(metric, queries), rows_side(metric, rows, lengths(rows))


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("kind", ["normal", "cancelling", "halfway"])
def test_a_score_is_that_of_the_sum_in_order_however_it_was_computed(metric, kind):
    """The order of a sum shows if large terms cancel, or if it lies halfway between two float32."""
    random = np.random.default_rng(4)
    queries, rows = (random.standard_normal((n, DIM)).astype(np.float32) for n in (3, 400))
    if kind == "cancelling":
        rows[:, 1::2] = -rows[:, ::2] * (queries[0, ::2] / queries[0, 1::2])
    elif kind == "halfway":
        queries[:], rows[:] = 0, 0
        queries[:, :3] = 1
        rows[:, 0], rows[:, 1], rows[:, 2] = 1, 2.0**-24, np.where(np.arange(400) % 2, 2.0**-78, -(2.0**-78))
    query, row = np.repeat(np.arange(3), 400), np.tile(np.arange(400), 3)
    found = nearness(*sides(metric, queries, rows), query, row)
    for number in range(3):
        assert np.array_equal(found[query == number], in_order(metric, queries[number], rows)), number


def test_pairs_may_stand_in_any_order_and_their_number_may_be_none(monkeypatch):
    monkeypatch.setattr(module, "PAIRS_AT_ONCE", 7)
    random = np.random.default_rng(5)
    queries, rows = (random.standard_normal((n, DIM)).astype(np.float32) for n in (3, 50))
    query, row = random.integers(0, 3, 40), random.integers(0, 50, 40)
    found = nearness(*sides("dot", queries, rows), query, row)
    expected = [in_order("dot", queries[q], rows[[r]])[0] for q, r in zip(query, row, strict=True)]
    assert found.tolist() == expected
    assert len(nearness(*sides("dot", queries, rows), query[:0], row[:0])) == 0
