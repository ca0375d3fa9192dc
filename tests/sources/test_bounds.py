"""Bounds of sources: files and views that are small, and would fill the memory or never end."""

import gzip
import lzma
import signal
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tables import read, write_sheet

from synthprof.base.errors import SpecError
from synthprof.sources import bounds, delimited, excel, json_rows, sqlite, streams


def test_a_text_that_a_small_file_repeats_is_never_decoded(tmp_path: Path) -> None:
    """10 KB of Parquet or Arrow with a text of 8 MB in each of 2,000 rows."""
    large = pa.DictionaryArray.from_arrays(
        pa.array([0] * 2_000 + [1], pa.int32()), ["x" * 8_000_000, "a text"]
    )
    table = pa.table({"id": list(range(2_001)), "text": large})
    pq.write_table(table, tmp_path / "a.parquet", compression="zstd")
    with pa.ipc.new_file(
        tmp_path / "a.arrow", table.schema, options=pa.ipc.IpcWriteOptions(compression="zstd")
    ) as file:
        file.write_table(table)
    for path in sorted(tmp_path.iterdir()):
        assert path.stat().st_size < 20_000
        pool, usual = pa.proxy_memory_pool(pa.default_memory_pool()), pa.default_memory_pool()
        pa.set_memory_pool(pool)
        try:
            found = read(path, "", 2_000)
        finally:
            pa.set_memory_pool(usual)
        assert found.rows == 1
        assert found.listed[0] == "row 1: id or text has more than 400,000 bytes; split it"
        assert pool.max_memory() < 200 << 20


def test_lists_of_shared_values_are_cut_by_what_they_hold_once_decoded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(bounds, "PART_BYTES", 10_000)
    monkeypatch.setattr(bounds, "ROW_BYTES", 10_000)
    items = pa.DictionaryArray.from_arrays(pa.array([0] * 100 + [1], pa.int32()), ["x" * 1_000, "y"])
    lists = pa.ListArray.from_arrays([0, 0, *range(1, 11), 90, 101], items)
    ids = pa.array([str(row) for row in range(13)])
    batch = pa.RecordBatch.from_arrays([ids, ids, lists], ["id", "text", "tags"])
    pieces = list(bounds.cut(bounds.Part(batch, range(13))))
    assert sum(piece.batch.num_rows for piece in pieces) == 13
    assert all(piece.batch.nbytes < 12_000 for piece in pieces)
    assert len(pieces) > 1 and [len(piece.faults) for piece in pieces][-1] == 2
    assert pieces[0].batch.schema.types[2] == pa.list_(pa.string())


@pytest.mark.parametrize("name", ["a.csv.gz", "a.csv.zst", "a.csv.xz"])
def test_a_file_that_grows_beyond_reason_is_refused(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "EXPANDED_BYTES", 1 << 20)
    content = b"id,text\n1,a\n" + b"\n" * (4 << 20)
    pack = {
        "gz": gzip.compress,
        "xz": lzma.compress,
        "st": lambda data: pa.compress(data, codec="zstd", asbytes=True),
    }
    (tmp_path / name).write_bytes(pack[name[-2:]](content))
    with pytest.raises(SpecError, match=r"holds more than 1 MiB once it is decompressed, as no texts do"):
        read(tmp_path / name, "")


def test_a_line_without_an_end_is_one_bad_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (streams, delimited, json_rows):
        monkeypatch.setattr(module, "MAX_LINE", 10_000)
    (tmp_path / "a.jsonl").write_text('{"id":1,"text":"' + "x" * 50_000 + '"}\n{"id":2,"text":"b"}\n')
    (tmp_path / "a.csv").write_text("id,text\n1," + "x" * 50_000 + "\n2,b\n")
    for path in sorted(tmp_path.iterdir()):
        found = read(path, "", 1)
        assert (found.rows, found.left_out) == (1, 1)
        assert "has more than 10,000 characters" in found.listed[0]
    (tmp_path / "a.json").write_text('[{"id":1,"text":"' + "x" * 5_000_000 + '"},{"id":2,"text":"b"}]')
    with pytest.raises(SpecError, match=r"item 1 has more than 10,000 characters; mend it"):
        read(tmp_path / "a.json", "", 1)


def test_a_workbook_that_would_fill_the_memory_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_sheet(tmp_path / "wide.xlsx", more='<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>')
    with pytest.raises(SpecError, match=r"reaches to column 16,384 and row 1,048,576, more than"):
        read(tmp_path / "wide.xlsx")
    monkeypatch.setattr(excel, "MAX_BYTES", 1 << 20)
    write_sheet(tmp_path / "deep.xlsx", more=" " * (2 << 20))
    with pytest.raises(SpecError, match=r"has more than 1 MiB once it is decompressed; save it as CSV"):
        read(tmp_path / "deep.xlsx")


def test_a_view_of_duckdb_is_ended_and_reads_no_other_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounds, "PATIENCE_SECONDS", 0.4)
    numbers = "WITH RECURSIVE t(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM t)"
    with duckdb.connect(str(tmp_path / "a.duckdb")) as database:
        database.execute(f"CREATE VIEW endless AS {numbers} SELECT id, 'x' AS text FROM t")
        database.execute("CREATE VIEW other AS SELECT 1 AS id, content AS text FROM read_text('/etc/group')")
    with pytest.raises(SpecError, match="gave no row for"):
        read(tmp_path / "a.duckdb", "", table="endless")
    with pytest.raises(SpecError, match=r"cannot be read: .*; correct its view"):
        read(tmp_path / "a.duckdb", "", table="other")


@pytest.fixture
def endless(tmp_path: Path) -> Path:
    with closing(sqlite3.connect(tmp_path / "a.db")) as database:
        for name, columns in (("rows", "id, 'texto' AS text"), ("sum", "max(id) AS id, 'texto' AS text")):
            database.execute(
                f"CREATE VIEW {name} AS WITH RECURSIVE t(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM t) "
                f"SELECT {columns} FROM t"
            )
    return tmp_path / "a.db"


@pytest.mark.parametrize("table", ["rows", "sum"])
def test_a_view_that_never_ends_is_ended(endless: Path, table: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "PATIENCE_SECONDS", 0.4)
    began = time.monotonic()
    with pytest.raises(SpecError, match=r"gave no row for 0 s; if it is a view, see whether it ends"):
        read(endless, "", table=table)
    assert time.monotonic() - began < 10


def test_a_view_that_never_ends_is_interrupted_by_a_signal(endless: Path) -> None:
    signal.signal(signal.SIGALRM, _interrupt)
    signal.setitimer(signal.ITIMER_REAL, 0.3)
    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        read(endless, "", table="sum")
    assert time.monotonic() - began < 10


def test_temporary_files_of_a_view_are_bounded(endless: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite, "TEMPORARY_BYTES", 1 << 20)
    with pytest.raises(SpecError, match=r"table 'rows' takes .* MiB of temporary files, 1 are the most"):
        read(endless, "", table="rows")


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt
