"""SQLite databases built as new files without a journal, then sealed: fast, and whole or not there."""

import re
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import adbc_driver_sqlite
import pyarrow as pa
from adbc_driver_manager import AdbcConnection, AdbcStatement, StatementOptions
from adbc_driver_manager import Error as AdbcError

from synthprof.base.columns import quoted
from synthprof.base.errors import SpecError, StageError, SynthprofError, first_line
from synthprof.base.files import replacing, start_writing
from synthprof.base.kinds import WrongKind, check_file
from synthprof.base.text import check_unicode
from synthprof.spec.contents import TABLE_PAGE_BYTES
from synthprof.spec.spec import BLOCK_ROWS

_BUILD = (
    "journal_mode=OFF",
    "synchronous=OFF",
    "locking_mode=EXCLUSIVE",
    "secure_delete=OFF",
    "cache_size=-8192",  # KiB: pages are filled once, in order
)

_BATCHES = {adbc_driver_sqlite.StatementOptions.BATCH_ROWS.value: str(BLOCK_ROWS)}
"""ADBC takes a column's type from the first batch of an answer: with a whole block, not from NULLs alone."""


KEYWORDS = (
    "add all alter and as autoincrement between case check collate commit constraint create default "
    "deferrable delete distinct drop else escape except exists foreign from group having in index insert "
    "intersect into is isnull join limit not nothing notnull null on or order primary references returning "
    "select set table then to transaction union unique update using values when where"
)
"""Names that SQLite takes only in quotes; other names stay bare, for they are part of the bytes."""


class Connection:
    """Statements to one database, each committed by itself.

    Made on ADBC's own types: its DB-API layer would bring all of pandas into every process that reads a row.
    """

    def __init__(self, connection: AdbcConnection) -> None:
        self._connection = connection

    def execute(self, statement: str, parameters: tuple[object, ...] = ()) -> pa.Table:
        """Execute the statement and return its result."""
        with AdbcStatement(self._connection) as prepared:
            prepared.set_options(**_BATCHES)
            prepared.set_sql_query(statement)
            if parameters:
                prepared.prepare()
                prepared.bind(pa.record_batch([[value] for value in parameters], _names(parameters)))
            stream, _ = prepared.execute_query()
            return pa.RecordBatchReader.from_stream(stream).read_all()

    def append(self, table: str, batches: pa.RecordBatchReader) -> None:
        """Append the batches to the table."""
        with AdbcStatement(self._connection) as loading:
            loading.set_options(
                **{
                    StatementOptions.INGEST_TARGET_TABLE.value: table,
                    StatementOptions.INGEST_MODE.value: "adbc.ingest.mode.append",
                }
            )
            loading.bind_stream(batches)
            loading.execute_update()


def _names(parameters: tuple[object, ...]) -> list[str]:
    return [str(number) for number in range(len(parameters))]


@contextmanager
def _connected(uri: str) -> Iterator[Connection]:
    with adbc_driver_sqlite.connect(uri) as database, AdbcConnection(database) as connection:
        yield Connection(connection)


class Builder:
    """A database while it is built: one connection, no journal, pages on their way to the disk early."""

    def __init__(self, path: Path, connection: Connection) -> None:
        self._path = path
        self._connection = connection

    def execute(self, statement: str) -> None:
        """Execute the statement."""
        self._connection.execute(statement)

    def load(
        self,
        table: str,
        schema: pa.Schema,
        batches: Iterable[pa.RecordBatch],
        done: Callable[[int], None] = lambda _: None,
    ) -> int:
        """Append the batches to the table, in order; return the number of rows. `done` gets the rows so far.

        What making the batches raises is raised as it is.
        """
        rows, failures = 0, list[Exception]()

        def counted() -> Iterator[pa.RecordBatch]:
            nonlocal rows
            try:
                for batch in batches:
                    yield batch
                    rows += batch.num_rows
                    start_writing(self._path)
                    done(rows)
            except Exception as error:
                failures.append(error)  # ADBC would tell it as a failure of its own
                raise

        try:
            self._connection.append(table, pa.RecordBatchReader.from_batches(schema, counted()))
        except AdbcError:
            if failures:
                raise failures[0] from None
            raise
        return rows


