"""The views of the page: the numbers of manifests and receipts, and words where there are none."""

import json
import re
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any, get_args
from urllib.parse import urlsplit

import pytest
from browser import CHROMIUM, looking
from everyday import everyday
from looked_at import ROWS, number, term

import synthprof
from synthprof.spec.spec import IndexKind
from synthprof.versions.version import open_version

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")


@pytest.fixture(scope="module")
def manifest(home) -> dict[str, Any]:
    return json.loads((home / "players" / "CURRENT" / "MANIFEST.json").read_text())


def test_data_sets_and_versions_show_the_numbers_of_their_manifests(look, manifest):
    page = look.open()
    rows = page.get_by_role("table", name="Versions of players").get_by_role("row")
    assert rows.count() == 3
    newest = rows.nth(1).inner_text()
    assert manifest["version"] in newest
    assert "2,000" in newest
    assert f"{manifest['scores']['purity']:.3f}" in newest
    assert "current" in newest
    assert "1,500" in rows.nth(2).inner_text()
    moment = page.locator("time").first
    assert moment.get_attribute("datetime").startswith(manifest["published_at"][:16])
    assert moment.get_attribute("title")


def test_overview_tells_what_the_receipts_tell(look, manifest):
    page = look.open("?dataset=players")
    strip = page.locator("#head .facts")
    assert number(term(strip, "profiles")) == manifest["rows"] == ROWS
    assert term(strip, "seed") == str(manifest["spec"]["seed"])
    shown = page.get_by_role("table", name="Stages with rows").get_by_role("row")
    stages = [receipt["stage"] for receipt in manifest["stages"]]
    assert [shown.nth(1 + at).get_by_role("rowheader").inner_text() for at in range(len(stages))] == stages
    cluster = manifest["stages"][stages.index("cluster")]
    cells = shown.nth(1 + stages.index("cluster")).get_by_role("cell")
    assert number(cells.nth(0).inner_text()) == cluster["rows"]
    assert number(cells.nth(1).inner_text()) == pytest.approx(cluster["seconds"], abs=0.006)
    for file in manifest["files"]:
        assert page.get_by_text(file["sha256"]).count() == 1


def test_rules_that_no_row_breaks_are_folded_away(look, manifest):
    rules = manifest["coherence"]["rules"]
    broken = sum(rule["broken"] > 0 for rule in rules)
    assert 0 < broken < len(rules)
    page = look.open("?dataset=players")
    tables = page.get_by_role("table", name="Rules with the share")
    assert (tables.count(), tables.first.get_by_role("row").count()) == (1, 1 + broken)
    page.get_by_text(f"{len(rules) - broken} rules that no row breaks").click()
    assert (tables.count(), tables.last.get_by_role("row").count()) == (2, 1 + len(rules) - broken)
    assert page.get_by_role("rowheader", name="any other").count() == 1


def test_marginals_and_clusters_are_those_of_the_data(look, home):
    folder = open_version(home, "players").folder
    with closing(sqlite3.connect(folder / "perfis.db")) as database:
        women = database.execute("SELECT avg(sexo = 'Feminino') FROM perfis").fetchone()[0]
    with closing(sqlite3.connect(folder / "clusters.db")) as database:
        largest = database.execute(
            "SELECT cluster_id, count(*) FROM clusters GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 1"
        ).fetchone()
    page = look.open("?dataset=players&view=marginals")
    sexes = page.get_by_role("table", name=re.compile("^sexo"))
    row = sexes.get_by_role("row").filter(has_text="Feminino")
    assert number(row.get_by_role("cell").nth(1).inner_text()) == pytest.approx(100 * women, abs=0.051)
    page.get_by_role("link", name="Clusters", exact=True).click()
    first = page.locator(".cluster").first
    first.wait_for()
    assert number(first.get_by_role("heading").inner_text()) == largest[0]
    assert number(first.locator("p").first.inner_text()) == largest[1]
    assert page.locator(".cluster").count() == 12


