"""The explorer's page in a real browser, over a real data set and the real app."""

import json
import re
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, get_args
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from browser import CHROMIUM, PATIENCE, chromium, looking, told
from everyday import everyday
from explorers import served
from looked_at import EVIL, EVIL_ID, HUGE, ROWS, made
from once import made_once
from playwright.sync_api import expect

import synthprof
from synthprof.spec.spec import IndexKind
from synthprof.versions.search import search_similar, search_text
from synthprof.versions.searcher import open_searcher
from synthprof.versions.version import open_version

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")

TEXT = "joga RPG de madrugada no PC"
COLOURED = """canvas => {
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    return data.reduce((n, _, i) => n + (i % 4 === 0 && data[i] !== data[i + 2]), 0);
}"""
"""How many pixels of the map have a colour."""


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Path:
    return made_once(tmp_path_factory, made)


@pytest.fixture(scope="module")
def origin(home) -> Iterator[str]:
    with served(home) as url:
        yield url.rstrip("/")


@pytest.fixture(scope="module")
def browser():
    with chromium() as browser:
        yield browser


@pytest.fixture
def look(browser, origin):
    """A page in which, at the end of the test, nothing has gone wrong."""
    with looking(browser, origin) as seen:
        yield seen


@pytest.fixture(scope="module")
def manifest(home) -> dict[str, Any]:
    return json.loads((home / "players" / "CURRENT" / "MANIFEST.json").read_text())


def number(text: str) -> float:
    """The number in a text that is written for readers of en-GB."""
    return float(re.search(r"-?[\d,]+(\.\d+)?", text)[0].replace(",", ""))


def term(place, name: str) -> str:
    """What a list of terms says under this name."""
    return (
        place.locator("div", has=place.page.get_by_role("term").get_by_text(name, exact=True))
        .get_by_role("definition")
        .first.inner_text()
    )


# --- what the views say ----------------------------------------------------------------------------------


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


# --- search ----------------------------------------------------------------------------------------------


def test_search_finds_what_the_library_finds_and_says_why(look, home):
    page = look.open("?dataset=players&view=search")
    page.get_by_role("searchbox", name="Text").fill(TEXT)
    page.get_by_role("button", name="Add a condition").click()
    page.get_by_role("combobox", name="Column").select_option("idade")
    page.get_by_role("combobox", name="Condition").select_option(">=")
    page.get_by_role("spinbutton", name="Value").fill("30")
    page.get_by_role("button", name="Search", exact=True).click()
    page.locator(".hit").first.wait_for()
    searcher = open_searcher(open_version(home, "players"))
    hits = search_text(searcher, TEXT, searcher.query(where=("idade>=30",))).hits
    shown = page.locator(".hit")
    assert shown.count() == len(hits) == 10
    for at, hit in enumerate(hits):
        text = shown.nth(at).inner_text()
        assert f"id {hit.id}" in text
        assert all(reason.value in text for reason in hit.reasons)
    assert "10 results" in page.get_by_role("status").inner_text()
    page.get_by_role("link", name=re.compile("^more like this one")).first.click()
    page.get_by_text(f"the nearest to id {hits[0].id}").wait_for()
    assert f"· id {hits[0].id}" not in page.locator(".hits").inner_text()
    page.go_back()
    expect(page.get_by_role("searchbox", name="Text")).to_have_value(TEXT, timeout=PATIENCE)
    page.locator(".hit").first.wait_for()


@pytest.mark.parametrize("asked", everyday(["text=RPG", "id=2"]))
def test_without_an_index_every_row_is_compared(look, home, asked):
    page = look.open(f"?dataset=texts&view=search&{asked}")
    page.locator(".hit").first.wait_for()
    assert page.get_by_role("checkbox", name="every row is compared").is_disabled()
    assert all("RPG" in text for text in page.locator(".hit .words").all_inner_texts())


def test_columns_of_a_collection_are_shown_searched_and_named_as_what_they_are(look):
    page = look.open("?dataset=texts&view=search&id=2")
    hit = page.locator(".hit").first
    hit.wait_for()
    number, key = re.search(r"doc-(\d+)", hit.get_by_role("heading", level=3).first.inner_text()).group(1, 0)
    hit.locator("summary").click()
    fields = hit.locator(".fields")
    names = ("nome", "ano", "numero", "ativo", 'tags "x"')
    assert [term(fields, name) for name in names] == [
        f"Ana {number}", str(2_000 + int(number)), str(HUGE) if int(number) % 3 else "–",
        "true" if int(number) % 2 == 0 else "false", "a, b, c" if int(number) % 4 else "–",
    ]  # fmt: skip
    page.get_by_role("button", name="Add a condition").click()
    page.get_by_role("combobox", name="Column").select_option("ano")
    assert page.get_by_role("spinbutton", name="Value").get_attribute("placeholder") is None
    page.get_by_role("button", name="Remove").click()
    page.get_by_role("button", name="Add a condition").click()
    assert page.get_by_role("combobox", name="Column").input_value() == "chave"
    page.get_by_role("textbox", name="Value").fill(key)
    page.get_by_role("button", name="Search", exact=True).click()
    page.get_by_text("1 result in").first.wait_for()
    assert key in hit.inner_text()


