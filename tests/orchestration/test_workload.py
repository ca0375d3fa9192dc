"""Workloads made by Airflow's task: in a process of its own, with the messages of the other jobs."""

import logging
from pathlib import Path

import pytest
from airflow.sdk import DAG
from airflow.sdk.exceptions import AirflowFailException

from synthprof.delivery.workloads.order import WorkloadOrder
from synthprof.delivery.workloads.workload import open_workload
from synthprof.orchestration import WorkloadOperator
from synthprof.orchestration.provider.delivery import COMMAND, workload_params
from synthprof.orchestration.tasks import child
from synthprof.system.environment import STORAGE


def _task() -> WorkloadOperator:
    with DAG("delivery", params=workload_params()):
        return WorkloadOperator(task_id="workload", queries="12", mix="hard=1")


def test_the_task_makes_a_workload_and_returns_what_it_is(
    copied: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("SYNTHPROF_HOME", str(copied))
    task = _task()
    with caplog.at_level(logging.INFO, child.__name__):
        told = task.work({"params": task.dag.params.dump() | {"dataset": "small", "version": None}})
    made = open_workload(Path(told["folder"]))
    assert told["queries"] == made.queries.num_rows == 12
    assert told["classes"].keys() == {"hard"}
    assert caplog.messages[-1].startswith("workload: 60 rows in ")
    assert task.template_fields == tuple(WorkloadOrder.schemas())
    assert task.command == COMMAND


def test_a_wrong_parameter_fails_the_task_at_once_with_the_words_of_the_command(
    copied: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SYNTHPROF_HOME", str(copied))
    task = _task()
    given = task.dag.params.dump()
    with pytest.raises(AirflowFailException, match=r"Unknown parameter quries=3; did you mean queries\?"):
        task.execute({"params": given | {"quries": 3}})
    monkeypatch.setenv(STORAGE, "s3://store@data/x")
    with pytest.raises(AirflowFailException, match=r"a workload is made only in a folder"):
        task.execute({"params": given})
