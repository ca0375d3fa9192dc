"""Measurements: what recall counts, every query asked by clients at once, and the files that tell of it."""

import functools
import json
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from flat_searcher import Flat
from notes import make, note_rows, sqlite_of

from synthprof.base.errors import SpecError
from synthprof.delivery.loaders.job import load
from synthprof.delivery.loaders.order import LoadOrder
from synthprof.delivery.measuring import clients
from synthprof.delivery.measuring.clients import Round, in_processes, in_threads
from synthprof.delivery.measuring.job import measure
from synthprof.delivery.measuring.measured import Measured, Point
from synthprof.delivery.measuring.order import MeasureOrder
from synthprof.delivery.measuring.picture import picture
from synthprof.delivery.measuring.recall import recalls
from synthprof.delivery.workloads.job import make_workload
from synthprof.delivery.workloads.order import WorkloadOrder
from synthprof.delivery.workloads.workload import Truth, Workload
from synthprof.versions.version import Version

ROWS = np.eye(8, dtype=np.float32)


@pytest.fixture(scope="module")
def workload(three_blocks: Path, version: Version) -> Workload:
    order = WorkloadOrder(dataset=version.dataset, queries=15, seed=5, filters="range_10p,label_1p,tenant_9")
    return make_workload(three_blocks, order)


def _order(made: Workload, **params) -> MeasureOrder:
    given = {"dataset": made.dataset, "workload": made.output.key, "clients": "1", "seconds": 1}
    return MeasureOrder.from_params(given | params)


def test_recall_counts_true_neighbours_and_what_is_as_near_as_the_last() -> None:
    truth = Truth(np.array([[1, 2, 3]]), np.array([[0.9, 0.8, 0.8]], np.float32))
    nearest = np.array([[0.9, 0.8]], np.float32)
    assert recalls(np.array([[1, 2]]), nearest, truth, "dot") == [1.0]
    assert recalls(np.array([[1, 3]]), nearest, truth, "dot") == [1.0], "3 is as near as 2"
    assert recalls(np.array([[1, 9]]), np.array([[0.9, 0.7]]), truth, "dot") == [0.5]
    assert recalls(np.array([[-1, -1]]), np.full((1, 2), np.nan), truth, "dot") == [0.0]


def test_recall_is_of_the_rows_that_match_and_of_none_it_is_unknown() -> None:
    ids = np.array([[4, -1, -1], [-1, -1, -1]])
    truth = Truth(ids, np.where(ids > 0, 0.25, np.nan).astype(np.float32))
    found = np.array([[4, -1], [-1, -1]])
    np.testing.assert_array_equal(recalls(found, np.where(found > 0, 0.25, np.nan), truth, "l2"), [1, np.nan])


def test_a_flat_index_has_recall_1_for_every_class_and_filter(three_blocks: Path, workload: Workload) -> None:
    folder, measured = measure(three_blocks, _order(workload, filters="all", target="faiss:flat", k=100))
    assert {each.filter for each in measured.points} == set(workload.filters.column("name").to_pylist())
    assert {each.queries for each in measured.points} == {"all", *workload.output.details["classes"]}
    assert {each.recall for each in measured.points} == {1.0}
    assert all(each.p50_ms <= each.p95_ms <= each.p99_ms and each.qps > 0 for each in measured.points)
    told = json.loads((folder / "measure.json").read_text())
    assert len(told["points"]) == len(measured.points)
    assert ElementTree.parse(folder / "measure.svg").getroot().tag.endswith("svg")


def test_more_effort_finds_more(three_blocks: Path, workload: Workload) -> None:
    _, measured = measure(three_blocks, _order(workload, target="faiss:hnsw"))
    recall = {each.effort: each.recall for each in measured.points if each.queries == "all"}
    assert len(recall) > 4
    assert recall[min(recall)] < recall[max(recall)] == pytest.approx(1, abs=0.02)


def _round(count: int) -> Round:
    return Round(ROWS, k=2, effort=0, filter=(0, ""), clients=count, seconds=0, warm_up=2)


@pytest.mark.parametrize("count", [1, 3])
def test_threads_together_ask_every_query(count: int) -> None:
    answers = in_threads(Flat(ROWS), _round(count))
    assert sorted(answers.asked.tolist()) == list(range(8))
    assert answers.ids[:, 0].tolist() == list(range(1, 9))
    assert len(answers.latencies) == 8 and answers.ended > answers.began


