import numpy as np
import pytest

from synthprof.report.tally import Sum, tally

GROUPS = 3


def parts_of(count: int, sizes: tuple[int, ...], seed: int) -> list[tuple[np.ndarray, np.ndarray, int]]:
    random = np.random.default_rng(seed)
    return [(random.integers(0, GROUPS, count), random.integers(0, size, count), size) for size in sizes]


@pytest.mark.parametrize("sizes", [(2, 5), (2, 4_000, 3)])  # counted in every cell, and sorted
def test_the_sum_of_tallies_counts_each_thing_once_in_its_cell_and_all_in_the_last_row(
    sizes: tuple[int, ...],
) -> None:
    blocks = [parts_of(200, sizes, seed) for seed in range(3)]
    found = Sum()
    for block in blocks:
        found.add(tally(GROUPS, block))
    wanted = np.zeros((GROUPS, sum(sizes)), np.int64)
    for block in blocks:
        first = 0
        for groups, codes, size in block:
            np.add.at(wanted, (groups, codes + first), 1)
            first += size
    wanted[-1] = wanted.sum(axis=0)
    assert np.array_equal(found.table(), wanted)
    assert np.array_equal(tally(GROUPS, blocks[0]).table()[-1].sum(), len(sizes) * 200)


def test_a_tally_holds_only_cells_with_something_in_them() -> None:
    groups, codes = np.array([0, 0, 2]), np.array([7, 7, 3_999])
    found = tally(GROUPS, [(groups, codes, 4_000)])
    assert dict(zip(found.places.tolist(), found.numbers.tolist(), strict=True)) == {
        7: 2,
        2 * 4_000 + 3_999: 1,
    }


def test_tallies_of_nothing_sum_to_an_empty_table() -> None:
    assert tally(1, []).table().shape == (1, 0)