@contextmanager
def filling(path: Path, page_bytes: int = TABLE_PAGE_BYTES) -> Iterator[Builder]:
    """Open a database that is being built: new with pages of that size, or an existing one.

    It has no journal: a crash leaves it broken, so build it beside its place (`files.replacing`). Raises
    SpecError on a full disk, StageError if SQLite fails otherwise.
    """
    try:
        with _connected(str(path)) as connection:
            for pragma in (f"page_size={page_bytes}", *_BUILD):
                connection.execute(f"PRAGMA {pragma}")
            yield Builder(path, connection)
    except AdbcError as error:
        raise _failure(path, error) from error


def read(path: Path, query: str, parameters: tuple[object, ...] = ()) -> pa.Table:
    """Return the answer to a query of a sealed database, which is opened read-only.

    Where a column may hold NULL, ask for at most a block of rows. Raises StageError if it cannot be read,
    SpecError if a parameter is no Unicode.
    """
    for value in parameters:
        if isinstance(value, str):
            check_unicode(value)
    uri = f"file:{_quoted(path)}?mode=ro&immutable=1"
    try:
        check_file(path)
        with _connected(uri) as connection:
            return connection.execute(query, parameters)
    except WrongKind as error:
        raise StageError(f"{error.fact}; `synthprof repair` makes a damaged version whole") from error
    except (AdbcError, OSError) as error:
        reason = first_line(error) if path.is_file() else "it is missing"
        raise StageError(
            f"{path} cannot be read: {reason}; `synthprof repair` makes a damaged version whole"
        ) from error


def check_ids(path: Path, table: str, rows: int) -> None:
    """Raise StageError unless the ids of the table in a sealed database are 1 to `rows`."""
    found = read(path, f"SELECT count(*) AS n, min(id) AS low, max(id) AS high FROM {table}").to_pylist()[0]
    if found != {"n": rows, "low": 1, "high": rows}:
        raise StageError(
            f"{path} should hold the ids 1 to {rows}, but holds {found['n']} from {found['low']} to "
            f"{found['high']}; `synthprof repair` makes a version whole, a run with force makes all anew"
        )


def _quoted(path: Path) -> str:
    return str(path.resolve()).replace("%", "%25").replace("?", "%3f").replace("#", "%23")


def compact(source: Path, path: Path, progress: Callable[[int], None] = lambda _: None) -> None:
    """`path` is a copy of the sealed database `source`, vacuumed and analysed, whole and durable.

    progress: called about every second with the bytes written so far, also while nothing is written.
    """
    with replacing(path) as temporary, _size_watched(temporary, progress):
        try:
            with _connected(str(check_file(source))) as connection:
                connection.execute("VACUUM INTO ?", (str(temporary),))
            with _connected(str(temporary)) as connection:
                connection.execute("PRAGMA journal_mode=OFF")
                connection.execute("ANALYZE")
        except AdbcError as error:
            raise _failure(path, error) from error


@contextmanager
def _size_watched(path: Path, progress: Callable[[int], None]) -> Iterator[None]:
    """Tell the size of a growing file about every second, since SQLite tells nothing while it vacuums."""
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(1.0):
            with suppress(FileNotFoundError):
                progress(path.stat().st_size)

    thread = threading.Thread(target=watch, name="size-watch", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _failure(path: Path, error: AdbcError) -> SynthprofError:
    """Return the error for the caller that SQLite's error means."""
    if "database or disk is full" in str(error):  # SQLITE_FULL; the text may hold a path, too
        return SpecError(f"{path} could not be written: the disk is full; free some space, then run it again")
    return StageError(f"{path} could not be written: {error}; run it again")


def in_sql(name: str) -> str:
    """Return the name of a column, quoted for a statement."""
    bare = re.fullmatch(r"[^\W\d]\w*", name) and name.lower() not in KEYWORDS.split()
    return name if bare else quoted(name)
