"""Rows of a table or view of an SQLite file, in the order of their id, all as they were at one moment."""

import contextlib
import functools
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from synthprof.base.columns import quoted
from synthprof.base.errors import SpecError, StageError, SynthprofError
from synthprof.base.units import MIB
from synthprof.sources.arrow_files import check_columns
from synthprof.sources.bounds import ROW_BYTES
from synthprof.sources.carried import kind_of_texts
from synthprof.sources.checks import MAX_CHARACTERS
from synthprof.sources.reading import KIND, Part, Unsteady
from synthprof.sources.values import ARROW, Columns, in_parts

LOCK_SECONDS = 10.0
"""Seconds to wait for another process that writes the file."""

WAL_MODE = b"\x02\x02"
"""Bytes 18 and 19 of a file whose journal is a write-ahead log (https://sqlite.org/fileformat2.html)."""

LIMITS = {sqlite3.SQLITE_LIMIT_LENGTH: 128 * MIB, sqlite3.SQLITE_LIMIT_ATTACHED: 0}
"""Of a value that a view computes; and no other file is read."""

TEMPORARY_BYTES, TEMPORARY_COPIES = 1 << 30, 4
"""Bytes of SQLite's temporary files at most, or as a multiple of the file's own size, whichever is more."""

TYPES = {"integer": int, "real": float, "text": str, "blob": bytes}
"""SQLite's types of values as types of Python."""


