"""Near-copies of embeddings, and the truth on them."""

import numpy as np
from encoded import embedded

from synthprof.encoders.near_copies import origins, with_near_copies
from synthprof.spec.spec import Spec

SPEC = Spec(profiles=20_000, near_duplicates=0.2, near_distance=0.1, seed=5)


def test_so_many_rows_are_copies_of_rows_above_them_that_are_none() -> None:
    of = np.concatenate([origins(SPEC, 0), origins(SPEC, 1)])
    rows = np.flatnonzero(of)
    assert len(of) == 20_000
    assert abs(len(rows) / len(of) - 0.2) < 0.015
    assert (of[rows] < rows + 1).all()
    assert (of[of[rows] - 1] == 0).all()
    assert ((of[rows] - 1) // 16_384 == rows // 16_384).all()


def test_a_short_block_is_the_beginning_of_the_full_one() -> None:
    few = SPEC.model_copy(update={"profiles": 500})
    assert np.array_equal(origins(few, 0), origins(SPEC, 0)[:500])
    assert np.array_equal(
        with_near_copies(embedded()[:500], few, 0), with_near_copies(embedded(), SPEC, 0)[:500]
    )


def test_copies_lie_as_near_as_asked_for_and_other_rows_stay() -> None:
    vectors, of = with_near_copies(embedded(), SPEC, 0), origins(SPEC, 0)
    rows = np.flatnonzero(of)
    assert np.array_equal(vectors[of == 0], embedded()[of == 0])
    apart = np.linalg.norm(vectors[rows] - vectors[of[rows] - 1], axis=1)
    assert abs(np.median(apart) - 0.1) < 0.01
    assert 0.02 < apart.min() < apart.max() < 0.5
    assert np.abs(np.linalg.norm(vectors, axis=1) - 1).max() < 1e-6


def test_other_seeds_and_blocks_have_other_copies() -> None:
    others = (origins(SPEC.model_copy(update={"seed": 6}), 0)[:3_616], origins(SPEC, 1) - 16_384)
    assert all((other > 0).any() and not np.array_equal(other, origins(SPEC, 0)[:3_616]) for other in others)