def test_processes_together_ask_every_query_and_tell_why_one_could_not_start(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answers = in_processes(functools.partial(Flat, ROWS), _round(2))
    assert sorted(answers.asked.tolist()) == list(range(8))
    assert answers.ids[:, 0].tolist() == list(range(1, 9))
    monkeypatch.setattr(clients, "START_SECONDS", 30)
    with pytest.raises(ValueError, match="no such server"):
        in_processes(functools.partial(Flat, ROWS, fails=True), _round(2))


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"target": "annoy"}, "'annoy' is neither a URL nor one of faiss:flat"),
        ({"target": "postgresql://ana:secret@host/shop"}, "has a password"),
        ({"filters": "label_7p"}, "'label_7p': there are only none, range_10p"),
        ({"workload": "0" * 12}, "has no workload '000000000000'"),
        ({"metric": "l2"}, "make one with that metric"),
        ({"clients": "0"}, "numbers joined by commas"),
    ],
)
def test_what_cannot_be_measured_is_refused_in_one_message(
    three_blocks: Path, workload: Workload, params: dict, message: str
) -> None:
    with pytest.raises(SpecError) as refused:
        measure(three_blocks, _order(workload, **params))
    assert message in str(refused.value)
    assert "secret" not in str(refused.value)


@pytest.fixture
def loaded(three_blocks: Path, workload: Workload, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Load one column of the version into a DuckDB file, with parameters; return the target."""
    monkeypatch.chdir(tmp_path)
    given = {"dataset": workload.dataset, "into": "duckdb:rows.duckdb", "columns": "idade"}

    def fill(**params) -> str:
        found = load(three_blocks, LoadOrder.from_params(given | params))
        assert found.rows == workload.rows
        return str(given["into"])

    return fill


def test_a_target_is_asked_planted_labels_and_tenants_once_they_are_loaded(
    three_blocks: Path, workload: Workload, loaded
) -> None:
    target = loaded()
    with pytest.raises(SpecError, match=f"by --workload {workload.output.key}"):
        measure(three_blocks, _order(workload, target=target, filters="label_1p,tenant_9"))
    loaded(workload=workload.output.key, replace=True)
    _, measured = measure(three_blocks, _order(workload, target=target, filters="label_1p,tenant_9"))
    assert measured.skipped == ()
    found = {each.filter: each.recall for each in measured.points if each.queries == "all"}
    assert found == {"label_1p": 1.0, "tenant_9": 1.0}


def test_a_target_is_not_asked_the_labels_of_another_workload(
    three_blocks: Path, workload: Workload, loaded
) -> None:
    order = WorkloadOrder(dataset=workload.dataset, queries=2, seed=6, filters="label_1p", mix="near_copy=1")
    other = make_workload(three_blocks, order)
    target = loaded(workload=other.output.key)
    with pytest.raises(SpecError, match="can search under none of them"):
        measure(three_blocks, _order(workload, target=target, filters="label_1p"))


def test_a_planted_column_takes_no_name_of_the_version(tmp_path: Path) -> None:
    source = sqlite_of(tmp_path / "notes.db", note_rows(200), "key, body, Tenant, lugar")
    version = make(tmp_path, source, columns="Tenant,lugar", clusters=2)
    order = WorkloadOrder(dataset=version.dataset, queries=2, filters="tenant_9")
    params = {"dataset": version.dataset, "into": f"duckdb:{tmp_path}/rows.duckdb"}
    params |= {"workload": make_workload(tmp_path, order).output.key}
    with pytest.raises(SpecError, match="'tenant' has the name of a column of the version"):
        load(tmp_path, LoadOrder.from_params(params))
    assert load(tmp_path, LoadOrder.from_params(params | {"columns": "lugar"})).rows == 200


def test_a_picture_shows_the_first_filter_that_some_row_matches_if_there_is_one() -> None:
    point = {"queries": "all", "effort": 0, "clients": 1, "k": 10, "qps": 90.0, "searches": 9}
    point |= dict.fromkeys(("p50_ms", "p95_ms", "p99_ms"), 1.0)
    none, some = Point(filter="none_here", recall=None, **point), Point(filter="some", recall=0.5, **point)
    told = {"target": "t", "dataset": "d", "version": "v", "workload": "w", "metric": "cosine", "rows": 3}
    assert "filter some" in picture(Measured(**told, points=(none, some)))
    assert ElementTree.fromstring(picture(Measured(**told, points=(none,)))) is not None
