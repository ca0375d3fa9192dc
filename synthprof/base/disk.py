"""The operations that the store needs of a disk, tried once before any work; a lack is told in one message.

What a disk may lack has a second path instead: hard links (`files.share`), the flush of folders
(`files.flush_folder`), folders that change places (`files.take_place`) or that are moved at all once they lie
in a lower layer (`files.put_aside`).
"""

import errno
import mmap
import os
import shutil
from collections.abc import Callable
from pathlib import Path

from synthprof.base.errors import SpecError
from synthprof.base.files import flush, temporary_path
from synthprof.base.locks import try_lock

_NOT_LACKING = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.ENOMEM)
"""Errors that say that the disk is full, read-only or broken, not that it lacks anything."""

_COARSEST_SECONDS = 2
"""The coarsest times of files that are in use: those of FAT."""

_checked: set[int] = set()
"""The devices of the disks that do all of it."""


def check_disk(folder: Path) -> None:
    """Raise SpecError, naming what is lacking, unless the folder's disk does what the store relies on."""
    device = folder.stat().st_dev
    if device in _checked:
        return
    probe = temporary_path(folder / "probe")
    try:
        probe.mkdir()
        for tried, lacking in _NEEDED.items():
            if reason := _failure(tried, probe):
                raise SpecError(
                    f"the disk of {folder} {lacking} ({reason}); set SYNTHPROF_HOME to a folder on another "
                    "disk, such as ext4, xfs or btrfs"
                )
    finally:
        shutil.rmtree(probe, ignore_errors=True)
    _checked.add(device)


def _failure(tried: Callable[[Path], bool], probe: Path) -> str:
    """Return why the disk does not do what is tried, or nothing if it does."""
    try:
        return "" if tried(probe) else "no error, no effect"
    except OSError as error:
        if error.errno in _NOT_LACKING:
            raise
        return error.strerror or str(error)


def _replaces_files(probe: Path) -> bool:
    for name in ("new", "file"):
        (probe / name).write_text(name)
    (probe / "new").rename(probe / "file")
    return (probe / "file").read_text() == "new"


def _flushes_files(probe: Path) -> bool:
    flush(probe / "file")
    return True


def _renames_folders(probe: Path) -> bool:
    (probe / "folder").mkdir()
    (probe / "folder" / "file").write_text("in it")
    (probe / "folder").rename(probe / "renamed")
    return (probe / "renamed" / "file").read_text() == "in it"


def _has_links(probe: Path) -> bool:
    for name, target in (("new-link", "renamed"), ("link", "elsewhere")):
        (probe / name).symlink_to(target)
    (probe / "new-link").rename(probe / "link")
    return str((probe / "link").readlink()) == "renamed" and (probe / "link" / "file").is_file()


def _has_locks(probe: Path) -> bool:
    """Return whether a second holder is refused, and shared ones are not."""
    first, second, third = (os.open(probe / "file", os.O_RDWR | os.O_CLOEXEC) for _ in range(3))
    try:
        shared = try_lock(first, shared=True) and try_lock(second, shared=True)
        return shared and not try_lock(third)
    finally:
        for descriptor in (first, second, third):
            os.close(descriptor)


def _maps_files(probe: Path) -> bool:
    with (probe / "file").open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        return mapped[:] == b"new"


def _keeps_times(probe: Path) -> bool:
    os.utime(probe / "file", (1_600_000_000, 1_600_000_000))
    return abs((probe / "file").stat().st_mtime - 1_600_000_000) <= _COARSEST_SECONDS


_NEEDED: dict[Callable[[Path], bool], str] = {
    _replaces_files: "does not put one file in the place of another, so that readers could see half of one",
    _flushes_files: "does not flush files (fsync), so that a power cut could take what is published",
    _renames_folders: "does not rename folders, so that readers could see half of a version",
    _has_links: "has no symbolic links, which mark the current version",
    _has_locks: "has no locks (flock), which keep runs and readers apart",
    _maps_files: "does not map files into memory (mmap), by which large arrays are read",
    _keeps_times: "does not keep the times of files, by which versions are in order",
}
"""The trials, in order, and the message for a disk that fails one."""