class Sqlite:
    """A reader of one table. table: may be empty if the file has only one.

    settled: the file is read without locks if it is at rest in WAL mode. With locks, SQLite leaves a log and
    its index beside the file that belong to this user; so they are taken only once a writer has shown up.
    """

    said = "SQLite"

    def __init__(self, path: Path, table: str, *, settled: bool = True) -> None:
        """Find the table. Raises SpecError that lists the tables, or if the file is truncated."""
        self.path = path
        self._settled = settled
        self._reading: sqlite3.Connection | None = None
        self.size = sum(each.stat().st_size for each in (path, _log_of(path)) if each.exists())
        self._check_whole()
        every, candidates = self._tables()
        self._table = table or (candidates[0] if len(candidates) == 1 else "")
        if self._table not in every:
            wrong = f"has no table {table!r}" if table else "has more than one table, or none"
            known = ", ".join(candidates) or "it is empty"
            raise SpecError(f"source={path} {wrong}; name one by table: {known}")

    def schema(self, columns: Sequence[str]) -> pa.Schema:
        """Return the types of the columns, from all their values."""
        self._check(columns)
        if not columns:
            return pa.schema([])
        tests = ", ".join(f"max(typeof({quoted(name)}) = '{kind}')" for name in columns for kind in TYPES)
        (found,) = self._ask(f"SELECT {tests} FROM {quoted(self._table)}")
        seen = [found[place : place + len(TYPES)] for place in range(0, len(found), len(TYPES))]
        types = {name: _arrow(flags) for name, flags in zip(columns, seen, strict=True)}
        return pa.schema(
            [pa.field(name, of, metadata=self._declared(name, of)) for name, of in types.items()]
        )

    def parts(self, columns: Sequence[str]) -> Iterator[Part]:
        """Yield the rows ordered by the first column, the id; the second is the text."""
        clipped = [_clipped(columns[0], MAX_CHARACTERS), _clipped(columns[1], MAX_CHARACTERS)]
        clipped += [_clipped(name, ROW_BYTES) for name in columns[2:]]
        with self._connected() as connection:
            self._check(columns)
            wanted = Columns(tuple(columns), ("key", "text", *self.schema(columns[2:]).types))
            number = self._row_number(columns[0])
            values = ", ".join([number, *clipped])
            query = f"SELECT {values} FROM {quoted(self._table)} ORDER BY {quoted(columns[0])}"
            found = enumerate(connection.execute(query), 1)
            yield from in_parts(wanted, ((row[0] or place, row[1:], "") for place, row in found), "row")

    def names(self) -> list[str]:
        """Return the names of all columns."""
        return list(self._known())

    def whole(self, columns: Sequence[str]) -> Iterator[Part]:
        """Yield the rows in the table's own order, each column in its own type."""
        with self._connected() as connection:
            wanted = Columns(tuple(columns), tuple(self.schema(columns).types))
            values = ", ".join(_clipped(name, ROW_BYTES) for name in columns)
            found = connection.execute(f"SELECT {values} FROM {quoted(self._table)}")
            yield from in_parts(wanted, ((place, row, "") for place, row in enumerate(found, 1)), "row")

    def cancel(self) -> None:
        """End the query at work, also one that would never end."""
        if self._reading is not None:
            self._reading.interrupt()

    def watch(self) -> None:
        """Raise SpecError if SQLite's temporary files grow beyond all that sorting the file could take."""
        most = max(TEMPORARY_BYTES, TEMPORARY_COPIES * self.size)
        if (found := _temporary_bytes()) > most:
            raise SpecError(
                f"source={self.path}: table {self._table!r} takes {found / MIB:,.0f} MiB of temporary files, "
                f"{most / MIB:,.0f} are the most; if it is a view, see whether it ends, and make it a table"
            )

    def _row_number(self, key: str) -> str:
        """Return the expression for a row's number: its rowid, or 0 where the table has none."""
        with contextlib.suppress(SpecError):
            known = {name.lower() for name in self._known()}
            for name in {"rowid", "_rowid_", "oid"} - known:
                self._ask(f"SELECT {name}, {quoted(key)} FROM {quoted(self._table)} LIMIT 0")
                return name
        return "0"

    def _declared(self, name: str, found: pa.DataType) -> dict[bytes, bytes] | None:
        """Return the kind that a column declares and its values have: truth, dates and times."""
        declared, column, table = self._known()[name].upper(), quoted(name), quoted(self._table)
        kind = ""
        if found == pa.int64() and "BOOL" in declared:
            ((low, high),) = self._ask(f"SELECT min({column}), max({column}) FROM {table}")
            kind = "bool" if low is not None and 0 <= low <= high <= 1 else ""
        elif found == pa.string() and ("DATE" in declared or "TIME" in declared):
            with self._connected() as connection:
                values = connection.execute(f"SELECT {column} FROM {table} WHERE {column} IS NOT NULL")
                kind = kind_of_texts(str(value) for (value,) in values)
        return {KIND: kind.encode()} if kind else None

    def _known(self) -> dict[str, str]:
        """Return the declared types of all columns by their names."""
        return dict(self._ask("SELECT name, type FROM pragma_table_xinfo(?)", (self._table,)))

    def _check(self, columns: Sequence[str]) -> None:
        check_columns(columns, list(self._known()), f"table {self._table!r} of {self.path}")

    def _check_whole(self) -> None:
        """Raise SpecError for a truncated file, whose end SQLite may read as zeros; a WAL may hold it."""
        size = "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size"
        with self._connected() as connection:
            (whole,) = connection.execute(size).fetchone()
            (mode,) = connection.execute("PRAGMA journal_mode").fetchone()
            found = self.path.stat().st_size
        if mode != "wal" and found < whole:
            raise SpecError(
                f"source={self.path} was cut short: it has {found:,} of {whole:,} bytes; copy it once more"
            )

    def _tables(self) -> tuple[list[str], list[str]]:
        """Return the names of all tables and views, and of those that are not parts of virtual tables."""
        found = self._ask(
            "SELECT name, coalesce(sql LIKE 'CREATE VIRTUAL%', 0) FROM sqlite_master "
            "WHERE type IN ('table', 'view') AND name NOT GLOB 'sqlite_*'"
        )
        virtual = tuple(f"{name}_" for name, is_virtual in found if is_virtual)
        every = [name for name, _ in found]
        return every, [name for name in every if not (virtual and name.startswith(virtual))]

    def _ask(self, query: str, parameters: tuple[str, ...] = ()) -> list[tuple[Any, ...]]:
        with self._connected() as connection:
            return connection.execute(query, parameters).fetchall()

    @contextlib.contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        """Yield the connection that is open, or a new one, with one transaction for all that is read."""
        if self._reading is not None:
            yield self._reading
            return
        path = self.path.resolve()
        rest = _at_rest(path) if self._settled else None
        uri = f"{path.as_uri()}?mode=ro{'' if rest is None else '&immutable=1'}"
        problem: SynthprofError | None = None
        try:
            with contextlib.closing(_opened(uri)) as connection:
                connection.execute("BEGIN")
                connection.execute("SELECT 1 FROM sqlite_master").fetchone()  # the moment that is read
                self._reading = connection
                yield connection
        except sqlite3.DatabaseError as error:
            problem = self._problem(error)
        finally:
            self._reading = None
        if rest is not None and _at_rest(path) != rest:
            problem = Unsteady(self._try_again("it was written meanwhile"))
        if problem is not None:
            raise problem

    def _problem(self, error: sqlite3.DatabaseError) -> SynthprofError:
        where = f"source={self.path}"
        if isinstance(error, sqlite3.DataError):
            most = LIMITS[sqlite3.SQLITE_LIMIT_LENGTH] // MIB
            return SpecError(f"{where} holds a value of more than {most} MiB; leave its row out by a view")
        if not isinstance(error, sqlite3.OperationalError):
            return SpecError(f"{where} cannot be read: {error}; name a sound SQLite file")
        if error.sqlite_errorcode == sqlite3.SQLITE_ERROR:
            return SpecError(f"{where} cannot be read: {error}; correct its view, or name another table")
        return StageError(self._try_again(str(error)))

    def _try_again(self, reason: str) -> str:
        return (
            f"source={self.path} cannot be read: {reason}; try again when no process writes it, "
            "or name a copy"
        )


