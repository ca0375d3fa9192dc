"""A table or view of an SQLite file, in the order of its id."""

import contextlib
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from synthprof.errors import SpecError, StageError

AT_ONCE = 4_096
LOCK_SECONDS = 10.0
"""How long to wait for who writes the file; a moment's writing is over by then."""


class Sqlite:
    """Reads one table; `table` may be empty if there is but one."""

    def __init__(self, path: Path, table: str) -> None:
        """Raises SpecError naming the tables there are, or saying that the file was cut short."""
        self._path = path
        self._check_whole()
        known = self._tables()
        self._table = table or (known[0] if len(known) == 1 else "")
        if self._table not in known:
            wrong = f"has no table {table!r}" if table else "has more than one table, or none"
            raise SpecError(f"source={path} {wrong}; name one by table: {', '.join(known) or 'it is empty'}")

    def kinds(self, columns: Sequence[str]) -> list[str]:
        """`integer` where a column holds nothing but whole numbers and NULL, else `text`."""
        self._check(columns)
        if not columns:
            return []
        tests = ", ".join(f"max(typeof({_quoted(name)}) NOT IN ('integer', 'null'))" for name in columns)
        (found,) = self._ask(f"SELECT {tests} FROM {_quoted(self._table)}")
        return ["text" if other else "integer" for other in found]

    def rows(self, columns: Sequence[str]) -> Iterator[list[tuple[Any, ...]]]:
        """The rows by the first of the columns, some at a time."""
        self._check(columns)
        names = [_quoted(name) for name in columns]
        query = f"SELECT {', '.join(names)} FROM {_quoted(self._table)} ORDER BY {names[0]}"
        with self._connected() as connection:
            cursor = connection.execute(query)
            while rows := cursor.fetchmany(AT_ONCE):
                yield rows

    def _check(self, columns: Sequence[str]) -> None:
        known = [row[0] for row in self._ask("SELECT name FROM pragma_table_xinfo(?)", (self._table,))]
        if unknown := [name for name in columns if name not in known]:
            raise SpecError(
                f"table {self._table!r} of {self._path} has no column {unknown[0]!r}; "
                f"it has: {', '.join(known)}"
            )

    def _check_whole(self) -> None:
        """What a file lacks at its end SQLite may read as zeros. With a WAL beside it, it may lack some."""
        size = "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size"
        with self._connected() as connection:
            connection.execute("BEGIN")  # nobody commits between the question and the look at the file
            (whole,) = connection.execute(size).fetchone()
            (mode,) = connection.execute("PRAGMA journal_mode").fetchone()
            found = self._path.stat().st_size
        if mode != "wal" and found < whole:
            raise SpecError(
                f"source={self._path} was cut short: it has {found:,} of {whole:,} bytes; copy it once more"
            )

    def _tables(self) -> list[str]:
        query = "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite_%'"
        return [row[0] for row in self._ask(query)]

    def _ask(self, query: str, parameters: tuple[str, ...] = ()) -> list[tuple[Any, ...]]:
        with self._connected() as connection:
            return connection.execute(query, parameters).fetchall()

    @contextlib.contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        uri = f"{self._path.resolve().as_uri()}?mode=ro"
        try:
            with contextlib.closing(sqlite3.connect(uri, uri=True, timeout=LOCK_SECONDS)) as connection:
                yield connection
        except sqlite3.OperationalError as error:
            if "UTF-8" not in str(error):
                raise StageError(
                    f"source={self._path} cannot be read: {error}; "
                    "try again when nobody writes it, or name a copy"
                ) from None
            raise SpecError(
                f"source={self._path} holds text that is not UTF-8: {error}; convert it"
            ) from None
        except sqlite3.DatabaseError as error:
            raise SpecError(
                f"source={self._path} cannot be read: {error}; name a sound SQLite file"
            ) from None


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
