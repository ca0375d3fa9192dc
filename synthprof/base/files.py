"""Files that appear under their name complete or not at all, and survive a power cut."""

import contextlib
import ctypes
import errno
import os
import secrets
import shutil
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    SerializerFunctionWrapHandler,
    field_validator,
    model_serializer,
)

from synthprof.base.digests import both, sha256, xxh128
from synthprof.base.kinds import WrongKind, check_file, check_no_folder

_TEMPORARY = ".tmp-"

_OFFSET = ctypes.c_int64
_SYNC_FILE_RANGE_WRITE = 2  # linux/fs.h

_UNMOVABLE = (errno.EXDEV, errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP, errno.EBUSY)
"""Errors of rename(2) for a folder that must stay where it is: EXDEV on overlayfs for one of a lower layer,
EBUSY for a mount point."""

_NO_FLUSH = (errno.EINVAL, errno.EBADF, errno.ENOSYS, errno.EOPNOTSUPP)
"""Errors of fsync(2) on disks that have no flush of folders, and keep their names by other means."""

REMOVED = f"{_TEMPORARY}removed"
"""Name of the file that marks a folder as removed while it is emptied in its place."""


class FileRecord(BaseModel):
    """The path of a sealed file within its folder, its size and its checksums (docs/adr/0073).

    sha256: of files for others; "" where nobody but the build reads the file. xxh128: XXH3-128, of files in
    a build; "" outside, and in builds of releases that had SHA-256 there, too.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: str
    bytes: int
    sha256: str = ""
    xxh128: str = ""

    @field_validator("path")
    @classmethod
    def _stays_within(cls, path: str) -> str:
        """Raise ValueError for a path outside the folder: fetched files are written to these paths."""
        if not {"", ".", ".."}.isdisjoint(path.split("/")) or "\\" in path or "\0" in path:
            raise ValueError(f"{path[:80]!r} is not a path within a folder")
        return path

    @model_serializer(mode="wrap")
    def _without_nothing(self, whole: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {name: value for name, value in whole(self).items() if value != ""}

    @property
    def checksum(self) -> str:
        """The one that names the content: SHA-256 where there is one."""
        return self.sha256 or self.xxh128

    def for_others(self, path: str) -> Self:
        """Return the record as a manifest has it, by its path there, without what only the build reads."""
        return self.model_copy(update={"path": path, "xxh128": ""})


@contextlib.contextmanager
def replacing(path: Path, *, durable: bool = True) -> Iterator[Path]:
    """Yield a temporary path beside `path`. At the end, flush the file written there and rename it to `path`.

    durable: without it the file is not flushed; after a power cut it may be missing or damaged.

    After an exception the temporary file is removed and `path` is as before. The folder itself is not
    flushed: call `flush_folder` once after the last file. A failed flush must not be repeated on the same
    file, whose pages the kernel may have dropped: write a new one.
    """
    make_folder(path.parent)
    check_no_folder(path)
    temporary = temporary_path(path)
    try:
        yield temporary
        if durable:
            flush(temporary)
        temporary.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):  # the first error is the one to report
            temporary.unlink(missing_ok=True)
        raise


def temporary_path(path: Path) -> Path:
    """Return a unique temporary path in the folder of `path`. `remove_temporaries` removes such files."""
    return path.with_name(f"{_TEMPORARY}{os.getpid()}-{secrets.token_hex(4)}-{path.name}")


def make_folder(path: Path) -> None:
    """Create a folder and its missing parents, and flush their names to disk.

    Raises WrongKind if something else has the name of one of them.
    """
    if path.is_dir():
        return
    make_folder(path.parent)
    try:
        path.mkdir(exist_ok=True)
    except FileExistsError:
        raise WrongKind(path, path.lstat().st_mode, "a folder") from None
    flush_folder(path.parent)


def write_text(path: Path, text: str) -> None:
    """Write a text file in one step and flush it and its folder."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
    flush_folder(path.parent)


def point(link: Path, target: str) -> None:
    """Make `link` a symbolic link to `target`, in place of anything but a folder, and flush its folder."""
    check_no_folder(link)
    temporary = temporary_path(link)
    temporary.symlink_to(target)
    try:
        temporary.replace(link)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise
    flush_folder(link.parent)


def share(source: Path, path: Path) -> None:
    """Make `path` a hard link to the sealed file `source`, or a flushed copy where it cannot be linked.

    Disks refuse links by many errors (none, too many, another mount); what a copy cannot do either, it tells.
    Raises FileExistsError if there is something at `path`.
    """
    try:
        path.hardlink_to(source)
    except FileExistsError:
        raise
    except OSError:
        with replacing(path) as temporary:
            shutil.copyfile(check_file(source), temporary)


