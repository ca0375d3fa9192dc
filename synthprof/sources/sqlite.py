"""Rows of a table or view of an SQLite file, in the order of their id."""

import contextlib
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from synthprof.base.errors import SpecError, StageError, SynthprofError

ROWS_BATCH = 4_096
LOCK_SECONDS = 10.0
"""Seconds to wait for another process that writes the file."""

WAL_MODE = b"\x02\x02"
"""Bytes 18 and 19 of a file whose journal is a write-ahead log (https://sqlite.org/fileformat2.html)."""


class Sqlite:
    """A reader of one table. table: may be empty if the file has only one."""

    def __init__(self, path: Path, table: str) -> None:
        """Find the table. Raises SpecError that lists the tables, or if the file is truncated."""
        self._path = path
        self._check_whole()
        known = self._tables()
        self._table = table or (known[0] if len(known) == 1 else "")
        if self._table not in known:
            wrong = f"has no table {table!r}" if table else "has more than one table, or none"
            raise SpecError(f"source={path} {wrong}; name one by table: {', '.join(known) or 'it is empty'}")

    def kinds(self, columns: Sequence[str]) -> list[str]:
        """Return `integer` for each column that holds only whole numbers and NULL, else `text`."""
        self._check(columns)
        if not columns:
            return []
        tests = ", ".join(f"max(typeof({_quoted(name)}) NOT IN ('integer', 'null'))" for name in columns)
        (found,) = self._ask(f"SELECT {tests} FROM {_quoted(self._table)}")
        return ["text" if other else "integer" for other in found]

    def rows(self, columns: Sequence[str]) -> Iterator[list[tuple[Any, ...]]]:
        """Yield the rows ordered by the first column, some at a time."""
        self._check(columns)
        names = [_quoted(name) for name in columns]
        query = f"SELECT {', '.join(names)} FROM {_quoted(self._table)} ORDER BY {names[0]}"
        with self._connected() as connection:
            cursor = connection.execute(query)
            while rows := cursor.fetchmany(ROWS_BATCH):
                yield rows

    def _check(self, columns: Sequence[str]) -> None:
        known = [row[0] for row in self._ask("SELECT name FROM pragma_table_xinfo(?)", (self._table,))]
        if unknown := [name for name in columns if name not in known]:
            raise SpecError(
                f"table {self._table!r} of {self._path} has no column {unknown[0]!r}; "
                f"it has: {', '.join(known)}"
            )

    def _check_whole(self) -> None:
        """Raise SpecError for a truncated file, whose end SQLite may read as zeros; a WAL may hold it."""
        size = "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size"
        with self._connected() as connection:
            connection.execute("BEGIN")  # no commit between the query and the look at the file
            (whole,) = connection.execute(size).fetchone()
            (mode,) = connection.execute("PRAGMA journal_mode").fetchone()
            found = self._path.stat().st_size
        if mode != "wal" and found < whole:
            raise SpecError(
                f"source={self._path} was cut short: it has {found:,} of {whole:,} bytes; copy it once more"
            )

    def _tables(self) -> list[str]:
        query = "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT GLOB 'sqlite_*'"
        return [row[0] for row in self._ask(query)]

    def _ask(self, query: str, parameters: tuple[str, ...] = ()) -> list[tuple[Any, ...]]:
        with self._connected() as connection:
            return connection.execute(query, parameters).fetchall()

    @contextlib.contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        path = self._path.resolve()
        rest = _at_rest(path)
        uri = f"{path.as_uri()}?mode=ro{'' if rest is None else '&immutable=1'}"
        problem: SynthprofError | None = None
        try:
            with contextlib.closing(sqlite3.connect(uri, uri=True, timeout=LOCK_SECONDS)) as connection:
                yield connection
        except sqlite3.DatabaseError as error:
            problem = self._problem(error)
        if rest is not None and _at_rest(path) != rest:
            problem = self._try_again("it was written meanwhile")
        if problem is not None:
            raise problem

    def _problem(self, error: sqlite3.DatabaseError) -> SynthprofError:
        where = f"source={self._path}"
        if "UTF-8" in str(error):
            return SpecError(f"{where} holds text that is not UTF-8: {error}; convert it")
        if not isinstance(error, sqlite3.OperationalError):
            return SpecError(f"{where} cannot be read: {error}; name a sound SQLite file")
        if error.sqlite_errorcode == sqlite3.SQLITE_ERROR:
            return SpecError(f"{where} cannot be read: {error}; correct its view, or name another table")
        return self._try_again(str(error))

    def _try_again(self, reason: str) -> StageError:
        return StageError(
            f"source={self._path} cannot be read: {reason}; try again when no process writes it, "
            "or name a copy"
        )


def _at_rest(path: Path) -> tuple[int, int] | None:
    """Return size and time of a file in WAL mode whose log is empty or missing, else None.

    Such a file is read without locks, and checked again afterwards. With locks, SQLite would leave a log and
    its index beside the file that belong to this user, and the owner could no longer write the file.
    """
    with path.open("rb") as file:
        if file.read(20)[18:] != WAL_MODE:
            return None
    log = path.with_name(f"{path.name}-wal")
    if log.exists() and log.stat().st_size:
        return None
    found = path.stat()
    return found.st_size, found.st_mtime_ns


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
