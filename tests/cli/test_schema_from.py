"""The command `schema from`: what it prints, and that its schema is one like any other."""

import json
from pathlib import Path

import pytest
from planted import as_csv, people

from synthprof.cli.main import run
from synthprof.cli.reference import DOCUMENTS

PEOPLE = people(800)


@pytest.fixture
def table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SYNTHPROF_SCHEMAS", "schemas")
    monkeypatch.setenv("COLUMNS", "80")
    return as_csv(PEOPLE.table, Path("My People.csv"))


def test_a_learned_schema_is_shown_and_checked_as_any_other(
    table: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["schema", "from", str(table)]) == 0
    told = capsys.readouterr().out
    assert all(len(line) <= 80 for line in told.splitlines() if "my_people" not in line)
    assert "'notes' is not learned" in told
    assert "synthprof schema show my_people" in told
    assert run(["schema", "show", "my_people", "--rows", "3", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)["rows"]
    assert {"number", "sex", "age", "salary", "city", "born", "subscribed"} <= set(rows[0])
    assert run(["schema", "check", "my_people"]) == 0


def test_the_document_has_the_names_that_the_reference_lists(
    table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["schema", "from", str(table), "--folder", str(tmp_path / "there"), "--min-count", "30", "--json"]
    assert run(words) == 0
    found = json.loads(capsys.readouterr().out)
    assert tuple(found) == DOCUMENTS["schema from"]
    assert found["min_count"] == 30
    assert run(words) == 2
    error = json.loads(capsys.readouterr().out)["error"]
    assert error["message"].endswith("is not empty")
    assert error["hint"] == "name a new one"
