"""Results that take long to make and follow from this code alone, kept in the user's cache folder.

It is trusted as bytecode is: read only from a folder and files of the user's that nobody else may write.
It is no second truth: its name holds the digest of the code and the data that it follows from, so other code
never finds it. What is missing, damaged or unreadable is made again (docs/adr/0081).
"""

import functools
import mmap
import os
import pickle
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import pydantic
import xxhash

from synthprof.base.digests import digest_of
from synthprof.base.files import replacing

CACHE = "SYNTHPROF_CACHE"
"""The folder of the cache; empty for none."""

MOST_BYTES = 256 << 20
"""Bytes that the cache may take; beyond, what was not used for longest is removed."""

MAKERS = ("base", "spec", "schemas", "profiles", "encoders", "report")
"""The folders of the package by whose code and data the kept values are made."""

T = TypeVar("T")

_SUFFIX = ".kept"
_DIGEST_BYTES = 16
_OTHERS = stat.S_IWGRP | stat.S_IWOTH


def kept(name: str, of: object, make: Callable[[], T]) -> T:
    """Return the value that `make` returns: as an earlier process kept it, or made now and kept.

    name: what it is. of: what it is made of beside the code, as values of JSON.
    """
    folder = _folder()
    if folder is None:
        return make()
    path = folder / f"{name}-{digest_of([of, _made_by()])}{_SUFFIX}"
    with suppress(OSError, ValueError):
        return _read(path)  # type: ignore[no-any-return]
    value = make()
    with suppress(OSError):
        _write(path, value)
    return value


def _folder() -> Path | None:
    """Return the cache's folder, which it makes; None where there is none that the user alone may write."""
    chosen = os.environ.get(CACHE)
    if chosen == "":
        return None
    with suppress(OSError, RuntimeError):
        users = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
        folder = Path(chosen or Path(users) / "synthprof").expanduser().absolute()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if _is_ours(folder.stat()):
            return folder
    return None


def _is_ours(found: os.stat_result) -> bool:
    return found.st_uid == os.geteuid() and not found.st_mode & _OTHERS


@functools.cache
def _made_by() -> list[str]:
    """Return the releases and the digest of the code that values are made by."""
    digest, package = xxhash.xxh3_128(), str(Path(__file__).parents[1])
    for maker in MAKERS:
        for path in _files(f"{package}/{maker}"):
            with open(path, "rb", buffering=0) as file:  # noqa: PTH123  400 files, at every start
                content = file.read()
            digest.update(f"{path.removeprefix(package)} {len(content)}\n".encode())
            digest.update(content)
    return [digest.hexdigest(), sys.version, pydantic.VERSION]


def _files(folder: str) -> Iterator[str]:
    with os.scandir(folder) as found:
        entries = sorted(found, key=lambda entry: entry.name)
    for entry in entries:
        if entry.is_dir():
            if entry.name != "__pycache__":
                yield from _files(entry.path)
        else:
            yield entry.path


def _read(path: Path) -> Any:  # noqa: ANN401
    """Return the value in a file. Raises OSError or ValueError for a file that cannot be trusted or read."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        if not _is_ours(os.fstat(descriptor)):
            raise PermissionError(f"others may write {path}")
        os.utime(descriptor)
        content = mmap.mmap(descriptor, 0, access=mmap.ACCESS_READ)
    finally:
        os.close(descriptor)
    with content, memoryview(content) as whole, whole[_DIGEST_BYTES:] as value:
        if content[:_DIGEST_BYTES] != xxhash.xxh3_128_digest(value):
            raise ValueError(f"{path} is damaged")
        return _value(value)


def _value(content: memoryview) -> Any:  # noqa: ANN401
    try:
        return pickle.loads(content)
    except (pickle.UnpicklingError, AttributeError, ImportError, EOFError, TypeError) as error:
        raise ValueError(f"what is kept cannot be read by this code: {error}") from error


def _write(path: Path, value: object) -> None:
    content = pickle.dumps(value, protocol=5)
    with replacing(path, durable=False) as new:
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with open(descriptor, "wb") as file:  # noqa: PTH123  a descriptor
            file.write(xxhash.xxh3_128_digest(content))
            file.write(content)
    _make_room(path.parent)


def _make_room(folder: Path) -> None:
    """Remove the files that were not used for longest, until the cache is small enough."""
    own = (entry for entry in os.scandir(folder) if entry.name.endswith(_SUFFIX))
    found = sorted(((entry.stat(), entry.path) for entry in own), key=lambda each: -each[0].st_mtime_ns)
    taken = 0
    for facts, path in found:
        taken += facts.st_size
        if taken > MOST_BYTES:
            Path(path).unlink(missing_ok=True)
