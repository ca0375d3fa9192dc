"""Tables in files of every format: the same rows, whatever holds them, and bad rows told."""

import bz2
import gzip
import json
import lzma
import sqlite3
from collections.abc import Callable
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as pq
import pytest
from tables import ROWS, read, write_sheet

from synthprof.base.digests import digest_of
from synthprof.base.errors import SpecError, StageError
from synthprof.sources.source import Source
from synthprof.sources.survey import collection_digest, survey
from synthprof.spec.spec import Runtime

CSV = "id,text,ano\n" + "".join(f'{number},"{text}",{year}\n' for number, text, year in ROWS)

OBJECTS = [{"id": number, "text": text, "ano": year} for number, text, year in ROWS]

LINES = "".join(json.dumps(each, ensure_ascii=False) + "\n" for each in OBJECTS)


def _by(delimiter: str) -> str:
    return CSV.replace(", ", "_").replace(",", delimiter).replace("_", ", ")


def _table(**columns: Any) -> pa.Table:
    names = {
        "id": [row[0] for row in ROWS],
        "text": [row[1] for row in ROWS],
        "ano": [row[2] for row in ROWS],
    }
    return pa.table(names | columns)


def _write_parts(folder: Path, suffix: str, write: Callable[[Path, int, int], object]) -> None:
    for first in (0, 15):
        write(folder / f"part-{first:05}{suffix}", first, 15 if first == 0 else 40)
    (folder / "_SUCCESS").touch()
    (folder / ".part.crc").write_bytes(b"\xff\x00")


def _parquet_parts(folder: Path) -> None:
    _write_parts(folder, ".parquet", lambda path, a, b: pq.write_table(_table().slice(a, b - a), path))


def _line_parts(folder: Path) -> None:
    lines = LINES.splitlines(keepends=True)
    _write_parts(folder, ".jsonl", lambda path, a, b: path.write_text("".join(lines[a:b])))


def _csv_parts(folder: Path) -> None:
    head, *lines = CSV.splitlines(keepends=True)
    _write_parts(folder, ".csv", lambda path, a, b: path.write_text(head + "".join(lines[a:b])))


def _stream(path: Path) -> None:
    with pa.ipc.new_stream(path, _table().schema) as writer:
        writer.write_table(_table())


def _shared_texts(path: Path) -> None:
    pq.write_table(
        _table().set_column(1, "text", _table()["text"].dictionary_encode()), path, row_group_size=7
    )


def _duckdb(path: Path) -> None:
    with duckdb.connect(str(path)) as database:
        database.execute("CREATE TABLE notes (ano INTEGER, id BIGINT, text VARCHAR)")
        database.executemany("INSERT INTO notes VALUES ($3, $1, $2)", ROWS[::-1])


def _folder(make: Callable[[Path], object]) -> Callable[[Path], object]:
    def written(path: Path) -> None:
        path.mkdir()
        make(path)

    return written


def _hive(path: Path) -> None:
    for year in range(7):
        (path / f"ano={year}").mkdir(parents=True)
        rows = [row for row in ROWS if row[2] == year]
        part = pa.table({"id": [row[0] for row in rows], "text": [row[1] for row in rows]})
        pq.write_table(part, path / f"ano={year}" / "part-0.parquet")


def _pretty(path: Path) -> None:
    path.write_text("\n".join(json.dumps(each, indent=1) for each in OBJECTS))


FORMATS: dict[str, tuple[str, Callable[[Path], object]]] = {
    "t.parquet": ("Parquet", lambda path: pq.write_table(_table(), path)),
    "shared.parquet": ("Parquet", _shared_texts),
    "f.feather": ("Arrow", lambda path: feather.write_feather(_table(), path, compression="zstd")),
    "s.arrows": ("Arrow", _stream),
    "c.csv": ("CSV, UTF-8, delimiter ,", lambda path: path.write_text(CSV)),
    "bom.csv": ("CSV, UTF-8, delimiter ,", lambda path: path.write_text(CSV, encoding="utf-8-sig")),
    "w.csv": (
        "CSV, windows-1252, delimiter ;",
        lambda path: path.write_text(_by(";"), encoding="cp1252"),
    ),
    "u.txt": (
        "TSV, UTF-16, delimiter tab",
        lambda path: path.write_text(_by("\t"), encoding="utf-16"),
    ),
    "c.csv.gz": ("CSV, gzip, UTF-8, delimiter ,", lambda path: path.write_bytes(gzip.compress(CSV.encode()))),
    "c.csv.bz2": ("CSV, bz2, UTF-8, delimiter ,", lambda path: path.write_bytes(bz2.compress(CSV.encode()))),
    "c.csv.xz": ("CSV, xz, UTF-8, delimiter ,", lambda path: path.write_bytes(lzma.compress(CSV.encode()))),
    "l.jsonl": ("JSON Lines, UTF-8", lambda path: path.write_text(LINES)),
    "l.jsonl.zst": (
        "JSON Lines, zstd, UTF-8",
        lambda path: path.write_bytes(pa.compress(LINES.encode(), codec="zstd", asbytes=True)),
    ),
    "a.json": ("JSON, UTF-8", lambda path: path.write_text(json.dumps(OBJECTS))),
    "pretty.json": ("JSON, UTF-8", _pretty),
    "d.duckdb": ("DuckDB", _duckdb),
    "e.xlsx": ("Excel", write_sheet),
    "parts": ("2 files of Parquet", _folder(_parquet_parts)),
    "csvs": ("2 files of CSV, UTF-8, delimiter ,", _folder(_csv_parts)),
    "lines": ("2 files of JSON Lines, UTF-8", _folder(_line_parts)),
}  # fmt: skip


