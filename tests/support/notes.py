"""Tables of short notes, as they come from elsewhere, and the data sets made of them."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from synthprof.runner.run import run_all
from synthprof.spec.request import Request
from synthprof.stages.import_rows import resolve_source
from synthprof.versions.version import Version, open_version

GAMES, HOURS = ("Minecraft", "Valorant", "RPG", "xadrez"), ("de madrugada", "à noite", "de manhã")
ROWS = 600
PARAMS: dict[str, Any] = {
    "dataset": "notes", "id_column": "key", "text_column": "body", "columns": "ano,lugar", "clusters": 8,
    "kmeans_niter": 3, "workers": 1,
}  # fmt: skip


def note_rows(count: int = ROWS) -> list[tuple[Any, ...]]:
    """Key, text, year and place, the keys in no order that a number would have."""
    return [
        (
            f"doc-{i}",
            f"Jogo {GAMES[i % 4]} {HOURS[i % 3]}, nota {i}",
            2_000 + i % 20,
            None if i % 7 == 0 else ("SP", "RJ")[i % 2],
        )
        for i in range(count)
    ]


def sqlite_of(path: Path, rows: Sequence[tuple[Any, ...]], columns: str = "key, body, ano, lugar") -> Path:
    with closing(sqlite3.connect(path)) as database, database:
        database.execute(f"CREATE TABLE notes ({columns})")
        marks = ",".join("?" * len(columns.split(",")))
        database.executemany(f"INSERT INTO notes VALUES ({marks})", rows)
    return path


def parquet_of(path: Path, rows: Sequence[tuple[Any, ...]]) -> Path:
    names = ("key", "body", "ano", "lugar")
    pq.write_table(pa.table(dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))), path)
    return path


def make(home: Path, source: Path, **params: Any) -> Version:
    request = resolve_source(Request.from_params(PARAMS | {"source": str(source)} | params), home)
    run_all(request, home)
    return open_version(home, request.dataset)
