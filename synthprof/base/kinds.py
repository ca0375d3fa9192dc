"""Files opened only where a file lies: to open a FIFO blocks, and to open a device may act on it."""

import errno
import os
import stat
from io import BufferedReader
from pathlib import Path

from synthprof.base.errors import SpecError

_KINDS = {
    stat.S_IFREG: "a file",
    stat.S_IFDIR: "a folder",
    stat.S_IFLNK: "a link",
    stat.S_IFIFO: "a FIFO",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


class WrongKind(SpecError, OSError):
    """Another kind of thing lies at a path than belongs there; a person must take it away.

    An OSError, too, so that what is only a damaged file of ours is treated as one.
    """

    def __init__(self, path: Path, mode: int, wanted: str = "a file") -> None:
        self._made_of = (path, mode, wanted)
        OSError.__init__(self, errno.EINVAL, f"{path} is {kind_of(mode)}", str(path))

    def __str__(self) -> str:
        path, mode, wanted = self._made_of
        other = ", or set SYNTHPROF_HOME to another folder" if wanted == "a folder" else ""
        found = f"{path} is {kind_of(mode)}, where {wanted} belongs"
        return f"{found}; remove or rename it{other}, then run it again"

    def __reduce__(self) -> tuple[type["WrongKind"], tuple[Path, int, str]]:
        return WrongKind, self._made_of


def kind_of(mode: int) -> str:
    """Return the words for the kind of thing that has this `st_mode`."""
    return _KINDS.get(stat.S_IFMT(mode), "something unknown")


def check_file(path: Path) -> Path:
    """Return the path of a file, for a library that opens it. Raises WrongKind for what is none.

    A file that is missing is left to the library to tell.
    """
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return path
    if not stat.S_ISREG(mode):
        raise WrongKind(path, mode)
    return path


def check_no_folder(path: Path) -> None:
    """Raise WrongKind if a folder lies where a file or link is about to be put, which cannot replace it."""
    if path.is_dir() and not path.is_symlink():
        raise WrongKind(path, stat.S_IFDIR)


def check_nothing(path: Path, wanted: str) -> None:
    """Raise WrongKind if something lies at a path where what is wanted does not."""
    if os.path.lexists(path):
        raise WrongKind(path, path.lstat().st_mode, wanted)


def open_descriptor(path: Path, flags: int, mode: int = 0o644) -> int:
    """Open a file with the flags of open(2), without waiting, and return the descriptor.

    Raises WrongKind for what is no file, and what os.open raises.
    """
    descriptor = os.open(check_file(path), flags | os.O_NONBLOCK | os.O_CLOEXEC, mode)
    found = os.fstat(descriptor).st_mode
    if not stat.S_ISREG(found):
        os.close(descriptor)
        raise WrongKind(path, found)
    return descriptor


def open_file(path: Path) -> BufferedReader:
    """Open a file for reading. Raises WrongKind for what is no file."""
    return os.fdopen(open_descriptor(path, os.O_RDONLY), "rb")


def read_bytes(path: Path) -> bytes:
    """Return the contents of a file. Raises WrongKind for what is no file."""
    with open_file(path) as file:
        return file.read()


def read_text(path: Path) -> str:
    """Return the contents of a file in UTF-8. Raises WrongKind for what is no file."""
    return read_bytes(path).decode()
