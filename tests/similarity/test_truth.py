import os
import subprocess
import sys

import numpy as np
import pytest

from synthprof.base.errors import SpecError, StageError
from synthprof.similarity import candidates, slabs
from synthprof.similarity import truth as truth_module
from synthprof.similarity.nearness import METRICS
from synthprof.similarity.truth import Truth
from synthprof.similarity.truth_check import Check

ROWS, DIM, K = 3_000, 33, 20


def vectors(kind, rows=ROWS, seed=1):
    random = np.random.default_rng(seed)
    drawn = random.standard_normal((rows, DIM))
    if kind == "whole numbers":  # many exact ties
        drawn = random.integers(-1, 2, (rows, DIM))
    elif kind == "near ties":  # closer than products in float32 can tell
        drawn = drawn[0] + 1e-7 * drawn
    elif kind == "repeated":  # 150 of each: more than k
        drawn = drawn[random.integers(0, 40, rows)]
    elif kind == "far from 0":  # large products, small differences
        drawn = drawn + 300
    elif kind == "lengths of all sizes":
        drawn = drawn * 10.0 ** random.integers(-25, 12, (rows, 1))
    return drawn.astype(np.float32)


def masks(rows=ROWS):
    random = np.random.default_rng(2)
    shares = [random.random(rows) < share for share in (0.9, 0.5, 0.05, 0.002)]
    return np.stack([np.ones(rows, bool), *shares, np.arange(rows) > rows * 2 // 3, np.zeros(rows, bool)])


def expected(queries, rows, metric, mask, k=K):
    """The same by float64 over all rows, summed in NumPy's order."""
    scores = np.empty((len(queries), len(rows)), np.float32)
    with np.errstate(invalid="ignore"):
        for query, out in zip(queries.astype(np.float64), scores, strict=True):
            if metric == "l2":
                out[:] = -((query - rows.astype(np.float64)) ** 2).sum(axis=1)
            else:
                products = (query * rows.astype(np.float64)).sum(axis=1)
                if metric == "cosine":
                    lengths = np.linalg.norm(query) * np.linalg.norm(rows.astype(np.float64), axis=1)
                    products = products / np.where(lengths > 0, lengths, 1)
                out[:] = products
    scores[:, ~(mask & np.isfinite(rows).all(axis=1))] = -np.inf
    order = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    best = np.take_along_axis(scores, order, axis=1)
    return np.where(best > -np.inf, order + 1, -1), -best if metric == "l2" else best


def found(queries, rows, metric, of=None, block=1_000, order=1, threads=1, k=K):
    truth = Truth(queries, k, metric, 1 if of is None else len(of), threads)
    for first in list(range(0, len(rows), block))[::order]:
        part = slice(first, first + block)
        truth.add(first + 1, rows[part], None if of is None else of[:, part])
    return truth


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize(
    "kind", ["normal", "whole numbers", "near ties", "repeated", "far from 0", "lengths of all sizes"]
)
def test_no_neighbour_is_missed(kind, metric):
    rows, queries, of = vectors(kind), vectors("normal", 40, seed=3), masks()
    queries[:10] = rows[:10]
    rows[100], rows[200, 5], rows[300] = np.nan, np.inf, 0
    truth = found(queries, rows, metric, of, threads=2)
    for number, mask in enumerate(of):
        ids, scores = truth.nearest(number)
        expected_ids, expected_scores = expected(queries, rows, metric, mask)
        assert np.array_equal(ids, expected_ids), number
        assert np.array_equal(scores, expected_scores), number


@pytest.mark.parametrize("metric", METRICS)
def test_bytes_depend_on_neither_threads_nor_order_nor_sharing_of_the_blocks(metric, monkeypatch):
    rows, queries, of = vectors("whole numbers"), vectors("normal", 40, seed=3), masks()
    once = found(queries, rows, metric, of)
    monkeypatch.setattr(truth_module, "QUERIES_AT_ONCE", 16)
    backwards = found(queries, rows, metric, of, block=777, order=-1, threads=3)
    halves = [Truth(queries, K, metric, len(of)) for _ in range(2)]
    for first in range(0, ROWS, 500):
        halves[first // 500 % 2].add(first + 1, rows[first : first + 500], of[:, first : first + 500])
    halves[0].merge(halves[1])
    restored = Truth(queries, K, metric, len(of))
    restored.restore(once.state())
    packed = Truth(queries, K, metric, len(of))
    packed.add(1, rows, np.packbits(of, axis=1))
    for number in range(len(of)):
        ids, scores = once.nearest(number)
        for other in (backwards, halves[0], restored, packed):
            assert np.array_equal(other.nearest(number)[0], ids)
            assert other.nearest(number)[1].tobytes() == scores.tobytes()


DIGEST = """
import hashlib
import numpy as np
from synthprof.similarity.truth import Truth
random = np.random.Philox(key=5).random_raw(40_000).astype(np.float64) / 2**64 - 0.5
rows, queries = np.split(random.reshape(2_000, 20).astype(np.float32), [1_900])
digest = hashlib.blake2b(digest_size=8)
for metric in ("cosine", "dot", "l2"):
    truth = Truth(queries, 18, metric)
    truth.add(1, rows)
    for values in truth.nearest():
        digest.update(values.tobytes())
found = digest.hexdigest()
"""


def test_bytes_stay_the_same_for_ever_and_on_other_processors():
    # The files of truth that are out there hold these: another order of sums would change them.
    here = {}
    exec(DIGEST, here)
    assert here["found"] == "d6d97eb3d1a8fc5d"
    # NumPy is loaded before synthprof can choose its kernels
    script = f"import numpy\n{DIGEST}\nprint(found)"
    older = {"OPENBLAS_CORETYPE": "Prescott", "NPY_DISABLE_CPU_FEATURES": "AVX512_SKX AVX512F AVX2 FMA3"}
    run = [sys.executable, "-W", "ignore", "-c", script]
    assert subprocess.check_output(run, text=True, env=os.environ | older).strip() == here["found"]


def test_fewer_rows_than_k_and_none_at_all():
    queries = vectors("normal", 3)
    for metric, farthest in (("dot", -np.inf), ("l2", np.inf)):
        ids, scores = Truth(queries, K, metric).nearest()
        assert (ids == -1).all()
        assert (scores == farthest).all()
        ids, scores = found(queries, vectors("normal", 5), metric).nearest()
        assert (ids[:, :5] > 0).all()
        assert (ids[:, 5:] == -1).all()
        assert (scores[:, 5:] == farthest).all()


def test_many_equal_rows_and_few_spare_places_are_still_exact(monkeypatch):
    """Scores decide at once if products cannot tell more rows apart than a slot has room for."""
    monkeypatch.setattr(candidates, "SPARE", 1)
    monkeypatch.setattr(candidates, "JOINED", 7)
    monkeypatch.setattr(candidates, "WAITING_MAX", 2_000)
    monkeypatch.setattr(slabs, "SLAB_ROWS_MAX", 1_500)
    rows = np.concatenate([vectors("near ties", 2_000), vectors("repeated", 2_000)])
    queries = rows[[0, 1_000, 2_500]]
    ids, scores = found(queries, rows, "l2").nearest()
    expected_ids, expected_scores = expected(queries, rows, "l2", np.ones(len(rows), bool))
    assert np.array_equal(ids, expected_ids)
    assert np.array_equal(scores, expected_scores)


def test_what_cannot_be_used_is_named():
    queries, rows = vectors("normal", 3), vectors("normal", 10)
    with pytest.raises(SpecError, match="query 1 holds NaN"):
        Truth(np.where(np.arange(3)[:, None] == 1, np.nan, queries).astype(np.float32))
    with pytest.raises(SpecError, match="metric='angle'"):
        Truth(queries, metric="angle")
    truth = Truth(queries)
    truth.add(11, rows)
    with pytest.raises(StageError, match=r"rows 16\.\.25 were added before, in part, as 11\.\.20"):
        truth.add(16, rows)
    with pytest.raises(SpecError, match="row 43 holds a value of size"):
        truth.add(41, np.where(np.arange(10)[:, None] == 2, 1e20, rows).astype(np.float32))
    with pytest.raises(SpecError, match="need bool"):
        truth.add(41, rows, np.ones((2, 10), bool))
    with pytest.raises(SpecError, match="float32"):
        truth.add(41, rows.astype(np.float64))
    with pytest.raises(SpecError, match="begin without it"):
        truth.restore(Truth(queries, 3).state())


@pytest.mark.parametrize("metric", METRICS)
def test_the_second_computation_agrees_and_finds_what_was_changed(metric):
    rows, queries, of = vectors("normal"), vectors("normal", 4, seed=3), masks()
    rows[50] = np.nan
    truth, check = found(queries, rows, metric, of), Check(queries, K, metric, len(of))
    for first in range(0, ROWS, 1_000):
        check.add(first + 1, rows[first : first + 1_000], of[:, first : first + 1_000])
    for number in range(len(of)):
        assert check.differences(*truth.nearest(number), number) == ()
    ids, scores = truth.nearest(1)
    ids[2, 3:5] = ids[2, [4, 3]]
    assert [(each.query, each.place) for each in check.differences(ids, scores, 1)] == [(2, 3), (2, 4)]
    ids, scores = truth.nearest(4)
    ids[1, -1], scores[0, 0] = 7, 9
    assert {(each.query, each.place) for each in check.differences(ids, scores, 4)} == {(0, 0), (1, K - 1)}