@pytest.mark.parametrize("name", FORMATS)
def test_the_same_rows_are_the_same_collection_whatever_holds_them(tmp_path: Path, name: str) -> None:
    said, write = FORMATS[name]
    write(tmp_path / name)
    found = read(tmp_path / name)
    assert (found.rows, found.said, found.columns, found.left_out) == (40, said, "ano:integer", 0)
    keys, texts, years = map(list, zip(*ROWS, strict=True))
    digest = digest_of({"chave": list(map(str, keys)), "descricao": texts, "ano": years})
    assert found.collection == collection_digest("ano:integer", [digest])


def test_columns_that_folders_name_can_be_kept(tmp_path: Path) -> None:
    _hive(tmp_path / "hive")
    found = read(tmp_path / "hive")
    assert (found.rows, found.columns, found.said) == (40, "ano:integer", "7 files of Parquet")


@pytest.mark.parametrize(
    "ids",
    [
        pa.array([1.0, 2.0, 30.0]),
        pa.array([Decimal(1), Decimal(2), Decimal(30)], pa.decimal128(20, 0)),
        pa.array([Decimal("1.00"), Decimal("2.00"), Decimal("30.00")], pa.decimal128(12, 2)),
        pa.array([1, 2, 30], pa.uint64()),
        pa.array(["1", "2", "30"], pa.large_string()),
        pa.array(["1", "2", "30"]).dictionary_encode(),
    ],
    ids=lambda array: str(array.type)[:20],
)
def test_whole_numbers_are_the_same_ids_in_every_type(tmp_path: Path, ids: pa.Array) -> None:
    wanted = read(_written(tmp_path / "a.parquet", id=pa.array([1, 2, 30])), "")
    assert read(_written(tmp_path / "b.parquet", id=ids), "").collection == wanted.collection


def _written(path: Path, **columns: pa.Array) -> Path:
    pq.write_table(pa.table({"id": pa.array([1, 2, 3]), "text": pa.array(["a", "b", "c"])} | columns), path)
    return path


