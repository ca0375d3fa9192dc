"""Disks that lack what the store relies on, or what it can do without."""

import errno
import os
from pathlib import Path

import pytest
from kernel import refusing

from synthprof.base import disk, files, locks
from synthprof.base.errors import SpecError


@pytest.fixture(autouse=True)
def _unknown_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disk, "_checked", set())


def test_this_disk_does_all_of_it_and_is_asked_once(tmp_path: Path) -> None:
    disk.check_disk(tmp_path)
    assert not list(tmp_path.iterdir())
    refusing(["rename", "symlink", "flock"], "EPERM", lambda: disk.check_disk(tmp_path))


@pytest.mark.parametrize(
    ("calls", "error", "words"),
    [
        (["rename"], "EXDEV", "does not put one file in the place of another"),
        (["rename"], "ENOSYS", "does not put one file in the place of another"),
        (["fsync"], "EINVAL", r"does not flush files \(fsync\)"),
        (["symlink", "symlinkat"], "EPERM", "has no symbolic links, which mark the current version"),
        (["symlink", "symlinkat"], "EOPNOTSUPP", "has no symbolic links, which mark the current version"),
        (["flock"], "ENOLCK", r"has no locks \(flock\)"),
        (["flock"], "EOPNOTSUPP", r"has no locks \(flock\)"),
        (["flock"], "EINVAL", r"has no locks \(flock\)"),
        (["utimensat"], "EPERM", "does not keep the times of files"),
    ],
)
def test_what_a_disk_lacks_is_refused_in_one_message(
    tmp_path: Path, calls: list[str], error: str, words: str
) -> None:
    remedy = "; set SYNTHPROF_HOME to a folder on another disk, such as ext4, xfs or btrfs"
    with pytest.raises(SpecError, match=f"the disk of {tmp_path} {words}.*{remedy}"):
        refusing(calls, error, lambda: disk.check_disk(tmp_path))
    assert not list(tmp_path.iterdir())


def test_a_lock_that_keeps_nobody_out_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fcntl.flock", lambda *_: None)  # as network disks mounted with local locks may do
    with pytest.raises(SpecError, match=r"has no locks \(flock\).* \(no error, no effect\)"):
        disk.check_disk(tmp_path)


@pytest.mark.parametrize("error", ["ENOSPC", "EROFS"])
def test_a_full_or_read_only_disk_lacks_nothing(tmp_path: Path, error: str) -> None:
    with pytest.raises(OSError, match=os.strerror(getattr(errno, error))):
        refusing(["fsync"], error, lambda: disk.check_disk(tmp_path))


@pytest.mark.parametrize("error", ["EPERM", "EMLINK", "EXDEV", "EOPNOTSUPP", "ENOSYS", "EINVAL", "EACCES"])
def test_without_hard_links_files_are_copied(tmp_path: Path, error: str) -> None:
    source, path = tmp_path / "source", tmp_path / "path"
    source.write_text("sealed")
    refusing(["link", "linkat"], error, lambda: files.share(source, path))
    assert path.read_text() == "sealed"
    assert path.stat().st_ino != source.stat().st_ino


@pytest.mark.parametrize("error", ["EINVAL", "EOPNOTSUPP", "ENOSYS", "EBADF"])
def test_a_disk_without_a_flush_of_folders_is_good_enough_and_one_that_fails_is_told(
    tmp_path: Path, error: str
) -> None:
    refusing(["fsync"], error, lambda: files.flush_folder(tmp_path))
    with pytest.raises(OSError, match="Input/output"):
        refusing(["fsync"], "EIO", lambda: files.flush_folder(tmp_path))


def _folder(path: Path, *names: str) -> Path:
    path.mkdir()
    for name in names:
        (path / name).write_text(path.name)
    return path


@pytest.mark.parametrize("error", ["EINVAL", "ENOSYS", "EXDEV"])
def test_folders_change_places_without_an_exchange(tmp_path: Path, error: str) -> None:
    old, new = _folder(tmp_path / "old", "key"), _folder(tmp_path / "new", "key")
    refusing(["renameat2"], error, lambda: files.take_place(new, old, "key"))
    assert (old / "key").read_text() == "new"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["new", "old"]


def test_a_removal_that_was_cut_short_has_taken_the_key_and_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = _folder(tmp_path / "folder", "a", "key")
    monkeypatch.setattr(files, "move", lambda *_: False)  # as in a lower layer of overlayfs
    monkeypatch.setattr(files, "remove", lambda _: pytest.fail("killed"))
    with pytest.raises(pytest.fail.Exception):
        files.put_aside(folder, "key")
    assert sorted(path.name for path in folder.iterdir()) == [files.REMOVED, "a"]
    monkeypatch.undo()
    files.end_removals(tmp_path)
    assert not folder.exists()


def test_a_lock_refused_as_smb_does_it_is_held_and_a_disk_without_locks_is_named(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    path.touch()
    assert refusing(["flock"], "EACCES", lambda: locks.is_held(path))
    with pytest.raises(OSError, match=f"No locks available: '{path}'"):
        refusing(["flock"], "EOPNOTSUPP", lambda: locks.is_held(path))
