"""The map of the page: its points, colours and zoom."""

import json
import re
import sqlite3
from contextlib import closing
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from browser import CHROMIUM, PATIENCE, told
from looked_at import ROWS, number, open_map
from playwright.sync_api import expect

from synthprof.versions.version import open_version

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")

COLOURED = """canvas => {
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    return data.reduce((n, _, i) => n + (i % 4 === 0 && data[i] !== data[i + 2]), 0);
}"""
"""The number of pixels of the map with a colour."""


def test_map_offers_the_columns_that_it_has(look):
    page = look.open("?dataset=texts&view=map")
    page.locator("canvas[data-points]").wait_for()
    assert page.get_by_label("Colour by").locator("option").all_inner_texts() == ["cluster"]


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
        """The state of the page; the selected point lies where it was before the zoom."""
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
