"""Locks of files and folders."""

import errno
import fcntl
import multiprocessing
import os
import signal
from pathlib import Path

import pytest

from synthprof.base import locks
from synthprof.base.errors import Busy


def _hold(path: Path, ready: "multiprocessing.synchronize.Event") -> None:
    with locks.lock(path, "it"):
        ready.set()
        signal.pause()


def test_a_second_holder_of_a_lock_is_told_busy_and_a_killed_holder_leaves_it_free(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    ready = context.Event()
    holder = context.Process(target=_hold, args=(tmp_path / "lock", ready))
    holder.start()
    assert ready.wait(30)
    with pytest.raises(Busy, match="it is being worked on"), locks.lock(tmp_path / "lock", "it"):
        pass
    assert holder.pid
    os.kill(holder.pid, signal.SIGKILL)
    holder.join()
    with locks.lock(tmp_path / "lock", "it"):
        pass


def test_shared_holders_do_not_hinder_each_other_but_an_exclusive_one(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with (
        locks.lock(path, "it", shared=True),
        locks.lock(path, "it", shared=True),
        pytest.raises(Busy),
        locks.lock(path, "it"),
    ):
        pass


def test_what_is_read_is_not_free_and_what_is_about_to_be_replaced_is_not_there(tmp_path: Path) -> None:
    path = tmp_path / "manifest"
    path.touch()
    held = locks.reading(path)
    with locks.unread(path) as free:
        assert not free
    os.close(held)
    with locks.unread(path) as free:
        assert free
        with pytest.raises(FileNotFoundError):
            locks.reading(path)


def test_a_lock_whose_folder_was_removed_meanwhile_is_taken_on_the_new_file(tmp_path: Path) -> None:
    path = tmp_path / "locks" / "lock"
    with locks.lock(path, "it"):
        path.parent.rename(tmp_path / "gone")
        with locks.lock(path, "it"), pytest.raises(Busy), locks.lock(path, "it"):
            pass


def test_whether_a_lock_is_held_is_asked_as_nfs_wants_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, path = fcntl.flock, tmp_path / "lock"

    def nfs(descriptor: int, kind: int) -> None:
        if kind & fcntl.LOCK_EX and not fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_ACCMODE:
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))
        real(descriptor, kind)

    monkeypatch.setattr(fcntl, "flock", nfs)
    with locks.lock(path, "work"):
        assert locks.is_held(path)
    assert not locks.is_held(path)
