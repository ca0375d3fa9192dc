"""Rules and margins of a version: counted at publishing, kept in the manifest, told where it is shown."""

import json
import logging
from pathlib import Path
from typing import Any

import pytest
from explorers import alone, answer
from players import rule, write_players

import synthprof
from synthprof.cli.main import run as command_line
from synthprof.report.coherence import CellFacts, Coherence, MarginFacts, RuleFacts, in_one_line, percent
from synthprof.runner.run import run_all
from synthprof.spec.request import Request
from synthprof.spec.spec import BLOCK_ROWS
from synthprof.store.manifest import MANIFEST, Manifest, read_manifest

ROWS = BLOCK_ROWS + 400
MORE = (
    rule("age >= 60 and contains(games, 'Sims')", "<b>old</b> and Sims", 0.001)
    + rule("age < 10", "too young", 0.0)
    + rule("minutes > 80 and parent.premium", "long plays", 0.5, of_table=True)
    + """
[[margin]]
name = "pays"
columns = ["premium"]
shares = { 1 = 0.3, 0 = 0.7 }
population = "players"
source = "the draw itself"

[[margin]]
name = "countries"
columns = ["town.country"]
where = "premium or not premium"  # else the draws were fitted to it
shares = { DE = 0.9 }
source = "nobody"
"""
)


PARAMS: dict[str, Any] = {
    "dataset": "players",
    "profile_schema": "players",
    "profiles": ROWS,
    "clusters": 1,
    "kmeans_niter": 1,
    "dim_embedding": 8,
    "save_index": False,
    "workers": 1,
}


