"""Searches of the command line: cards, JSON, CSV and clear messages."""

import csv
import io
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from commands import call
from searched import TEXT, ids_of, searcher_of

from synthprof.cli.search import as_csv
from synthprof.versions.search import Hit, search_text


@pytest.mark.parametrize("value", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_no_cell_of_the_csv_can_be_taken_for_a_formula(value: str) -> None:
    text = as_csv([Hit(1, 7, -0.5, {"id": 7, "nome": value, "idade": -3}, ())])
    heading, row = csv.reader(io.StringIO(text, newline=""))
    assert heading == ["rank", "id", "similarity", "reasons", "nome", "idade"]
    assert row == ["1", "7", "-0.5", "", f"'{value}", "-3"]


def _call(home: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    return call(list(words), SYNTHPROF_HOME=str(home), COLUMNS="160", NO_COLOR="1")


def test_search_prints_cards_json_or_csv_of_the_same_results(home: Path) -> None:
    words = ("search", TEXT, "--dataset", "flat", "-k", "3", "--where", "estado=SP", "--where", "idade>=30")
    cards = _call(home, *words).stdout
    found = json.loads(_call(home, *words, "--format", "json").stdout)
    rows = list(csv.DictReader(io.StringIO(_call(home, *words, "--format", "csv").stdout)))
    searcher = searcher_of(home)
    expected = ids_of(search_text(searcher, TEXT, searcher.query(3, ("estado=SP", "idade>=30"))).hits)
    assert found["read"]["conditions"] == [
        "genero=RPG",
        "plataformas_possuidas=PC",
        "disponibilidade=Madrugada",
    ]
    assert "read as genero=RPG, plataformas_possuidas=PC" in cards
    found = found["results"]
    assert [hit["id"] for hit in found] == [int(row["id"]) for row in rows] == expected
    assert all(f"id {number} " in cards for number in expected)
    assert "disponibilidade: Madrugada" in cards
    assert {"column": "disponibilidade", "value": "Madrugada"} in found[0]["reasons"]
    assert rows[0]["descricao"] == found[0]["profile"]["descricao"]


@pytest.mark.parametrize(
    ("name", "words"),
    [("perfis.db", ["show", "1"]), ("perfis.db", ["search", TEXT]), ("embeddings.db", ["similar", "1"])],
)
def test_what_cannot_be_read_is_one_clear_message(
    home: Path, tmp_path: Path, name: str, words: list[str]
) -> None:
    shutil.copytree(home / "flat", tmp_path / "flat", symlinks=True)
    path = (tmp_path / "flat" / "CURRENT").resolve() / name
    path.unlink()
    for reason in ("it is missing", "file is not a database"):
        done = _call(tmp_path, *words, "--dataset", "flat")
        assert done.returncode == 1
        message = rf"error: {path} cannot be read: .*{reason} hint: `synthprof repair` makes a .*whole"
        assert re.fullmatch(message, " ".join(done.stderr.split()))
        path.write_bytes(b"damaged!" * 4_000)