def test_the_form_asks_for_truth_dates_items_and_missing_values_by_the_kind_of_the_column(look):
    page = look.open("?dataset=texts&view=search&text=RPG")
    for column, condition, value in (
        ("ativo", "=", "true"),
        ("dia", ">=", "2024-03-01"),
        ("ano", "in", "2060, 2064"),
        ('tags "x"', "=null", None),
    ):
        page.get_by_role("button", name="Add a condition").click()
        line = page.get_by_role("group", name="Condition").last
        line.get_by_role("combobox", name="Column").select_option(column)
        line.get_by_role("combobox", name="Condition").select_option(condition)
        if column == "ativo":
            line.get_by_role("combobox", name="Value").select_option(value)
        elif value:
            line.get_by_role("textbox", name="Value").fill(value)
    page.get_by_role("button", name="Search", exact=True).click()
    page.get_by_text("2 results in").first.wait_for()
    asked = parse_qs(urlsplit(page.url).query)["where"]
    assert asked == ["ativo=true", "dia>=2024-03-01", "ano in 2060, 2064", '"tags ""x"""=null']
    assert page.get_by_role("combobox", name="Column").last.input_value() == 'tags "x"'


def test_map_offers_the_columns_that_it_has(look):
    page = look.open("?dataset=texts&view=map")
    page.locator("canvas[data-points]").wait_for()
    assert page.get_by_label("Colour by").locator("option").all_inner_texts() == ["cluster"]


def test_where_there_is_no_data_set_the_page_names_the_command_that_makes_one(look):
    nothing = {"home": "/data/of Ana's", "can": {"trigger": False}, "datasets": []}
    look.page.route("**/api/datasets", lambda route: route.fulfill(json=nothing))
    page = look.open()
    assert page.locator(".empty pre").inner_text() == r"SYNTHPROF_HOME='/data/of Ana'\''s' synthprof run"


def test_refusal_of_the_api_is_shown_with_its_remedy(browser, origin):
    with looking(browser, origin) as look:
        page = look.open("?dataset=players&view=search&text=x&where=altura%3E3")
        assert "altura" in page.get_by_role("alert").inner_text()
        look.problems[:] = [text for text in look.problems if "422" not in text and "400" not in text]


@pytest.mark.parametrize("view", everyday(["nothing", "constructor"]))
def test_a_view_that_there_is_not_is_the_overview(look, view):
    page = look.open(f"?dataset=players&view={view}")
    page.get_by_role("heading", name="Quality").wait_for()
    assert page.get_by_role("alert").count() == 0


@pytest.mark.parametrize(
    "asked",
    everyday(
        [
            {"where": ["nope=1"]},
            {"where": ["estado<SP", "sexo=none", "idade>=30"]},
            {"where": ["jogos_favoritos>=RPG"]},
            {"where": ["nome!=a\nb"]},
            {"k": ["5"]},
        ]
    ),
)
def test_the_form_shows_the_question_that_was_asked_and_asks_it_again(browser, origin, asked):
    with looking(browser, origin) as look:
        page = look.open(
            f"?{urlencode({'dataset': 'players', 'view': 'search', 'text': 'RPG', **asked}, doseq=True)}"
        )
        page.locator(".results > :not(.waiting)").first.wait_for()
        columns = page.get_by_role("combobox", name="Column")
        shown = [columns.nth(at).input_value() for at in range(columns.count())]
        assert shown == [re.match(r"\w+", each)[0] for each in asked.get("where", [])]
        before = parse_qs(urlsplit(page.url).query)
        with page.expect_response("**/search?*"):
            page.get_by_role("button", name="Search", exact=True).click()
        assert parse_qs(urlsplit(page.url).query) == before
        look.problems[:] = [text for text in look.problems if "422" not in text]


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


