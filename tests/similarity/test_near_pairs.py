import numpy as np
import pytest

from synthprof.similarity import near_pairs, recall
from synthprof.similarity.near_pairs import FAR


def units(rows, dim, seed=3):
    vectors = np.random.default_rng(seed).standard_normal((rows, dim))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def crowded(rows, dim, off=1e-7):
    """Return rows so near to one another that products in float32 put them in another order."""
    vectors = units(1, dim) + off * np.random.default_rng(4).standard_normal((rows, dim))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def by_definition(queries, rows, k):
    products = np.einsum("qd,nd->qnd", queries.astype(np.float64), rows.astype(np.float64)).sum(axis=2)
    return np.argsort(-products, axis=1, kind="stable")[:, :k] + 1


@pytest.mark.parametrize("k", [1, 10, 101])
@pytest.mark.parametrize("dim", [3, 64])
def test_neighbours_are_those_of_float64_where_float32_mistakes_their_order(k, dim):
    rows = np.concatenate([units(600, dim), crowded(300, dim), units(600, dim, 5)])
    queries = np.concatenate([units(7, dim), units(20, dim, 6)])
    approximate = np.argsort(-(queries @ rows.T), axis=1, kind="stable")[:, :k] + 1
    expected = by_definition(queries, rows, k)
    assert dim == 3 or not np.array_equal(approximate, expected)
    ids, _ = recall.exact_neighbours(queries, [rows[:700], rows[700:]], k, threads=2)
    products = np.einsum("qd,qkd->qk", queries.astype(np.float64), rows[ids - 1].astype(np.float64))
    best = np.einsum("qd,qkd->qk", queries.astype(np.float64), rows[expected - 1].astype(np.float64))
    assert np.allclose(products, best, rtol=0, atol=1e-15)  # float64 sums of another order differ by less


def test_a_block_of_several_steps_is_searched_whole():
    rows = units(2 * near_pairs.STEP_ROWS + 100, 4)
    queries = rows[[0, near_pairs.STEP_ROWS, len(rows) - 1]]
    ids, similarities = recall.exact_neighbours(queries, [rows], 3)
    assert np.array_equal(ids[:, 0], [1, near_pairs.STEP_ROWS + 1, len(rows)])
    assert np.array_equal(ids, by_definition(queries, rows, 3))
    assert np.allclose(similarities[:, 0], 1)


def test_rows_that_are_none_are_no_neighbours():
    rows = units(500, 8)
    rows[::2] = FAR
    ids, similarities = recall.exact_neighbours(np.abs(units(5, 8, 7)), [rows[:3], rows[3:]], 300)
    assert (ids[:, :250] % 2 == 0).all()
    assert np.array_equal(np.sort(ids[:, :250], axis=1), np.tile(np.arange(2, 501, 2), (5, 1)))
    assert (ids[:, 250:] == -1).all()
    assert (similarities[:, 250:] == -np.inf).all()


def test_few_pairs_are_left_for_float64(monkeypatch):
    counted = []
    similarities = recall._similarities
    monkeypatch.setattr(
        recall, "_similarities", lambda *given: counted.append(len(given[2])) or similarities(*given)
    )
    rows = units(40_000, 64)
    recall.exact_neighbours(rows[:100], [rows[:16_384], rows[16_384:32_768], rows[32_768:]], 10)
    assert sum(counted) < 40 * 100  # of 4,000,000 pairs