def take_place(temporary: Path, folder: Path, key: str) -> None:
    """Rename the finished folder `temporary` to `folder`; an older `folder` goes, or becomes `temporary`.

    Where the disk can exchange names, this is one step: readers find a folder at `folder` at any moment.
    key: as `put_aside` has it.
    """
    if not folder.exists():
        temporary.rename(folder)
    elif not _exchange(temporary, folder):  # on other disks readers miss it for a moment
        old = put_aside(folder, key)
        temporary.rename(folder)
        if old:
            old.rename(temporary)
    flush_folder(folder.parent)


def put_aside(folder: Path, key: str) -> Path | None:
    """Give a folder a temporary name in one step and return it, for the caller to remove.

    A folder that cannot be renamed is emptied in its place and removed; then None is returned. key: its file
    without which it counts as none. That goes first; `end_removals` ends what is cut short after it.
    """
    temporary = temporary_path(folder)
    if move(folder, temporary):
        return temporary
    with contextlib.suppress(FileNotFoundError):
        (folder / key).rename(folder / REMOVED)
    _empty(folder)
    return None


def move(folder: Path, path: Path) -> bool:
    """Rename a folder; return False where the disk cannot rename this one, as overlayfs in a lower layer."""
    try:
        folder.rename(path)
    except OSError as error:
        if error.errno not in _UNMOVABLE:
            raise
        return False
    return True


def end_removals(parent: Path) -> None:
    """Remove the folders below `parent` whose removal was cut short (`put_aside`)."""
    for mark in parent.glob(f"*/{REMOVED}"):
        _empty(mark.parent)


def _empty(folder: Path) -> None:
    """Remove a folder with its files, the mark of its removal last."""
    for path in sorted(folder.iterdir(), key=lambda each: each.name == REMOVED):
        remove(path)
    folder.rmdir()


def remove(path: Path) -> None:
    """Remove a file, link or folder, if there is one."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _exchange(one: Path, other: Path) -> bool:
    """Swap two names by renameat2(2) with RENAME_EXCHANGE. Return False where that is not possible."""
    here, exchange = -100, 2  # AT_FDCWD of fcntl.h, RENAME_EXCHANGE of linux/fs.h
    call = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    return call is not None and call(here, os.fsencode(one), here, os.fsencode(other), exchange) == 0


def flush(path: Path) -> None:
    """Wait until the content of a file has reached the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def flush_folder(path: Path) -> None:
    """Wait until the list of names of a folder has reached the disk, where the disk has such a flush."""
    try:
        flush(path)
    except OSError as error:
        if error.errno not in _NO_FLUSH:
            raise


def flush_folders(folder: Path, files: Iterable[str]) -> None:
    """Wait until the lists of names of a folder, and of those in it that have the files, are on the disk."""
    for each in {folder, *((folder / name).parent for name in files)}:
        flush_folder(each)


def start_writing(path: Path) -> None:
    """Start writing a file's dirty pages to disk, so that a later flush takes less time.

    A hint by sync_file_range(2), on Linux only: it does not wait, guarantees nothing and ignores errors.
    """
    with contextlib.suppress(OSError, AttributeError):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            ctypes.CDLL(None).sync_file_range(descriptor, _OFFSET(0), _OFFSET(0), _SYNC_FILE_RANGE_WRITE)
        finally:
            os.close(descriptor)


def record(path: Path, folder: Path) -> FileRecord:
    """Return the record, for others, of the file `path` below `folder`. Reads the whole file."""
    return FileRecord(
        path=path.relative_to(folder).as_posix(), bytes=path.stat().st_size, sha256=sha256(path)
    )


def sealed(path: Path, *, published: bool = False) -> FileRecord:
    """Return the record, by its name, of a finished file of a build. Reads the whole file, once.

    published: whether it is for others, too, who check it by its SHA-256.
    """
    outside, inside = both(path) if published else ("", xxh128(path))
    return FileRecord(path=path.name, bytes=path.stat().st_size, sha256=outside, xxh128=inside)


def is_there(folder: Path, file: FileRecord) -> bool:
    """Return whether the folder has a file with the path and size of the record. Does not read it."""
    try:
        found = os.lstat(f"{folder}/{file.path}")  # some thousand are looked at together: no Path for each
    except (FileNotFoundError, NotADirectoryError):
        return False
    return stat.S_ISREG(found.st_mode) and found.st_size == file.bytes


def matches(folder: Path, file: FileRecord) -> bool:
    """Return whether the file in the folder has the size and checksum of its record. Reads the whole file."""
    try:
        if not is_there(folder, file):
            return False
        path = folder / file.path
        return xxh128(path) == file.xxh128 if file.xxh128 else sha256(path) == file.sha256
    except OSError:  # an unreadable sector, or no permission
        return False


def remove_temporaries(folder: Path, *, deep: bool = True) -> None:
    """Remove the temporary files and folders that killed writers left in `folder`.

    Call it only while holding the folder's lock. deep: look in subfolders too.
    """
    for path in folder.glob(f"{'**/' if deep else ''}{_TEMPORARY}*"):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
