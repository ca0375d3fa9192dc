"""Single stages, as tasks run them: in any order, tried again, in a process of their own, and refused."""

import json
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from orders import PARAMS

from synthprof.base.errors import SpecError, StageError
from synthprof.pipeline import STAGES, keys
from synthprof.runner.run import run_all, run_stage
from synthprof.spec.request import Request
from synthprof.spec.shards import Shard
from synthprof.spec.spec import Spec
from synthprof.stages.footprint import Footprint
from synthprof.stages.plan import plan
from synthprof.store.receipts import read_receipt
from synthprof.store.sqlite.database import filling
from synthprof.store.store import Store
from synthprof.system.events import Failed, LogLine, ProgressMade, read
from synthprof.system.machine import WARN_SHARE, Budget


def test_only_stages_that_give_work_to_others_start_processes(tmp_path: Path) -> None:
    found: dict[str, int] = {}

    def observe(name: str, *_: int) -> None:
        found[name] = len(multiprocessing.active_children())

    order = Request.from_params(PARAMS | {"profiles": 3_000, "workers": 2})
    for each in (each for each in STAGES if each.applies(order.spec)):
        run_stage(order, each.name, None, tmp_path, observe)
    pooled = {name for name, processes in found.items() if processes}
    assert pooled == {each.name for each in STAGES if each.pooled} & found.keys()
    assert {"generate", "ingest", "vectorize", "cluster"} <= found.keys()


def test_a_stage_alone_needs_no_memory_for_processes_that_are_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = Request.from_params(PARAMS | {"profiles": 3_000, "workers": 2})
    for name in ("setup", "generate", "vectorize"):
        run_stage(order, name, None, tmp_path)
    alone, together = (Footprint(order.spec).memory("cluster", workers) for workers in (0, 2))
    machine = Budget(2, round(alone / WARN_SHARE) + 1, 1 << 40)
    assert together > machine.memory
    monkeypatch.setattr("synthprof.runner.run.budget", lambda *_: machine)
    assert run_stage(order, "cluster", None, tmp_path).rows == 3_000


def test_a_stage_whose_forerunner_has_not_ended_says_so(tmp_path: Path) -> None:
    request = Request.from_params(PARAMS)
    run_stage(request, "setup", None, tmp_path)
    run_stage(request, "generate", Shard(0, 1), tmp_path)
    with pytest.raises(StageError, match=r"has only 1 of 3 blocks"):
        run_stage(request, "ingest", None, tmp_path)


def test_force_makes_all_anew_once_in_an_order_however_often_setup_is_retried(tmp_path: Path) -> None:
    request = Request.from_params(PARAMS | {"profiles": 100, "clusters": 0, "force": True})
    made = []
    for run_id in ("monday", "monday", "tuesday", "", ""):
        run_stage(request, "setup", None, tmp_path, run_id=run_id)
        before = time.time_ns()
        run_stage(request, "generate", Shard(0, 1), tmp_path, run_id=run_id)
        receipt = next(tmp_path.glob("small/build/*/generate-*/receipt-00000-00001.json"))
        made.append(receipt.stat().st_mtime_ns >= before)
    assert made == [True, False, True, True, True]


def test_setup_that_is_cleared_does_not_wait_for_the_stages_at_work(tmp_path: Path) -> None:
    request = Request.from_params(PARAMS)
    first = run_stage(request, "setup", None, tmp_path)
    with Store(tmp_path, "small").build(request.spec).lock("generate-0", whole=False):
        assert run_stage(request, "setup", None, tmp_path) == first


def test_setup_gives_the_shards_that_are_asked_for_now(tmp_path: Path) -> None:
    shards = [
        run_stage(Request.from_params(PARAMS | {"shards": count}), "setup", None, tmp_path).details["shards"]
        for count in (1, 3)
    ]
    assert [len(each) for each in shards] == [1, 3]


def test_raising_a_stages_version_changes_its_key_and_its_descendants_and_no_other() -> None:
    bumped = tuple(replace(each, version=9) if each.name == "vectorize" else each for each in STAGES)
    before, after = (keys(stages, Spec(store="parquet")) for stages in (STAGES, bumped))
    changed = {name for name in before if before[name] != after[name]}
    index = {"train_index", "fill_index", "export_index"}
    assert changed == {"vectorize", "persist_blobs", "cluster", "vacuum", "publish"} | index


