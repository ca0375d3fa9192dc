"""LoadOperator: a child process loads, with the URL of a Connection in its environment and nowhere else."""

import json
import logging

import pytest
from airflow.sdk import DAG, Connection
from small import DATASET

from synthprof.orchestration import LoadOperator
from synthprof.orchestration.provider.delivery import load_params
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
