"""Matches made by Airflow's task: in a process of its own, by the parameters of the form."""

from pathlib import Path

import pytest
from airflow.sdk import DAG
from airflow.sdk.exceptions import AirflowFailException
from PIL import Image

from synthprof.delivery.matching.match import open_match
from synthprof.delivery.matching.order import MatchOrder
from synthprof.orchestration import MatchOperator
from synthprof.orchestration.provider.delivery import match_params
from synthprof.orchestration.provider.notes import TOLD
from synthprof.system.environment import STORAGE


def _task(pictures: str) -> MatchOperator:
    with DAG("matching", params=match_params()):
        return MatchOperator(task_id="match", pictures=pictures)


def test_the_task_matches_a_folder_and_returns_what_was_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    for name in ("a", "b"):
        Image.new("RGB", (40, 40), "red").save(photos / f"{name}.png")
    monkeypatch.setenv("SYNTHPROF_HOME", str(tmp_path / "data"))
    task = _task(str(photos))
    told = task.work({"params": task.dag.params.dump() | {"dataset": "photos", "version": None}})
    assert (told["rows"], told["pairs"], told["groups"]) == (2, 1, 1)
    assert open_match(Path(told["folder"])).pairs["found_by"].to_pylist() == ["bytes"]
    assert task.template_fields == tuple(MatchOrder.schemas())
    assert TOLD["MatchOperator"]([told]).endswith("photos**: 1 pairs in 1 groups, of 2 pictures")


def test_a_wrong_order_fails_the_task_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYNTHPROF_HOME", str(tmp_path))
    task = _task(str(tmp_path / "nothing"))
    given = task.dag.params.dump() | {"dataset": "photos"}
    with pytest.raises(AirflowFailException, match="nothing"):
        task.execute({"params": given})
    monkeypatch.setenv(STORAGE, "s3://store@data/x")
    with pytest.raises(AirflowFailException, match="pictures are matched only in a folder"):
        task.execute({"params": given})
