"""PostgreSQL with pgvector: rows by COPY in its binary form, one transaction for each block."""

import asyncio
import threading
from collections.abc import AsyncIterator, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa

from synthprof.base.arrays import Vector
from synthprof.base.columns import quoted
from synthprof.base.errors import SpecError, StageError, first_line
from synthprof.base.units import MIB
from synthprof.delivery.exports import copy_binary
from synthprof.delivery.loaders.address import Address
from synthprof.delivery.loaders.faults import unreachable
from synthprof.delivery.loaders.sql import as_sql
from synthprof.delivery.loaders.target import Kind, Layout, Row, check_metric, check_same
from synthprof.delivery.workloads.conditions import Part

CONNECT_SECONDS = 20

MAX_INDEXED = 2_000
"""Dimensions that pgvector's index takes; more are searched without one."""

MEASURES = {
    "cosine": ("<=>", "vector_cosine_ops"),
    "dot": ("<#>", "vector_ip_ops"),
    "l2": ("<->", "vector_l2_ops"),
}
"""pgvector's operators of distance, and what its index is told."""

TYPES = {"timestamp": "timestamp without time zone", "timestamptz": "timestamp with time zone"}
"""Types that PostgreSQL tells by another name."""

Value = TypeVar("Value")

Encoded = tuple[int, int, list[bytes]]
"""First and last id of some rows, and what COPY takes."""


