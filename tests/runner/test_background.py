"""A stage that goes on beside others is a stage like any other: it has its slot, its receipt, its failure."""

import importlib
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from synthprof.base.errors import StageError
from synthprof.base.locks import is_held
from synthprof.pipeline import wanted
from synthprof.runner.background import Background
from synthprof.runner.run import run_all
from synthprof.spec.request import Request
from synthprof.stages.context import Context, Outcome
from synthprof.stages.footprint import Footprint
from synthprof.store.receipts import Receipt, read_receipt
from synthprof.store.store import Store
from synthprof.system.machine import WARN_SHARE, Budget

ORDER = Request.from_params({"dataset": "small", "profiles": 3_000, "clusters": 5, "workers": 2})
RECEIPT = Receipt(
    stage="ingest", version=1, spec="", shard=None, rows=0, rejected=0, seconds=0, cpu_seconds=0,
    peak_memory=0, files=(), details={}, pid=0,
)  # fmt: skip


def test_work_goes_on_beside_until_somebody_needs_it() -> None:
    go_on = threading.Event()

    def work() -> Receipt:
        go_on.wait(10)
        return RECEIPT

    with Background(1) as background:
        background.begin("ingest", work)
        assert background.busy()
        assert background.ended(["generate"]) == {}
        go_on.set()
        assert background.ended(["ingest"]) == {"ingest": RECEIPT}
        assert not background.busy()


def test_a_failure_beside_is_told_before_the_next_stage_even_if_that_does_not_need_it() -> None:
    def fail() -> Receipt:
        raise StageError("the disk is gone")

    with Background(1) as background:
        background.begin("ingest", fail)
        deadline = time.monotonic() + 10
        while background.busy() and time.monotonic() < deadline:
            time.sleep(0.01)
        with pytest.raises(StageError, match="the disk is gone"):
            background.ended(["generate"])


def test_ctrl_c_waits_for_the_work_beside_so_that_it_is_not_lost() -> None:
    ended = threading.Event()

    def work() -> Receipt:
        time.sleep(0.3)
        ended.set()
        return RECEIPT

    with pytest.raises(KeyboardInterrupt), Background(1) as background:
        background.begin("ingest", work)
        raise KeyboardInterrupt
    assert ended.is_set()


def test_work_beside_holds_one_of_the_slots_of_the_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    began, go_on = threading.Event(), threading.Event()

    def work() -> Receipt:
        began.set()
        go_on.wait(10)
        return RECEIPT

    with Background(1) as background:
        background.begin("ingest", work)
        assert began.wait(10)
        (slot,) = tmp_path.glob("synthprof-*/cpu-*")
        assert is_held(slot)
        go_on.set()
        background.ended(["ingest"])
        assert not is_held(slot)


def test_cpu_seconds_are_counted_once() -> None:
    def burn() -> Receipt:
        while time.thread_time() < 0.3:
            pass
        return RECEIPT

    with Background(1) as background:
        whole, others = time.process_time(), background.cpu_seconds_of_others()
        background.begin("ingest", burn)
        background.ended(["ingest"])
        whole, others = time.process_time() - whole, background.cpu_seconds_of_others() - others
    assert whole >= 0.25
    assert others < whole / 2


def test_two_workers_write_databases_beside_the_other_stages(tmp_path: Path) -> None:
    beside = {"ingest": "background", "persist_blobs": "background"}
    assert _threads(ORDER, tmp_path) == beside | {"vectorize": "main", "cluster": "main"}


def test_one_worker_does_one_thing_at_a_time(tmp_path: Path) -> None:
    one = Request.from_params({"dataset": "small", "profiles": 3_000, "clusters": 5, "workers": 1})
    assert set(_threads(one, tmp_path).values()) == {"main"}


def test_other_stages_go_on_while_databases_wait_for_one_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`persist_blobs` comes after `ingest`, and `export_index` after both, so that blocks are let go of."""
    clustering, done = threading.Event(), []

    def observe(name: str, *_: int) -> None:
        done.append(name)
        if name == "cluster":
            clustering.set()

    def ingest(context: Context) -> Outcome:
        assert clustering.wait(60)
        return run(context)

    run = importlib.import_module("synthprof.stages.ingest").run
    monkeypatch.setattr("synthprof.stages.ingest.run", ingest)
    run_all(ORDER, tmp_path, observe)
    last = {name: place for place, name in enumerate(done)}
    assert last["ingest"] < done.index("persist_blobs")
    assert last["persist_blobs"] < done.index("export_index")


def test_what_does_not_fit_into_memory_together_is_done_in_turn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _has_memory(monkeypatch, max(_needs(ORDER, *(each.name for each in wanted(ORDER.spec)))))
    assert _threads(ORDER, tmp_path)["ingest"] == "main"


def test_a_stage_that_is_not_wanted_takes_no_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exporting the index is what takes most here."""
    params = {"dataset": "small", "profiles": 3_000, "clusters": 5, "workers": 2, "dim_embedding": 512}
    for save_index, thread in ((True, "main"), (False, "background")):
        order = Request.from_params({**params, "save_index": save_index})
        others = max(
            _needs(order, *(each.name for each in wanted(order.spec) if each.name != "export_index"))
        )
        assert max(_needs(order, "export_index")) > others
        _has_memory(monkeypatch, others + max(_needs(order, "ingest", "persist_blobs")))
        assert _threads(order, tmp_path / thread)["ingest"] == thread


def _needs(order: Request, *names: str) -> list[int]:
    return [Footprint(order.spec).memory(name, 2) for name in names]


def _has_memory(monkeypatch: pytest.MonkeyPatch, enough: int) -> None:
    """The machine has so much memory, and what may be taken of it without a warning is just enough."""
    machine = Budget(2, round(enough / WARN_SHARE) + 1, 1 << 40)
    monkeypatch.setattr("synthprof.runner.run.budget", lambda *_: machine)


def _threads(request: Request, home: Path) -> dict[str, str]:
    """The thread that each of some stages was done in."""
    found: dict[str, str] = {}

    def observe(name: str, *_: int) -> None:
        beside = threading.current_thread() is not threading.main_thread()
        found[name] = "background" if beside else "main"

    receipts = run_all(request, home, observe).receipts
    assert [receipt.stage for receipt in receipts] == [each.name for each in wanted(request.spec)]
    return {name: found[name] for name in ("ingest", "vectorize", "persist_blobs", "cluster")}


def test_a_failed_stage_beside_fails_the_run_and_says_so_until_it_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build = Store(tmp_path, "small").build(ORDER.spec)
    with monkeypatch.context() as patched:
        patched.setattr("synthprof.stages.ingest.run", _fail)
        with pytest.raises(StageError, match="no table today"):
            run_all(ORDER, tmp_path)
    assert build.attempt.failure() == "ingest: no table today"
    made = run_all(ORDER, tmp_path).published["content"]
    assert build.attempt.failure() is None
    assert made == run_all(ORDER, tmp_path / "undisturbed").published["content"]


def test_when_another_stage_fails_what_was_made_beside_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("synthprof.stages.vectorize.run", _fail)
    with pytest.raises(StageError, match="no table today"):
        run_all(ORDER, tmp_path)
    folder = Store(tmp_path, "small").build(ORDER.spec).stage_folder("ingest")
    receipt = read_receipt(folder, None)
    assert receipt is not None
    assert receipt.rows == ORDER.spec.profiles


def _fail(_: Any) -> None:
    raise StageError("no table today")
