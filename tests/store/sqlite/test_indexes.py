"""Indexes that NumPy lays out are SQLite's own: whole, in its order, and kept up by it from then on."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synthprof.store.sqlite import pages
from synthprof.store.sqlite.indexes import MAX_KEY_BYTES, Coded, Key, add_indexes, can_index


def _indexed(path: Path, keys: Sequence[Key], codes: Sequence[int], page_bytes: int = 4_096) -> None:
    """A table of these values at `path`, and an index on them."""
    path.unlink(missing_ok=True)
    kind = "TEXT" if isinstance(keys[0], str) else "INTEGER"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(f"PRAGMA page_size={page_bytes}")
        connection.execute(f"CREATE TABLE t (id INTEGER PRIMARY KEY, v {kind})")
        connection.executemany("INSERT INTO t (v) VALUES (?)", ((keys[code],) for code in codes))
    add_indexes(path, "t", {"v": Coded(np.array(codes, np.uint32), keys)})


def _check(path: Path, keys: Sequence[Key], codes: Sequence[int]) -> None:
    """`integrity_check` looks up each row in the index; the index gives the order that sorting gives."""
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        (told,) = connection.execute("EXPLAIN QUERY PLAN SELECT v, id FROM t ORDER BY v, id").fetchall()
        assert told[-1] == "SCAN t USING COVERING INDEX idx_t_v"
        found = connection.execute("SELECT v, id FROM t ORDER BY v, id").fetchall()
        by_hand = connection.execute("SELECT v, id FROM t NOT INDEXED ORDER BY +v, +id").fetchall()
    assert found == by_hand
    assert sorted(number for _, number in found) == list(range(1, len(codes) + 1))
    assert all(value == keys[codes[number - 1]] for value, number in found)


@settings(max_examples=50, deadline=None)
@given(
    keys=st.one_of(
        st.lists(st.text(max_size=16), min_size=1, max_size=12, unique=True),
        st.lists(st.integers(-(1 << 63), (1 << 63) - 1), min_size=1, max_size=12, unique=True),
        st.just(range(-1, 40)),
    ),
    rows=st.integers(1, 4_000),
    seed=st.integers(0, 1 << 32),
    page_bytes=st.sampled_from([512, 4_096, 65_536]),
)
def test_an_index_is_what_sqlite_would_sort(
    tmp_path_factory: pytest.TempPathFactory, keys: Sequence[Key], rows: int, seed: int, page_bytes: int
) -> None:
    """With pages of 512 bytes some thousand rows need three levels, as ten millions do with larger ones."""
    path = tmp_path_factory.getbasetemp() / "drawn.db"
    chance = np.random.default_rng(seed)
    codes = chance.choice(len(keys), rows, p=chance.dirichlet(np.full(len(keys), 0.3))).tolist()
    _indexed(path, keys, codes, page_bytes)
    _check(path, keys, codes)


# around every length of an id that so many rows reach, one leaf, two, and a last one that must not be empty
@pytest.mark.parametrize("rows", [1, 2, *range(40, 100), 127, 128, 129, 32_767, 32_768, 32_769])
def test_every_number_of_rows_is_a_whole_index(tmp_path: Path, rows: int) -> None:
    _indexed(tmp_path / "x.db", ["abc"], [0] * rows, 512)
    _check(tmp_path / "x.db", ["abc"], [0] * rows)


@pytest.mark.parametrize("length", [2, 3, 57, 58, 59, 121, 122, 500, MAX_KEY_BYTES])
def test_keys_of_every_length_that_fits(tmp_path: Path, length: int) -> None:
    keys = ["y" * length, "x" * (length - 2) + "é", "x" * length]
    codes = np.random.default_rng(length).integers(0, 3, 3_000).tolist()
    _indexed(tmp_path / "x.db", keys, codes)
    _check(tmp_path / "x.db", keys, codes)


def test_what_would_need_overflow_pages_is_told() -> None:
    assert can_index(["x" * MAX_KEY_BYTES, ""])
    assert not can_index(["x" * (MAX_KEY_BYTES + 1), ""])
    assert can_index(range(-(1 << 40), -(1 << 40) + 3))


@pytest.mark.parametrize("page", range(8, 24))
def test_the_page_that_sqlite_locks_stays_empty(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, page: int
) -> None:
    """It lies at 1 GiB; here it is put among the pages of the index, so that SQLite finds it unused."""
    codes = np.random.default_rng(page).integers(0, 5, 1_000).tolist()
    _indexed(tmp_path / "as_it_is.db", range(5), codes, 1_024)
    monkeypatch.setattr(pages, "LOCK_BYTES", (page - 1) * 1_024)
    _indexed(tmp_path / "x.db", range(5), codes, 1_024)
    sizes = [(tmp_path / name).stat().st_size // 1_024 for name in ("as_it_is.db", "x.db")]
    with closing(sqlite3.connect(tmp_path / "x.db")) as connection:
        found = connection.execute("SELECT v FROM t ORDER BY v, id").fetchall()
        told = [line for (line,) in connection.execute("PRAGMA integrity_check")]
    assert [value for (value,) in found] == sorted(codes)
    if sizes[1] > sizes[0]:
        assert len(told) == 1
        assert f"Page {page}" in told[0]
        assert "never used" in told[0]
    else:
        assert told == ["ok"]


def test_sqlite_keeps_it_up(tmp_path: Path) -> None:
    codes = np.random.default_rng(0).integers(0, 6, 30_000).tolist()
    keys = ["a", "b", "ç", "d", "", "f"]
    _indexed(tmp_path / "x.db", keys, codes)
    with closing(sqlite3.connect(tmp_path / "x.db")) as connection, connection:
        connection.execute("UPDATE t SET v = 'new' WHERE id % 7 = 0")
        connection.execute("DELETE FROM t WHERE v = 'ç'")
        connection.executemany("INSERT INTO t (v) VALUES (?)", (("ç" * (n % 300),) for n in range(3_000)))
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        connection.execute("CREATE INDEX idx_other ON t (v DESC)")
        assert connection.execute("SELECT count(*) FROM t WHERE v = 'new'").fetchone() == (30_000 // 7,)
    with closing(sqlite3.connect(tmp_path / "x.db")) as connection:
        connection.execute("VACUUM")
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_several_indexes_of_one_table(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER, b TEXT)")
        connection.executemany(
            "INSERT INTO t (a, b) VALUES (?, ?)", ((n % 9, str(n % 4)) for n in range(5_000))
        )
    rows = np.arange(5_000)
    columns = {
        "a": Coded((rows % 9).astype(np.uint8), range(9)),
        "b": Coded((rows % 4).astype(np.uint16), ["0", "1", "2", "3"]),
    }
    add_indexes(path, "t", columns)
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        names = connection.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'index'").fetchall()
    assert names == [(f"idx_t_{name}", f"CREATE INDEX idx_t_{name} ON t ({name})") for name in columns]


@pytest.mark.faults_full
def test_ids_of_four_bytes_follow_those_of_three(tmp_path: Path) -> None:
    path, rows = tmp_path / "x.db", (1 << 23) + 1_000
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, v INTEGER)")
        connection.execute(
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?) "
            "INSERT INTO t SELECT i, (i - 1) % 5 FROM n",
            (rows,),
        )
    add_indexes(path, "t", {"v": Coded((np.arange(rows) % 5).astype(np.uint8), range(5))})
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
