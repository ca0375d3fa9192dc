from typing import Any

import numpy as np
import pytest

from synthprof.similarity.projection import place, plane


def blobs(clusters: int, rows: int, seed: int = 0) -> tuple[Any, Any, Any]:
    """Rows about centres on the sphere, the label of each, and the centres."""
    random = np.random.default_rng(seed)
    centres = random.normal(size=(clusters, 64)).astype(np.float32)
    labels = random.integers(0, clusters, rows)
    return centres[labels] + 0.4 * random.normal(size=(rows, 64)).astype(np.float32), labels, centres


@pytest.mark.parametrize("centroids", [14, 25, 100, 300])
def test_groups_are_visible_on_the_map_with_any_number_of_clusters(centroids: int) -> None:
    """With fewer clusters than 192 some optimizers draw all into one point; this one may not."""
    rows, labels, centres = blobs(14, 2_000)
    places = place(plane(rows, centres if centroids == 14 else rows[:centroids]), rows)
    assert places.shape == (2_000, 2)
    assert places.dtype == np.float32
    distances = ((places[:, None, :] - places[None, :, :]) ** 2).sum(axis=2)
    np.fill_diagonal(distances, np.inf)
    nearest = np.argsort(distances, axis=1)[:, :10]
    assert (labels[nearest] == labels[:, None]).mean() > 0.9


def test_map_is_the_same_for_the_same_input_and_fits_its_frame() -> None:
    rows, _, centres = blobs(300, 1_000)
    places = place(plane(rows, centres), rows)
    assert np.array_equal(places, place(plane(rows.copy(), centres.copy()), rows.copy()))
    assert np.abs(places).max() <= 1


@pytest.mark.parametrize(("rows", "clusters"), [(1, 1), (2, 1), (2, 2), (3, 3), (5, 7), (50, 1_000)])
def test_few_rows_or_odd_clusters_make_a_map(rows: int, clusters: int) -> None:
    sample, _, _ = blobs(3, rows)
    places = place(plane(sample, np.resize(sample, (clusters, 64))), sample)
    assert places.shape == (rows, 2)
    assert np.isfinite(places).all()


def test_equal_rows_lie_on_one_place() -> None:
    rows = np.ones((4, 8), np.float32)
    places = place(plane(rows, rows[:2]), rows)
    assert np.isfinite(places).all()
    assert len(np.unique(places, axis=0)) == 1
