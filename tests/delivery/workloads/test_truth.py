"""Answers in steps: the same files however the work is cut, and a check that finds what is wrong."""

import numpy as np
import pytest

from synthprof.base.errors import StageError
from synthprof.delivery.workloads import truth as truth_module
from synthprof.delivery.workloads.truth import Answering
from synthprof.similarity.truth import Truth
from synthprof.store.outputs import Place, making

ROWS, BLOCK, DIM, QUERIES = 410, 50, 12, 21


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """Steps of two blocks, and groups of eight queries, so that nine blocks take all ways."""
    for name, value in {
        "BLOCK_ROWS": BLOCK,
        "STEP_BLOCKS": 2,
        "QUERIES_AT_ONCE": 8,
        "STATE_BYTES": 1,
    }.items():
        monkeypatch.setattr(truth_module, name, value)


class Data:
    def __init__(self):
        random = np.random.default_rng(4)
        self.rows, self.queries = (
            random.integers(-2, 3, (count, DIM)).astype(np.float32) for count in (ROWS, QUERIES)
        )
        self.rows[60] = np.nan
        self.masks = random.random((3, ROWS)) < [[0.6], [0.3], [0.01]]

    def block(self, number):
        return number * BLOCK + 1, self.rows[number * BLOCK : (number + 1) * BLOCK]

    def mask(self, number):
        return self.masks[:, number * BLOCK : (number + 1) * BLOCK]


def answer(folder, data, threads=1, steps=None):
    """Do the steps, each by a process of its own as it were; return the names and bytes of the files."""
    place = Place(folder, "w")
    for number in range(99):
        with making(place, "w") as work:
            answering = Answering(
                work, data.queries, "dot", (4, 5, 6), 9, data.block, data.mask, threads=threads
            )
            if number == min(answering.steps, steps or 99):
                return {file.path: (work.folder / file.path).read_bytes() for file in work.records()}
            assert work.steps == number
            answering.step(number)
            work.step(checkpoint=True)
    raise AssertionError


def test_files_are_the_same_however_the_work_is_cut(tmp_path, monkeypatch):
    data = Data()
    files = answer(tmp_path / "steps", data)
    assert sorted(files) == [
        f"truth/dot/{number}.{what}.npy" for number in (4, 5, 6) for what in ("ids", "scores")
    ]
    monkeypatch.setattr(truth_module, "STEP_BLOCKS", 64)
    monkeypatch.setattr(truth_module, "STATE_BYTES", 1 << 30)
    assert answer(tmp_path / "whole", data, threads=2) == files
    truth = Truth(data.queries, 100, "dot", 3)
    truth.add(1, data.rows, data.masks)
    for place, number in enumerate((4, 5, 6)):
        ids, scores = truth.nearest(place)
        written = [
            np.load(tmp_path / f"whole/.making/w/truth/dot/{number}.{what}.npy") for what in ("ids", "scores")
        ]
        assert np.array_equal(written[0], ids)
        assert np.array_equal(written[1], np.where(ids > 0, scores, np.nan), equal_nan=True)


def test_the_second_computation_stops_a_wrong_answer(tmp_path):
    data = Data()
    answer(tmp_path, data, steps=15)
    data.rows[7] += 3
    with pytest.raises(StageError, match="but a second computation found row 8"):
        answer_last(tmp_path, data)


def answer_last(folder, data):
    with making(Place(folder, "w"), "w") as work:
        answering = Answering(work, data.queries, "dot", (4, 5, 6), 9, data.block, data.mask)
        assert work.steps == answering.steps - 1
        answering.step(work.steps)
