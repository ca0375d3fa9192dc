"""Planted labels: so many rows, as near to the queries as asked for, and the same on every machine."""

import hashlib
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from synthprof.delivery.workloads.labels import Label, PlantedLabel, plant
from synthprof.delivery.workloads.labels_closeness import KEYS, Closeness
from synthprof.delivery.workloads.labels_nearness import Nearness, neighbour_share
from synthprof.spec.spec import BLOCK_ROWS

ROWS, QUERIES, DIM, K = 20_000, 100, 32, 100
SHARES = (0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.001)
CORRELATIONS = (-1.0, -0.5, 0.0, 0.5, 1.0)
LABELS = [Label(f"label_{share}_{dial}", share, dial) for share in SHARES for dial in CORRELATIONS]


def _unit(rows: NDArray[np.floating]) -> NDArray[np.float32]:
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


@dataclass
class Data:
    rows: NDArray[np.float32]
    queries: NDArray[np.float32]
    neighbours: NDArray[np.int64]
    nearness: Nearness

    def of(self, planted: PlantedLabel, seed: int) -> NDArray[np.bool_]:
        blocks = range(-(-len(self.rows) // BLOCK_ROWS))
        return np.concatenate([planted.block(seed, block, self.nearness.block(block)) for block in blocks])


def _data(rows: NDArray[np.float32], queries: NDArray[np.float32], k: int = K) -> Data:
    """With neighbours by plain sorting; ids from 1."""
    products = np.nan_to_num(queries.astype(np.float64) @ rows.T.astype(np.float64), nan=-2)
    neighbours = np.argsort(-products, axis=1, kind="stable")[:, :k] + 1
    keys = Closeness.of(queries, rows[neighbours[:, -1] - 1]).keys(rows)
    return Data(rows, queries, neighbours, Nearness.of(keys, neighbours))


@pytest.fixture(scope="module")
def data() -> Data:
    generator = np.random.default_rng(5)
    centres = generator.normal(size=(30, DIM))
    rows = centres[generator.integers(0, 30, ROWS)] + generator.normal(size=(ROWS, DIM))
    queries = centres[generator.integers(0, 30, QUERIES)] + generator.normal(size=(QUERIES, DIM))
    queries[::10] = generator.normal(size=(10, DIM))  # far from the data
    return _data(_unit(rows), _unit(queries))


@pytest.fixture(scope="module")
def planted(data: Data) -> list[PlantedLabel]:
    return plant(LABELS, data.nearness, data.neighbours, 1)


def _correlation(matches: NDArray[np.bool_], neighbours: NDArray[np.int64]) -> float:
    """As it is defined, from rows and neighbours alone: the bounds by sorting rows by their queries."""
    rows, selectivity = int(matches.sum()), matches.mean()
    share = np.mean([matches[ids - 1].mean() for ids in neighbours])
    times = np.sort(np.bincount(neighbours.ravel() - 1, minlength=len(matches)))
    most, least = times[-rows:].sum() / neighbours.size, times[:rows].sum() / neighbours.size
    room = most - selectivity if share >= selectivity else selectivity - least
    return float((share - selectivity) / room)


def test_selectivity_is_exact_and_correlation_near_what_is_asked(
    data: Data, planted: list[PlantedLabel]
) -> None:
    for label, each in zip(LABELS, planted, strict=True):
        matches = data.of(each, 1)
        assert matches.sum() == each.rows == round(label.share * ROWS)
        measured = _correlation(matches, data.neighbours)
        assert measured == pytest.approx(each.correlation, abs=1e-9), label
        assert abs(measured - label.correlation) <= 0.05, label
        assert neighbour_share(data.neighbours, matches) == each.neighbours


def test_more_neighbours_match_the_higher_the_correlation(planted: list[PlantedLabel]) -> None:
    shares = np.array([each.neighbours for each in planted]).reshape(len(SHARES), len(CORRELATIONS))
    assert (np.diff(shares, axis=1) > 0).all()
    dials = np.array([each.dial for each in planted]).reshape(shares.shape)
    assert (np.diff(dials, axis=1) > 0).all()


def test_any_correlation_can_be_asked_for(data: Data) -> None:
    asked = [Label(f"x{dial}", 0.02, dial / 10) for dial in range(-10, 11, 4)]
    found = [each.correlation for each in plant(asked, data.nearness, data.neighbours, 3)]
    assert np.abs(np.array(found) - np.arange(-10, 11, 4) / 10).max() <= 0.05


def test_labels_are_independent_of_each_other_and_of_order(data: Data, planted: list[PlantedLabel]) -> None:
    half, fifth = (planted[LABELS.index(Label(f"label_{share}_0.0", share, 0.0))] for share in (0.5, 0.2))
    both = (data.of(half, 1) & data.of(fifth, 1)).sum()
    assert both == pytest.approx(0.1 * ROWS, abs=5 * (0.09 * ROWS) ** 0.5)
    assert plant(LABELS[:3:-7], data.nearness, data.neighbours, 1) == planted[:3:-7]


def test_another_seed_gives_other_rows(data: Data, planted: list[PlantedLabel]) -> None:
    label = LABELS[2]
    other = plant([label], data.nearness, data.neighbours, 2)[0]
    assert (data.of(other, 2) != data.of(planted[2], 1)).mean() > 0.4


def test_keys_are_the_same_in_whatever_order_products_are_summed(data: Data) -> None:
    """So no BLAS, of whatever processor, can flip a label."""
    closeness = Closeness.of(data.queries, data.rows[data.neighbours[:, -1] - 1])
    assert (np.abs(closeness.directions).astype(np.int64) ** 2).sum(axis=1).max() < 2**23
    order = np.random.default_rng(1).permutation(DIM)
    turned = Closeness(closeness.directions[:, order].copy(), closeness.last, closeness.scale)
    rows = data.rows[:3_000]
    keys = closeness.keys(rows)
    assert (turned.keys(rows[:, order].copy()) == keys).all()
    assert (np.concatenate([closeness.keys(part) for part in np.array_split(rows, 7)]) == keys).all()


def test_the_bytes_are_these() -> None:
    """They may not change: a workload of the same order must be the same on every machine and release."""
    words = np.random.Philox(key=7).random_raw(40_000 * 8).reshape(-1, 8)
    rows = (words >> np.uint64(44)).astype(np.float32) - 2.0**19
    rows[5] = np.nan
    neighbours = (words[:50] % np.uint64(len(rows))).astype(np.int64) + 1
    nearness = Nearness.of(Closeness.of(rows[:50] * 3, rows[100:150]).keys(rows), neighbours)
    digest = hashlib.sha256(nearness.keys.tobytes())
    for each in plant([Label("a", 0.1, 0.5), Label("b", 0.3, -0.2)], nearness, neighbours, 9):
        for block in range(3):
            digest.update(np.packbits(each.block(9, block, nearness.block(block))).tobytes())
    assert digest.hexdigest() == DIGEST


DIGEST = "50f54a29298c4eef33acf4e5dea96887142aaea9d44867d7e3872b28d7bc226a"


@settings(max_examples=8, deadline=None)
@given(
    st.integers(1, 400),
    st.integers(1, 6),
    st.sampled_from((0.5, 0.03, 0.0001, 0.999)),
    st.sampled_from((-1.0, -0.3, 0.0, 0.7, 1.0)),
    st.booleans(),
)
def test_the_number_of_rows_is_exact_for_any_data(
    rows: int, queries: int, share: float, correlation: float, same: bool
) -> None:
    generator = np.random.default_rng(rows)
    vectors = generator.normal(size=(rows, 4)).astype(np.float32)
    if same:  # most rows are equal, some have no vector
        vectors[:] = vectors[0]
        vectors[:: rows // 3 + 2] = np.nan
    data = _data(vectors, generator.normal(size=(queries, 4)).astype(np.float32), 7)
    planted = plant([Label("x", share, correlation)], data.nearness, data.neighbours, 1)[0]
    assert data.of(planted, 1).sum() == planted.rows == max(1, round(share * rows))
    assert data.nearness.keys.max() < KEYS
