"""Checks of published databases by two releases of SQLite: Python's own and that of apsw."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import apsw

CHECKS = {"PRAGMA integrity_check": [("ok",)], "PRAGMA foreign_key_check": []}
"""The answer to each check for a sound database."""

Rows = list[tuple[object, ...]]


def _by_python(uri: str, statement: str) -> Rows:
    with closing(sqlite3.connect(uri, uri=True)) as connection:
        return connection.execute(statement).fetchall()


def _by_apsw(uri: str, statement: str) -> Rows:
    flags = apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI
    with closing(apsw.Connection(uri, flags=flags)) as connection:
        return list(connection.execute(statement))


RELEASES: dict[str, Callable[[str, str], Rows]] = {
    sqlite3.sqlite_version: _by_python,
    apsw.sqlite_lib_version(): _by_apsw,
}


def problems_of(folder: Path) -> list[str]:
    """Return what either release of SQLite finds wrong with the databases in a folder."""
    return [
        f"{path.name}, SQLite {release}, {statement}: {answer}"
        for path in sorted(folder.glob("*.db"))
        for release, ask in RELEASES.items()
        for statement, sound in CHECKS.items()
        if (answer := ask(f"file:{path.resolve()}?mode=ro&immutable=1", statement)) != sound
    ]
