"""Equal vectors belong to one cluster, and no two centroids are the same."""

import numpy as np
import pytest

from synthprof.similarity import kmeans
from synthprof.similarity.equal_rows import equal_rows
from synthprof.similarity.nearest_centroid import assign


def _kinds(count: int, dim: int = 24) -> np.ndarray:
    vectors = np.random.default_rng(count).standard_normal((count, dim))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


@pytest.mark.parametrize(("kinds", "k"), [(1, 5), (3, 6), (3, 141), (140, 141), (150, 141), (30, 12)])
def test_centroids_differ_and_none_is_for_nothing(kinds: int, k: int) -> None:
    rows = _kinds(kinds)
    numbers = np.random.default_rng(k).integers(0, kinds, 9_000)
    numbers[:kinds] = np.arange(kinds)
    training = kmeans.train(rows[numbers], k, 5, 2)
    assert len(training.centroids) == min(k, kinds)
    assert training.distinct == kinds
    labels, inertia = assign(rows[numbers], training.centroids)
    assert len(np.unique(labels)) == min(k, kinds)
    apart = ((training.centroids[:, None] - training.centroids[None]) ** 2).sum(axis=2)
    assert (apart + np.eye(len(apart)) > 1e-3).all()
    if kinds <= k:
        assert np.array_equal(
            training.centroids, rows[numbers][np.sort(np.unique(numbers, return_index=True)[1])]
        )
        assert inertia < 1e-5


def test_rows_are_equal_by_value_and_rows_of_few_bits_are_told_apart() -> None:
    assert equal_rows(_kinds(5_000)) is None
    few = np.random.default_rng(3).integers(0, 2, (20_000, 40)).astype(np.float32)  # ones and zeros only
    few[:, 0], few[:2] = np.arange(20_000) % 512 / 512, 0
    few[1, 5] = -0.0
    found = equal_rows(few)
    assert found is not None
    assert len(found.firsts) == len(np.unique(few, axis=0))
    assert np.array_equal(few[found.firsts[found.classes]], few)
