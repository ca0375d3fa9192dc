"""Data for the tests of the explorer's page: profiles, one of which tries to be markup, and texts."""

import datetime
import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from synthprof.runner.run import run_all
from synthprof.spec.request import Request
from synthprof.stages.import_rows import resolve_source
from synthprof.versions.version import open_version

ROWS = 2_000
EVIL = "<script>document.title='taken'</script><img src=x onerror=document.title='taken'>"
EVIL_ID = 7
TEXTS = 120
HUGE = 2**53 + 1
"""A number that a script cannot tell from the one before."""


def made(home: Path) -> Path:
    """Two versions of one data set; in the current one a profile's texts try to be markup."""
    small = {"dataset": "players", "clusters": 12, "kmeans_niter": 3, "workers": 1}
    run_all(Request.from_params(small | {"profiles": 1_500, "seed": 1}), home)
    run_all(Request.from_params(small | {"profiles": ROWS, "seed": 2}), home)
    _collection(home)
    with closing(sqlite3.connect(open_version(home, "players").folder / "perfis.db")) as database, database:
        database.execute("UPDATE perfis SET nome = ?, descricao = ? WHERE id = ?", (EVIL, EVIL, EVIL_ID))
    return home


def _collection(home: Path) -> None:
    """Texts from elsewhere, without an index; every third lacks a number."""
    games = ("xadrez", "RPG")
    rows = [
        (
            f"doc-{i}", f"Jogo {games[i % 2]}, nota {i}", f"Ana {i}", 2_000 + i, HUGE if i % 3 else None,
            i % 2 == 0, datetime.date(2024, 1, 1) + datetime.timedelta(i), ["a, b", "c"] if i % 4 else None,
        )
        for i in range(TEXTS)
    ]  # fmt: skip
    names = ("key", "body", "nome", "ano", "numero", "ativo", "dia", 'tags "x"')
    source = home / "texts.parquet"
    pq.write_table(pa.table(dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))), source)
    params = {
        "dataset": "texts", "source": str(source), "id_column": "key", "text_column": "body", "clusters": 2,
        "columns": 'nome,ano,numero,ativo,dia,"tags ""x"""', "kmeans_niter": 2, "workers": 1,
        "save_index": False,
    }  # fmt: skip
    run_all(resolve_source(Request.from_params(params), home), home)


def number(text: str) -> float:
    """The number in a text that is written for readers of en-GB."""
    return float(re.search(r"-?[\d,]+(\.\d+)?", text)[0].replace(",", ""))


def term(place, name: str) -> str:
    """The entry of a list of terms under this name."""
    return (
        place.locator("div", has=place.page.get_by_role("term").get_by_text(name, exact=True))
        .get_by_role("definition")
        .first.inner_text()
    )


def open_map(look, query: str = ""):
    page = look.open(f"?dataset=players&view=map{query}")
    page.locator("canvas[data-points]").wait_for()
    return page
