"""Files of a source: errors turned into messages, and whether a file was written while it was read."""

import contextlib
import errno
import os
from collections.abc import Iterator
from pathlib import Path

from synthprof.base.errors import SpecError, StageError, SynthprofError
from synthprof.sources.reading import Unsteady

LASTING = {
    errno.ENOENT, errno.EACCES, errno.EPERM, errno.ENOTDIR, errno.EISDIR, errno.ELOOP, errno.ENAMETOOLONG,
    errno.EINVAL, errno.ENXIO,
}  # fmt: skip
"""Errors that remain until somebody mends what they name; all others may pass."""


def problem(what: str, error: OSError, remedy: str) -> SynthprofError:
    """Return the error for a path that cannot be read: SpecError if it lasts, else StageError."""
    reason = error.strerror or str(error)
    if error.errno in LASTING:
        return SpecError(f"{what} cannot be read: {reason}; {remedy}")
    return StageError(f"{what} cannot be read: {reason}; run it again, or name a copy on another disk")


def stamp(path: Path) -> tuple[int, int, int]:
    """Return what changes when a file is written or replaced."""
    found = path.stat()
    return found.st_size, found.st_mtime_ns, found.st_ino


@contextlib.contextmanager
def steady(path: Path) -> Iterator[None]:
    """Raise Unsteady at the end if the file was written meanwhile, whatever went wrong because of it."""
    before = stamp(path)
    failed: Exception | None = None
    try:
        yield
    except Exception as error:
        failed = error
    try:
        changed = stamp(path) != before
    except OSError:
        changed = True
    if changed:
        raise Unsteady(
            f"source={path} cannot be read: it was written meanwhile; try again when no process writes it, "
            "or name a copy"
        ) from failed
    if failed is not None:
        raise failed


def check_file(path: Path) -> None:
    """Raise SpecError for what is neither a file nor a folder: to open a pipe waits for ever."""
    if path.exists() and not path.is_file() and not path.is_dir():
        raise SpecError(f"source={path} is neither a file nor a folder; name one of these")


def files_below(folder: Path, above: tuple[Path, ...] = ()) -> Iterator[Path]:
    """Yield the files of a folder at any depth, in no order. Follow links, except to a folder above.

    Names that begin with a dot are left out, and the empty `_SUCCESS` that Spark leaves.
    """
    from synthprof.base.permitted import check_permitted

    here = folder.resolve()
    if here in above:
        return
    check_permitted(folder)
    try:
        for path in folder.iterdir():
            if path.name.startswith(".") or path.name == "_SUCCESS":
                continue
            if path.is_dir():
                yield from files_below(path, (*above, here))
            elif path.is_file():
                if path.is_symlink():
                    check_permitted(path)
                yield path
    except OSError as error:
        raise problem(str(folder), error, "grant the right to") from None


def bytes_of(paths: list[Path]) -> int:
    """Return the bytes of the files that are there."""
    return sum(path.stat().st_size for path in paths if os.access(path, os.R_OK))
