"""DuckDB asked about Parquet files: in this process, read only, offline, within bounds of memory."""

import os
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from synthprof.base.errors import StageError, first_line
from synthprof.base.extras import check_installed
from synthprof.base.kinds import WrongKind, check_file
from synthprof.base.text import check_unicode

MOST_THREADS = 4
"""Threads of a question; a row group is the least that one takes."""

MEMORY = "512MB"
"""Memory of a connection. A block of rows with long texts takes about 30 MB in each thread."""

_SETTINGS: dict[str, Any] = {
    "memory_limit": MEMORY,
    "temp_directory": "",
    "autoload_known_extensions": "false",
    "autoinstall_known_extensions": "false",
}
_CLOSED = (
    "SET parquet_metadata_cache = true",
    "SET enable_external_access = false",
    "SET lock_configuration = true",
)


class Duck:
    """A connection that reads the files below one folder and nothing else; threads may share it.

    It is opened by the first question, and once more in a process that was forked since.
    """

    def __init__(self, folder: Path) -> None:
        """Take the folder of the files. Raises SpecError if DuckDB is not installed."""
        check_installed("parquet", "duckdb")
        self.folder = folder.resolve()
        self._lock = threading.Lock()
        self._open: list[tuple[int, Any]] = []

    def __reduce__(self) -> tuple[type["Duck"], tuple[Path]]:
        return Duck, (self.folder,)

    def ask(
        self, columns: str, files: Sequence[str], condition: str, parameters: Sequence[object]
    ) -> pa.Table:
        """Return rows of some files that meet a condition.

        files: paths within the folder. Raises StageError if one is missing or damaged, SpecError if a
        parameter is no Unicode.
        """
        import duckdb

        for value in parameters:
            if isinstance(value, str):
                check_unicode(value)
        paths = [self.folder / name for name in files]
        listed = ", ".join(map(_literal, paths))
        query = f"SELECT {columns} FROM read_parquet([{listed}]) WHERE {condition}"
        try:
            for path in paths:
                check_file(path)
            with self._connection().cursor() as cursor:
                found: pa.Table = cursor.sql(query, params=list(parameters)).to_arrow_table()
            return found
        except WrongKind as error:
            raise StageError(f"{error.fact}; `synthprof repair` makes a damaged version whole") from error
        except (duckdb.Error, OSError) as error:
            raise _unreadable(paths, error) from error

    def _connection(self) -> Any:  # noqa: ANN401
        """Return the connection of this process; that of the parent is kept, as its threads are not here."""
        import duckdb

        with self._lock:
            if not self._open or self._open[-1][0] != os.getpid():
                threads = min(MOST_THREADS, len(os.sched_getaffinity(0)))
                made = duckdb.connect(":memory:", config={"threads": threads, **_SETTINGS})
                made.execute(f"SET allowed_directories = [{_literal(self.folder)}]")
                for statement in _CLOSED:
                    made.execute(statement)
                self._open.append((os.getpid(), made))
            return self._open[-1][1]


def _literal(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"


def _unreadable(paths: Sequence[Path], error: Exception) -> StageError:
    """Return the error that names the file at fault, where DuckDB or the disk tells which it is."""
    missing = [path for path in paths if not path.is_file()]
    named = [path for path in paths if str(path) in str(error)]
    path = (missing or named or list(paths))[0]
    reason = "it is missing" if missing else first_line(error)
    which = str(path) if missing or named or len(paths) == 1 else f"one of {len(paths)} files like {path}"
    return StageError(f"{which} cannot be read: {reason}; `synthprof repair` makes a damaged version whole")
