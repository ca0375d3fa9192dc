"""The rows that have no embedding, and why: a table beside the blocks, then in `embeddings.db`."""

import contextlib
import sqlite3
from collections.abc import Iterable
from pathlib import Path

FAILURES = "embedding_failures.db"

FAILURES_TABLE = """
CREATE TABLE IF NOT EXISTS embedding_failures (
  id INTEGER PRIMARY KEY, digest BLOB NOT NULL, code INTEGER NOT NULL, error TEXT NOT NULL,
  tries INTEGER NOT NULL, at TEXT NOT NULL
)
"""

FAILED_ROWS = "SELECT * FROM embedding_failures ORDER BY id"

Row = tuple[int, bytes, int, str, int, str]
"""The columns of the table, in order."""


def replace_failures(path: Path, first: int, end: int, rows: Iterable[Row]) -> None:
    """Replace the recorded failures of the ids from `first` to `end`, exclusive; other ids stay."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.closing(sqlite3.connect(path, timeout=60)) as connection, connection:
        connection.execute(FAILURES_TABLE)
        connection.execute("DELETE FROM embedding_failures WHERE id BETWEEN ? AND ?", (first, end - 1))
        connection.executemany("INSERT INTO embedding_failures VALUES (?, ?, ?, ?, ?, ?)", rows)