def test_texts_that_try_to_be_markup_stay_text(look, home):
    neighbour = search_similar(open_searcher(open_version(home, "players")), EVIL_ID)[0].id
    page = look.open(f"?dataset=players&view=search&id={neighbour}&k=100")
    hit = page.locator(".hit").filter(has_text=re.compile(rf"id {EVIL_ID}(?!\d)"))
    hit.locator("summary").click()
    assert hit.get_by_role("heading", level=3).first.inner_text() == EVIL
    assert hit.locator(".words").inner_text() == EVIL
    assert hit.get_by_role("article").locator("blockquote").text_content() == EVIL
    assert page.locator("main script, main img").count() == 0
    assert "taken" not in page.title()


# --- the map ---------------------------------------------------------------------------------------------


def open_map(look, query: str = ""):
    page = look.open(f"?dataset=players&view=map{query}")
    page.locator("canvas[data-points]").wait_for()
    return page


def test_map_shows_all_points_and_a_click_opens_the_profile(look, home):
    page = open_map(look)
    canvas = page.get_by_role("application", name=re.compile("Map of 2,000 profiles, coloured by cluster"))
    assert canvas.evaluate(COLOURED) > ROWS
    canvas.focus()
    page.keyboard.press("ArrowRight")
    near = number(page.locator(".tip").inner_text())
    x, y = page.locator(".tip").evaluate(
        "tip => ['--x', '--y'].map((name) => parseFloat(tip.style.getPropertyValue(name)))"
    )
    box = canvas.bounding_box()
    page.mouse.click(box["x"] + x, box["y"] + y)
    card = page.get_by_role("article", name=f"Id {near:.0f}", exact=True)
    card.wait_for()
    profile = open_version(home, "players").profile(int(near))
    assert profile["nome"] in card.inner_text()
    assert f"cluster {profile['cluster_id']}" in card.inner_text()


def test_map_is_coloured_by_any_column_and_one_value_can_be_singled_out(look, home):
    page = open_map(look, "&colour=sexo")
    legend = page.locator(".legend").get_by_role("button")
    with closing(sqlite3.connect(open_version(home, "players").folder / "perfis.db")) as database:
        sexes = dict(database.execute("SELECT sexo, count(*) FROM perfis GROUP BY 1"))
    shown = {text.split("\n")[0]: number(text.split("\n")[-1]) for text in legend.all_inner_texts()}
    assert shown == sexes
    legend.filter(has_text="Feminino").click()
    assert legend.filter(has_text="Feminino").get_attribute("aria-pressed") == "true"
    assert "only=Feminino" in page.url
    assert "zoom=1&" in f"{page.url}&", "the map stays where it is"
    page.get_by_label("Colour by").select_option("idade")
    page.get_by_role("application", name=re.compile("coloured by idade")).wait_for()
    assert page.locator(".legend .ramp i").count() > 8


def test_the_address_keeps_zoom_profile_and_clusters_for_reload_back_and_others(look):
    page = open_map(look)
    canvas, tip, legend = page.locator("canvas"), page.locator(".tip"), page.locator(".legend li button")
    canvas.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    card = page.get_by_role("article")
    card.wait_for()
    x, y = tip.evaluate("tip => ['--x', '--y'].map((name) => parseFloat(tip.style.getPropertyValue(name)))")
    name = card.get_attribute("aria-label")
    page.get_by_role("button", name="Zoom in").click(click_count=3)
    cluster = tip.locator("b").inner_text()
    legend.filter(has=page.get_by_text(cluster, exact=True)).first.click()
    page.locator(".legend [aria-pressed=false]").first.click()
    expect(page).to_have_url(re.compile("zoom="), timeout=PATIENCE)

    def shown() -> dict[str, Any]:
        """What the page shows; the selected point lies where it was before the zoom."""
        card.wait_for()
        box = canvas.bounding_box()
        page.mouse.move(box["x"] + x + 1, box["y"] + y)
        page.mouse.move(box["x"] + x, box["y"] + y)
        assert tip.inner_text().split()[1] == f"{number(name):.0f}"
        assert card.get_attribute("aria-label") == name
        told(page)
        return {
            "pressed": set(page.locator(".legend [aria-pressed=true]").all_inner_texts()),
            "url": page.url,
        }

    before = shown()
    assert len(before["pressed"]) == 2
    asked = parse_qs(urlsplit(page.url).query)
    assert float(asked["zoom"][0]) > 4
    assert asked["id"] == [f"{number(name):.0f}"]
    assert len(asked["only"]) == 2
    page.get_by_role("link", name="Search", exact=True).click()
    page.get_by_role("searchbox", name="Text").wait_for()
    page.go_back()
    page.locator("canvas[data-points]").wait_for()
    assert shown() == before
    page.reload()
    page.locator("canvas[data-points]").wait_for()
    assert shown() == before
    page.locator(".zoom").get_by_role("button", name="Show all").click()
    expect(page).not_to_have_url(re.compile("zoom="), timeout=PATIENCE)


