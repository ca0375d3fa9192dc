"""Errors of disk and memory, turned into one line with a remedy."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager

from synthprof.base.errors import SpecError, StageError
from synthprof.base.kinds import WrongKind
from synthprof.system.environment import home_folder

_NO_KIND = "remove or rename what has that name, or set {home} to another folder"
_OTHER_DISK = "set {home} to a folder on another disk, such as ext4, xfs or btrfs"
_DISK_ERRORS = {
    errno.ENOSPC: "free some space",
    errno.EDQUOT: "free some space or raise the quota",
    errno.EROFS: "mount it writable or set {home} to a writable folder",
    errno.EACCES: "grant the right to read and write or set {home} to a folder of your own",
    errno.EPERM: "grant the right to read and write or set {home} to a folder of your own",
    errno.ENOTDIR: _NO_KIND,
    errno.EEXIST: _NO_KIND,
    errno.EISDIR: _NO_KIND,
    errno.ENXIO: _NO_KIND,
    errno.ENODEV: _NO_KIND,
    errno.ENAMETOOLONG: "set {home} to a shorter path",
    errno.ELOOP: "mend the link or set {home} to a folder",
    errno.EFBIG: "allow larger files (ulimit -f)",
    errno.ENOLCK: "mount it with locks (flock) or set {home} to a folder on another disk",
    errno.EBUSY: "end what holds it, such as a mount of its own",
    errno.EXDEV: _OTHER_DISK,
    errno.EOPNOTSUPP: _OTHER_DISK,
    errno.ENOSYS: _OTHER_DISK,
}


@contextmanager
def clear_errors(home: str = "SYNTHPROF_HOME") -> Iterator[None]:
    """Turn an OSError that needs a remedy into SpecError, other OSErrors and MemoryError into StageError.

    home: the setting that names the folder where files are written.
    """
    try:
        yield
    except WrongKind:  # an OSError that has its remedy
        raise
    except OSError as error:
        if error.errno in _DISK_ERRORS:
            raise SpecError(
                f"cannot use {error.filename2 or error.filename or home_folder()}: "
                f"{os.strerror(error.errno)}; "
                f"{_DISK_ERRORS[error.errno].format(home=home)}, then run it again"
            ) from error
        raise StageError(f"{error}; run it again") from error
    except MemoryError as error:
        raise StageError(
            f"out of memory ({error or 'an allocation failed'}); run it again with workers=1 or more memory"
        ) from error
