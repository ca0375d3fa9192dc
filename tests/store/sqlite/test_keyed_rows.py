"""Tables WITHOUT ROWID that NumPy lays out are SQLite's own: whole, in order, kept up by it."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synthprof.store.sqlite.keyed_rows import append_rows
from synthprof.store.sqlite.records import TooLong

TYPES = {"whole": pa.int64(), "part": pa.float64(), "word": pa.string(), "day": pa.string()}


def _laid_out(path: Path, batches: Sequence[pa.RecordBatch], page_bytes: int) -> None:
    """A database at `path` with the rows of the batches in the table `t`."""
    path.unlink(missing_ok=True)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(f"PRAGMA page_size={page_bytes}")
        connection.execute(
            "CREATE TABLE t (k INTEGER, n INTEGER, whole INTEGER, part REAL, word TEXT, day TEXT, "
            "PRIMARY KEY (k, n)) WITHOUT ROWID"
        )
    assert append_rows(path, batches) == sum(batch.num_rows for batch in batches)


def _drawn(rows: int, seed: int, longest: int, nulls: float) -> pa.RecordBatch:
    """Rows by (k, n) with values of all lengths, some of them missing."""
    chance = np.random.default_rng(seed)
    counts = chance.integers(0, 4, rows)
    k = np.repeat(np.arange(rows), counts) + int(chance.integers(0, 1 << 40))
    n = np.arange(len(k)) - np.repeat(np.cumsum(counts) - counts, counts) + 1

    def column(values: list[Any], kind: pa.DataType) -> pa.Array:
        return pa.array([None if chance.random() < nulls else value for value in values], kind)

    whole = (chance.integers(-(1 << 62), 1 << 62, len(k)) >> int(chance.integers(0, 62))).tolist()
    words = ["é" * int(size) for size in chance.integers(0, longest // 2 + 1, len(k))]
    values = {
        "whole": column(whole, pa.int64()),
        "part": column(chance.normal(size=len(k)).tolist(), pa.float64()),
        "word": column(words, pa.string()),
        "day": column(["2024-01-31"] * len(k), pa.string()),
    }
    return pa.RecordBatch.from_pydict({"k": pa.array(k), "n": pa.array(n.astype(np.int32)), **values})


def _check(path: Path, batches: Sequence[pa.RecordBatch]) -> None:
    wanted = [tuple(row.values()) for batch in batches for row in batch.to_pylist()]
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("SELECT * FROM t ORDER BY k, n").fetchall() == wanted
        for row in wanted[:: max(1, len(wanted) // 50)]:
            assert connection.execute("SELECT * FROM t WHERE k = ? AND n = ?", row[:2]).fetchall() == [row]


@settings(max_examples=25, deadline=None)
@given(
    rows=st.integers(0, 400),
    seed=st.integers(0, 1 << 32),
    page_bytes=st.sampled_from([1_024, 4_096]),
    longest=st.sampled_from([0, 4, 130, 150]),
    nulls=st.sampled_from([0.0, 0.0, 0.1, 1.0]),
    cut=st.integers(0, 800),
)
def test_the_table_is_what_sqlite_would_fill(
    tmp_path_factory: pytest.TempPathFactory,
    rows: int,
    seed: int,
    page_bytes: int,
    longest: int,
    nulls: float,
    cut: int,
) -> None:
    path = tmp_path_factory.getbasetemp() / "keyed.db"
    every = _drawn(rows, seed, longest, nulls)
    batches = [every.slice(0, cut), every.slice(cut)] if cut < every.num_rows else [every]
    _laid_out(path, batches, page_bytes)
    _check(path, batches)


@pytest.mark.parametrize("rows", range(1, 60))
def test_every_number_of_rows_about_a_page_makes_a_sound_tree(tmp_path: Path, rows: int) -> None:
    """With 1,024 bytes a page holds about 30 of these rows: one leaf, an exact fit, two leaves."""
    batch = pa.RecordBatch.from_pydict(
        {
            "k": pa.array(np.full(rows, 7)),
            "n": pa.array(np.arange(1, rows + 1)),
            **{name: pa.array(["x" * 20] * rows if name == "word" else [None] * rows, kind)
               for name, kind in TYPES.items()},
        }
    )  # fmt: skip
    _laid_out(tmp_path / "t.db", [batch], 1_024)
    _check(tmp_path / "t.db", [batch])


def test_three_levels_take_further_rows_from_sqlite(tmp_path: Path) -> None:
    path, batch = tmp_path / "t.db", _drawn(4_000, 5, 40, 0.0)
    _laid_out(path, [batch.slice(first, 700) for first in range(0, batch.num_rows, 700)], 1_024)
    with closing(sqlite3.connect(path)) as connection, connection:
        (before,) = connection.execute("SELECT count(*) FROM t").fetchone()
        connection.executemany("INSERT INTO t (k, n) VALUES (?, ?)", ((i, 1) for i in range(2_000)))
        connection.execute("DELETE FROM t WHERE k >= 2000 AND n = 2")
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        (deleted,) = connection.execute("SELECT count(*) FROM t WHERE n = 2").fetchone()
    assert before == batch.num_rows and deleted == 0


def test_a_row_longer_than_a_page_holds_is_left_to_sqlite(tmp_path: Path) -> None:
    with pytest.raises(TooLong):
        _laid_out(tmp_path / "t.db", [_drawn(50, 1, 4_000, 0.0)], 1_024)