@pytest.fixture(scope="module")
def schemas(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("schemas")
    write_players(folder / "players", MORE)
    write_players(folder / "plain")
    return folder


def made(schemas: Path, home: Path, **changes: Any) -> Manifest:
    params = PARAMS | changes
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SYNTHPROF_SCHEMAS", str(schemas))
        place = run_all(Request.from_params(params), home).published["path"]
    return read_manifest(Path(place))


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("players")


@pytest.fixture(scope="module")
def manifest(schemas: Path, home: Path) -> Manifest:
    return made(schemas, home)


@pytest.fixture
def folder(home: Path, manifest: Manifest) -> Path:
    return home / "players" / "versions" / manifest.version


def test_the_manifest_counts_what_the_rows_of_the_version_are(home: Path, manifest: Manifest) -> None:
    version = synthprof.open("players", home=home)
    rows = version.table(columns=["age", "games", "premium", "town"]).to_pylist()
    found = Coherence.of(manifest.coherence)
    assert found is not None and found.rows == ROWS
    old = sum(row["age"] >= 60 and "Sims" in row["games"] for row in rows)
    assert [each.broken for each in found.rules[:2]] == [old, 0] and found.coherent == ROWS - old
    assert found.rules[2].rows == version.tables()["plays"] and found.rules[2].broken > 0
    pays, countries = found.margins
    assert [cell.drawn for cell in pays.cells] == [
        sum(bool(row["premium"]) is each for row in rows) for each in (True, False)
    ]
    assert countries.cells[0].drawn == sum(row["town"] in ("Bonn", "Unkel") for row in rows)


def test_no_count_depends_on_workers_and_shards(schemas: Path, manifest: Manifest, tmp_path: Path) -> None:
    other = made(schemas, tmp_path, workers=2, shards=2)
    assert other.version == manifest.version and other.coherence == manifest.coherence


def test_a_broken_rule_is_published_and_told(
    schemas: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        found = Coherence.of(made(schemas, tmp_path, profiles=500).coherence)
    assert found is not None
    assert [rule.above for rule in found.rules] == [True, False, False]
    assert [margin.outside for margin in found.margins] == [0, 1]
    (warning,) = [each for each in caplog.messages if "do not hold" in each]
    assert warning.startswith(
        "publish: 2 of 5 rules and margins do not hold, first rule '<b>old</b> and Sims': "
    )


def test_a_version_without_rules_has_the_manifest_of_before(schemas: Path, tmp_path: Path) -> None:
    plain = made(schemas, tmp_path, profile_schema="plain", dataset="plain", profiles=60)
    text = (tmp_path / "plain" / "versions" / plain.version / MANIFEST).read_text(encoding="utf-8")
    assert plain.coherence == {} and '"coherence"' not in text


def test_the_report_has_rules_and_margins_with_sources_and_no_markup_of_names(folder: Path) -> None:
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert "&lt;b&gt;old&lt;/b&gt; and Sims" in page and "<b>old</b>" not in page
    assert "Coherence: " in page and "Of players: the draw itself" in page and "1 outside" in page
    assert page.index("long plays") > 0 and "6 of 6" not in page


def test_status_and_explorer_tell_it(
    home: Path, manifest: Manifest, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SYNTHPROF_HOME", str(home))
    assert command_line(["status"]) == 0
    line = in_one_line(Coherence.of(manifest.coherence) or Coherence(0, 0))
    assert f"coherence: {line}" in " ".join(capsys.readouterr().out.split())
    assert command_line(["status", "--json"]) == 0
    (told,) = json.loads(capsys.readouterr().out)["versions"]
    assert told["coherence"]["rules"][0]["above"] and told["coherence"]["worst"] in {
        "<b>old</b> and Sims",
        "long plays",
    }
    with alone(home) as client:
        facts = answer(client, "/api/datasets/players/versions/current")
    assert facts["coherence"]["line"] == line
    assert {each["name"] for each in facts["coherence"]["margins"]} == {"pays", "countries"}
    assert facts["coherence"]["rules"][0]["share"] == max(
        each["share"] for each in facts["coherence"]["rules"]
    )


def test_schema_check_shows_them_and_fails(
    schemas: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SYNTHPROF_SCHEMAS", str(schemas))
    assert command_line(["schema", "check", "plain"]) == 0
    capsys.readouterr()
    assert command_line(["schema", "check", "players"]) == 1
    shown = capsys.readouterr()
    assert (
        "rule above its ceiling" in shown.out
        and "countries" in shown.out
        and "1 of 2 margins hold" in shown.out
    )
    assert (
        "2 rules and margins do not hold, first rule" in shown.err and "hint: change the draws" in shown.err
    )
    assert command_line(["schema", "check", "players", "--json"]) == 1
    assert [each["above"] for each in json.loads(capsys.readouterr().out)["coherence"]["rules"]] == [
        True,
        False,
        False,
    ]


def test_a_rule_that_is_above_by_chance_alone_is_none_that_is_broken() -> None:
    assert not RuleFacts("few", "", "", 1_000, 3, 0.001).above
    assert RuleFacts("many", "", "", 1_000, 8, 0.001).above
    assert RuleFacts("never", "", "", 1_000_000, 1, 0.0).above
    near = CellFacts(("a",), 0.488, 10_000_000, 4_886_000, 0.0005)
    assert near.holds and not CellFacts(("a",), 0.488, 10_000_000, 4_886_000, 0.0).holds
    assert CellFacts(("a",), 0.5, 0, 0, 0.0).holds
    cells = (CellFacts(("far",), 0.5, 20, 6, 0.0), CellFacts(("out",), 0.5, 20_000, 9_500, 0.0))
    assert MarginFacts("m", ("a",), "", "", cells).worst.values == ("out",)


@pytest.mark.parametrize(
    ("share", "told"),
    [
        (1.0, "100 %"),
        (0.0, "0 %"),
        (0.9999, "99.99 %"),
        (0.998, "99.8 %"),
        (0.0005, "0.05 %"),
        (0.5, "50.0 %"),
    ],
)
def test_a_share_that_is_not_whole_never_looks_so(share: float, told: str) -> None:
    assert percent(share) == told
