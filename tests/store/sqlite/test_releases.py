"""The check of databases by two releases of SQLite finds what is wrong."""

import sqlite3
from contextlib import closing
from pathlib import Path

from databases import RELEASES, problems_of


def test_both_releases_find_a_lost_index_entry_and_a_dangling_reference(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "x.db")) as connection, connection:
        connection.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, v INTEGER, w INTEGER REFERENCES t)")
        connection.execute("CREATE INDEX i ON t (v)")
        connection.execute("INSERT INTO t VALUES (1, 1, NULL), (2, 1, NULL)")
    assert not problems_of(tmp_path)
    with closing(sqlite3.connect(tmp_path / "x.db")) as connection, connection:
        connection.execute("UPDATE t SET w = 9 WHERE id = 2")
        connection.execute("PRAGMA writable_schema=ON")
        other = "CREATE INDEX i ON t (w)"
        connection.execute("UPDATE sqlite_master SET sql = ? WHERE name = 'i'", (other,))
    found = problems_of(tmp_path)
    assert len(RELEASES) == 2
    for release in RELEASES:
        for check in ("integrity_check", "foreign_key_check"):
            assert any(release in each and check in each for each in found), found
