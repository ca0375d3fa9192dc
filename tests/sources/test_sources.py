"""Files and folders of texts from elsewhere: read whole, or refused whole in one clear message."""

import os
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fault_server import Faults, serving
from notes import PARAMS, ROWS, make, note_rows, parquet_of, sqlite_of

from synthprof.base.digests import digest_of
from synthprof.base.errors import SpecError, StageError
from synthprof.runner.run import run_stage
from synthprof.sources import sqlite
from synthprof.sources.blocks import blocks
from synthprof.sources.source import Source
from synthprof.sources.survey import survey
from synthprof.spec.request import Request
from synthprof.stages.import_rows import resolve_source
from synthprof.versions.verify import verify


def test_a_survey_names_what_it_read_and_blocks_are_all_of_it(tmp_path: Path) -> None:
    source = Source(sqlite_of(tmp_path / "notes.db", note_rows()), "", "key", "body", "lugar,ano")
    found = survey(source)
    assert (found.rows, found.columns) == (ROWS, "ano:integer,lugar:text")
    (block,) = blocks(source, found.columns)
    assert block.schema.names == ["id", "chave", "descricao", "ano", "lugar"]
    assert found.digests == (digest_of(block.drop_columns(["id"]).to_pydict()),)  # else versions change
    assert found.block_bytes == (block.nbytes,)
    assert np.array_equal(block.column("id"), np.arange(1, ROWS + 1))


def test_a_column_may_begin_with_more_rows_without_a_value_than_are_looked_at_once(tmp_path: Path) -> None:
    rows = [(*row[:3], "SP" if number >= 1_100 else None) for number, row in enumerate(note_rows(1_200))]
    version = make(tmp_path, parquet_of(tmp_path / "notes.parquet", rows), columns="lugar")
    assert verify(version, None, lambda *_: None).sound
    assert version.profile(1_200)["lugar"] == "SP"


