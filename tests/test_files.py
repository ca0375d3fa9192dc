import errno
import fcntl
import multiprocessing
import os
import signal
from pathlib import Path

import pytest

from synthprof import files
from synthprof.errors import Busy


def test_a_file_appears_whole_under_its_name(tmp_path: Path) -> None:
    path = tmp_path / "a" / "file"
    with files.replacing(path) as temporary:
        temporary.write_text("half")
        assert not path.exists()
        temporary.write_text("whole")
    assert path.read_text() == "whole"
    assert [each.name for each in path.parent.iterdir()] == ["file"]


def test_after_an_exception_the_old_file_is_there_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("old")
    with pytest.raises(RuntimeError), files.replacing(path) as temporary:
        temporary.write_text("new")
        raise RuntimeError
    assert path.read_text() == "old"
    assert [each.name for each in tmp_path.iterdir()] == ["file"]


def _hold(path: Path, ready: "multiprocessing.synchronize.Event") -> None:
    with files.lock(path, "it"):
        ready.set()
        signal.pause()


def test_a_second_holder_of_a_lock_is_told_busy_and_a_killed_holder_leaves_it_free(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    ready = context.Event()
    holder = context.Process(target=_hold, args=(tmp_path / "lock", ready))
    holder.start()
    assert ready.wait(30)
    with pytest.raises(Busy, match="it is being worked on"), files.lock(tmp_path / "lock", "it"):
        pass
    assert holder.pid
    os.kill(holder.pid, signal.SIGKILL)
    holder.join()
    with files.lock(tmp_path / "lock", "it"):
        pass


def test_shared_holders_do_not_hinder_each_other_but_an_exclusive_one(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with (
        files.lock(path, "it", shared=True),
        files.lock(path, "it", shared=True),
        pytest.raises(Busy),
        files.lock(path, "it"),
    ):
        pass


def test_a_pointer_switches_from_one_target_to_the_next(tmp_path: Path) -> None:
    link = tmp_path / "CURRENT"
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        files.point(link, name)
        assert link.resolve() == tmp_path / name
    assert sorted(each.name for each in tmp_path.iterdir()) == ["CURRENT", "one", "two"]


def test_temporaries_of_killed_writers_are_removed_and_other_files_are_not(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / ".tmp-1-abc-block").write_text("half")
    (tmp_path / "sub" / "block").write_text("whole")
    files.remove_temporaries(tmp_path)
    assert [each.name for each in (tmp_path / "sub").iterdir()] == ["block"]


def test_a_record_holds_the_sha256_that_sha256sum_prints(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"abc")
    record = files.record(tmp_path / "f", tmp_path)
    # FIPS 180-2, appendix B.1: the digest of "abc"
    assert record.sha256 == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert (record.path, record.bytes) == ("f", 3)


def test_folders_change_places_in_one_step_and_readers_of_the_old_one_keep_it(tmp_path: Path) -> None:
    for name in ("aside", "folder"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text(name)
    with (tmp_path / "folder" / "file").open() as reader:
        files.take_place(tmp_path / "aside", tmp_path / "folder")
        assert (tmp_path / "folder" / "file").read_text() == "aside"
        assert (tmp_path / "aside" / "file").read_text() == reader.read() == "folder"
    files.take_place(tmp_path / "aside", tmp_path / "new")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder", "new"]


def test_a_folder_that_is_read_is_not_free_and_one_that_was_replaced_is_not_there(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    held = files.reading(folder)
    with files.unread(folder) as free:
        assert not free
    os.close(held)
    with files.unread(folder) as free:
        assert free
        with pytest.raises(FileNotFoundError):
            files.reading(folder)


def test_a_lock_whose_folder_was_removed_meanwhile_is_taken_on_the_new_file(tmp_path: Path) -> None:
    path = tmp_path / "locks" / "lock"
    with files.lock(path, "it"):
        path.parent.rename(tmp_path / "gone")
        with files.lock(path, "it"), pytest.raises(Busy), files.lock(path, "it"):
            pass


def test_the_first_error_is_the_one_that_is_told_when_removing_fails_too(tmp_path: Path) -> None:
    path = tmp_path / "file"
    with pytest.raises(RuntimeError, match="first"), files.replacing(path) as temporary:
        temporary.mkdir()  # cannot be unlinked
        raise RuntimeError("first")


def test_whether_a_lock_is_held_is_asked_as_nfs_wants_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, path = fcntl.flock, tmp_path / "lock"

    def nfs(descriptor: int, kind: int) -> None:
        if kind & fcntl.LOCK_EX and not fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_ACCMODE:
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))
        real(descriptor, kind)

    monkeypatch.setattr(fcntl, "flock", nfs)
    with files.lock(path, "work"):
        assert files.is_held(path)
    assert not files.is_held(path)