def test_comparison_starts_with_the_marginal_that_moved_most(look):
    page = look.open("?dataset=players&view=compare")
    distances = page.locator(".panel caption span.soft")
    distances.first.wait_for()
    found = [number(text) for text in distances.all_inner_texts()]
    assert len(found) > 10
    assert found == sorted(found, reverse=True)
    assert "1,500 → 2,000" in page.locator("main .facts").inner_text().replace("\n", "")
    first = page.locator("main table").first
    assert first.locator("caption").text_content() == "Parameters that differ"
    rows = first.locator("tbody tr").all_inner_texts()
    assert [row.split() for row in rows] == [["profiles", "1500", "2000"], ["seed", "1", "2"]]
    parts = (first, page.locator("main .facts"), page.locator(".panel").first)
    tops = [each.bounding_box()["y"] for each in parts]
    assert tops == sorted(tops)


def test_where_there_is_no_data_set_the_page_names_the_command_that_makes_one(look):
    nothing = {"home": "/data/of Ana's", "can": {"trigger": False}, "datasets": []}
    look.page.route("**/api/datasets", lambda route: route.fulfill(json=nothing))
    page = look.open()
    assert page.locator(".empty pre").inner_text() == r"SYNTHPROF_HOME='/data/of Ana'\''s' synthprof run"


@pytest.mark.parametrize("view", everyday(["nothing", "constructor"]))
def test_a_view_that_there_is_not_is_the_overview(look, view):
    page = look.open(f"?dataset=players&view={view}")
    page.get_by_role("heading", name="Quality").wait_for()
    assert page.get_by_role("alert").count() == 0


@pytest.mark.parametrize(
    "query",
    everyday(
        [
            "?dataset=players&view=search&id=..",
            "?dataset=players&view=search&id=..%2F..%2F..%2F..%2F..%2Fdocs",
            "?dataset=players&version=..",
            "?dataset=..&view=progress",
            "?dag_id=..&run_id=..",
        ]
    ),
)
def test_no_address_of_the_page_leads_its_questions_elsewhere(browser, origin, query):
    with looking(browser, origin) as look:
        page = look.open(query)
        page.get_by_role("alert").wait_for()
        _, *asked = (urlsplit(url).path for url in look.requests if "/static/" not in url)
        known = r"/api/datasets(/players/versions/\w+(/similar/\.\.%2F.*)?)?"
        assert [path for path in asked if not re.fullmatch(known, path)] == []
        look.problems[:] = [text for text in look.problems if "404" not in text and "422" not in text]


def test_a_data_set_whose_current_version_is_damaged_says_so(browser, origin, home):
    damaged = home / "broken" / "versions" / ("0" * 12)
    damaged.mkdir(parents=True)
    (damaged / "MANIFEST.json").write_text("{}")
    try:
        with looking(browser, origin) as look:
            page = look.open()
            broken = page.get_by_role("region", name="broken")
            assert "synthprof repair" in broken.inner_text()
            assert "No version is published yet" not in broken.inner_text()
            page = look.open("?dataset=broken")
            assert "synthprof repair" in page.get_by_role("alert").inner_text()
    finally:
        shutil.rmtree(home / "broken")


def test_busy_server_is_asked_again_before_the_reader_istold(browser, origin):
    with looking(browser, origin) as look:
        busy = [json.dumps({"detail": "too much to do; ask again in a second"})] * 2

        def answer(route) -> None:
            if not busy:
                return route.continue_()
            headers = {"Retry-After": "0", "Content-Type": "application/json"}
            return route.fulfill(status=503, headers=headers, body=busy.pop())

        look.page.route("**/api/datasets", answer)
        page = look.open()
        assert page.get_by_role("table", name="Versions of players").is_visible()
        assert page.get_by_role("alert").count() == 0
        look.problems[:] = [text for text in look.problems if "503" not in text]


def test_without_airflow_work_cannot_be_started_and_the_page_says_why(look):
    page = look.open("?dataset=players")
    assert page.get_by_role("button", name="Verify").count() == 0
    page.get_by_text("This explorer runs without Airflow").wait_for()


def test_the_page_offers_every_kind_of_index():
    script = (Path(synthprof.__file__).parent / "explorer" / "static" / "actions.js").read_text()
    kinds = re.search(r"KINDS = \[(.*)\]", script)[1]
    assert json.loads(f"[{kinds}]") == list(get_args(IndexKind))
