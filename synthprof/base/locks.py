"""Locks on files and folders, among them the locks of readers, which keep a version from being removed."""

import contextlib
import errno
import fcntl
import os
import time
from collections.abc import Iterator
from pathlib import Path

from synthprof.base.errors import Busy
from synthprof.base.files import make_folder


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
    """Take the lock of an open file without waiting, until the descriptor is closed. Return False if held."""
    try:
        fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def is_held(path: Path) -> bool:
    """Return whether a process holds the lock file at `path` now."""
    # NFS grants an exclusive lock only on a file opened for writing (flock(2)); readers elsewhere may ask too
    mode = os.O_RDWR if os.access(path, os.W_OK) else os.O_RDONLY
    try:
        descriptor = os.open(path, mode | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        return not try_lock(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def unread(folder: Path) -> Iterator[bool]:
    """Yield whether no process reads in the folder. If so, no reader can begin (`reading`) while inside."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield try_lock(descriptor)
    finally:
        os.close(descriptor)


def reading(folder: Path) -> int:
    """Return a descriptor that keeps the folder from being removed (`unread`) until it is closed.

    Raises FileNotFoundError if the folder is gone, or if its name now belongs to another folder.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    if try_lock(descriptor, shared=True) and _is_at(descriptor, folder):
        return descriptor
    os.close(descriptor)
    raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(folder))


def _held(path: Path, shared: bool) -> int | None:
    """Return a descriptor that holds the lock file at `path`, or None if it is held."""
    make_folder(path.parent)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
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
