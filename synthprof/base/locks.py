"""Locks of files and folders, and readers that keep a version from being removed."""

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
    """The lock file at `path` is held. It vanishes with its holder. Raises Busy if another holds it.

    patience_seconds: how long to wait for it; a killed holder's children may keep it for some milliseconds.
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
    """Whether the lock of an open file could be had at once; it lasts until the descriptor is closed."""
    try:
        fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def is_held(path: Path) -> bool:
    """Whether somebody holds the lock file at `path` at this moment."""
    # NFS gives the exclusive lock only to who may write (flock(2)); who only reads elsewhere may still ask
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
    """Whether nobody reads in the folder; while inside, no reader can begin to (`reading`)."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield try_lock(descriptor)
    finally:
        os.close(descriptor)


def reading(folder: Path) -> int:
    """A descriptor that, while open, keeps the folder from being removed (`unread`).

    Raises FileNotFoundError if it is gone, or is no longer what has this name.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    if try_lock(descriptor, shared=True) and _is_at(descriptor, folder):
        return descriptor
    os.close(descriptor)
    raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(folder))


def _held(path: Path, shared: bool) -> int | None:
    """A descriptor that holds the lock file at `path`, if it could be had at once."""
    make_folder(path.parent)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    if try_lock(descriptor, shared=shared) and _is_at(descriptor, path):
        return descriptor
    os.close(descriptor)
    return None


def _is_at(descriptor: int, path: Path) -> bool:
    """Whether what is open still has this name: the folder around a lock may have been removed meanwhile."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False
