"""The README's examples, executed as they stand, and figures of other pages."""

import json
import re
import shutil
import statistics
import subprocess
import sys
from pathlib import Path

import pytest

from synthprof.profiles.drawing import generate
from synthprof.runner.run import run_all
from synthprof.schemas.loader import load_schema
from synthprof.schemas.reading import read_schema
from synthprof.spec.request import Request, params_schema

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
SCHEMA = ROOT / "synthprof" / "schemas" / "gamer_br"


def _examples(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `data/gamers`, as after `make run`."""
    folder = tmp_path_factory.mktemp("readme")
    run_all(Request.from_params({"profiles": 2_000}), folder / "data")
    return folder


@pytest.mark.parametrize("example", _examples("python"))
def test_python_examples_run(folder: Path, example: str) -> None:
    done = subprocess.run([sys.executable, "-c", example], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_layout_lists_what_is_published(folder: Path) -> None:
    for path in (folder / "data" / "gamers" / "CURRENT").iterdir():
        assert f"\n  {path.name} " in README, path.name


def test_the_table_of_parameters_is_complete() -> None:
    table = README.split("## Parameters")[1].split("##")[0]
    missing = {name for name in params_schema() if f"`{name}`" not in table}
    assert missing == {"profile_schema"}  # there is but one


def test_the_example_of_a_new_column_works_and_leaves_the_other_columns_alone(tmp_path: Path) -> None:
    shutil.copytree(SCHEMA, tmp_path / "gamer_br")
    columns = tmp_path / "gamer_br" / "columns.toml"
    text = columns.read_text(encoding="utf-8")
    assert '"descricao",\n]' in text
    example = _examples("toml")[0]
    columns.write_text(
        text.replace('"descricao",\n]', '"descricao", "ocupacao",\n]') + example, encoding="utf-8"
    )
    before = generate(load_schema("gamer_br"), 1, "pt_BR", 0.8, 0, 1_000).profiles
    after = generate(read_schema(tmp_path / "gamer_br"), 1, "pt_BR", 0.8, 0, 1_000).profiles
    assert after.drop_columns(["ocupacao"]).equals(before)
    by_age = zip(after.column("idade").to_pylist(), after.column("ocupacao").to_pylist(), strict=True)
    assert {job for age, job in by_age if age < 25} == {"Estuda", "Trabalha"}


def test_how_far_estimates_of_memory_are_off_is_what_was_measured() -> None:
    rows = json.loads((ROOT / "benchmarks" / "results" / "memory.json").read_text())["rows"]
    off: dict[str, list[int]] = {"profiles": [], "texts": []}
    for row in rows:
        off["texts" if "texts" in row else "profiles"].append(
            round(100 * (row["told_mib"] / row["peak_mib"] - 1))
        )
    said = " ".join((ROOT / "docs" / "reliability.md").read_text(encoding="utf-8").split())
    for unit, errors in off.items():
        sentence = next(
            each for each in re.split(r"[.:] ", said) if "% too much for" in each and unit in each
        )
        assert f"{min(errors)} to {max(errors)} % too much" in sentence


def test_every_link_leads_somewhere() -> None:
    for target in re.findall(r"\]\((?!http)([^)#]+)", README):
        assert (ROOT / target).exists(), target


@pytest.mark.parametrize("page", ["README.md", "docs/operations.md"])
def test_how_long_a_million_profiles_take_through_airflow_is_what_was_measured(page: str) -> None:
    runs = json.loads((ROOT / "benchmarks" / "results" / "airflow_1000000.json").read_text())["scheduler"]
    whole, outside = (
        round(statistics.median(run[name] for run in runs), 1) for name in ("seconds", "outside_stages")
    )
    said = " ".join((ROOT / page).read_text(encoding="utf-8").split())
    assert f"{whole} s, {outside} s of them outside the stages" in said