def test_only_what_lies_below_the_named_folders_is_read_wherever_links_lead(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, more, near, closed = (tmp_path / name for name in ("open", "more", "open-too", "closed"))
    for folder in (one, more, near, closed):
        folder.mkdir()
        (folder / "a.txt").write_text("a text")
    monkeypatch.setenv("SYNTHPROF_SOURCES", f"{one}:{more}/")
    (one / "link").symlink_to(more)
    assert survey(Source(one, "", "", "")).rows == 2
    for path in (near, closed / "a.txt", closed / "none", one / ".." / "closed"):
        with pytest.raises(SpecError, match=r"is not below SYNTHPROF_SOURCES=.*; name a path below"):
            survey(Source(path, "", "", ""))
    for target in (closed, closed / "a.txt"):
        (one / "out").symlink_to(target)
        with pytest.raises(SpecError, match=r"source=.*/open/out is not below SYNTHPROF_SOURCES"):
            survey(Source(one, "", "", ""))
        (one / "out").unlink()
    monkeypatch.setenv("SYNTHPROF_SOURCES", "")
    assert survey(Source(closed, "", "", "")).rows == 1


def test_a_folder_is_read_through_its_links_and_a_mark_of_byte_order_is_no_text(tmp_path: Path) -> None:
    folder, elsewhere = tmp_path / "texts", tmp_path / "elsewhere"
    for path in (folder / "a.txt", elsewhere / "b.txt"):
        path.parent.mkdir()
        path.write_bytes(b"\xef\xbb\xbfRPG")
    (folder / "more").symlink_to(elsewhere)
    (elsewhere / "back").symlink_to(folder)
    (block,) = blocks(Source(folder, "", "", ""), "")
    rows = block.select(["chave", "descricao"]).to_pylist()
    assert rows == [{"chave": "a.txt", "descricao": "RPG"}, {"chave": "more/b.txt", "descricao": "RPG"}]


def test_what_stands_only_in_a_wal_so_far_is_read(tmp_path: Path) -> None:
    path = tmp_path / "notes.db"
    with closing(sqlite3.connect(path)) as writer:
        writer.execute("PRAGMA journal_mode=WAL")
        writer.execute("CREATE TABLE notes (key TEXT, body TEXT)")
        writer.executemany("INSERT INTO notes VALUES (?, ?)", [(f"k{i}", f"Texto {i}") for i in range(500)])
        writer.commit()
        assert path.stat().st_size < 8_192  # the rows are not there yet
        assert survey(Source(path, "", "key", "body")).rows == 500


def test_reading_a_file_with_a_wal_leaves_nothing_beside_it(tmp_path: Path) -> None:
    path = sqlite_of(tmp_path / "notes.db", note_rows(100))
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA journal_mode=WAL")
    assert survey(Source(path, "", "key", "body")).rows == 100
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(("mode", "closes"), [("WAL", False), ("WAL", True), ("DELETE", True)])
def test_a_source_that_is_written_is_taken_as_it_was_at_one_moment(
    tmp_path: Path, mode: str, closes: bool
) -> None:
    """Each transaction changes all rows at once, and the writer never stops."""
    path = sqlite_of(tmp_path / "live.db", note_rows(20_000))
    ended, written = threading.Event(), threading.Event()

    def write() -> None:
        number = 0
        while not ended.is_set():
            with closing(sqlite3.connect(path, timeout=60)) as writer:
                writer.execute(f"PRAGMA journal_mode={mode}")
                while not ended.is_set():
                    number += 1
                    with writer:
                        writer.execute("UPDATE notes SET body = ?", (f"Texto {number}",))
                    written.set()
                    if closes:
                        break

    thread = threading.Thread(target=write)
    thread.start()
    try:
        written.wait(60)
        params = PARAMS | {"source": str(path), "encoder": "hashed", "columns": ""}
        request = resolve_source(Request.from_params(params), tmp_path)
        written.clear()
        written.wait(60)
        run_stage(request, "setup", None, tmp_path)
        run_stage(request, "generate", None, tmp_path)
    finally:
        ended.set()
        thread.join()
    blocks = [pa.ipc.open_file(each).read_all() for each in tmp_path.rglob("profiles-*.arrow")]
    texts = pa.concat_tables(blocks).column("descricao")
    assert (len(texts), len(texts.unique())) == (20_000, 1)


def test_a_table_whose_name_begins_like_one_of_sqlite_is_one(tmp_path: Path) -> None:
    path = tmp_path / "notes.db"
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("CREATE TABLE sqlite3_notes AS SELECT 'a' AS key, 'RPG' AS body")
    assert survey(Source(path, "", "key", "body")).rows == 1


def test_a_folder_that_may_not_be_read_is_refused(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "1.txt").write_text("RPG")
    (tmp_path / "b").chmod(0)
    code = (
        "from pathlib import Path; from synthprof.sources.source import Source;"
        "from synthprof.sources.survey import survey; survey(Source(Path('.'), '', '', ''))"
    )
    limited = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] if os.geteuid() == 0 else []
    done = subprocess.run(
        [*limited, sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True
    )
    assert "SpecError: b cannot be read: Permission denied; grant the right to" in done.stderr


def test_the_row_of_a_value_that_does_not_fit_is_that_of_the_source_and_its_remedy_works(
    tmp_path: Path,
) -> None:
    days = pa.array([0] * 600 + [2**40], pa.int64()).cast(pa.timestamp("s"))
    keys = [str(number) for number in range(601)]
    pq.write_table(pa.table({"key": keys, "body": ["RPG"] * 601, "dia": days}), tmp_path / "far.parquet")
    with pytest.raises(
        SpecError, match=r"column 'dia' has '36812-02-20' in row 601, which .*; correct it, or"
    ):
        survey(Source(tmp_path / "far.parquet", "", "key", "body", "dia"))
    assert survey(Source(tmp_path / "far.parquet", "", "key", "body", "dia:text")).columns == "dia:text"


def _bad_sources(place: Path) -> dict[str, tuple[Path, dict[str, Any], str]]:
    """Each bad input: the source, the parameters, and what the message says."""
    good, rows = place / "notes.db", note_rows(5)
    text = [(rows[0][0], 5, *rows[0][2:]), *rows[1:]]
    twice = [rows[0], *rows]
    (place / "html").mkdir()
    (place / "html" / "a.txt").write_bytes("não".encode("latin-1"))
    (place / "empty").mkdir()
    (place / "other.bin").write_bytes(b"nothing known")
    (place / "broken.parquet").write_bytes(b"PAR1 and no more")
    latin = sqlite_of(place / "latin.db", rows)
    with closing(sqlite3.connect(latin)) as database, database:
        database.execute("UPDATE notes SET body = CAST(x'6EE36F' AS TEXT) WHERE key = 'doc-2'")
    short = sqlite_of(place / "short.db", rows)
    os.truncate(short, short.stat().st_size - 100)
    view = sqlite_of(place / "view.db", rows)
    with closing(sqlite3.connect(view)) as database, database:
        database.execute("CREATE TABLE others (key, body)")
        database.execute("CREATE VIEW seen AS SELECT * FROM others")
        database.execute("DROP TABLE others")
    two = sqlite_of(place / "two.db", rows)
    with closing(sqlite3.connect(two)) as database, database:
        database.execute("CREATE TABLE others (id)")
    return {
        "none": (place / "nowhere", {}, "cannot be read: No such file"),
        "nobody": (
            Path("~nobody-of-that-name/x"),
            {},
            "source=~nobody-.* cannot be read: Could not determine",
        ),
        "too long": (place / ("x" * 256), {}, "cannot be read: File name too long"),
        "neither": (
            place / "other.bin",
            {},
            "is no SQLite, Parquet, Arrow, CSV, JSON, Excel or DuckDB file with the columns",
        ),
        "broken": (place / "broken.parquet", {}, "cannot be read: .*name a sound Parquet file"),
        "table": (good, {"table": "x"}, "has no table 'x'; name one by table: notes"),
        "which table": (two, {}, "has more than one table, or none; name one by table: notes, others"),
        "view": (view, {"table": "seen"}, "no such table: main.others; correct its view, or name another"),
        "id column": (good, {"id_column": "x"}, "has no column 'x'; it has: key, body, ano, lugar"),
        "carried": (good, {"columns": "x"}, "has no column 'x'; it has: key, body, ano, lugar"),
        "reserved": (good, {"columns": "Descricao,cluster_id"}, "Descricao, cluster_id is reserved"),
        "case": (good, {"columns": "ano,Ano"}, "names must differ in more than case"),
        "not whole": (
            good,
            {"columns": "lugar:integer"},
            "'lugar' has 'RJ' in row 2, which is no number; .* use columns=lugar:text",
        ),
        "fraction": (
            sqlite_of(place / "half.db", [(*rows[0][:2], 4.0, ""), ("x", "RPG", 4.9, "")]),
            {"columns": "ano:integer"},
            r"'ano' has 4.9 in row 2, which is no whole number; correct it, or use columns=ano:text",
        ),
        "folder": (place / "html", {}, "is a folder of text files: it has no columns to keep"),
        "not UTF-8": (
            place / "html",
            {"columns": ""},
            "1 of 1 rows cannot be taken, max_failed=0 are allowed: file a.txt: it is not UTF-8 .*;",
        ),
        "cut short": (short, {}, "was cut short: it has .* bytes; copy it once more"),
        "latin": (latin, {}, "row 3: column 'body': the text is in another encoding .*; convert it"),
        "nothing": (place / "empty", {"columns": ""}, "has no rows"),
        "not text": (sqlite_of(place / "text.db", text), {}, "row 1: column 'body': 5 is not text"),
        "no text": (
            parquet_of(place / "no.parquet", [*rows, ("x", "  ", 1, "")]),
            {},
            "row 6: column 'body', id 'x': the text is empty",
        ),
        "NULL": (
            sqlite_of(place / "null.db", [(None, *rows[0][1:])]),
            {},
            "row 1: column 'key' has no value",
        ),
        "twice": (
            sqlite_of(place / "twice.db", twice),
            {},
            "1 of 6 rows cannot be taken, .*: row 2: column 'key' has 'doc-0' a second time",
        ),
        "float": (
            good,
            {"id_column": "half", "table": "halves"},
            "column 'half' holds 0.5; an id is a whole number or text",
        ),
        "long": (
            sqlite_of(place / "long.db", [("a", "x" * 100_001, 1, "")]),
            {},
            "row 1: column 'body', id 'a': the text has more than 100,000 characters; split",
        ),
        "width": (good, {"dim_embedding": 7}, "7 is less than the minimum of 8"),
        "encoder": (good, {"encoder": "none"}, "'none' is not one of"),
    }


def test_bad_input_is_one_clear_message_and_leaves_nothing(tmp_path: Path) -> None:
    with closing(sqlite3.connect(sqlite_of(tmp_path / "notes.db", note_rows(20)))) as database, database:
        database.execute("CREATE VIEW halves AS SELECT 0.5 AS half, * FROM notes")
    for name, (source, params, message) in _bad_sources(tmp_path).items():
        if name != "float" and source.name == "notes.db" and "table" not in params:
            params = params | {"table": "notes"}
        with pytest.raises(SpecError, match=message) as caught:
            make(tmp_path / "data", source, **params)
        assert len(str(caught.value)) < 600, name
        assert not (tmp_path / "data").exists(), name


def test_a_locked_file_is_waited_for_a_little_and_may_be_read_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "LOCK_SECONDS", 0.05)
    source = sqlite_of(tmp_path / "notes.db", note_rows(20))
    with closing(sqlite3.connect(source, isolation_level=None)) as writer:
        writer.execute("BEGIN EXCLUSIVE")
        with pytest.raises(
            StageError, match="is locked; try again when no process writes it, or name a copy"
        ):
            make(tmp_path / "data", source)
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("mode", "dim", "message"),
    [("html", 32, "but text/html"), ("", 64, "gives 32 values, but dim_embedding=64")],
)
def test_a_service_that_is_none_is_refused_before_any_row_is_embedded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: str, dim: int, message: str
) -> None:
    source = sqlite_of(tmp_path / "notes.db", note_rows())
    with serving(Faults(mode=mode)) as url:
        monkeypatch.setenv("SYNTHPROF_EMBEDDINGS_URL", url)
        with pytest.raises(SpecError, match=message):
            make(tmp_path / "data", source, encoder="http", model="m", dim_embedding=dim)
    assert not list(tmp_path.rglob("embeddings-*"))
