"""Locks on files, among them the locks of readers, which keep a version from being removed.

Files only: NFS and SMB pass on locks of files to other machines, but none of folders (flock(2)).
"""

import contextlib
import errno
import fcntl
import os
import time
from collections.abc import Iterator
from pathlib import Path

from synthprof.base.errors import Busy
from synthprof.base.files import make_folder
from synthprof.base.kinds import WrongKind, open_descriptor

_NO_LOCKS = (errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOLCK)
"""Errors of flock(2) on disks without locks."""


@contextlib.contextmanager
def lock(path: Path, what: str, *, shared: bool = False, patience_seconds: float = 1.0) -> Iterator[None]:
    """Hold the lock file at `path`. Raises Busy if another process holds it.

    The system releases the lock when its holder ends. what: names the locked thing in the message.
    patience_seconds: time to wait for the lock; children of a killed holder may keep it for milliseconds.
    """
    give_up = time.monotonic() + patience_seconds
    while (descriptor := _held(path, shared)) is None:
        if time.monotonic() > give_up:
            raise Busy(f"{what} is being worked on by another process; wait for it to end, then try again")
        time.sleep(0.02)
    try:
        yield
    finally:
        os.close(descriptor)


def try_lock(descriptor: int, *, shared: bool = False) -> bool:
    """Take the lock of an open file without waiting, until the descriptor is closed. Return False if held.

    Raises OSError with ENOLCK, and the name of the file, where the disk has no locks.
    """
    try:
        fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):  # EACCES where SMB emulates it
        return False
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise
        path = str(Path(f"/proc/self/fd/{descriptor}").readlink())
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK), path) from error
    return True


def is_held(path: Path) -> bool:
    """Return whether a process holds the lock file at `path` now. Nobody holds what is no file."""
    try:
        descriptor = _open_any(path)
    except (FileNotFoundError, NotADirectoryError, WrongKind):
        return False
    try:
        return not try_lock(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def unread(path: Path, patience_seconds: float = 0.0) -> Iterator[bool]:
    """Yield whether no process reads what the file stands for (`reading`); if so, none can begin inside.

    patience_seconds: time to wait for readers to end.
    """
    give_up = time.monotonic() + patience_seconds
    descriptor = _open_any(path)
    try:
        while not (free := try_lock(descriptor)) and time.monotonic() < give_up:
            time.sleep(0.02)
        yield free
    finally:
        os.close(descriptor)


def reading(path: Path) -> int:
    """Return a descriptor that keeps what the file stands for from being removed (`unread`), while open.

    Raises FileNotFoundError if the file is gone, or if its name now belongs to another one.
    """
    descriptor = open_descriptor(path, os.O_RDONLY)
    if try_lock(descriptor, shared=True) and _is_at(descriptor, path):
        return descriptor
    os.close(descriptor)
    raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))


def _open_any(path: Path) -> int:
    """Open a file to ask for its exclusive lock.

    NFS grants that only on a file opened for writing (flock(2)); who may only read asks on other disks.
    """
    return open_descriptor(path, os.O_RDWR if os.access(path, os.W_OK) else os.O_RDONLY)


def _held(path: Path, shared: bool) -> int | None:
    """Return a descriptor that holds the lock file at `path`, or None if it is held."""
    make_folder(path.parent)
    descriptor = open_descriptor(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW)
    if try_lock(descriptor, shared=shared) and _is_at(descriptor, path):
        return descriptor
    os.close(descriptor)
    return None


def _is_at(descriptor: int, path: Path) -> bool:
    """Return whether an open file still has this name: its folder may have been removed meanwhile."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False