class PostgreSQL:
    """A table of a PostgreSQL database. The client is asyncpg, whose loop runs in a thread of its own."""

    def __init__(self, address: Address, layout: Layout) -> None:
        """Connect. Raises SpecError for a wrong password or name, StageError if nobody answers."""
        import asyncpg

        check_metric(address, layout, tuple(MEASURES))
        self.address, self.layout = address, layout
        self._asyncpg = asyncpg
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        try:
            with self._told():
                self._connection = self._wait(self._connected())
        except BaseException:
            self._stop()
            raise

    async def _connected(self) -> Any:  # noqa: ANN401
        address = self.address
        return await self._asyncpg.connect(
            host=address.host or None,
            port=address.port,
            user=address.user or None,
            password=address.password or None,
            database=address.last or None,
            ssl=address.options.get("sslmode"),
            timeout=CONNECT_SECONDS,
            server_settings={"application_name": "synthprof"},
        )

    @property
    def _table(self) -> str:
        return quoted(self.layout.table)

    def count(self) -> int | None:
        """Return the number of rows, or None without a table."""
        with self._told():
            found = self._all(
                "SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute "
                "WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped",
                self._table,
            )
            if not found:
                return None
            check_same(self.address, self.layout.table, self._types(), {row[0]: row[1] for row in found})
            return int(self._all(f"SELECT count(*) FROM {self._table}")[0][0])

    def prepare(self) -> None:
        """Make extension and table unless they are there."""
        columns = [f"{quoted(name)} {kind}" for name, kind in self._types().items()]
        columns[0] += " PRIMARY KEY"
        with self._told():
            self._run("SET client_min_messages = warning")
            if not self._all("SELECT FROM pg_extension WHERE extname = 'vector'"):
                self._run("CREATE EXTENSION IF NOT EXISTS vector")
            self._run(f"CREATE TABLE IF NOT EXISTS {self._table} ({', '.join(columns)})")

    def drop(self) -> None:
        """Remove the table."""
        with self._told():
            self._run(f"DROP TABLE IF EXISTS {self._table}")

    def encode(self, batch: pa.RecordBatch) -> Encoded:
        """Return first and last id, and the rows in COPY's binary form, some megabytes at a time."""
        ids = batch.column("id")
        body = [bytes(part) for part in copy_binary.rows(batch)]
        return ids[0].as_py(), ids[-1].as_py(), [copy_binary.HEADER, *body, copy_binary.TRAILER]

    def write(self, encoded: Encoded, *, again: bool) -> None:
        """Copy the rows in one transaction; first remove those that may be there."""
        with self._told():
            self._wait(self._copied(*encoded, again=again))

    async def _copied(self, first: int, last: int, data: list[bytes], *, again: bool) -> None:
        async def parts() -> AsyncIterator[bytes]:
            for part in data:
                for begin in range(0, len(part), MIB):
                    yield part[begin : begin + MIB]

        async with self._connection.transaction():
            if again:
                await self._connection.execute(
                    f"DELETE FROM {self._table} WHERE id BETWEEN {first} AND {last}"
                )
            await self._connection.copy_to_table(
                self.layout.table, source=parts(), columns=self.layout.schema.names, format="binary"
            )

    def finish(self) -> str:
        """Make an HNSW index of the vectors, if it is wanted and possible; tell the planner of the rows."""
        indexed = self.layout.index and self.layout.dim <= MAX_INDEXED
        with self._told():
            if indexed:
                if memory := self.address.options.get("maintenance_work_mem"):
                    self._all("SELECT set_config('maintenance_work_mem', $1, false)", memory)
                name = quoted(f"{self.layout.table}_{self.layout.vector}_hnsw"[-63:])
                _, operators = MEASURES[self.layout.metric]
                self._run(
                    f"CREATE INDEX IF NOT EXISTS {name} ON {self._table} "
                    f"USING hnsw ({quoted(self.layout.vector)} {operators})"
                )
            self._run(f"ANALYZE {self._table}")
        return "hnsw" if indexed else ""

    def fetch(self, ids: Sequence[int]) -> list[Row]:
        """Return the rows of these ids."""
        vector = quoted(self.layout.vector)
        names = [name for name in self.layout.schema.names if name != self.layout.vector]
        with self._told():
            found = self._all(
                f"SELECT {', '.join(map(quoted, names))}, {vector}::real[] AS {vector} FROM {self._table} "
                "WHERE id = ANY($1::bigint[])",
                list(ids),
            )
        return [dict(row) for row in found]

    def search(self, vector: Vector, k: int, where: Sequence[Part] = ()) -> list[tuple[int, float]]:
        """Return ids and scores of the k nearest rows, by the index if there is one."""
        operator, _ = MEASURES[self.layout.metric]
        condition = as_sql(where, lambda name, item: f"{item} = ANY({name})", ("false", "true"))
        distance = f"{quoted(self.layout.vector)} {operator} $1::text::vector"
        with self._told():
            found = self._all(
                f"SELECT id, {distance} FROM {self._table} WHERE {quoted(self.layout.vector)} IS NOT NULL "
                f"AND {condition} ORDER BY {distance} LIMIT {int(k)}",
                str(vector.astype(np.float32).tolist()),
            )
        # <#> gives the negative inner product, <-> the distance, not squared
        scores = {"cosine": lambda far: 1 - far, "dot": lambda far: -far, "l2": lambda far: far**2}
        return [(row[0], scores[self.layout.metric](row[1])) for row in found]

    def close(self) -> None:
        """Close the connection, and end the loop."""
        self._connection.terminate()
        self._stop()

    def _stop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _types(self) -> dict[str, str]:
        names = {field.name: copy_binary.pg_type(field.type).name for field in self.layout.schema}
        return {name: TYPES.get(kind, kind) for name, kind in names.items()}

    def _wait(self, work: Coroutine[Any, Any, Value]) -> Value:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def _run(self, statement: str) -> None:
        self._wait(self._connection.execute(statement))

    def _all(self, statement: str, *values: Any) -> list[Any]:  # noqa: ANN401
        return list(self._wait(self._connection.fetch(statement, *values)))

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except (OSError, TimeoutError) as error:
            raise unreachable(self.address, first_line(error) or type(error).__name__) from None
        except (self._asyncpg.PostgresError, self._asyncpg.InterfaceError) as error:
            raise _problem(self.address, error) from None


REMEDIES = {
    "28": "check user and password",
    "3D000": "name a database that is there, or create it",
    "42501": "grant the right to the user, or let an administrator run CREATE EXTENSION vector there",
    "53100": "free some space on the server's disk, then run it again",
    "53300": "close other connections, or raise max_connections",
    "0A000": "install pgvector on the server (https://github.com/pgvector/pgvector), then run it again",
    "58P01": "install pgvector on the server (https://github.com/pgvector/pgvector), then run it again",
    "42704": "install pgvector on the server (https://github.com/pgvector/pgvector), then run it again",
}
"""Remedies by PostgreSQL's codes of errors, or by how these begin."""


def _problem(address: Address, error: Exception) -> SpecError | StageError:
    said = address.without_secret(first_line(error))[:300]
    code = str(getattr(error, "sqlstate", "") or "")
    for begin, remedy in REMEDIES.items():
        if code.startswith(begin):
            return SpecError(f"{address} refuses: {said}; {remedy}")
    return StageError(f"{address} failed: {said}; run it again once it answers")


KIND = Kind(
    name="postgresql",
    title="PostgreSQL with pgvector",
    extra="load-postgresql",
    packages=("asyncpg",),
    options=("sslmode", "maintenance_work_mem"),
    open=PostgreSQL,
    moments=True,
)
