"""Objects under one prefix of a bucket, reached by Airflow's object storage and one of its Connections."""

import contextlib
import datetime
import errno
import logging
import re
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from airflow.sdk import Connection, ObjectStoragePath
from airflow.sdk.exceptions import AirflowException, AirflowNotFoundException

from synthprof.base.errors import SpecError, StageError
from synthprof.base.files import FileRecord, matches, replacing
from synthprof.system.environment import STORAGE

logger = logging.getLogger(__name__)

MAX_TRANSFERS = 8
"""Files on their way at once: a single one seldom fills the line."""

_OF_A_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""Errors of our own disk while a file is fetched; a service's answers are translated to none of these."""

_ADDRESS = re.compile("s3://([^:@/]+@)?[^@/]+(/[^@]*)?")

Item = TypeVar("Item")
Result = TypeVar("Result")


class Bucket:
    """A place for objects. Each appears whole under its key, as S3 has it. Threads may share it.

    url: `s3://connection@bucket/prefix`. Raises SpecError if it is not of that form or the Connection is
    missing; its methods raise StageError for what the service refuses, OSError for what our disk does.
    """

    def __init__(self, url: str) -> None:
        if not _ADDRESS.fullmatch(url):
            raise SpecError(
                "SYNTHPROF_STORAGE is not of the form s3://connection@bucket/prefix; correct it, with keys "
                "in that Connection (it is not shown, as it may hold one)"
            )
        try:
            root = ObjectStoragePath(url.rstrip("/"))
            self.url, self._root = url.rstrip("/"), root.path
            if root.conn_id is not None:
                Connection.get(root.conn_id)  # S3's own hook would go on without it, as nobody
            self._fs: Any = root.fs
        except AirflowNotFoundException as error:
            raise SpecError(f"{STORAGE}={url}: {error}; make that Connection, or correct it") from error
        except (ValueError, ImportError, AirflowException) as error:
            raise SpecError(
                f"{STORAGE}={url} cannot be used ({error}); write s3://connection@bucket/prefix, and "
                "install requirements-cluster.txt"
            ) from error

    def text(self, key: str) -> str | None:
        """Return the text of an object, or None if there is none."""
        with self._clear_errors(), contextlib.suppress(FileNotFoundError):
            return str(self._fs.cat_file(self._path(key)).decode())
        return None

    def put_text(self, key: str, text: str) -> None:
        """Write the text to the object."""
        with self._clear_errors():
            self._fs.pipe_file(self._path(key), text.encode())

    def create_text(self, key: str, text: str) -> str:
        """Write the text unless the object exists, and return the text that it holds."""
        with self._clear_errors(), contextlib.suppress(FileExistsError):
            self._fs.pipe_file(self._path(key), text.encode(), mode="create")
            return text
        found = self.text(key)
        return self.create_text(key, text) if found is None else found

    def keys(self, prefix: str) -> dict[str, datetime.datetime]:
        """Return the keys of all objects below the prefix, without it, and the time of their last write."""
        self._fs.invalidate_cache()
        with self._clear_errors():
            found = self._fs.find(self._path(prefix), detail=True)
        start = len(self._path(prefix)) + 1
        return {path[start:]: each["LastModified"] for path, each in found.items() if each["type"] == "file"}

    def folders(self, prefix: str) -> set[str]:
        """Return the names of the folders right below the prefix."""
        with self._clear_errors(), contextlib.suppress(FileNotFoundError):
            found = self._fs.ls(self._path(prefix), detail=True, refresh=True)
            return {each["name"].rpartition("/")[2] for each in found if each["type"] == "directory"}
        return set()

    def has(self, key: str, size: int) -> bool:
        """Return whether the object exists with that many bytes."""
        self._fs.invalidate_cache()
        with self._clear_errors(), contextlib.suppress(FileNotFoundError):
            return bool(self._fs.info(self._path(key))["size"] == size)
        return False

    def put(self, source: Path, key: str) -> None:
        """Write the bytes of the file to the object."""
        with self._clear_errors():
            self._fs.put_file(str(source), self._path(key))

    def copy(self, source: str, key: str) -> None:
        """Copy the other object within the bucket."""
        with self._clear_errors():
            self._fs.cp_file(self._path(source), self._path(key))

    def get(self, key: str, path: Path, wanted: FileRecord) -> bool:
        """Fetch a file to `path` if it matches its record, and return whether it did; else change nothing."""
        with contextlib.suppress(_NotAsSealedError):
            with replacing(path, durable=False) as new:
                new.touch()  # what the disk refuses shows here, and is not taken for the bucket's word
                self._fetch(key, new)
                if not matches(new.parent, wanted.model_copy(update={"path": new.name})):
                    raise _NotAsSealedError
            return True
        return False

    def remove(self, key: str) -> None:
        """Remove the object."""
        with self._clear_errors(), contextlib.suppress(FileNotFoundError):
            self._fs.rm_file(self._path(key))

    def remove_all(self, prefix: str) -> None:
        """Remove everything below the prefix."""
        self._fs.invalidate_cache()
        with self._clear_errors(), contextlib.suppress(FileNotFoundError):
            self._fs.rm(self._path(prefix), recursive=True)

    def _fetch(self, key: str, new: Path) -> None:
        with self._clear_errors():
            try:
                self._fs.get_file(self._path(key), str(new))
            except FileNotFoundError:
                raise _NotAsSealedError from None

    def _path(self, key: str) -> str:
        return f"{self._root}/{key}".rstrip("/")

    @contextlib.contextmanager
    def _clear_errors(self) -> Iterator[None]:
        from botocore.exceptions import BotoCoreError

        try:
            yield
        except (OSError, BotoCoreError, ValueError) as error:  # the last of an address without http://
            if isinstance(error, OSError) and error.errno in _OF_A_DISK:
                raise
            raise StageError(
                f"{self.url} cannot be used ({type(error).__name__}: {error}); check that the service runs, "
                "that the bucket exists and what the Connection may do, then clear the task"
            ) from error


class _NotAsSealedError(Exception):
    """Fetched bytes that differ from the stored ones."""


def at_once(work: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
    """Yield the results in the order of the items, several being worked on at once."""
    pool = ThreadPoolExecutor(MAX_TRANSFERS)
    try:
        return list(pool.map(work, items))
    finally:
        pool.shutdown(cancel_futures=True)  # what has not begun need not be waited for after an error
