"""The search of the page: its form, its results, and texts that try to be markup."""

import re
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from browser import CHROMIUM, PATIENCE, looking
from everyday import everyday
from looked_at import EVIL, EVIL_ID, HUGE, term
from playwright.sync_api import expect

from synthprof.versions.search import search_similar, search_text
from synthprof.versions.searcher import open_searcher
from synthprof.versions.version import open_version

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")

TEXT = "joga RPG de madrugada no PC"


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


def test_refusal_of_the_api_is_shown_with_its_remedy(browser, origin):
    with looking(browser, origin) as look:
        page = look.open("?dataset=players&view=search&text=x&where=altura%3E3")
        assert "altura" in page.get_by_role("alert").inner_text()
        look.problems[:] = [text for text in look.problems if "422" not in text and "400" not in text]


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


def test_arrow_keys_go_on_from_column_to_column_of_a_condition(look):
    page = look.open("?dataset=players&view=search")
    page.get_by_role("button", name="Add a condition").click()
    column = page.get_by_role("combobox", name="Column")
    column.select_option("nome")
    for name in ("idade", "cidade"):
        page.keyboard.press("ArrowDown")
        expect(column).to_be_focused(timeout=PATIENCE)
        expect(column).to_have_value(name, timeout=PATIENCE)
