import math

import numpy as np
import pytest
from scipy.sparse import csr_array

from synthprof.base.sums import CHUNK_ROWS, FEW_GROUPS, exact_sums, sum_columns, sum_groups


def _table(rows: int, dim: int) -> np.ndarray:
    """Values of many sizes, so that another order of a sum has other bits."""
    numbers = np.random.default_rng(rows)
    return (numbers.standard_normal((rows, dim)) * 10.0 ** numbers.integers(-3, 4, (rows, 1))).astype("f4")


def _one_by_one(table: np.ndarray, codes: np.ndarray, edges: np.ndarray) -> np.ndarray:
    sums = np.zeros((len(edges) - 1, table.shape[1]), np.float32)
    for group in range(len(sums)):
        for code in codes[edges[group] : edges[group + 1]]:
            sums[group] += table[code]
    return sums


@pytest.mark.parametrize("dim", [8, 33, 128])
@pytest.mark.parametrize(
    "counts",
    [
        [0],
        [5],
        [3 * CHUNK_ROWS + 1],
        [0, 7, 0, 2_000, 1],
        [1] * (CHUNK_ROWS + 9),
        [*range(FEW_GROUPS - 1, 2 * FEW_GROUPS + 2), 700, 0],
    ],
    ids=len,
)
def test_groups_are_added_row_after_row(dim: int, counts: list[int]) -> None:
    table = _table(300, dim)
    codes = np.random.default_rng(1).integers(0, 300, sum(counts))
    edges = np.cumsum([0, *counts])
    found = sum_groups(table, codes, edges)
    assert found.tobytes() == _one_by_one(table, codes, edges).tobytes()


def test_groups_have_the_bits_of_a_sparse_product() -> None:
    """k-means took them from SciPy up to version 0.1; its centroids must keep their bytes."""
    table, counts = _table(4_000, 24), np.random.default_rng(2).geometric(0.01, 40)
    codes, edges = np.random.default_rng(3).permutation(counts.sum()) % 4_000, np.cumsum([0, *counts])
    members = csr_array((np.ones(len(codes), np.float32), codes, edges), shape=(len(counts), len(table)))
    assert sum_groups(table, codes, edges).tobytes() == (members @ table).tobytes()


@pytest.mark.parametrize("rows", [0, 1, CHUNK_ROWS, CHUNK_ROWS + 1])
def test_columns_are_added_one_after_the_other(rows: int) -> None:
    table, numbers = _table(50, 16), np.random.default_rng(4)
    columns = [numbers.integers(0, 50, rows).astype(kind) for kind in (np.int32, np.int64, np.int64)]
    wanted = np.zeros((rows, 16), np.float32)
    for codes in columns:
        wanted += table[codes]
    assert sum_columns(table, columns, rows).tobytes() == wanted.tobytes()


def test_no_columns_give_zeros() -> None:
    assert not sum_columns(np.zeros((0, 8), np.float32), [], 3).any()


def _weights(kind: str) -> np.ndarray:
    numbers = np.random.default_rng(3)
    drawn = numbers.random((400, 37))
    match kind:
        case "eighths":  # sums that need no rounding
            return np.round(drawn * 8) / 8
        case "far apart":
            return np.exp2(numbers.integers(-120, 5, drawn.shape).astype(float))
        case "halfway":  # 1 and a half of its last bit, and a little more or not
            return np.hstack([np.ones((400, 1)), np.full((400, 1), 2.0**-53), 2.0**-110 * (drawn > 0.9)])
        case "none":
            return np.zeros((2, 5))
    return drawn**9


@pytest.mark.parametrize("kind", ["many sizes", "eighths", "far apart", "halfway", "none"])
def test_sums_are_those_of_fsum_to_the_bit(kind: str) -> None:
    weights = _weights(kind)
    assert exact_sums(weights).tolist() == [math.fsum(row) for row in weights.tolist()]


@pytest.mark.parametrize("rows, values", [(0, 4), (3, 1), (1, 2)])
def test_sums_of_small_tables(rows: int, values: int) -> None:
    assert exact_sums(np.full((rows, values), 0.1)).tolist() == [0.1 * values] * rows


def test_a_sum_that_is_too_large_is_told() -> None:
    with pytest.raises(OverflowError):
        exact_sums(np.full((1, 3), 1e308))