def test_the_wheel_zooms_about_the_pointer_and_another_colour_keeps_the_view(look):
    page = open_map(look, "&id=9&zoom=3&x=0&y=0")
    canvas, tip = page.locator("canvas"), page.locator(".tip")
    canvas.focus()
    page.keyboard.press("ArrowRight")  # from the selected point to another one, which the keys then select
    box = canvas.bounding_box()
    x, y = tip.evaluate("tip => ['--x', '--y'].map((name) => parseFloat(tip.style.getPropertyValue(name)))")
    page.mouse.move(box["x"] + x, box["y"] + y)
    near = tip.inner_text()
    page.mouse.wheel(0, -300)
    expect(page).not_to_have_url(re.compile("zoom=3&"), timeout=PATIENCE)
    page.mouse.move(box["x"] + x + 1, box["y"] + y)
    assert tip.inner_text() == near
    before = parse_qs(urlsplit(page.url).query)
    page.get_by_label("Colour by").select_option("idade")
    page.get_by_role("application", name=re.compile("coloured by idade")).wait_for()
    assert parse_qs(urlsplit(page.url).query) == before | {"colour": ["idade"]}


def test_report_and_explorer_show_a_cluster_in_one_colour(look, home):
    report = (home / "players" / "CURRENT" / "report.html").read_text()
    held = json.loads(re.search(r'<script[^>]* id="data"[^>]*>(.*?)</script>', report, re.DOTALL)[1])[
        "colours"
    ]
    page = open_map(look)
    dots = page.locator(".legend .dot")
    shown = dots.evaluate_all("dots => dots.map((dot) => dot.style.getPropertyValue('--c'))")
    names = page.locator(".legend li button span:nth-of-type(1)").all_inner_texts()
    assert len(names) == 12
    assert dict(zip(names, shown, strict=True)) == {name: light for name, (light, _) in held.items()}
    for points in (100, 2_000):
        path = f"api/datasets/players/versions/current/map?points={points}"
        answer = page.evaluate("path => fetch(path).then((answer) => answer.json())", path)
        told_of = [[tint["light"], tint["dark"]] for tint in answer["colours"]]
        assert [held[name] for name in answer["categories"]] == told_of


# --- one after another -----------------------------------------------------------------------------------


def _held(page, address: str) -> list[Any]:
    """The questions to this address: they wait until the test answers them."""
    found: list[Any] = []
    page.route(address, lambda route: found.append(route))
    return found


def test_a_view_that_is_loaded_late_does_not_take_the_place_of_the_next(look):
    page = look.open("?dataset=players")
    held = _held(page, "**/compare.js")
    compare = page.get_by_role("link", name="Compare", exact=True)
    compare.click()
    expect(compare).to_have_attribute("aria-current", "page", timeout=PATIENCE)
    page.get_by_role("link", name="Search", exact=True).click()
    page.get_by_role("searchbox", name="Text").wait_for()
    held[0].continue_()
    page.evaluate("import('/static/compare.js')")
    assert "view=search" in page.url
    assert page.get_by_role("searchbox", name="Text").is_visible()


def test_map_has_the_number_of_points_asked_for_last(look):
    page = open_map(look)
    points = page.get_by_label("Points")
    points.evaluate("box => box.append(new Option(1000), new Option(500))")
    held = _held(page, "**/map?points=1000*")
    points.select_option("1000")
    points.select_option("500")
    page.locator("canvas[data-points='500']").wait_for()
    held[0].continue_()
    told(page)
    assert page.locator("canvas").get_attribute("data-points") == "500"


def test_comparison_is_with_the_version_chosen_last(look):
    one_more = "0" * 12

    def with_one_more(route) -> None:
        answer = route.fetch()
        found = answer.json()
        versions = next(each["versions"] for each in found["datasets"] if each["dataset"] == "players")
        versions.append({**versions[1], "version": one_more})
        route.fulfill(response=answer, json=found)

    def facts_of_another(route) -> None:
        route.fulfill(response=route.fetch(url=route.request.url.replace(one_more, "current")))

    look.page.route("**/api/datasets", with_one_more)
    look.page.route(f"**/versions/{one_more}", facts_of_another)
    held = _held(look.page, f"**/compare?left={one_more}*")
    page = look.open("?dataset=players&view=compare")
    panels = page.locator("main .panel")
    panels.first.wait_for()
    before, shown = page.get_by_label("From").input_value(), panels.count()
    page.get_by_label("From").select_option(one_more)
    page.get_by_label("From").select_option(before)
    panels.first.wait_for()
    held[0].fulfill(json={"left": one_more, "right": before, "columns": []})
    told(page)
    assert panels.count() == shown


