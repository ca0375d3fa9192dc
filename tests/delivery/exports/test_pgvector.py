"""PostgreSQL with pgvector reads what is exported: every type, every table, every row."""

import asyncio
import datetime
import io
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import small

from synthprof.base.errors import SpecError
from synthprof.delivery.exports import pgvector
from synthprof.delivery.exports.copy_binary import HEADER, TRAILER, pg_type, rows
from synthprof.delivery.exports.job import export
from synthprof.delivery.exports.order import Order
from synthprof.delivery.rows import Rows
from synthprof.versions.version import open_version

PATIENTS = {"dataset": "patients", "profile_schema": "patient", "with_tables": "all", "dim_vector": 40}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("pgvector")
    small.run(home, **PATIENTS)
    return home


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The URL of a PostgreSQL that has pgvector."""
    servers = pytest.importorskip("servers")
    binaries = servers.postgres_binaries()
    if binaries is None or (os.getuid() == 0 and shutil.which("setpriv") is None):
        pytest.skip("the package pgserver, which brings PostgreSQL with pgvector, is not installed")
    pytest.importorskip("asyncpg")
    folder = Path(tempfile.mkdtemp(prefix="synthprof-pgvector-"))
    folder.chmod(0o755)
    try:
        with servers.postgres(binaries, folder / "server") as url:
            yield url
    finally:
        shutil.rmtree(folder)


def _rows(url: str, query: str) -> list[dict[str, Any]]:
    """The rows that the database answers with, vectors as lists of float32."""
    import asyncpg

    async def asked() -> list[dict[str, Any]]:
        connection = await asyncpg.connect(url)
        try:
            await connection.set_type_codec("vector", encoder=str, decoder=_vector, schema="public")
            return [dict(row) for row in await connection.fetch(query)]
        finally:
            await connection.close()

    return asyncio.run(asked())


def _vector(text: str) -> list[float]:
    return [float(np.float32(value)) for value in text[1:-1].split(",")]


def _psql(url: str, *arguments: str, folder: Path) -> None:
    import servers

    command = [str(servers.postgres_binaries() / "psql"), url, "-q", "-v", "ON_ERROR_STOP=1", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_files_of_an_export_make_its_tables(home: Path, server: str) -> None:
    folder, _ = export(home, Order(dataset="patients", format="pgvector"))
    scripts = ("schema.sql", "load.sql", "indexes.sql")
    _psql(server, *(word for script in scripts for word in ("-f", script)), folder=folder)
    version = open_version(home, "patients")
    assert version.tables() == {
        name: _rows(server, f"SELECT count(*) AS n FROM {name}")[0]["n"] for name in version.tables()
    }
    found = _rows(server, "SELECT * FROM profiles ORDER BY id")
    assert found == Rows(version).block(0).to_pylist()
    (table, *_) = version.tables()
    key = version.schema.child(table).key
    assert _rows(server, f"SELECT * FROM {table} ORDER BY {key}, n") == version.table(table).to_pylist()


COLUMNS: dict[str, tuple[pa.DataType, list[Any]]] = {
    "i4": (pa.int32(), [-(2**31), 2**31 - 1, None]),
    "u1": (pa.uint8(), [0, 255, None]),
    "u8": (pa.uint64(), [0, 2**64 - 1, None]),
    "f4": (pa.float32(), [1.5, -0.25, None]),
    "f8": (pa.float64(), [1e300, float("inf"), None]),
    "truth": (pa.bool_(), [True, False, None]),
    "text": (pa.string(), ["", "é\t\\\n'日本" * 100, None]),
    "bytes": (pa.binary(), [b"", b"\0\xff", None]),
    "day": (pa.date32(), [datetime.date(1, 1, 1), datetime.date(9999, 12, 31), None]),
    "clock": (pa.time64("us"), [datetime.time(0), datetime.time(23, 59, 59, 999_999), None]),
    "moment": (pa.timestamp("us"), [datetime.datetime(1969, 7, 20), datetime.datetime(2024, 2, 29, 1), None]),
    "in_utc": (pa.timestamp("ms", "UTC"), [datetime.datetime(1999, 12, 31, tzinfo=datetime.UTC), None, None]),
    "span": (pa.duration("ms"), [datetime.timedelta(days=-3, milliseconds=5), datetime.timedelta(0), None]),
    "exact": (pa.decimal128(38, 4), [Decimal("-12345678.0001"), Decimal("0.0000"), None]),
    "texts": (pa.list_(pa.string()), [["a", "", None], [], None]),
    "days": (pa.list_(pa.date32()), [[datetime.date(2024, 2, 29)], [], None]),
    "near": (pa.list_(pa.float32(), 3), [[0.5, -1.0, 2.0], [1e-8, 0.0, 3e38], None]),
}


def _bytes(batch: pa.RecordBatch) -> bytes:
    return b"".join([HEADER, *map(bytes, rows(batch)), TRAILER])


def test_every_type_comes_back_as_it_was(server: str) -> None:
    arrays = [pa.array(values, kind) for kind, values in COLUMNS.values()]
    batch = pa.RecordBatch.from_arrays(arrays, names=list(COLUMNS))
    columns = ", ".join(f"{name} {pg_type(kind).name}" for name, (kind, _) in COLUMNS.items())

    async def copied() -> None:
        import asyncpg

        connection = await asyncpg.connect(server)
        await connection.execute(f"CREATE EXTENSION IF NOT EXISTS vector; CREATE TABLE kinds ({columns})")
        await connection.copy_to_table("kinds", source=io.BytesIO(_bytes(batch)), format="binary")
        await connection.close()

    asyncio.run(copied())
    found, wanted = _rows(server, "SELECT * FROM kinds"), batch.to_pylist()
    wanted[1]["near"] = [float(np.float32(value)) for value in wanted[1]["near"]]
    assert found == wanted


def test_rows_are_laid_out_as_the_format_says() -> None:
    """The bytes of one row by hand, so that this is seen where no server is."""
    batch = pa.RecordBatch.from_pydict(
        {
            "id": pa.array([258]),
            "name": pa.array(["é"]),
            "none": pa.array([None], pa.string()),
            "near": pa.array([[1.0, -2.0]], pa.list_(pa.float32(), 2)),
            "list": pa.array([["a"]], pa.list_(pa.string())),
        }
    )
    row = (
        "0005 00000008 0000000000000102 00000002 c3a9 ffffffff 0000000c 0002 0000 3f800000 c0000000 "
        "00000019 00000001 00000000 00000019 00000001 00000001 00000001 61"
    )
    assert _bytes(batch) == HEADER + bytes.fromhex(row) + b"\xff\xff"


def test_slices_of_a_batch_give_the_bytes_of_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    arrays = [pa.array(values, kind) for kind, values in COLUMNS.values()]
    batch = pa.RecordBatch.from_arrays(arrays, names=list(COLUMNS))
    whole = _bytes(batch)
    monkeypatch.setattr("synthprof.delivery.exports.copy_binary._CHUNK_BYTES", 1)
    assert _bytes(batch) == whole


def test_a_null_character_is_refused_before_the_server_does() -> None:
    batch = pa.RecordBatch.from_pydict({"note": pa.array(["a\0b"])})
    with pytest.raises(SpecError, match="column note has a text with the character U\\+0000"):
        _bytes(batch)


def test_parts_are_whole_files_each(exported, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pgvector, "PART_BLOCKS", 2)
    folder, output = exported(format="pgvector", columns="idade")
    parts = [(folder / f"profiles-0000{part}.copy").read_bytes() for part in range(2)]
    row_bytes = 2 + 2 * (4 + 8)
    assert [len(part) for part in parts] == [
        len(HEADER) + count * row_bytes + len(TRAILER) for count in (32_768, output.rows - 32_768)
    ]
    assert r"'profiles-00001.copy'" in (folder / "load.sql").read_text()
