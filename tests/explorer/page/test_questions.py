"""Questions of the page, one after another: the last one counts, and none is asked in vain."""

from typing import Any

import pytest
from browser import CHROMIUM, PATIENCE, told
from looked_at import open_map
from playwright.sync_api import expect

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")


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
