"""Pages that NumPy lays out are a database to SQLite: whole, and with every row."""

import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synthprof.spec.contents import BLOB_PAGE_BYTES
from synthprof.spec.estimates import blob_bytes
from synthprof.store.sqlite import blobs, pages


def _made(path: Path, matrices: list[np.ndarray], page_bytes: int = BLOB_PAGE_BYTES) -> int:
    path.unlink(missing_ok=True)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA page_size={page_bytes}")
        connection.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, v BLOB)")
        connection.commit()
    return blobs.append_blobs(path, matrices)


def _check(path: Path, expected: np.ndarray) -> None:
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        found = connection.execute("SELECT id, v FROM t ORDER BY id").fetchall()
        assert [number for number, _ in found] == list(range(1, len(expected) + 1))
        assert b"".join(blob for _, blob in found) == expected.tobytes()
        for row in {1, len(expected) // 2 + 1, len(expected)}:
            (blob,) = connection.execute("SELECT v FROM t WHERE id = ?", (row,)).fetchone()
            assert blob == expected[row - 1].tobytes()


# around every length of a varint that so many rows reach, and of a page and its neighbours
@pytest.mark.parametrize("rows", [1, 2, 124, 125, 126, 127, 128, 129, 251, 16_382, 16_383, 16_384, 16_385])
def test_every_number_of_rows_is_a_whole_database(tmp_path: Path, rows: int) -> None:
    matrix = np.random.default_rng(rows).standard_normal((rows, 128), dtype=np.float32)
    assert _made(tmp_path / "x.db", [matrix]) == rows
    _check(tmp_path / "x.db", matrix)
    size = (tmp_path / "x.db").stat().st_size
    assert size <= blob_bytes(rows, 512) <= size + 5 * BLOB_PAGE_BYTES


@pytest.mark.parametrize("width", [1, 2, 57, 58, 59, 512, 4_096, 16_384, 32_700, 65_471, 65_472])
def test_every_width_is_a_whole_database(tmp_path: Path, width: int) -> None:
    matrix = np.random.default_rng(width).integers(0, 256, (300, width), dtype=np.uint8)
    _made(tmp_path / "x.db", [matrix])
    _check(tmp_path / "x.db", matrix)
    assert (tmp_path / "x.db").stat().st_size <= blob_bytes(300, width)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(1, 3_000), min_size=1, max_size=4), st.integers(1, 400))
def test_small_pages_make_deep_trees(
    tmp_path_factory: pytest.TempPathFactory, sizes: list[int], width: int
) -> None:
    """With pages of 512 bytes some thousand rows need four levels, as billions do with larger ones."""
    path = tmp_path_factory.getbasetemp() / "deep.db"
    matrix = np.random.default_rng(width).integers(0, 256, (sum(sizes), width), dtype=np.uint8)
    _made(path, np.split(matrix, np.cumsum(sizes)[:-1]), 512)
    _check(path, matrix)


@pytest.mark.parametrize(
    "rows", [61, 62, 63, 64, 70, 71, 72, 73, 123, 124, 125, 126, 3_844, 3_845, 3_906, 3_907]
)
def test_no_interior_page_has_a_single_child(tmp_path: Path, rows: int) -> None:
    """SQLite takes that for damage: one row per leaf, around as many leaves as an interior page can hold."""
    matrix = np.random.default_rng(rows).integers(0, 256, (rows, 400), dtype=np.uint8)
    _made(tmp_path / "x.db", [matrix], 512)
    _check(tmp_path / "x.db", matrix)


@pytest.mark.parametrize("page", range(3, 8))
def test_the_page_that_sqlite_locks_stays_empty(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, page: int
) -> None:
    """It lies at 1 GiB; here it is put where a small file reaches it, so that SQLite finds it unused."""
    matrix = np.arange(80_000, dtype=np.float32).reshape(-1, 8)
    monkeypatch.setattr(pages, "LOCK_BYTES", (page - 1) * BLOB_PAGE_BYTES)
    _made(tmp_path / "x.db", [matrix[:4_500], matrix[4_500:]])
    with closing(sqlite3.connect(tmp_path / "x.db")) as connection:
        rows = connection.execute("SELECT v FROM t ORDER BY id").fetchall()
        told = "".join(line for (line,) in connection.execute("PRAGMA integrity_check"))
    assert b"".join(blob for (blob,) in rows) == matrix.tobytes()
    assert told.endswith(f"Page {page}: never used") or told.endswith(f"Page {page} is never used")


def test_sqlite_goes_on_where_numpy_ended(tmp_path: Path) -> None:
    matrix = np.random.default_rng(0).integers(0, 256, (20_000, 64), dtype=np.uint8)
    _made(tmp_path / "x.db", [matrix])
    with closing(sqlite3.connect(tmp_path / "x.db")) as connection, connection:
        connection.execute("UPDATE t SET v = NULL WHERE id % 7 = 0")
        connection.execute("DELETE FROM t WHERE id BETWEEN 5000 AND 9000")
        connection.execute("CREATE TABLE other (a)")
        connection.executemany("INSERT INTO t VALUES (?, ?)", ((20_001 + n, b"x" * n) for n in range(3_000)))
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("SELECT count(*), sum(v IS NULL) FROM t").fetchone() == (18_999, 2_286)


@pytest.mark.faults_full
def test_a_database_beyond_one_gibibyte_is_whole(tmp_path: Path) -> None:
    matrix = np.random.default_rng(0).integers(0, 256, (16_384, 4_096), dtype=np.uint8)
    rows = _made(tmp_path / "x.db", [matrix] * 18)
    assert (tmp_path / "x.db").stat().st_size > 1 << 30
    with closing(sqlite3.connect(tmp_path / "x.db")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("SELECT count(*), max(id) FROM t").fetchone() == (rows, rows)