def test_a_version_replaced_under_its_name_is_not_shown_as_it_was(look):
    published = {}

    def replaced(route) -> None:
        answer = route.fetch()
        found = answer.json()
        for dataset in found["datasets"]:
            for version in dataset["versions"]:
                version |= published
        route.fulfill(response=answer, json=found)

    def asked() -> int:
        return len([url for url in look.requests if url.endswith("/clusters")])

    page = look.page
    page.route("**/api/datasets", replaced)
    look.open("?dataset=players&view=clusters")
    for moment, times in ({}, 1), ({"published_at": "2030-01-01T00:00:00+00:00"}, 2):
        published |= moment
        page.get_by_role("link", name="Marginals", exact=True).click()
        page.locator("main .panel").first.wait_for()
        page.get_by_role("link", name="Clusters", exact=True).click()
        page.locator(".cluster").first.wait_for()
        assert asked() == times


def test_each_build_is_asked_after_once_however_often_the_list_is_drawn(look):
    build = {
        "build": "b", "rows": 1, "row_word": "profile", "seed": 1, "encoder": "catalogue",
        "state": "building", "done": [], "stages": ["setup"], "updated_at": "2020-01-01T00:00:00+00:00",
    }  # fmt: skip
    drawn = 0

    def building(route) -> None:
        nonlocal drawn
        drawn += 1
        builds = [build | {"problem": f"p{drawn}"}]
        dataset = {"dataset": "players", "current": None, "versions": [], "builds": builds, "problems": []}
        route.fulfill(json={"home": "/", "can": {}, "datasets": [dataset]})

    page = look.page
    page.clock.install(time=0)
    page.route("**/api/datasets", building)
    look.open()
    page.clock.pause_at(600_000)
    for _ in range(3):
        page.get_by_text(f"P{drawn}", exact=True).wait_for()
        with page.expect_response("**/progress"):
            page.clock.fast_forward(5_000)
    assert drawn >= 4
    told(page)
    asked = len([url for url in look.requests if url.endswith("/progress")])
    page.clock.fast_forward(2_000)
    told(page)
    assert len([url for url in look.requests if url.endswith("/progress")]) <= asked + 1


def test_arrow_keys_go_on_from_column_to_column_of_a_condition(look):
    page = look.open("?dataset=players&view=search")
    page.get_by_role("button", name="Add a condition").click()
    column = page.get_by_role("combobox", name="Column")
    column.select_option("nome")
    for name in ("idade", "cidade"):
        page.keyboard.press("ArrowDown")
        expect(column).to_be_focused(timeout=PATIENCE)
        expect(column).to_have_value(name, timeout=PATIENCE)


# --- nobody looks, nothing to start -----------------------------------------------------------------------


def test_no_polling_while_nobody_looks(look):
    look.page.clock.install()
    page = look.open()
    with page.expect_request("**/api/datasets"):
        page.clock.fast_forward(6_000)
    look.shown()
    _turn(page, "hidden")
    asked = len(look.requests)
    for _ in range(4):  # an answer each time, so that a page that asks would have its own by then, too
        page.clock.fast_forward(6_000)
        page.evaluate("fetch('api/datasets').then((answer) => answer.text())")
    assert len(look.requests) == asked + 4, "only what this test has asked for"
    with page.expect_request("**/api/datasets"):
        _turn(page, "visible")


def _turn(page, state: str) -> None:
    page.evaluate(
        """(state) => {
            Object.defineProperty(document, "visibilityState", { value: state, configurable: true });
            document.dispatchEvent(new Event("visibilitychange"));
        }""",
        state,
    )


def test_without_airflow_work_cannot_be_started_and_the_page_says_why(look):
    page = look.open("?dataset=players")
    assert page.get_by_role("button", name="Verify").count() == 0
    page.get_by_text("This explorer runs without Airflow").wait_for()


def test_the_page_offers_every_kind_of_index():
    script = (Path(synthprof.__file__).parent / "explorer" / "static" / "actions.js").read_text()
    kinds = re.search(r"KINDS = \[(.*)\]", script)[1]
    assert json.loads(f"[{kinds}]") == list(get_args(IndexKind))
