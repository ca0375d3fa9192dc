"""The examples of docs/extending.md, each applied to a copy of the code and run."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from browser import CHROMIUM, chromium, looking
from doc_examples import ROOT, change, copy_of_the_code, examples, section
from explorers import served
from playwright.sync_api import expect

from synthprof.profiles.drawing import generate
from synthprof.schemas.loader import load_schema
from synthprof.schemas.reading import read_schema

PAGE = (ROOT / "docs" / "extending.md").read_text(encoding="utf-8")
COLUMNS = Path("synthprof/schemas/gamer_br/schema.toml")
SCHEMA = load_schema("gamer_br")
ROWS = 1_000


@pytest.fixture
def extended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """A function that applies the changes under a heading to a copy of the code, which programs then use."""

    def extend(title: str) -> Path:
        text = section(PAGE, title)
        folder = copy_of_the_code(tmp_path)
        for example in examples(text, "diff"):
            change(folder, example.text)
        for example in examples(text, "toml"):
            columns = folder / COLUMNS
            columns.write_text(columns.read_text(encoding="utf-8") + example.text, encoding="utf-8")
        monkeypatch.setenv("PYTHONPATH", str(folder))
        monkeypatch.setenv("SYNTHPROF_HOME", str(folder / "data"))
        monkeypatch.chdir(folder)
        return folder

    return extend


def _run(*command: str) -> str:
    done = subprocess.run([sys.executable, *command], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _run_commands(title: str) -> str:
    """The output of the commands under a heading."""
    (script,) = examples(section(PAGE, title), "sh")
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-ec", script.text.replace("synthprof ", "python -m synthprof ")],
        env=os.environ | {"PATH": path},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_column_leaves_the_bytes_of_the_other_columns_alone(extended) -> None:
    folder = extended("A column")
    before = generate(SCHEMA, 1, "pt_BR", 0.8, 0, ROWS).profiles
    after = generate(read_schema(folder / COLUMNS.parent), 1, "pt_BR", 0.8, 0, ROWS).profiles
    assert after.drop_columns(["ocupacao"]).equals(before)
    by_age = zip(after.column("idade").to_pylist(), after.column("ocupacao").to_pylist(), strict=True)
    assert {job for age, job in by_age if age < 25} == {"Estuda", "Trabalha"}


def test_a_kind_of_draw_is_read_drawn_and_described(extended) -> None:
    extended("A kind of draw")
    script = """
from synthprof.profiles.checks import check
from synthprof.profiles.drawing import generate
from synthprof.schemas.describe import describe
from synthprof.schemas.loader import load_schema
schema = load_schema("gamer_br")
drawn = generate(schema, 1, "pt_BR", 0.8, 0, 1_000).profiles
assert not check(schema, drawn), check(schema, drawn)
assert "the band of `idade`" in describe(schema)
pairs = set(zip(drawn.column("idade").to_pylist(), drawn.column("faixa_etaria").to_pylist()))
assert pairs == {(age, "jovem" if age < 30 else "adulto" if age < 60 else "veterano") for age, _ in pairs}
print(len(pairs))
"""
    assert int(_run("-c", script)) > 30


@pytest.mark.long
def test_an_encoder_embeds_and_searches(extended) -> None:
    extended("An encoder")
    assert re.search(r"id \d+  0\.\d{3}", _run_commands("An encoder"))


def test_a_stage_runs_and_its_file_is_published(extended) -> None:
    folder = extended("A stage")
    _run_commands("A stage")
    version = folder / "data" / "measured" / "CURRENT"
    lengths = json.loads((version / "lengths.json").read_text())
    assert 0 < lengths["shortest"] < lengths["longest"]
    assert "lengths.json" in (version / "MANIFEST.json").read_text()
    assert "measure_texts" in (version / "MANIFEST.json").read_text()


@pytest.mark.long
def test_an_export_writes_all_profiles(extended) -> None:
    folder = extended("An export")
    _run("-m", "synthprof", "run", "--dataset", "gamers", "--profiles", str(ROWS), "--no-save-index")
    _run_commands("An export")
    (found,) = (folder / "data" / "gamers" / "exports").glob("names-*/names.txt")
    assert len(found.read_text().splitlines()) == ROWS


@pytest.mark.long
@pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")
def test_a_page_view_is_shown(extended) -> None:
    folder = extended("A page view")
    _run("-m", "synthprof", "run", "--dataset", "gamers", "--profiles", str(ROWS), "--no-save-index")
    with served(folder / "data") as url, chromium() as browser, looking(browser, url.rstrip("/")) as seen:
        page = seen.open("?dataset=gamers&view=ages")
        expect(page.get_by_role("heading", name="Ages")).to_be_visible()
        expect(page.get_by_role("row")).to_have_count(len(SCHEMA.column("idade").draw.bands))
