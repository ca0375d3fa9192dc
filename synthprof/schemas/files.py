"""Files of a schema's folder: CSV and TOML, read into tables whose keys are checked."""

import csv
import tomllib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from synthprof.base.errors import SpecError

Table = dict[str, Any]
"""A TOML table: values by key."""

Rows = list[dict[str, str]]
"""The rows of a CSV file: values by column name."""


def read_csv(path: Path) -> Rows:
    """Return the rows of a CSV file with a header; lines that start with # are comments.

    Raises SpecError if the file is missing, or if a row has more or fewer values than there are columns.
    """
    with _existing(path).open(encoding="utf-8", newline="") as lines:
        names, *rows = csv.reader(line for line in lines if not line.startswith("#"))
    for row in rows:
        if len(row) != len(names):
            raise SpecError(f"{path.name}: {','.join(row)!r} has {len(row)} values for {len(names)} columns")
    return [dict(zip(names, row, strict=True)) for row in rows]


def read_toml(path: Path) -> Table:
    """Return the tables of a TOML file. Raises SpecError if the file is missing or is not TOML."""
    try:
        return tomllib.loads(_existing(path).read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise SpecError(f"{path.name} is not TOML: {error}; correct it") from None


def _existing(path: Path) -> Path:
    if not path.is_file():
        raise SpecError(f"{path} is missing; write that file, or name another")
    return path


def check_table(table: Table, where: str, needed: Sequence[str], allowed: Sequence[str]) -> None:
    """Raise SpecError if a table lacks a needed key, or has a key that is neither needed nor allowed.

    where: names the table in the message.
    """
    if missing := [key for key in needed if key not in table]:
        raise SpecError(f"{where}: {', '.join(missing)} is missing; write it")
    if unknown := [key for key in table if key not in (*needed, *allowed)]:
        raise SpecError(f"{where}: unknown key {unknown[0]!r}; known are {', '.join((*needed, *allowed))}")


def check_keys(keys: Iterable[str], known: Iterable[str], where: str) -> None:
    """Raise SpecError for a key that is not known. where: names the place of the keys in the message."""
    for key in keys:
        if key not in known:
            raise SpecError(f"{where}: unknown value {key!r}; known are {', '.join(known)}")
