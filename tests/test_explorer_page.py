"""The explorer's page in a real browser, over a real data set and the real app."""

import io
import json
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, get_args
from urllib.parse import parse_qs, urlencode, urlsplit

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from browser import CHROMIUM, PATIENCE, chromium, looking
from PIL import Image
from playwright.sync_api import expect

import synthprof
from synthprof.explore import open_version
from synthprof.run import run_all
from synthprof.search import open_searcher, search_similar, search_text
from synthprof.spec import IndexKind, Request
from synthprof.stages.import_rows import found_out

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")

ROWS = 2_000
EVIL = "<script>document.title='taken'</script><img src=x onerror=document.title='taken'>"
EVIL_ID = 7
TEXTS = 120
HUGE = 2**53 + 1
"""A number that a script cannot tell from the one before."""
VIEWS = ("overview", "marginals", "clusters", "map", "search", "compare")
TEXT = "joga RPG de madrugada no PC"
COLOURED = """canvas => {
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    return data.reduce((n, _, i) => n + (i % 4 === 0 && data[i] !== data[i + 2]), 0);
}"""
"""How many pixels of the map have a colour."""


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Path:
    """Two versions of one data set; in the current one a profile's texts try to be markup."""
    home = tmp_path_factory.mktemp("explorer")
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
        (f"doc-{i}", f"Jogo {games[i % 2]}, nota {i}", f"Ana {i}", 2_000 + i, HUGE if i % 3 else None)
        for i in range(TEXTS)
    ]
    names = ("key", "body", "nome", "ano", "numero")
    source = home / "texts.parquet"
    pq.write_table(pa.table(dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))), source)
    params = {
        "dataset": "texts", "source": str(source), "id_column": "key", "text_column": "body", "clusters": 2,
        "columns": "nome,ano,numero", "kmeans_niter": 2, "workers": 1, "save_index": False,
    }  # fmt: skip
    run_all(found_out(Request.from_params(params), home), home)


