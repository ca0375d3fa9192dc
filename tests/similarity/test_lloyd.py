"""Lloyd's iterations on whole numbers: exact sums, and few centroids compared."""

import numpy as np
import pytest
from rounds import blobs

from synthprof.similarity import kmeans, lloyd
from synthprof.similarity.nearest_centroid import assign
from synthprof.similarity.products import blas_of_one_thread
from synthprof.similarity.whole_points import LENGTH_MAX, WholePoints, add_up, centers


@pytest.mark.parametrize(("shift", "dim"), [(0.0, 24), (1_000.0, 24), (0.0, 4_096)])
def test_products_of_whole_points_are_exact_in_any_order(shift, dim):
    rows = blobs(300, dim)[0] + np.float32(shift)
    rows[7] = rows[7] * 3 - 2 * rows.mean(axis=0)  # one that is far off
    points = WholePoints.of(rows)
    at = centers(points.factors[:50, :-1] + 0.3)
    assert (points.factors == np.rint(points.factors)).all()
    lengths = np.sqrt(points.squares)
    assert 0.9 * LENGTH_MAX < lengths.max() < LENGTH_MAX
    exact = points.factors.astype(np.int64) @ (2 * at).astype(np.int64).T
    assert np.array_equal(2 * (points.factors @ at.T), exact)
    backwards = points.factors[:, ::-1].copy() @ at[:, ::-1].T.copy()
    assert np.array_equal(2 * backwards, exact)


def test_sums_of_groups_are_exact_and_those_of_moved_rows_only():
    points = WholePoints.of(blobs(20_000)[0])
    labels = np.random.default_rng(0).integers(0, 9, 20_000).astype(np.int32)
    sums = np.zeros((9, 24))
    with blas_of_one_thread(2) as pool:
        add_up(sums, points.factors, np.arange(20_000), labels, pool)
    whole = points.factors[:, :-1].astype(np.int64)
    assert np.array_equal(sums, [whole[labels == group].sum(axis=0) for group in range(9)])


def test_rows_that_look_at_near_centroids_only_cluster_as_well(monkeypatch):
    vectors = blobs(12_000, groups=60, noise=1.0)[0]
    training = kmeans.train(vectors, 200)
    few = assign(vectors, training.centroids)[1]
    monkeypatch.setattr(lloyd, "ALL_MAX", 200)
    every = kmeans.train(vectors, 200)
    assert not np.array_equal(every.centroids, training.centroids)
    assert few < 1.01 * assign(vectors, every.centroids)[1]


def test_inertia_is_that_of_the_means_of_the_clusters():
    vectors = blobs(5_000)[0]
    training = kmeans.train(vectors, 150)
    of_centroids = assign(vectors, training.centroids)[1]
    assert training.inertia == pytest.approx(of_centroids, rel=0.02)
    assert training.inertia >= of_centroids * (1 - 1e-4)


def test_lists_of_near_centers_have_the_nearest_with_the_lower_numbers_first():
    points = WholePoints.of(np.repeat(blobs(40, 8)[0], 3, axis=0))
    at = centers(points.factors[:, :-1])
    with blas_of_one_thread(1) as pool:
        lists = lloyd._near_centers(
            at, np.array([3, 70, 119]), 31, pool
        )  # which ends within three equal ones
    exact = ((points.factors[:, None] - points.factors[None]) ** 2).sum(axis=2)
    np.fill_diagonal(exact, -1)
    expected = np.sort(np.argsort(exact, axis=1, kind="stable")[:, :31], axis=1)
    assert np.array_equal(lists, expected[[3, 70, 119]])


def test_more_iterations_are_done_while_they_gain(monkeypatch):
    vectors = blobs(5_000)[0]
    once, more, most = (kmeans.train(vectors, 150, niter) for niter in (1, 4, 1_000))
    assert (once.iterations, more.iterations) == (1, 4)
    assert once.inertia > more.inertia > most.inertia
    monkeypatch.setattr(lloyd, "GAIN_MIN", 0.0)
    assert 4 < most.iterations < kmeans.train(vectors, 150, 1_000).iterations
