import hashlib
import logging

import numpy as np
import pytest
from everyday import everyday
from rounds import blobs

from synthprof.base.errors import SpecError, StageError
from synthprof.similarity import kmeans, scores
from synthprof.similarity import threads as faiss_threads
from synthprof.similarity.nearest_centroid import assign
from synthprof.spec import sizing


def digest(array):
    return hashlib.blake2b(np.ascontiguousarray(array).tobytes()).hexdigest()


def test_training_rows_are_distinct_ascending_and_the_same_for_the_same_key():
    for rows, k in ((1, 1), (30, 1), (300, 1), (1_000, 4), (100_000, 20), (5_000_000, 20)):
        drawn = kmeans.training_rows(rows, k, 12345)
        assert drawn.dtype == np.int64
        assert len(drawn) == sizing.training_rows_count(rows, k)
        assert (np.diff(drawn) > 0).all()
        assert drawn[0] >= 0
        assert drawn[-1] < rows
        assert np.array_equal(drawn, kmeans.training_rows(rows, k, 12345))
    assert not np.array_equal(drawn, kmeans.training_rows(rows, k, 12346))


def test_training_rows_are_spread_evenly():
    drawn = kmeans.training_rows(10_000_000, 1_000, 7)
    counts = np.bincount(drawn // 1_000_000, minlength=10)
    assert np.abs(counts - 12_800).max() < 5 * np.sqrt(12_800)


def test_training_rows_of_one_key_stay_the_same_for_ever():
    # Another sample means other centroids: a change here changes the bytes of every data set.
    assert kmeans.training_rows(200_000, 1, 2**100 + 1)[:6].tolist() == [3, 5, 7, 9, 11, 12]
    assert kmeans.training_rows(300, 1, 9)[:6].tolist() == [0, 1, 2, 3, 4, 5]
    assert kmeans.training_rows(10**7, 1, 9)[:3].tolist() == [90, 140, 154]


# 5,000 and 9,001 rows end within a product; 129 dimensions and 37 centroids hit ragged kernels; above
# 384 dimensions OpenBLAS cuts the dot products as well, at other places for other thread counts.
@pytest.mark.parametrize(
    ("rows", "dim", "k"),
    everyday([(9_001, 24, 37), (5_000, 129, 101), (5_000, 500, 64), (8_192, 128, 32), (20_000, 8, 50)], 2),
)
def test_bytes_do_not_depend_on_the_number_of_threads(rows, dim, k):
    vectors, _ = blobs(rows, dim)
    results = []
    for threads in (1, 2, 4, 1):
        training = kmeans.train(vectors, k, 6, 2, 5, threads)
        labels, inertia = assign(vectors, training.centroids, threads)
        results.append((digest(training.centroids), training.inertia, digest(labels), inertia))
    assert len(set(results)) == 1


def test_training_recovers_well_separated_groups():
    vectors, groups = blobs(1_000, noise=0.15)
    training = kmeans.train(vectors, 8, 20, 60)
    labels, _ = assign(vectors, training.centroids)
    assert training.centroids.shape == (8, 24)
    assert training.centroids.dtype == np.float32
    assert training.device == "cpu"
    assert 1 <= training.iterations <= 20
    assert scores.agreement(labels, groups)["merged_rand_index"] > 0.99
    assert scores.silhouette(vectors, training.centroids) > 0.5


def test_training_is_as_good_as_bare_faiss():
    import faiss

    vectors, _ = blobs(20_000, groups=30)
    bare = faiss.Kmeans(24, 60, niter=15, seed=1, max_points_per_centroid=10**9)
    bare.train(vectors)
    assert kmeans.train(vectors, 60, 15, 1, 1).inertia < 1.02 * bare.obj[-1]


def test_more_attempts_never_cluster_worse():
    vectors, _ = blobs(2_000)
    once, more = (kmeans.train(vectors, 10, 10, nredo, 4).inertia for nredo in (1, 6))
    assert more <= once


def test_another_seed_starts_elsewhere():
    vectors, _ = blobs(2_000)
    assert digest(kmeans.train(vectors, 10, 2, 1, 1).centroids) != digest(
        kmeans.train(vectors, 10, 2, 1, 2).centroids
    )


def test_training_stops_when_the_centroids_stand_still():
    assert kmeans.train(blobs(200)[0], 2, 1_000).iterations < 100


def test_one_cluster_is_the_mean():
    vectors, _ = blobs(500)
    training = kmeans.train(vectors, 1, 5)
    assert np.allclose(training.centroids[0], vectors.mean(axis=0), atol=1e-6)
    assert assign(vectors, training.centroids)[0].tolist() == [0] * 500


def test_as_many_clusters_as_rows_are_no_obstacle():
    assert kmeans.train(blobs(7)[0], 7, 5).inertia == pytest.approx(0, abs=1e-5)


def test_an_empty_cluster_is_refilled_from_the_worst():
    # Half of the rows are one point: about 50 of the 100 random starts fall on it, all but one stay empty.
    vectors = blobs(2_000)[0] + np.float32(10)  # far from 0, where a cluster without rows would lie
    vectors[:1_000] = vectors[0]
    training = kmeans.train(vectors, 100, 15)
    labels, _ = assign(vectors, training.centroids)
    assert len(np.unique(labels)) == 100


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_value_that_is_not_finite_is_refused_and_its_row_is_named(bad):
    vectors, _ = blobs(100)
    centroids = vectors[:3].copy()
    vectors[42, 7] = bad
    with pytest.raises(
        StageError, match=r"row 42 .* NaN or infinity, but every embedding must be finite; run"
    ):
        assign(vectors, centroids)
    with pytest.raises(StageError, match="row 42"):
        kmeans.train(vectors, 3)


def test_impossible_shapes_are_refused():
    vectors, _ = blobs(100)
    with pytest.raises(SpecError, match=r"clusters=101 is not within 1\.\.100, .*; use fewer"):
        kmeans.train(vectors, 101)
    with pytest.raises(SpecError, match="24 dimensions, centroids 8; train"):
        assign(vectors, np.ones((3, 8), np.float32))


def test_use_gpu_without_a_gpu_warns_once_and_clusters_on_the_cpu(caplog):
    vectors, _ = blobs(500)
    with caplog.at_level(logging.WARNING):
        training = kmeans.train(vectors, 5, 3, 4, 0, 2, use_gpu=True)
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "no GPU" in caplog.text
    assert training.device == "cpu"
    assert digest(training.centroids) == digest(kmeans.train(vectors, 5, 3, 4).centroids)


def test_silhouette_has_no_value_without_two_clusters():
    vectors, _ = blobs(50)
    assert scores.silhouette(vectors, vectors[:1]) is None


def test_silhouette_does_not_depend_on_how_many_rows_the_sample_has():
    vectors, _ = blobs(6_000)
    centroids = kmeans.train(vectors, 300, 5).centroids
    few, many = (scores.silhouette(vectors[:rows], centroids) for rows in (1_000, 6_000))
    assert few == pytest.approx(many, abs=0.03)


def test_scores_know_right_from_wrong():
    vectors, groups = blobs(1_000, noise=0.15)
    shuffled = np.random.default_rng(0).permutation(groups)
    right, wrong = (
        np.stack([vectors[labels == group].mean(axis=0) for group in range(8)])
        for labels in (groups, shuffled)
    )
    assert scores.silhouette(vectors, right) > 0.5 > 0.1 > scores.silhouette(vectors, wrong)
    same, chance = scores.agreement(7 - groups, groups), scores.agreement(shuffled, groups)
    assert same["merged_rand_index"] == same["purity"] == same["homogeneity"] == 1
    assert abs(chance["merged_rand_index"]) < 0.05 and chance["homogeneity"] < 0.1
    assert chance["purity"] == pytest.approx(chance["purity_by_chance"], abs=0.02)


def test_more_clusters_than_groups_are_no_fault_of_the_scores():
    rng = np.random.default_rng(0)
    groups = rng.integers(0, 12, 20_000)
    labels = groups * 40 + rng.integers(0, 40, 20_000)
    found = scores.agreement(labels, groups)
    assert (found["purity"], found["homogeneity"], found["merged_rand_index"]) == (1, 1, 1)
    assert found["purity_by_chance"] == pytest.approx(0.17, abs=0.03)


@pytest.mark.parametrize(
    ("labels", "archetypes"),
    [
        (np.arange(5_000) % 37, np.arange(5_000) ** 2 % 11),
        (np.arange(5_000) // 130, np.arange(5_000) // 400),
        (np.zeros(9, np.int32), np.arange(9)),
        (np.zeros(9, np.int32), np.zeros(9, np.int16)),
        (np.arange(9), np.arange(9)),
        (np.zeros(1, np.int32), np.zeros(1, np.int16)),
    ],
)
def test_scores_of_agreement_are_those_of_scikit_learn(labels, archetypes):
    from sklearn import metrics  # heavy: the other workers need it not

    table = metrics.cluster.contingency_matrix(archetypes, labels)
    majority = table.argmax(axis=0)[np.unique(labels, return_inverse=True)[1]]
    found = scores.agreement(labels, archetypes)
    assert found["purity"] == pytest.approx(table.max(axis=0).sum() / table.sum(), abs=1e-6)
    assert found["homogeneity"] == pytest.approx(metrics.homogeneity_score(archetypes, labels), abs=1e-6)
    assert found["merged_rand_index"] == pytest.approx(
        metrics.adjusted_rand_score(archetypes, majority), abs=1e-6
    )


@pytest.mark.parametrize(("dim", "rows"), [(8, 8_192), (15, 8_192), (16, 4_096), (32, 4_096), (768, 4_096)])
def test_a_product_is_large_enough_for_faiss_to_multiply(dim, rows):
    import faiss

    assert faiss_threads.product_rows(dim) == rows
    assert faiss.cvar.distance_compute_blas_threshold <= faiss_threads.BLAS_VALUES_MIN <= dim * rows