@pytest.fixture(scope="module")
def origin(home) -> Iterator[str]:
    """`synthprof serve` over it."""
    process = subprocess.Popen(
        [sys.executable, "-m", "synthprof.cli", "serve", "--port", "0"],
        env={"SYNTHPROF_HOME": str(home), "PATH": "/usr/bin:/bin", "PYTHONUNBUFFERED": "1", "COLUMNS": "200"},
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    try:
        line = process.stdout.readline()
        found = re.search(r"http://[\d.]+:\d+", line)
        assert found, line + process.stdout.read()
        yield found[0]
    finally:
        process.terminate()
        process.communicate(timeout=60)


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
    assert f"{manifest['scores']['adjusted_rand_index']:.3f}" in newest
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
    hits = search_text(searcher, TEXT, searcher.query(where=("idade>=30",)))
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


@pytest.mark.parametrize("asked", ["text=RPG", "id=2"])
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
    assert [term(fields, name) for name in ("nome", "ano", "numero")] == [
        f"Ana {number}", str(2_000 + int(number)), str(HUGE) if int(number) % 3 else "–"
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


def test_map_offers_the_columns_that_it_has(look):
    page = look.open("?dataset=texts&view=map")
    page.locator("canvas[data-points]").wait_for()
    assert page.get_by_label("Colour by").locator("option").all_inner_texts() == ["cluster"]


def test_refusal_of_the_api_is_shown_with_its_remedy(browser, origin):
    with looking(browser, origin) as look:
        page = look.open("?dataset=players&view=search&text=x&where=altura%3E3")
        assert "altura" in page.get_by_role("alert").inner_text()
        look.problems[:] = [text for text in look.problems if "422" not in text and "400" not in text]


@pytest.mark.parametrize("view", ["nothing", "constructor"])
def test_a_view_that_there_is_not_is_the_overview(look, view):
    page = look.open(f"?dataset=players&view={view}")
    page.get_by_role("heading", name="Quality").wait_for()
    assert page.get_by_role("alert").count() == 0


@pytest.mark.parametrize(
    "asked",
    [
        {"where": ["nope=1"]},
        {"where": ["estado<SP", "sexo=none", "idade>=30"]},
        {"where": ["jogos_favoritos>=RPG"]},
        {"where": ["nome!=a\nb"]},
        {"k": ["5"]},
    ],
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
    [
        "?dataset=players&view=search&id=..",
        "?dataset=players&view=search&id=..%2F..%2F..%2F..%2F..%2Fdocs",
        "?dataset=players&version=..",
        "?dataset=..&view=progress",
        "?dag_id=..&run_id=..",
    ],
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


def test_busy_server_is_asked_again_before_the_reader_is_told(browser, origin):
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
    page.get_by_label("Colour by").select_option("idade")
    page.get_by_role("application", name=re.compile("coloured by idade")).wait_for()
    assert page.locator(".legend .ramp i").count() > 8


# --- one after another -----------------------------------------------------------------------------------


def _held(page, address: str) -> list[Any]:
    """The questions to this address: they wait until the test answers them."""
    found: list[Any] = []
    page.route(address, lambda route: found.append(route))
    return found


def _told(page) -> None:
    """The server has answered what was asked before, and the page has heard it."""
    page.evaluate("fetch('api/datasets').then((answer) => answer.text())")


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
    _told(page)
    assert page.locator("canvas").get_attribute("data-points") == "500"


def test_comparison_is_with_the_version_chosen_last(look):
    one_more = "0" * 12

    def with_one_more(route) -> None:
        answer = route.fetch()
        found = answer.json()
        versions = next(each["versions"] for each in found["datasets"] if each["dataset"] == "players")
        versions.append({**versions[1], "version": one_more})
        route.fulfill(response=answer, json=found)

    look.page.route("**/api/datasets", with_one_more)
    held = _held(look.page, f"**/compare?left={one_more}*")
    page = look.open("?dataset=players&view=compare")
    panels = page.locator("main .panel")
    panels.first.wait_for()
    before, shown = page.get_by_label("From").input_value(), panels.count()
    page.get_by_label("From").select_option(one_more)
    page.get_by_label("From").select_option(before)
    panels.first.wait_for()
    held[0].fulfill(json={"left": one_more, "right": before, "columns": []})
    _told(page)
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
        "build": "b", "rows": 1, "noun": "profile", "seed": 1, "encoder": "catalogue", "state": "building",
        "done": [], "stages": ["setup"], "updated_at": "2020-01-01T00:00:00+00:00",
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
    _told(page)
    asked = len([url for url in look.requests if url.endswith("/progress")])
    page.clock.fast_forward(2_000)
    _told(page)
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


# --- for everybody ---------------------------------------------------------------------------------------


def test_keyboard_alone_leads_from_the_data_sets_to_a_profile(look):
    page = look.open()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    _tab_to(page, "players")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Quality").wait_for()
    assert page.evaluate("document.activeElement.id") == "main"
    page.get_by_role("link", name="Map", exact=True).focus()
    page.keyboard.press("Enter")
    page.locator("canvas[data-points]").wait_for()
    page.locator("canvas").focus()
    for key in ("ArrowLeft", "ArrowDown", "+", "Enter"):
        page.keyboard.press(key)
    page.get_by_role("article", name=re.compile("^Id ")).wait_for()
    page.get_by_text(re.compile(r"^Id \d+: ")).wait_for(state="attached")


def test_the_link_to_the_content_leaves_what_was_typed(look):
    page = look.open("?dataset=players&view=search")
    box = page.get_by_role("searchbox", name="Text")
    box.fill("typed")
    before = len(look.requests)
    page.get_by_role("link", name="Skip to the content").focus()
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("#main$"))
    assert page.evaluate("document.activeElement.id") == "main"
    _told(page)
    asked = [url for url in look.requests[before:] if "/api/" in url]
    assert len(asked) == 1, "only what this test has asked for"
    expect(box).to_have_value("typed", timeout=PATIENCE)
    page.go_back()
    page.wait_for_url(re.compile("view=search$"))
    expect(box).to_have_value("typed", timeout=PATIENCE)


def _tab_to(page, name: str) -> None:
    for _ in range(12):
        page.keyboard.press("Tab")
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline != "none", "what has the focus can be seen"
        if page.evaluate("document.activeElement.textContent") == name:
            return
    raise AssertionError(f"{name} cannot be reached by the Tab key")


def test_no_view_scrolls_sideways_on_a_phone_and_all_are_dark_at_night(browser, origin):
    phone = {"viewport": {"width": 360, "height": 740}, "color_scheme": "dark", "has_touch": True}
    with looking(browser, origin, **phone) as look:
        for query in ("", "docs", *(f"?dataset=players&view={view}" for view in VIEWS)):
            page = look.open(query)
            assert page.evaluate("document.documentElement.scrollWidth") <= 360, query
            back, ink = page.locator("body").evaluate(COLOURS)
            assert _lightness(back) < 0.15, query
            assert _lightness(ink) > 0.8, query


def test_charts_are_seen_where_the_reader_chooses_all_colours(browser, origin):
    charts = {
        "": ".strip",
        "marginals": ".bar",
        "clusters": ".sizes",
        "map": ".legend .dot",
        "compare": ".swing",
    }
    with looking(browser, origin, forced_colors="active") as look:
        for view, chart in charts.items():
            page = look.open(f"?dataset=players&view={view}")
            drawn = page.locator(f"main {chart}").first
            drawn.wait_for()
            picture = Image.open(io.BytesIO(drawn.screenshot())).convert("RGB")
            inner = picture.crop((2, 2, picture.width - 2, picture.height - 2))
            assert any(max(colour) - min(colour) > 30 for _, colour in inner.getcolors(1 << 20)), view
        edges = "tabs => [...tabs.children].map((tab) => getComputedStyle(tab).borderBottomColor)"
        assert len(set(page.locator(".tabs").evaluate(edges))) == 2


def test_without_scripts_the_page_says_so_and_waits_for_nothing(browser, origin):
    with looking(browser, origin, java_script_enabled=False) as look:
        look.page.goto(origin)
        told = look.page.locator("body").inner_text()
        assert "they are switched off here" in told and "Loading" not in told


def test_a_single_cluster_is_called_one(look):
    one = {"cluster": 0, "rows": 5, "typical": []}
    look.page.route("**/clusters", lambda route: route.fulfill(json={"clusters": [one], "others": None}))
    page = look.open("?dataset=players&view=clusters")
    page.get_by_text("One cluster, which holds 5.").wait_for()


def test_tables_of_the_api_can_be_scrolled_by_the_keyboard(browser, origin):
    with looking(browser, origin, viewport={"width": 320, "height": 700}) as look:
        page = look.open("docs")
        place = page.get_by_role("region", name="Parameters of GET").last
        assert place.evaluate("place => [place.tabIndex, getComputedStyle(place).overflowX]") == [0, "auto"]


LUMINANCES = """([element, property, pseudo]) => {
    const pen = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
    const style = getComputedStyle(document.querySelector(element), pseudo);
    const card = getComputedStyle(document.querySelector("section")).backgroundColor;
    for (const [colour, opacity] of [[card, 1], [style[property], style.opacity]]) {
        pen.globalAlpha = Number(opacity);
        pen.fillStyle = colour;
        pen.fillRect(0, 0, 1, 1);
    }
    const linear = [...pen.getImageData(0, 0, 1, 1).data].map((each) => each / 255)
        .map((each) => (each <= 0.04045 ? each / 12.92 : ((each + 0.055) / 1.055) ** 2.4));
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
}"""
"""The relative luminance of what lies on a card, as WCAG 2.2 defines it."""


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_edges_bars_and_hints_stand_out_as_wcag_asks(browser, origin, theme):
    card = ["section", "backgroundColor", None]
    pairs = {
        "search": [
            (["input", "borderTopColor", None], card, 3),
            (["input", "color", "::placeholder"], card, 4.5),
        ],
        "marginals": [([".bar i", "backgroundColor", None], [".bar", "backgroundColor", None], 3)],
    }
    with looking(browser, origin, color_scheme=theme) as look:
        for view, colours in pairs.items():
            page = look.open(f"?dataset=players&view={view}")
            page.locator(colours[0][0][0]).first.wait_for()
            for *two, least in colours:
                lighter, darker = sorted((page.evaluate(LUMINANCES, each) for each in two), reverse=True)
                assert (lighter + 0.05) / (darker + 0.05) >= least, two


COLOURS = "body => [getComputedStyle(body).backgroundColor, getComputedStyle(body).color]"


def _lightness(colour: str) -> float:
    return sum(map(int, re.findall(r"\d+", colour)[:3])) / (3 * 255)


def test_every_control_has_a_name_and_every_view_one_heading_of_first_rank(look):
    unnamed = """() => [...document.querySelectorAll("button, input, select, a, canvas")]
        .filter((each) => !(each.labels?.length || each.ariaLabel || each.textContent.trim() || each.title))
        .map((each) => each.outerHTML)"""
    for view in VIEWS:
        page = look.open(f"?dataset=players&view={view}")
        assert page.evaluate(unnamed) == [], view
        assert page.get_by_role("heading", level=1).count() == 1, view
        assert "players" in page.title()


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
    script = (Path(synthprof.__file__).parent / "web" / "static" / "actions.js").read_text()
    kinds = re.search(r"KINDS = \[(.*)\]", script)[1]
    assert json.loads(f"[{kinds}]") == list(get_args(IndexKind))