def _opened(uri: str) -> sqlite3.Connection:
    connection = sqlite3.connect(
        uri, uri=True, timeout=LOCK_SECONDS, isolation_level=None, check_same_thread=False
    )
    for limit, most in LIMITS.items():
        connection.setlimit(limit, most)
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.text_factory = functools.partial(bytes.decode, errors="surrogateescape")
    return connection


def _arrow(flags: Sequence[int | None]) -> pa.DataType:
    """Return the type for the kinds of values that a column has; whole numbers where it has none."""
    kinds = {kind for kind, flag in zip(TYPES.values(), flags, strict=True) if flag}
    if kinds == {int, float}:
        return pa.float64()
    return ARROW[kinds.pop()] if len(kinds) == 1 else pa.string() if kinds else pa.int64()


def _clipped(name: str, most: int) -> str:
    """Return an expression for a column's value, cut where it is longer than anything that is taken."""
    column = quoted(name)
    long = f"typeof({column}) IN ('text', 'blob') AND length({column}) > {most}"
    return f"CASE WHEN {long} THEN substr({column}, 1, {most + 1}) ELSE {column} END"


def _temporary_bytes() -> int:
    """Return the bytes of the temporary files that SQLite has open in this process; they have no names."""
    total = 0
    for path in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):
            if "/etilqs_" in str(path.readlink()):
                total += path.stat().st_size
    return total


def _log_of(path: Path) -> Path:
    return path.with_name(f"{path.name}-wal")


def _at_rest(path: Path) -> tuple[int, int] | None:
    """Return size and time of a file in WAL mode whose log is empty or missing, else None.

    Such a file is read without locks, and checked again afterwards.
    """
    with path.open("rb") as file:
        if file.read(20)[18:] != WAL_MODE:
            return None
    log = _log_of(path)
    if log.exists() and log.stat().st_size:
        return None
    found = path.stat()
    return found.st_size, found.st_mtime_ns
