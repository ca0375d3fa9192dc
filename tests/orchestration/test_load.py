"""LoadOperator: a child process loads, with the URL of a Connection in its environment and nowhere else."""

import json
import logging

import pytest
from airflow.sdk import DAG, Connection
from small import DATASET

from synthprof import orchestration
from synthprof.base.errors import SpecError
from synthprof.orchestration import LoadOperator
from synthprof.orchestration.provider import notes
from synthprof.orchestration.provider.delivery import load_params
from synthprof.orchestration.provider.links import ExplorerLink
from synthprof.orchestration.tasks import child, service


def connection(**parts: object) -> Connection:
    extra = parts.pop("extra", {})
    return Connection(conn_id="x", extra=json.dumps(extra), **parts)


@pytest.mark.parametrize(
    ("parts", "url"),
    [
        (
            {"conn_type": "postgres", "host": "db", "login": "ana", "password": "p@/s", "schema": "shop"},
            "postgresql://ana:p%40%2Fs@db/shop",
        ),
        (
            {
                "conn_type": "generic",
                "host": "q",
                "port": 6333,
                "password": "key",
                "extra": {"scheme": "qdrant+https"},
            },
            "qdrant+https://:key@q:6333/",
        ),
        (
            {"conn_type": "opensearch", "host": "o", "extra": {"table": "people"}},
            "opensearch://o/?table=people",
        ),
    ],
)
def test_a_connection_is_the_url_of_a_target(parts, url):
    assert service.target_url(connection(**parts)) == url


def test_an_operator_loads_by_a_connection_and_shows_no_password(copied, tmp_path, monkeypatch, caplog):
    file = tmp_path / "rows.duckdb"
    found = connection(conn_type="duckdb", password="s3cret", schema=str(file)[1:], extra={"table": "people"})
    monkeypatch.setattr(service.Connection, "get", lambda name: found if name == "my-duck" else None)
    monkeypatch.setenv("SYNTHPROF_HOME", str(copied))
    seen = []
    popen = child.subprocess.Popen
    monkeypatch.setattr(
        child.subprocess,
        "Popen",
        lambda command, *a, **more: seen.append(command) or popen(command, *a, **more),
    )
    with DAG("d", params=load_params(), schedule=None):
        task = LoadOperator(task_id="load", dataset=DATASET, conn_id="my-duck", columns="idade")
    with caplog.at_level(logging.DEBUG):
        value = task.work({"params": {name: each.value for name, each in load_params().items()}})
    assert (value["rows"], value["table"], value["index"]) == (60, "people", "")
    assert file.exists()
    assert seen and "s3cret" not in caplog.text + str(seen) + json.dumps(value)
    assert "conn:my_duck" in str(seen)
    assert all("s3cret" not in path.read_text() for path in copied.glob("*/loads/*.json"))


def test_a_url_with_a_password_is_refused_before_anything_of_it_is_logged(
    monkeypatch, caplog, capsys, tmp_path
):
    monkeypatch.setenv("SYNTHPROF_HOME", str(tmp_path))
    with DAG("d", params=load_params(), schedule=None):
        task = LoadOperator(task_id="load", dataset=DATASET, into="postgresql://ana:s3cret@host/x")
    params = {name: each.value for name, each in load_params().items()}
    with caplog.at_level(logging.DEBUG), pytest.raises(SpecError, match=r"//\*\*\*@host/x has a password"):
        task.work({"params": params})
    logged = caplog.text + capsys.readouterr().out
    assert "has a password" in logged and "s3cret" not in logged


def test_every_operator_has_a_link_to_the_explorer_and_a_note_of_its_failure():
    found = [name for name in orchestration.__all__ if name.endswith("Operator")]
    assert (
        {each.__name__ for each in ExplorerLink.operators} == {*found, "StageOperator"} == set(notes.WORKING)
    )


def test_a_note_tells_what_came_of_a_run():
    of = {"dataset": "shop", "version": "0123456789ab"}
    exported = [of | {"format": "parquet", "bytes": 2048}, of | {"format": "csv", "bytes": 10}]
    assert notes.TOLD["ExportOperator"](exported) == (
        "Exported **shop** version `0123456789ab`: csv (10 B), parquet (2.0 KiB)"
    )
    loaded = of | {"rows": 1_234, "table": "people", "into": "duckdb:x](y", "compared": 16}
    told = notes.TOLD["LoadOperator"]([loaded])
    assert told.endswith("1,234 rows in people of duckdb:x]\\(y, 16 of them compared"), (
        "no link is made of it"
    )
    asked = of | {"queries": 20, "filters": 1, "workload": "ba9876543210"}
    assert notes.TOLD["WorkloadOperator"]([asked]).endswith(": 20, in workload `ba9876543210`")
    assert "20 under 2 filters" in notes.TOLD["WorkloadOperator"]([asked | {"filters": 3}])
    assert all(told.startswith(notes.OURS) for told in (told, notes.TOLD["ExportOperator"](exported)))
