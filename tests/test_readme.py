"""README.md: its examples run, and its figures are those that were measured."""

import json
import re
import statistics
from pathlib import Path

import pytest
import reliability
from doc_examples import ROOT, examples, run_python

from synthprof.runner.run import run_all
from synthprof.spec.request import Request

README = (ROOT / "README.md").read_text(encoding="utf-8")
RESULTS = ROOT / "benchmarks" / "results"


def _text(page: str) -> str:
    return " ".join((ROOT / page).read_text(encoding="utf-8").split())


@pytest.mark.parametrize("example", examples(README, "python"), ids=lambda each: each.text.split()[1])
def test_python_examples_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, example) -> None:
    monkeypatch.setenv("SYNTHPROF_HOME", str(tmp_path))
    printed = run_python(example.text, tmp_path)
    assert len(printed.splitlines()) == 5


def test_the_layout_lists_what_is_published(tmp_path: Path) -> None:
    run_all(Request.from_params({"profiles": 2_000}), tmp_path)
    for path in (tmp_path / "gamers" / "CURRENT").iterdir():
        assert f"\n  {path.name} " in README, path.name


def test_it_fits_on_a_screen_and_names_each_part_of_the_documentation() -> None:
    assert len(README.splitlines()) <= 90
    for page in ("tutorial", "index", "parameters", "cli", "python-api", "architecture", "extending"):
        assert f"(docs/{page}.md" in README


def test_how_far_estimates_of_memory_are_off_is_what_was_measured() -> None:
    rows = json.loads((RESULTS / "memory.json").read_text())["rows"]
    off: dict[str, list[int]] = {"profiles": [], "texts": []}
    for row in rows:
        off["texts" if "texts" in row else "profiles"].append(
            round(100 * (row["told_mib"] / row["peak_mib"] - 1))
        )
    page = _text("docs/reliability-tests.md")
    for unit, errors in off.items():
        sentence = next(
            each for each in re.split(r"[.:] ", page) if "% too much for" in each and unit in each
        )
        assert f"{min(errors)} to {max(errors)} % too much" in sentence


def test_the_figures_of_each_promise_are_those_of_the_raw_results() -> None:
    found = reliability.trials((RESULTS / "faults.jsonl").read_text(encoding="utf-8").splitlines())
    assert reliability.promises(found) in (ROOT / "docs/reliability.md").read_text(encoding="utf-8")
    assert reliability.faults(found) in (ROOT / "docs/reliability-tests.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("page", ["README.md", "docs/performance.md"])
def test_how_long_a_million_profiles_take_through_airflow_is_what_was_measured(page: str) -> None:
    runs = json.loads((RESULTS / "airflow_1000000.json").read_text())["scheduler"]
    whole, outside = (
        round(statistics.median(run[name] for run in runs), 1) for name in ("seconds", "outside_stages")
    )
    assert f"{whole} s, {outside} s of them outside the stages" in _text(page)


def test_the_ratios_against_the_conventional_way_are_those_that_were_measured() -> None:
    """The table of docs/performance.md has a row for each ratio, and a column for each number of rows."""
    table = (ROOT / "docs" / "performance.md").read_text(encoding="utf-8").split("| times as fast |")[1]
    cells = [re.findall(r"[\d.]+", row.split("|", 2)[2]) for row in table.split("\n\n")[0].splitlines()[2:]]
    for column, rows in enumerate((100_000, 500_000, 1_000_000)):
        ratios = json.loads((RESULTS / f"bench_stages_{rows}.json").read_text())["ratios"]
        values = [ratio["value"] for ratio in ratios if not _left_out(ratio["what"])]
        assert len(values) == len(cells)
        for row, value in zip(cells, values, strict=True):
            digits = len(row[column].partition(".")[2])
            assert float(row[column]) == pytest.approx(value, abs=0.51 * 10**-digits)


def _left_out(what: str) -> bool:
    return "Gaussian" in what or what == "the whole, per CPU-second"