BAD: dict[str, tuple[str, int, list[str]]] = {
    "fields.csv": (
        "id,text\n1,a\n\n2,b,c\n3\n4,d\n",
        2,
        ["line 4: the row has 3 fields", "line 5: the row has 1 field"],
    ),
    "quote.csv": (
        'id,text\n1,"a\nb"\n2,"c\n3,d\n',
        2,
        ["line 4: the row cannot be read: a quote does not end"],
    ),
    "sloppy.csv": ('id,text\n1,a\n2,"b"c\n3,d\n', 2, ["line 3: the row cannot be read: ',' expected after"]),
    "twice.csv": ("id,text\n1,a\n2,b\n1,c\n", 2, ["line 4: column 'id' has '1' a second time"]),
    "void.csv": (
        "id,text\n1,a\n2,\n,c\n",
        1,
        ["line 3: column 'text', id '2': the text is empty", "line 4: column 'id' has no value"],
    ),
    "mixed.csv": (
        "id,text\n1,ação\n2,a\udce7\udce3o\n3,é\n",
        2,
        ["line 3: column 'text': the text is in another encoding"],
    ),
    "lines.jsonl": (
        '{"id":1,"text":"a"}\n\n[2]\n{"id":3,"text":\n{"id":4,"text":4}\n{"id":true,"text":"e"}\n'
        '{"id":"\\ud800","text":"f"}\n{"id":7,"text":' + "[" * 100_000 + '\n{"id":8.0,"text":"h"}\n',
        2,
        [
            "line 3: it is not an object",
            "line 4: it is not JSON",
            "line 5: column 'text': 4 is not text",
            "line 6: column 'id' holds True",
            "line 7: column 'id': the text has half",
            "line 8: it is nested too deep",
        ],
    ),
    "items.json": (
        '[{"id":1,"text":"a"}, 5, {"id":3}]',
        1,
        ["item 2: it is not an object", "item 3: column 'text', id '3': the text is empty"],
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_each_bad_row_is_told_with_its_place_in_the_source(tmp_path: Path, name: str) -> None:
    content, rows, expected = BAD[name]
    (tmp_path / name).write_bytes(content.encode(errors="surrogateescape"))
    found = read(tmp_path / name, "", 10)
    assert (found.rows, found.left_out) == (rows, len(expected))
    assert all(line.startswith(wanted) for line, wanted in zip(found.listed, expected, strict=True)), (
        found.listed
    )
    refusal = f"{len(expected)} of {rows + len(expected)} rows cannot be taken.*{expected[0][:9]}"
    with pytest.raises(SpecError, match=refusal):
        read(tmp_path / name, "", len(expected) - 1)


def test_a_part_that_cannot_be_read_is_a_bad_row(tmp_path: Path) -> None:
    _parquet_parts(tmp_path)
    (tmp_path / "part-00001.parquet").write_bytes(b"PAR1 and no more")
    pq.write_table(pa.table({"id": [99], "body": ["x"]}), tmp_path / "part-00099.parquet")
    found = read(tmp_path, allowed=2)
    assert (found.rows, [line[:19] for line in found.listed]) == (
        40,
        ["part-00001.parquet:", "part-00099.parquet:"],
    )


def test_bad_rows_of_a_part_are_told_by_file_and_row(tmp_path: Path) -> None:
    _parquet_parts(tmp_path)
    pq.write_table(pa.table({"id": [98, 99], "text": ["x", None], "ano": [1.5, 2.5]}), tmp_path / "z.parquet")
    found = read(tmp_path, allowed=1)
    assert found.listed == ("z.parquet, row 2: column 'text', id '99': the text is empty",)
    assert found.columns == "ano:float"


def test_no_more_than_a_thousand_bad_rows_are_listed_and_all_are_counted(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,text\n1,a\n" + "".join(f"{i},\n" for i in range(2, 1_502)))
    found = read(tmp_path / "a.csv", "", 1_500)
    assert (found.left_out, len(found.listed)) == (1_500, 1_000)
    assert found.listed[-1].startswith("line 1002: ")


def test_rows_of_a_sheet_are_told_by_its_numbers(tmp_path: Path) -> None:
    write_sheet(tmp_path / "a.xlsx", [("id", "text", "ano"), (1, "RPG", 5), (2, "", 6), (3.5, "xadrez", 7)])
    found = read(tmp_path / "a.xlsx", allowed=2)
    assert [line[:6] for line in found.listed] == ["row 5:", "row 6:"]
    with pytest.raises(SpecError, match="has no sheet 'x'; name one by table: Notas"):
        read(tmp_path / "a.xlsx", table="x")


def test_a_database_is_read_by_its_connection_whose_password_is_never_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(sqlite3.connect(tmp_path / "a.db")) as database, database:
        database.execute("CREATE TABLE notes (id NUMERIC(20, 0), text TEXT, ano INTEGER)")
        database.executemany("INSERT INTO notes VALUES (?, ?, ?)", [*ROWS, (99, None, 1)])
    monkeypatch.setenv("SYNTHPROF_CONN_NOTES", f"sqlite:///{tmp_path}/a.db")
    found = survey(_address("conn:notes"), 1)
    assert (found.rows, found.columns, found.left_out) == (40, "ano:integer", 1)
    with pytest.raises(SpecError, match=r"conn:notes has no table 'x'; name one by table: notes"):
        survey(_address("conn:notes", "x"))
    monkeypatch.setenv("SYNTHPROF_CONN_NOTES", "postgresql+psycopg2://me:s3cret@127.0.0.1:1/none")
    with pytest.raises(StageError, match=r"conn:notes cannot be read: .*; run it again once") as one:
        survey(_address("conn:notes"))
    with pytest.raises(SpecError, match=r"postgresql://…@host/x has a password, which would be shown") as two:
        survey(_address("postgresql://me:s3cret@host/x"))
    assert "s3cret" not in str(one.value) + str(two.value)
    with pytest.raises(SpecError, match=r"conn:other is not known; set SYNTHPROF_CONN_OTHER"):
        survey(_address("conn:other"))
    monkeypatch.setenv("SYNTHPROF_SOURCES", str(tmp_path))
    with pytest.raises(SpecError, match=r"//host/x is no path below SYNTHPROF_SOURCES; use conn:NAME"):
        survey(_address("postgresql://host/x"))


def _address(address: str, table: str = "notes") -> Source:
    return Source.of(Runtime(source=address, table=table), "ano")


def test_parts_of_virtual_tables_are_no_tables(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "fts.db")) as database, database:
        database.execute("CREATE VIRTUAL TABLE notes USING fts5(id, text)")
        database.execute("INSERT INTO notes VALUES ('a', 'um texto')")
    assert read(tmp_path / "fts.db", "").rows == 1
