import errno
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import psutil
import pytest

from synthprof.base.errors import SpecError, StageError
from synthprof.system import workers
from synthprof.system.pool import Pool, ahead, in_turn_or_at_once
from synthprof.system.slots import cpu_slot


def _square(number: int) -> int:
    return number * number


def _fail(number: int) -> int:
    raise SpecError(f"number={number} is wrong")


def _die(_: int) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _touch_alone(folder: Path) -> int:
    """Return the number of processes that hold a slot while this one does."""
    with cpu_slot(1):
        mark = folder / str(os.getpid())
        mark.touch()
        time.sleep(0.02)
        found = len(list(folder.iterdir()))
        mark.unlink()
    return found


def test_results_come_in_the_order_of_the_jobs() -> None:
    with Pool(2) as pool:
        assert list(pool.map(_square, range(500))) == [n * n for n in range(500)]


def test_a_pool_without_processes_starts_none_and_takes_no_work() -> None:
    with Pool(0) as pool:
        assert not multiprocessing.active_children()
        with pytest.raises(RuntimeError, match="declare the stage as pooled"):
            pool.map(_square, range(3))


def test_an_error_of_a_job_arrives_as_it_is() -> None:
    with Pool(1) as pool, pytest.raises(SpecError, match="number=0 is wrong"):
        list(pool.map(_fail, range(3)))


def test_a_killed_worker_is_an_error_that_may_be_retried_not_a_hang() -> None:
    with Pool(1) as pool, pytest.raises(StageError, match="a worker process was killed"):
        list(pool.map(_die, range(3)))


@pytest.mark.parametrize("failing", [True, False], ids=["the pipe fails", "it is killed"])
def test_half_an_answer_is_an_error_not_a_hang(monkeypatch: pytest.MonkeyPatch, failing: bool) -> None:
    whole, parent = Connection._send, os.getpid()

    def half(self: Connection, message: bytes, *more: Any) -> None:
        if os.getpid() == parent:
            return whole(self, message, *more)
        os.write(self.fileno(), message[: len(message) // 2])
        if failing:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        os.kill(os.getpid(), signal.SIGKILL)

    monkeypatch.setattr(Connection, "_send", half)
    began = time.monotonic()
    with Pool(2) as pool, pytest.raises(StageError, match="a worker process was killed"):
        list(pool.map(_square, range(10)))
    assert time.monotonic() - began < 5


def test_a_pool_that_cannot_be_told_to_end_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "PATIENCE_SECONDS", 0.5)

    def fail(*_: Any) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with Pool(2) as pool:
        assert list(pool.map(_square, [2])) == [4]
        monkeypatch.setattr(Connection, "_send", fail)
    assert not multiprocessing.active_children()


def test_what_cannot_travel_is_an_error_of_its_job() -> None:
    with Pool(1) as pool:
        with pytest.raises(TypeError, match="cannot pickle"):
            list(pool.map(_no_result, [1]))
        assert list(pool.map(_square, [3])) == [9]


def _no_result(_: int) -> Any:
    return threading.Lock()


def test_a_process_that_does_not_end_is_killed_when_all_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    """As one whose order to end was lost, or that somebody has stopped."""
    monkeypatch.setattr(workers, "PATIENCE_SECONDS", 0.5)
    began = time.monotonic()
    with Pool(1) as pool:
        stopped = psutil.Process(next(pool.map(_pid, [0])))
        stopped.suspend()
    assert time.monotonic() - began < 10
    assert not stopped.is_running()


def test_the_next_item_is_made_while_one_is_worked_on() -> None:
    made: list[int] = []

    def items() -> Iterator[int]:
        for number in range(5):
            made.append(number)
            yield number
        raise StageError("no more of them")

    found = ahead(items())
    assert next(found) == 0
    deadline = time.monotonic() + 10
    while made != [0, 1] and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(0.05)  # time enough to make more, were it further ahead
    assert made == [0, 1]
    assert [next(found) for _ in range(4)] == [1, 2, 3, 4]
    with pytest.raises(StageError, match="no more of them"):
        next(found)


def _pid(_: int) -> int:
    return os.getpid()


def test_two_workers_do_two_things_at_once_and_one_does_them_in_turn() -> None:
    meeting = threading.Barrier(2, timeout=10)
    assert in_turn_or_at_once(2, lambda: (meeting.wait(), "one")[1], lambda: (meeting.wait(), 2)[1]) == (
        "one",
        2,
    )
    done: list[str] = []
    in_turn_or_at_once(1, lambda: done.append("one"), lambda: done.append(threading.current_thread().name))
    assert done == ["one", "MainThread"]


@pytest.mark.parametrize("workers", [1, 2])
def test_what_either_of_two_things_raises_is_raised(workers: int) -> None:
    with pytest.raises(SpecError, match="number=1"):
        in_turn_or_at_once(workers, lambda: _fail(1), lambda: _square(2))
    with pytest.raises(SpecError, match="number=2"):
        in_turn_or_at_once(workers, lambda: _square(1), lambda: _fail(2))


def test_one_slot_lets_one_process_compute_at_a_time(tmp_path: Path) -> None:
    with Pool(3) as pool:
        assert max(pool.map(_touch_alone, [tmp_path] * 12)) == 1


def test_the_pool_counts_the_work_of_its_processes() -> None:
    with Pool(1) as pool:
        list(pool.map(_burn, [0.1, 0.1]))
        assert pool.usage.cpu_seconds >= 0.2
        assert pool.usage.peak_memory > 1 << 20


def _burn(seconds: float) -> None:
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass


def test_no_worker_outlives_a_killed_parent() -> None:
    script = (
        "import os, time\nfrom synthprof.system.pool import Pool\n"
        "pool = Pool(2)\nprint(*pool._workers.pids(), flush=True)\n"
        "list(pool.map(time.sleep, [60] * 6))\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert parent.stdout
    pids = [int(word) for word in parent.stdout.readline().split()]
    assert len(pids) == 2
    parent.kill()
    parent.communicate()
    gone_by = time.monotonic() + 10
    while time.monotonic() < gone_by and any(_alive(pid) for pid in pids):
        time.sleep(0.05)
    assert not any(_alive(pid) for pid in pids)


def _alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
