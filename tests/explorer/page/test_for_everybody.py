"""The explorer's page by keyboard, on a phone, at night, in other colours and without scripts."""

import io
import re

import pytest
from browser import CHROMIUM, PATIENCE, looking, told
from everyday import everyday
from PIL import Image
from playwright.sync_api import expect

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")

VIEWS = ("overview", "schema", "marginals", "clusters", "map", "search", "compare", "derived")


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
    told(page)
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


@pytest.mark.long
def test_charts_are_seen_where_the_reader_chooses_all_colours(browser, origin):
    charts = {
        "": ".strip",
        "schema": ".sizes.odds",
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
        assert "needs JavaScript" in told and "Loading" not in told


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


@pytest.mark.parametrize("theme", everyday(["light", "dark"]))
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
