"""A load that is killed or refused at any moment goes on: each row is there once, none is missing."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest
from harness import mounted, needs_root
from small import DATASET

from synthprof.base.errors import StageError
from synthprof.delivery.loaders import work
from synthprof.delivery.loaders.job import load, open_target
from synthprof.delivery.loaders.order import LoadOrder
from synthprof.store import loads
from synthprof.store.loads import Progress
from synthprof.system.events import ProgressMade, read
from synthprof.versions.version import open_version

PARAMS = {"dataset": "three", "columns": "cluster_id", "into": "conn:target", "index": False}
ROWS, BLOCKS = 33_000, 3


def start(home: Path, url: str) -> "subprocess.Popen[str]":
    """A child that loads, as an Airflow task starts it: its URL with the password is in its environment."""
    command = [sys.executable, "-m", "synthprof.delivery.child", "load", "--params", json.dumps(PARAMS)]
    variables = {"SYNTHPROF_HOME": str(home), "SYNTHPROF_CONN_TARGET": url}
    return subprocess.Popen(
        command, env=os.environ | variables, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )


def ended(process: "subprocess.Popen[str]", after: float | None) -> bool:
    """Kill the child some seconds after its first block; return whether it was done before."""
    assert process.stdout is not None
    with process.stdout:
        for line in process.stdout:
            if after is not None and isinstance(read(line), ProgressMade):
                time.sleep(after)
                process.send_signal(signal.SIGKILL)
                break
        return process.wait() == 0


def seconds_of_blocks(home: Path, url: str) -> float:
    """Load once, and return the seconds from the first block to the end."""
    process = start(home, url)
    assert process.stdout is not None
    times = []
    with process.stdout:
        for line in process.stdout:
            times += [time.monotonic()] if isinstance(read(line), ProgressMade) else []
    assert process.wait() == 0
    return times[-1] - times[0]


def check_whole(home: Path, url: str) -> None:
    """A last load finds or writes what is missing, and the target has each id once."""
    order = LoadOrder.from_params(PARAMS).model_copy(update={"into": url})
    assert load(home, order).rows == ROWS
    target, _ = open_target(order, open_version(home, "three"))
    with closing(target):
        assert target.count() == ROWS
        found = [row["id"] for row in target.fetch(range(1, ROWS + 1))]
        assert sorted(found) == list(range(1, ROWS + 1))


def forget(home: Path) -> None:
    for path in (home / "three" / "loads").glob("*.json"):
        path.unlink()


def kill_often(home: Path, times: int, url: str) -> None:
    """Kill loads into fresh tables at moments over the whole of their work."""
    chance = random.Random(5)
    whole = seconds_of_blocks(home, f"{url}_first")
    killed = 0
    for number in range(times):
        table = f"{url}_{number}"
        killed += not ended(start(home, table), chance.uniform(0, whole))
        if chance.random() < 0.5:
            ended(start(home, table), chance.uniform(0, whole))
        check_whole(home, table)
    assert killed > times * 0.6


@pytest.mark.long
def test_a_killed_load_into_duckdb_goes_on(three_blocks, tmp_path):
    kill_often(three_blocks, 1, f"duckdb://{tmp_path}/rows.duckdb?table=t")


@pytest.mark.faults_full
@pytest.mark.parametrize("engine", ["duckdb", "sqlite"])
def test_fifty_kills_of_loads_into_files(three_blocks, tmp_path, engine):
    kill_often(three_blocks, 50, f"{engine}://{tmp_path}/rows?table=t")


@pytest.mark.faults_full
def test_fifty_kills_of_loads_into_postgresql(three_blocks, postgres_url):
    kill_often(three_blocks, 50, f"{postgres_url}?table=t")


@pytest.mark.parametrize(
    ("engine", "moment"),
    [
        ("duckdb", "before"),
        ("sqlite", "after"),
        pytest.param("duckdb", "after", marks=pytest.mark.long),
        pytest.param("sqlite", "before", marks=pytest.mark.long),
        pytest.param("postgresql", "before", marks=pytest.mark.long),
        pytest.param("postgresql", "after", marks=pytest.mark.long),
    ],
)
def test_an_end_between_the_rows_and_the_checkpoint_costs_one_block(
    three_blocks, tmp_path, monkeypatch, request, engine, moment
):
    at = request.getfixturevalue("postgres_url") if engine == "postgresql" else f"{engine}://{tmp_path}/rows"
    url = f"{at}?table=cut_{moment}"
    order = LoadOrder.from_params(PARAMS).model_copy(update={"into": url})
    real, calls = loads.write, []

    def cut(path: Path, now: Progress, **durable: bool) -> Progress:
        calls.append(now.blocks)
        if now.blocks == 2 and moment == "after":
            raise KeyboardInterrupt
        written = real(path, now, **durable)
        if now.blocks == 1 and moment == "before":
            raise KeyboardInterrupt
        return written

    with monkeypatch.context() as context, pytest.raises(KeyboardInterrupt):
        context.setattr(work.loads, "write", cut)
        load(three_blocks, order)
    again = load(three_blocks, order)
    assert (again.rows, again.written) == (ROWS, ROWS - 16_384)
    check_whole(three_blocks, url)


def test_rows_that_the_target_has_lost_are_written_again(home, tmp_path):
    import duckdb

    url = f"duckdb://{tmp_path}/rows.duckdb"
    order = LoadOrder.from_params({"dataset": DATASET, "into": "conn:x"}).model_copy(update={"into": url})
    load(home, order)
    with duckdb.connect(str(tmp_path / "rows.duckdb")) as connection:
        connection.execute(f"DELETE FROM {DATASET} WHERE id > 40")
    assert load(home, order).written == 60
    with duckdb.connect(str(tmp_path / "rows.duckdb")) as connection:
        connection.execute(f"UPDATE {DATASET} SET idade = 1 WHERE id = 60")
    with pytest.raises(StageError, match="row 60 of 'small' differs from the version in 'idade'; end other"):
        load(home, order)
    assert load(home, order.model_copy(update={"replace": True})).written == 60


@needs_root
@pytest.mark.long
@pytest.mark.parametrize("engine", ["duckdb", "sqlite"])
def test_a_full_disk_is_told_of_and_the_load_goes_on_when_there_is_room(three_blocks, tmp_path, engine):
    order = LoadOrder.from_params(PARAMS)
    with mounted("-t", "tmpfs", "-o", "size=4m", source="none", at=tmp_path / "disk") as disk:
        url = f"{engine}://{disk}/rows?table=full_{engine}"
        with pytest.raises(Exception, match="; free some space, then run it again") as error:
            load(three_blocks, order.model_copy(update={"into": url}))
        assert type(error.value).__name__ == "SpecError"
        subprocess.run(["mount", "-o", "remount,size=200m", str(disk)], check=True)
        check_whole(three_blocks, url)
