"""Whole tables of every format: all columns in their own types, without roles of ids and texts."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.csv
import pyarrow.feather as feather
import pyarrow.parquet as pq
import pytest

from synthprof.base.errors import SpecError
from synthprof.sources.whole import table_of

TABLE = pa.table({"n": [1, 2, 3], "x": [0.5, None, 2.5], "word": ["a", "b", "ç"]})


def _sqlite(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE t (n INTEGER, x REAL, word TEXT)")
        connection.executemany(
            "INSERT INTO t VALUES (?, ?, ?)", [tuple(row.values()) for row in TABLE.to_pylist()]
        )
    connection.close()


def _duckdb(path: Path) -> None:
    with duckdb.connect(str(path)) as connection:
        connection.register("given", TABLE)
        connection.execute("CREATE TABLE t AS SELECT * FROM given")


WRITERS = {
    "t.csv": lambda path: pa.csv.write_csv(TABLE, path),
    "t.parquet": lambda path: pq.write_table(TABLE, path),
    "t.feather": lambda path: feather.write_feather(TABLE, str(path)),
    "t.jsonl": lambda path: path.write_text("".join(json.dumps(row) + "\n" for row in TABLE.to_pylist())),
    "t.sqlite": _sqlite,
    "t.duckdb": _duckdb,
}


@pytest.mark.parametrize("name", WRITERS)
def test_every_format_gives_the_same_columns(tmp_path: Path, name: str) -> None:
    WRITERS[name](tmp_path / name)
    found = table_of(str(tmp_path / name))
    assert found.names == ("n", "x", "word")
    for _ in range(2):
        rows = pa.Table.from_batches(found.batches()).rename_columns(list(found.names))
        if name == "t.csv":  # all texts: nobody knows their types before the end
            assert rows["x"].to_pylist() == ["0.5", "", "2.5"]
        else:
            assert rows.to_pylist() == TABLE.to_pylist()


def test_a_folder_of_parts_is_one_table(tmp_path: Path) -> None:
    for number in range(3):
        pq.write_table(TABLE, tmp_path / f"part-{number}.parquet")
    (tmp_path / "_SUCCESS").touch()
    found = table_of(str(tmp_path))
    assert sum(batch.num_rows for batch in found.batches()) == 9
    assert found.said == "3 files of Parquet"
    pq.write_table(TABLE.select(["n"]), tmp_path / "part-3.parquet")
    with pytest.raises(SpecError, match="has other columns"):
        table_of(str(tmp_path))


def test_rows_that_cannot_be_taken_are_counted(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a,b\n1,2\n1,2,3\n3\n4,5\n")
    found = table_of(str(tmp_path / "t.csv"))
    assert sum(batch.num_rows for batch in found.batches()) == 2
    assert found.left_out == 2


def test_columns_of_the_same_name_are_kept_apart_where_a_file_can_have_them(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a,a\n1,2\n")
    found = table_of(str(tmp_path / "t.csv"))
    (batch,) = found.batches()
    assert (found.names, batch.to_pylist()) == (("a", "a"), [{"0": "1", "1": "2"}])


def test_what_is_no_table_is_refused(tmp_path: Path) -> None:
    (tmp_path / "t.bin").write_bytes(b"\0\1\2" * 100)
    with pytest.raises(SpecError, match="is no CSV, Parquet"):
        table_of(str(tmp_path / "t.bin"))
    with pytest.raises(SpecError, match="cannot be read"):
        table_of(str(tmp_path / "none.csv"))
