"""Rows of a table or view of a database that SQLAlchemy knows, in the order of their id.

A source names it by a URL without a password, or as `conn:NAME`, whose URL the environment has. No message
and no version has the URL of a connection, nor a password.
"""

import contextlib
import datetime
import decimal
import os
import re
from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa

from synthprof.base.errors import SpecError, StageError, SynthprofError, first_line
from synthprof.base.extras import check_installed
from synthprof.base.permitted import SOURCES
from synthprof.sources.arrow_files import check_columns
from synthprof.sources.bounds import ROW_BYTES
from synthprof.sources.checks import MAX_CHARACTERS
from synthprof.sources.reading import Part
from synthprof.sources.values import ARROW, Columns, Role, in_parts
from synthprof.spec.spec import SOURCE_URL

ADDRESS = re.compile(r"conn:.*|[a-z][a-z0-9_]*(\+[a-z0-9_]+)?://.*")
"""The form of a source that is no path."""

FILES = ("sqlite", "duckdb")
"""Databases that are files, which are read by their paths."""

CONNECT_SECONDS = 20
ROWS_BATCH = 1_000


class Sql:
    """A reader of one table. table: its name, also with that of its schema before a dot."""

    size = 0

    def __init__(self, name: str, url: str, table: str) -> None:
        """Find the table. name: of the source, for messages. Raises SpecError that lists the tables."""
        check_installed("sources", "sqlalchemy")
        self.name = name
        self._reading: Any = None
        self._url = self._parsed(url)
        self._schema, _, self._table = table.rpartition(".")
        self.said = f"a table of {self._url.get_backend_name()}"
        with self._connected() as connection:
            self._columns = self._described(connection, table)

    def schema(self, columns: Sequence[str]) -> pa.Schema:
        """Return the types of the columns, as the database declares them."""
        check_columns(columns, list(self._columns), f"table {self._table!r} of {self.name}")
        return pa.schema([(name, _arrow(self._columns[name])) for name in columns])

    def parts(self, columns: Sequence[str]) -> Iterator[Part]:
        """Yield the rows ordered by the first column, the id; the second is the text."""
        return self._parts(columns, ("key", "text", *self.schema(columns[2:]).types))

    def names(self) -> list[str]:
        """Return the names of all columns."""
        return list(self._columns)

    def whole(self, columns: Sequence[str]) -> Iterator[Part]:
        """Yield the rows ordered by the first column, each column in its own type."""
        return self._parts(columns, tuple(self.schema(columns).types))

    def _parts(self, columns: Sequence[str], types: tuple[Role | pa.DataType, ...]) -> Iterator[Part]:
        import sqlalchemy as sa

        wanted = Columns(tuple(columns), types)
        self.schema(columns)
        table = sa.table(self._table, *map(sa.column, self._columns), schema=self._schema or None)
        most = [MAX_CHARACTERS, MAX_CHARACTERS, *[ROW_BYTES] * (len(columns) - 2)][: len(columns)]
        values = [
            self._clipped(table.c[name], limit).label(f"c{place}")
            for place, (name, limit) in enumerate(zip(columns, most, strict=True))
        ]
        query = sa.select(*values).order_by(table.c[columns[0]])
        with self._connected() as connection:
            found = connection.execution_options(yield_per=ROWS_BATCH).execute(query)
            yield from in_parts(
                wanted, ((number, tuple(row), "") for number, row in enumerate(found, 1)), "row"
            )

    def cancel(self) -> None:
        """Ask the database to end the query at work, where its driver can."""
        with contextlib.suppress(Exception):  # the thread that reads tells what goes wrong
            self._reading.connection.dbapi_connection.cancel()

    def watch(self) -> None:
        """Do nothing: the database bounds what it takes."""

    def _described(self, connection: Any, table: str) -> dict[str, Any]:  # noqa: ANN401
        """Return the type of each column of the table."""
        import sqlalchemy as sa

        inspector = sa.inspect(connection)
        schema = self._schema or None
        known = [*inspector.get_table_names(schema), *inspector.get_view_names(schema)]
        if not table and len(known) == 1:
            (self._table,) = known
        if self._table not in known:
            wrong = f"has no table {table!r}" if table else "has more than one table, or none"
            shown = ", ".join(sorted(known)[:50]) or "it is empty"
            raise SpecError(f"source={self.name} {wrong}; name one by table: {shown}")
        return {each["name"]: each["type"] for each in inspector.get_columns(self._table, schema)}

    def _clipped(self, column: Any, most: int) -> Any:  # noqa: ANN401
        """Return an expression for a column's value, cut where it is longer than anything that is taken."""
        import sqlalchemy as sa

        kind = self._columns[column.name]
        return (
            sa.func.substr(column, 1, most + 1)
            if isinstance(kind, sa.String) and not isinstance(kind, sa.Enum)
            else column
        )

    def _parsed(self, url: str) -> Any:  # noqa: ANN401
        import sqlalchemy as sa

        try:
            return sa.make_url(url)
        except (sa.exc.ArgumentError, ValueError):
            raise SpecError(
                f"source={self.name} is no URL that SQLAlchemy reads; write it as postgresql+psycopg://user@host/name"
            ) from None

    @contextlib.contextmanager
    def _connected(self) -> Iterator[Any]:
        import sqlalchemy as sa

        waits = (
            {"connect_timeout": CONNECT_SECONDS}
            if self._url.get_backend_name() in ("postgresql", "mysql", "mariadb")
            else {}
        )
        try:
            engine = sa.create_engine(self._url, poolclass=sa.NullPool, connect_args=waits)
            with engine.connect() as connection:
                self._reading = connection
                yield connection
        except (sa.exc.NoSuchModuleError, ImportError) as error:
            raise SpecError(f"source={self.name} needs a driver: {self._quoted(error)}; install it") from None
        except sa.exc.SQLAlchemyError as error:
            raise self._problem(error) from None
        finally:
            self._reading = None

    def _problem(self, error: Exception) -> SynthprofError:
        """Return the error: what the statement is wrong about lasts, all else may pass."""
        import sqlalchemy as sa

        reason = f"source={self.name} cannot be read: {self._quoted(getattr(error, 'orig', None) or error)}"
        if isinstance(error, sa.exc.ProgrammingError | sa.exc.DataError | sa.exc.CompileError):
            return SpecError(f"{reason}; correct the view, or name another table")
        return StageError(f"{reason}; run it again once the database answers")

    def _quoted(self, error: Exception) -> str:
        """Return the first line of an error without the password."""
        text, secret = first_line(error)[:300], self._url.password
        return text.replace(str(secret), "***") if secret else text


def sql_of(address: str, table: str) -> Sql:
    """Return the reader of a source that is no path.

    Raises SpecError for a URL with a password, for one that is not permitted, and for an unknown connection.
    """
    if address.startswith("conn:"):
        name = address.removeprefix("conn:")
        variable = SOURCE_URL + name.upper()
        if not re.fullmatch(r"\w{1,60}", name) or not (url := os.environ.get(variable)):
            raise SpecError(
                f"source={address[:80]} is not known; set {variable[:80]} to an SQLAlchemy URL, or make the "
                f"Connection synthprof_{name[:60]} in Airflow"
            )
        return Sql(address, url, table)
    shown = re.sub(r"//[^/@]*@", "//…@", address)[:200]
    if re.search(r"//[^/@]*:[^/]*@", address) or "password" in address.lower():
        raise SpecError(
            f"source={shown} has a password, which would be shown and stored; use conn:NAME, whose URL is in "
            f"{SOURCE_URL}NAME or in the Airflow Connection synthprof_NAME"
        )
    if os.environ.get(SOURCES):
        raise SpecError(f"source={shown} is no path below {SOURCES}; use conn:NAME")
    if address.startswith(FILES):
        raise SpecError(f"source={shown} is a file; name its path")
    return Sql(shown, address, table)


def _arrow(kind: Any) -> pa.DataType:  # noqa: ANN401
    """Return the type for a declared type: text for what Arrow has no exact type for."""
    try:
        python = kind.python_type
    except NotImplementedError:
        return pa.string()
    if python is decimal.Decimal and kind.precision and kind.scale is not None:
        return pa.decimal128(kind.precision, kind.scale) if kind.precision <= 38 else pa.string()
    if python is datetime.datetime and getattr(kind, "timezone", False):
        return pa.timestamp("us", "UTC")
    return ARROW.get(python, pa.string())
