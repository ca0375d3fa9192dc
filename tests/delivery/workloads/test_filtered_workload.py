"""A workload with all filters and streams: answers are what brute force gives among the rows that match."""

import json
from pathlib import Path

import numpy as np
import pytest
from played import check_stream, nearest

from synthprof.base.errors import SpecError
from synthprof.delivery.workloads import job
from synthprof.delivery.workloads.conditions import as_where
from synthprof.delivery.workloads.filters import default_names
from synthprof.delivery.workloads.filters_masks import FilterMasks
from synthprof.delivery.workloads.job import make_workload
from synthprof.delivery.workloads.order import WorkloadOrder
from synthprof.delivery.workloads.workload import Workload
from synthprof.versions.version import Version

ORDER = WorkloadOrder(dataset="three", queries=12, filters="all", streams="sliding_window,churn", seed=5)


@pytest.fixture(scope="module")
def workload(three_blocks: Path) -> Workload:
    return make_workload(three_blocks, ORDER)


def test_answers_under_each_filter_are_the_nearest_rows_that_match(
    workload: Workload, version: Version
) -> None:
    rows, queries = version.embeddings(), workload.vectors
    masks = FilterMasks(workload.folder, version)
    matches = np.concatenate([masks.of(block) for block in range(version.spec.blocks)], axis=1)
    assert masks.names == default_names(version.rows)
    for number, row in enumerate(workload.filters.to_pylist()):
        assert matches[number].sum() == row["rows"]
        truth, k = workload.truth(filter=number), min(100, row["rows"])
        assert matches[number][truth.ids[:, :k] - 1].all() and (truth.ids[:, k:] == -1).all()
        assert np.isnan(truth.scores[:, k:]).all()
        assert np.allclose(truth.scores[:, :k], nearest(queries, rows[matches[number]], k), atol=1e-5), row


def test_a_search_finds_the_rows_that_filters_on_columns_match(workload: Workload, version: Version) -> None:
    masks, checked = FilterMasks(workload.folder, version), 0
    matches = np.concatenate([masks.of(block) for block in range(version.spec.blocks)], axis=1)
    for number, row in enumerate(workload.filters.to_pylist()):
        columns = {part["column"] for part in json.loads(row["condition"])["and"]}
        texts = as_where(row["condition"])
        if columns <= version.schema.by_name.keys() and all(len(text) <= 200 for text in texts):
            ids = version.table(where=texts, columns=["id"]).column("id").to_numpy()
            assert (np.flatnonzero(matches[number]) + 1 == ids).all(), row
            checked += 1
    assert checked >= 8


def test_answers_of_streams_are_the_nearest_of_what_can_be_found(
    workload: Workload, version: Version
) -> None:
    for name in ("sliding_window", "churn"):
        folder = workload.folder / "streams" / name
        text = (folder / "runbook.yaml").read_text()
        assert text.startswith('"three":')
        check_stream(folder, version.embeddings(), workload.vectors)


def test_unknown_filters_and_streams_are_refused_before_work(three_blocks: Path) -> None:
    for wrong in ({"filters": "label_2p,colour"}, {"streams": "tide"}):
        with pytest.raises(SpecError, match="there is no"):
            make_workload(three_blocks, ORDER.model_copy(update=wrong))


def test_work_that_was_cut_short_gives_the_same_bytes(
    three_blocks: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = WorkloadOrder(
        dataset="three", queries=4, mix="hard=1", filters="label_1p_near50,and_5p,tenant_9", streams="growing"
    )
    (tmp_path / "three").mkdir()
    for name in ("versions", "CURRENT"):
        (tmp_path / "three" / name).symlink_to(three_blocks / "three" / name)
    whole = make_workload(three_blocks, order).output
    for number in (4, 5):  # answers under filters, streams
        part = job.PARTS[number - 1]
        monkeypatch.setattr(job, "PARTS", (*job.PARTS[: number - 1], job.Part(part.name, part.count, _fails)))
        with pytest.raises(RuntimeError, match="cut short"):
            make_workload(tmp_path, order)
        monkeypatch.undo()
    assert make_workload(tmp_path, order).output == whole


def _fails(*_: object) -> None:
    raise RuntimeError("cut short")
