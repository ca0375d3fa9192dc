"""Figures of difficulty against data whose figures are known."""

import numpy as np
import pytest

from synthprof.similarity.difficulty import SAMPLE_ROWS, difficulty, sample_rows
from synthprof.spec.spec import Spec


def _unit(rows: np.ndarray) -> np.ndarray:
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def _sphere(dimensions: int, rows: int = 6_000, wide: int = 48) -> np.ndarray:
    """Rows evenly on a sphere of so many dimensions, in a space of more."""
    found = np.zeros((rows, wide))
    found[:, : dimensions + 1] = np.random.default_rng(dimensions).standard_normal((rows, dimensions + 1))
    return _unit(found)


@pytest.mark.parametrize("dimensions", [2, 5])
def test_the_dimensionality_of_a_sphere_is_found(dimensions: int) -> None:
    found = difficulty(_sphere(dimensions))
    assert found["lid_100"] == pytest.approx(dimensions, rel=0.08)
    assert found["lid_20"] == pytest.approx(dimensions, rel=0.12)
    assert found["effective_dimensions"] == pytest.approx(dimensions + 1, rel=0.02)
    assert found["dimensions_90"] == dimensions + 1


def test_more_dimensions_are_harder_by_every_figure() -> None:
    easy, hard = difficulty(_sphere(3)), difficulty(_sphere(24))
    assert hard["lid_100"] > easy["lid_100"]
    assert all(hard[f"contrast_{k}"] < easy[f"contrast_{k}"] for k in (1, 10, 100))
    assert hard["hub_skew"] > easy["hub_skew"]
    assert hard["probes_95"] > easy["probes_95"]
    assert easy["lists"] == hard["lists"] == 77


def test_contrast_is_the_mean_distance_over_that_of_the_neighbour() -> None:
    rows = _sphere(6, rows=1_000)
    apart = np.linalg.norm(rows[:, None].astype(np.float64) - rows, axis=2)
    for k in (1, 10, 100):
        wanted = apart.mean() / np.sort(apart, axis=1)[:, k].mean()
        assert difficulty(rows)[f"contrast_{k}"] == pytest.approx(wanted, rel=0.02)  # of a sample of the rows


def test_rows_near_all_others_make_hubs() -> None:
    rng = np.random.default_rng(2)
    middle = np.eye(1, 60) * 4  # the shorter a row's part of its own, the nearer it is to all others
    rows = middle + rng.standard_normal((900, 60)) * np.exp(0.6 * rng.standard_normal((900, 1)))
    assert difficulty(_unit(rows))["hub_skew"] > 3
    assert abs(difficulty(_sphere(2))["hub_skew"]) < 0.5


def test_lists_to_read_are_those_that_reach_the_recall() -> None:
    centres = np.eye(40)[np.arange(4_000) % 40]
    apart = _unit(centres + np.random.default_rng(1).standard_normal((4_000, 40)) * 0.01)
    assert difficulty(apart)["probes_95"] <= 3
    assert difficulty(_sphere(40, rows=4_000))["probes_95"] > 20


def test_equal_rows_and_few_rows_have_the_figures_that_they_can_have() -> None:
    equal = difficulty(np.tile(np.eye(1, 8, dtype=np.float32), (300, 1)))
    assert equal["lid_100"] is None and equal["contrast_1"] is None
    assert (equal["effective_dimensions"], equal["dimensions_90"], equal["lists"]) == (0.0, 0, 1)
    few = difficulty(_sphere(3, rows=5))
    assert few["lid_20"] is None and few["hub_skew"] is None and few["probes_95"] is None
    assert few["contrast_1"] > 1
    assert difficulty(_sphere(3, rows=1))["contrast_1"] is None


def test_figures_depend_neither_on_threads_nor_on_the_order_within_a_tile() -> None:
    rows = _sphere(7, rows=3_000)
    assert difficulty(rows, threads=1) == difficulty(rows, threads=3)


def test_the_sample_is_the_first_profiles_or_rows_from_all_over_a_collection() -> None:
    assert np.array_equal(sample_rows(Spec(profiles=50_000)), np.arange(SAMPLE_ROWS))
    spread = sample_rows(Spec(profiles=50_000, collection="0" * 32))
    assert len(spread) == SAMPLE_ROWS
    assert spread[-1] > 49_990
    assert set(np.diff(spread).tolist()) == {3, 4}
    assert np.array_equal(sample_rows(Spec(profiles=7)), np.arange(7))
