import hashlib
import os
import subprocess
import sys

import numpy as np
import pytest
from everyday import everyday
from rounds import blobs

from synthprof.similarity import kmeans, products
from synthprof.similarity.nearest_centroid import AHEAD, are_nearest, assign, assign_each


@pytest.mark.parametrize("part", [1, 37, 1_000, 4_096])
def test_results_do_not_depend_on_how_rows_are_split(part):
    vectors = blobs(5_000, 129)[0]
    centroids = vectors[:101]
    whole, inertia = assign(vectors, centroids)
    for first in range(0, 200 if part < 100 else len(vectors), part):
        labels, of_part = assign(vectors[first : first + part], centroids)
        assert np.array_equal(labels, whole[first : first + part])
        inertia -= of_part
    assert part < 100 or inertia == pytest.approx(0, abs=1e-4)


def test_a_row_does_not_see_the_other_rows():
    vectors, _ = blobs(4_096, 129)
    training = kmeans.train(vectors, 101, 3)
    labels, _ = assign(vectors, training.centroids)
    others = -vectors
    others[777] = vectors[777]
    assert assign(others, training.centroids)[0][777] == labels[777]


@pytest.mark.parametrize("threads", [1, 3])
def test_blocks_are_assigned_as_each_by_itself_while_the_next_is_read(threads):
    rng = np.random.default_rng(8)
    centroids = rng.standard_normal((30, 16), dtype=np.float32)
    blocks = [rng.standard_normal((rows, 16), dtype=np.float32) for rows in (5_000, 0, 9_000, 1, 4_096)]
    read = 0

    def told():
        nonlocal read
        for block in blocks:
            read += 1
            yield block

    for done, (labels, inertia) in enumerate(assign_each(told(), centroids, threads)):
        alone, its = assign(blocks[done], centroids)
        assert labels.dtype == np.int32 and labels.tolist() == alone.tolist()
        assert inertia == its
        assert read == min(done + 1 + AHEAD, len(blocks))
    assert done == len(blocks) - 1


def test_assign_finds_the_nearest_centroid():
    vectors, _ = blobs(3_000)
    training = kmeans.train(vectors, 50, 5)
    labels, inertia = assign(vectors, training.centroids)
    true = ((vectors[:, None].astype(np.float64) - training.centroids[None]) ** 2).sum(axis=2)
    assert labels.dtype == np.int32
    assert inertia == pytest.approx(true.min(axis=1).sum(), rel=1e-6)
    assert np.allclose(true[np.arange(3_000), labels], true.min(axis=1), atol=1e-5)


def test_ties_take_the_lower_label():
    centroids = np.repeat(np.eye(4, dtype=np.float32), 20, axis=0)
    labels, _ = assign(np.eye(4, dtype=np.float32), centroids)
    assert labels.tolist() == [0, 20, 40, 60]


def test_no_rows_have_no_labels():
    labels, inertia = assign(np.empty((0, 8), np.float32), np.ones((3, 8), np.float32))
    assert (labels.shape, inertia) == ((0,), 0.0)


@pytest.mark.parametrize("columns", [products.COLUMNS, 37])
def test_a_difference_that_float32_cannot_hold_decides(monkeypatch, columns):
    """Of each pair of centroids, one bit of one value apart, float64 knows the nearer."""
    monkeypatch.setattr(products, "COLUMNS", columns)
    vectors = blobs(2_000, 40)[0]
    centroids = np.repeat(vectors[:60], 2, axis=0)
    centroids[1::2, 7] = np.nextafter(centroids[1::2, 7], np.float32(2))
    labels, _ = assign(vectors, centroids)
    true = ((vectors[:, None].astype(np.float64) - centroids[None]) ** 2).sum(axis=2)
    nearest = np.sort(true, axis=1)
    clear = nearest[:, 1] - nearest[:, 0] > 1e-13
    assert clear.mean() > 0.9
    assert np.array_equal(labels[clear], true.argmin(axis=1)[clear])


def test_where_all_centroids_are_as_near_the_first_is_taken():
    rows = np.zeros((700, 6), np.float32)
    centroids = np.concatenate([np.eye(6), -np.eye(6)]).astype(np.float32)
    assert assign(rows, centroids)[0].tolist() == [0] * 700
    equal = np.repeat(rows[:1], 300, axis=0)
    assert assign(rows, equal)[0].tolist() == [0] * 700


def test_the_callers_own_threads_of_blas_stay_as_they_were():
    from threadpoolctl import threadpool_info, threadpool_limits

    vectors, results = blobs(2_000, 129)[0], set()
    for threads in (1, 2, 3):
        with threadpool_limits(threads, user_api="blas"):
            training = kmeans.train(vectors, 110, 4)
            results.add((digest(training.centroids), assign(vectors, training.centroids)[1]))
            assert {each["num_threads"] for each in threadpool_info() if each["user_api"] == "blas"} == {
                threads
            }
    assert len(results) == 1


def digest(array):
    return hashlib.blake2b(array.tobytes(), digest_size=8).hexdigest()


DIGEST = """
import hashlib
import numpy as np
from synthprof.similarity import kmeans
from synthprof.similarity.nearest_centroid import assign
random = np.random.Philox(key=5).random_raw(180_000).astype(np.float64) / 2**64 - 0.5
rows = (random.reshape(4_500, 40) * np.arange(1, 41)).astype(np.float32)
digest = hashlib.blake2b(digest_size=8)
for k in (37, 150):
    training = kmeans.train(rows, k, 8, 1, 3, 2)
    labels, inertia = assign(rows, training.centroids, 2)
    for values in (training.centroids, labels, np.float64(inertia)):
        digest.update(values.tobytes())
found = digest.hexdigest()
"""


@pytest.mark.parametrize("cores", everyday(["Prescott", "Haswell"], 1))
def test_bytes_stay_the_same_for_ever_and_on_other_processors(cores):
    # Centroids and clusters of all data sets would change with these.
    here = {}
    exec(DIGEST, here)
    assert here["found"] == "e28a2036c02154fa"
    # NumPy is loaded before synthprof can choose its kernels
    script = f"import numpy\n{DIGEST}\nprint(found)"
    older = {"OPENBLAS_CORETYPE": cores, "NPY_DISABLE_CPU_FEATURES": "AVX512_SKX AVX512F AVX2 FMA3"}
    run = [sys.executable, "-W", "ignore", "-c", script]
    assert subprocess.check_output(run, text=True, env=os.environ | older).strip() == here["found"]


def test_of_centroids_as_near_either_is_right_and_a_farther_one_wrong():
    centroids = np.eye(3, 8, dtype=np.float32)
    rows = (centroids[[0, 0]] + centroids[[1, 1]]) / 2
    assert are_nearest(rows, np.array([0, 1], np.int32), centroids).tolist() == [True, True]
    assert are_nearest(rows, np.array([2, 3], np.int32), centroids).tolist() == [False, False]
