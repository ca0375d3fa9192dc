"""Files that appear whole under their name, or not at all, and stay after a power cut."""

import contextlib
import ctypes
import errno
import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel, ConfigDict, field_validator

from synthprof.base.digests import sha256
from synthprof.base.errors import SpecError

_TEMPORARY = ".tmp-"

_OFFSET = ctypes.c_int64
_SYNC_FILE_RANGE_WRITE = 2  # linux/fs.h
_NO_LINK = (errno.EPERM, errno.EMLINK, errno.EXDEV, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS)
"""What link(2) and symlink(2) say where the disk has no such names."""


class FileRecord(BaseModel):
    """A file as it was when it was sealed: its path within its folder, its size and its SHA-256."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: str
    bytes: int
    sha256: str

    @field_validator("path")
    @classmethod
    def _stays_within(cls, path: str) -> str:
        """What is fetched is written where its record says, and a record may come from elsewhere."""
        if not {"", ".", ".."}.isdisjoint(path.split("/")) or "\\" in path or "\0" in path:
            raise ValueError(f"{path[:80]!r} is no path within a folder")
        return path


@contextlib.contextmanager
def replacing(path: Path, *, durable: bool = True) -> Iterator[Path]:
    """A temporary path beside `path`; what was written there is flushed and takes its place at the end.

    Not `durable`: it is not flushed, so after a power cut the file may be missing or anything at all.

    After an exception there is nothing at either name that was not there before. The folder itself is not
    flushed: call `flush_folder` once after the last file. A failed flush is never tried again on the same
    file, whose pages the kernel may have dropped: the caller writes a new one.
    """
    make_folder(path.parent)
    temporary = temporary_path(path)
    try:
        yield temporary
        if durable:
            flush(temporary)
        temporary.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):  # what failed first is what matters
            temporary.unlink(missing_ok=True)
        raise


def temporary_path(path: Path) -> Path:
    """A temporary name in the folder of `path`, which `remove_temporaries` knows."""
    return path.with_name(f"{_TEMPORARY}{os.getpid()}-{secrets.token_hex(4)}-{path.name}")


def make_folder(path: Path) -> None:
    """The folder is there, and so are, durably, the names that lead to it."""
    if path.is_dir():
        return
    make_folder(path.parent)
    path.mkdir(exist_ok=True)
    flush_folder(path.parent)


def write_text(path: Path, text: str) -> None:
    """`path` holds `text`, durably."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
    flush_folder(path.parent)


def point(link: Path, target: str) -> None:
    """`link` is a symbolic link to `target`, switched in one step, durably."""
    temporary = temporary_path(link)
    temporary.symlink_to(target)
    try:
        temporary.replace(link)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise
    flush_folder(link.parent)


def check_links(folder: Path) -> None:
    """The folder's disk has symbolic links, which `point` needs. Raises SpecError if not, as on exFAT."""
    probe = temporary_path(folder / "link")
    try:
        probe.symlink_to(".")
    except OSError as error:
        if error.errno not in _NO_LINK:
            raise
        raise SpecError(
            f"the disk of {folder} has no symbolic links, by which a version becomes the current one; set "
            "SYNTHPROF_HOME to a folder on a disk that has, such as ext4 or xfs"
        ) from error
    probe.unlink()


def share(source: Path, path: Path) -> None:
    """`path` is one more name of the sealed file `source`, or a flushed copy where the disk has no links."""
    try:
        path.hardlink_to(source)
    except OSError as error:
        if error.errno not in _NO_LINK:
            raise
        with replacing(path) as temporary:
            shutil.copyfile(source, temporary)


def take_place(temporary: Path, folder: Path) -> None:
    """The finished folder `temporary` is `folder`; what was there before, if anything, has its name.

    In one step: at no moment is there nothing at `folder` that was there before.
    """
    if not folder.exists():
        temporary.rename(folder)
    elif not _exchange(temporary, folder):  # a disk that cannot: readers miss it for a moment
        old = temporary_path(folder)
        folder.rename(old)
        temporary.rename(folder)
        old.rename(temporary)
    flush_folder(folder.parent)


def _exchange(one: Path, other: Path) -> bool:
    """Whether the two names were swapped: renameat2(2) with RENAME_EXCHANGE."""
    here, exchange = -100, 2  # AT_FDCWD of fcntl.h, RENAME_EXCHANGE of linux/fs.h
    call = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    return call is not None and call(here, os.fsencode(one), here, os.fsencode(other), exchange) == 0


def flush(path: Path) -> None:
    """What was written to the file, or to the folder's list of names, has reached the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


flush_folder = flush


def start_writing(path: Path) -> None:
    """What was written so far is on its way to the disk, so that flushing at the end waits less.

    Only a hint (sync_file_range(2) on Linux): it waits for nothing, promises nothing and fails silently.
    """
    with contextlib.suppress(OSError, AttributeError):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            ctypes.CDLL(None).sync_file_range(descriptor, _OFFSET(0), _OFFSET(0), _SYNC_FILE_RANGE_WRITE)
        finally:
            os.close(descriptor)


def record(path: Path, folder: Path) -> FileRecord:
    """The record of `path` as it lies within `folder` now."""
    return FileRecord(
        path=path.relative_to(folder).as_posix(), bytes=path.stat().st_size, sha256=sha256(path)
    )


def is_there(folder: Path, file: FileRecord) -> bool:
    """Whether a file of that name and size lies in the folder, whatever it holds."""
    path = folder / file.path
    return path.is_file() and not path.is_symlink() and path.stat().st_size == file.bytes


def matches(folder: Path, file: FileRecord) -> bool:
    """Whether the file in the folder can be read and is, to the last byte, what its record says."""
    try:
        return is_there(folder, file) and sha256(folder / file.path) == file.sha256
    except OSError:  # a sector that cannot be read, or no right to
        return False


def remove_temporaries(folder: Path, *, deep: bool = True) -> None:
    """Nothing is left in `folder` of writers that were killed. Call it only with the folder's lock held."""
    for path in folder.glob(f"{'**/' if deep else ''}{_TEMPORARY}*"):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
