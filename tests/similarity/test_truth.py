import numpy as np
import pytest

from synthprof.similarity.nearness import METRICS
from synthprof.similarity.truth import Truth

ROWS, DIM, K = 6_000, 33, 20


def vectors(kind, rows=ROWS, seed=1):
    random = np.random.default_rng(seed)
    drawn = random.standard_normal((rows, DIM))
    if kind == "whole numbers":  # many exact ties
        drawn = random.integers(-1, 2, (rows, DIM))
    elif kind == "near ties":  # closer than products in float32 can tell
        drawn = drawn[0] + 1e-7 * drawn
    elif kind == "repeated":  # 150 of each: more than k
        drawn = drawn[random.integers(0, 40, rows)]
    elif kind == "far from 0":  # large products, small differences
        drawn = drawn + 300
    elif kind == "lengths of all sizes":
        drawn = drawn * 10.0 ** random.integers(-25, 12, (rows, 1))
    return drawn.astype(np.float32)


def masks(rows=ROWS):
    random = np.random.default_rng(2)
    shares = [random.random(rows) < share for share in (0.9, 0.5, 0.05, 0.002)]
    return np.stack([np.ones(rows, bool), *shares, np.arange(rows) > rows * 2 // 3, np.zeros(rows, bool)])


def expected(queries, rows, metric, mask, k=K):
    """The same by float64 over all rows, summed in NumPy's order."""
    scores = np.empty((len(queries), len(rows)), np.float32)
    with np.errstate(invalid="ignore"):
        for query, out in zip(queries.astype(np.float64), scores, strict=True):
            if metric == "l2":
                out[:] = -((query - rows.astype(np.float64)) ** 2).sum(axis=1)
            else:
                products = (query * rows.astype(np.float64)).sum(axis=1)
                if metric == "cosine":
                    lengths = np.linalg.norm(query) * np.linalg.norm(rows.astype(np.float64), axis=1)
                    products = products / np.where(lengths > 0, lengths, 1)
                out[:] = products
    scores[:, ~(mask & np.isfinite(rows).all(axis=1))] = -np.inf
    order = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    best = np.take_along_axis(scores, order, axis=1)
    return np.where(best > -np.inf, order + 1, -1), -best if metric == "l2" else best


def found(queries, rows, metric, of=None, block=1_000, order=1, threads=1, k=K):
    truth = Truth(queries, k, metric, 1 if of is None else len(of), threads)
    for first in list(range(0, len(rows), block))[::order]:
        part = slice(first, first + block)
        truth.add(first + 1, rows[part], None if of is None else of[:, part])
    return truth


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize(
    "kind", ["normal", "whole numbers", "near ties", "repeated", "far from 0", "lengths of all sizes"]
)
def test_no_neighbour_is_missed(kind, metric):
    rows, queries, of = vectors(kind), vectors("normal", 40, seed=3), masks()
    queries[:10] = rows[:10]
    rows[100], rows[200, 5], rows[300] = np.nan, np.inf, 0
    truth = found(queries, rows, metric, of, threads=2)
    for number, mask in enumerate(of):
        ids, scores = truth.nearest(number)
        expected_ids, expected_scores = expected(queries, rows, metric, mask)
        assert np.array_equal(ids, expected_ids), number
        assert np.array_equal(scores, expected_scores), number