def test_force_does_not_count_on_the_room_of_files_that_versions_have_links_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = Request.from_params(PARAMS | {"profiles": 3_000, "workers": 1, "force": True})
    run_all(request, tmp_path)
    build, machine = Store(tmp_path, "small").build(request.spec), Budget(1, 1 << 40, 1 << 40)
    free = plan(request, machine).total_disk - build.bytes_present(alone=True)
    monkeypatch.setattr("synthprof.runner.run.budget", lambda *_: replace(machine, disk=free))
    with pytest.raises(SpecError, match=r"^disk: about"):
        run_stage(request, "setup", None, tmp_path)
    assert build.bytes_present()


def test_a_folder_that_is_missing_is_not_told_as_a_full_disk(tmp_path: Path) -> None:
    with pytest.raises(StageError, match="could not be written"), filling(tmp_path / "full" / "a.db"):
        pass


def test_a_child_process_reports_in_json_lines_and_ends_on_sigterm_with_its_pool(tmp_path: Path) -> None:
    child = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "synthprof.runner.child",
            "generate",
            "--params",
            json.dumps(PARAMS | {"profiles": 4_000_000}),
        ],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"SYNTHPROF_HOME": str(tmp_path)},
    )
    assert child.stdout
    events = []
    for line in child.stdout:
        events.append(read(line))
        if isinstance(events[-1], ProgressMade):
            break
    child.send_signal(signal.SIGTERM)
    child.communicate(timeout=10)
    assert child.returncode == 128 + signal.SIGTERM
    assert isinstance(events[0], LogLine)
    assert None not in events


@pytest.mark.parametrize(
    ("name", "shard", "message"),
    [
        ("generate", Shard(2, 4), "shard 2:4 goes beyond the 3 blocks of 36,000 profiles; use 3 or less"),
        ("ingest", Shard(0, 3), "stage ingest is not split by shards"),
    ],
)
def test_a_shard_that_is_none_of_the_stage_is_refused(
    tmp_path: Path, name: str, shard: Shard, message: str
) -> None:
    with pytest.raises(SpecError, match=message):
        run_stage(Request.from_params(PARAMS), name, shard, tmp_path)


def test_a_bad_parameter_ends_a_child_with_status_2_and_the_message() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "synthprof.runner.child", "setup", "--params", '{"profiles": 0}'],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    event = read(done.stdout.splitlines()[-1])
    assert isinstance(event, Failed)
    assert isinstance(event.error, SpecError)
    assert "0 is less than the minimum of 1" in event.message


@pytest.mark.parametrize("workers", [1, 2])
def test_a_damaged_block_is_removed_by_the_stage_that_reads_it_and_its_next_attempt_goes_on(
    tmp_path: Path, workers: int
) -> None:
    """With two workers another thread reads it; SQLite, which waits for it, has words of its own.

    The stages before have ended, and no one will start them again: what they have lost is made again, too.
    """
    request = Request.from_params(PARAMS | {"workers": workers})
    shards = [
        ("setup", None),
        ("generate", Shard(0, 2)),
        ("generate", Shard(2, 3)),
        ("vectorize", Shard(0, 3)),
    ]
    for name, shard in shards:
        run_stage(request, name, shard, tmp_path)
    block = sorted(tmp_path.rglob("profiles-*.arrow"))[1]
    content = block.read_bytes()
    block.write_bytes(b"?" * len(content))
    with pytest.raises(StageError, match=f"^{block} changed after being written.*; removed.*: run it again"):
        run_stage(request, "ingest", None, tmp_path)
    assert not list(tmp_path.rglob("*perfis.db")) and not block.exists()
    assert run_stage(request, "ingest", None, tmp_path).rows == PARAMS["profiles"]
    assert block.read_bytes() == content
    build = Store(tmp_path, "small").build(request.spec)
    assert all(read_receipt(build.stage_folder(name), shard) for name, shard in shards)
