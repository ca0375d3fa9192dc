"""The report page in a real browser: its facts, its charts, its themes and hostile text."""

import dataclasses
import itertools
import os
import shutil
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from everyday import everyday
from playwright.sync_api import Browser, sync_playwright
from reports import EXAMPLE, HOSTILE, REPORT, hostile, opened, printed

from synthprof.base.colours import NEUTRAL, PALETTE
from synthprof.report.model import MapPoints, Report
from synthprof.report.page import render


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if not chromium:
        pytest.skip("no Chromium here; set CHROMIUM to its path")
    quiet = (
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
    )
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-gpu", *quiet]
        )
        yield found
        found.close()


def test_without_plotly_the_page_says_how_to_get_its_charts(
    browser: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "plotly", None)  # as where it is not installed
    page = render(REPORT)
    assert "<script" not in page and "script-src &#39;none&#39;;" in page
    assert len(page) < 40_000
    path = tmp_path / "report.html"
    path.write_text(page, encoding="utf-8")
    shown = browser.new_page()
    shown.goto(path.as_uri())
    text = shown.locator("body").inner_text()
    assert 'pip install "synthprof[report]"' in text and "plotly.js" not in text
    for fact in ("Purity", "0.875", "61.5 %", "Beatriz Nascimento", "684 KiB", "dim_embedding"):
        assert fact in text


@pytest.mark.parametrize("text", everyday(HOSTILE))
def test_hostile_text_is_inert_and_readable_in_a_browser(text: str, browser: Browser, tmp_path: Path) -> None:
    page, events = opened(browser, tmp_path / "report.html", hostile(text))
    assert page.title() == f"{text} · synthprof report"
    shown = " ".join(page.locator("body").text_content().split())  # type: ignore[union-attr]
    assert shown.count(text) >= 15
    page.locator("#map").scroll_into_view_if_needed()
    box = page.locator("#map .point").first.bounding_box()
    assert box
    page.mouse.move(box["x"] + 3, box["y"] + 3)
    label = page.locator(".hoverlayer .hovertext .nums")
    label.wait_for(timeout=10_000)
    lines = label.locator("tspan.line").all_text_contents() or label.all_text_contents()
    assert "".join(lines).replace("\xa0", " ").replace(" ", "").startswith(text.replace(" ", ""))
    assert label.locator("a, b").count() == 0
    assert events == []


def test_every_fact_is_on_the_page(browser: Browser, tmp_path: Path) -> None:
    page, events = opened(browser, tmp_path / "report.html", REPORT)
    shown = page.locator("body").inner_text()
    for value in EXAMPLE.values():
        for part in str(value).split(", "):
            assert part in shown
    for fact in (
        "gamers",
        "9f2c41d07be84c1f",
        "1,000",
        "2.9 MiB",
        "0.52 s",
        "generate",
        "2,000",
        "240 MiB",
        "684 KiB",
    ):
        assert fact in shown
    for share in ("61.5 %", "60.0 %", "38.5 %", "40.0 %", "45.6 %", "54.4 %", "largest gap 1.50 points"):
        assert share in shown
    for score in ("812", "0.250", "0.875", "not measured", "Flat"):
        assert score in shown
    for name, value in REPORT.spec.items():
        assert name in shown
        assert str(value) in shown
    assert page.locator("#map .point").count() == 3
    assert page.locator("#sizes .point").count() == 3
    assert page.locator("#pick option").all_text_contents()[1:] == [
        "cluster 0, 300 profiles",
        "cluster 1, 250 profiles",
        "cluster 2, 450 profiles",
    ]
    assert events == []


def test_choosing_a_cluster_sets_it_off(browser: Browser, tmp_path: Path) -> None:
    page, _ = opened(browser, tmp_path / "report.html", REPORT)
    page.select_option("#pick", "1")
    page.locator("#map .trace").nth(1).wait_for()
    assert page.locator("#map .trace").nth(1).locator(".point").count() == 1


@pytest.mark.long
def test_rows_without_a_cluster_can_be_set_off(browser: Browser, tmp_path: Path) -> None:
    points = REPORT.map_points
    assert points is not None
    apart = {"clusters": (0, -1, -1), "colours": {0: PALETTE[0], -1: NEUTRAL}}
    report = dataclasses.replace(REPORT, map_points=dataclasses.replace(points, **apart))
    page, events = opened(browser, tmp_path / "report.html", report)
    page.select_option("#pick", label="no cluster")
    page.locator("#map .trace").nth(1).wait_for()
    assert page.locator("#map .trace").nth(1).locator(".point").count() == 2
    page.select_option("#pick", label="all clusters")
    page.locator("#map .trace").nth(1).wait_for(state="detached")
    assert events == []


def test_page_follows_the_dark_theme(browser: Browser, tmp_path: Path) -> None:
    page, _ = opened(browser, tmp_path / "report.html", REPORT, color_scheme="light")
    background = "getComputedStyle(document.querySelector('#map .main-svg')).backgroundColor"
    light = page.evaluate(background)
    page.emulate_media(color_scheme="dark")
    for _ in range(100):
        if page.evaluate(background) != light:
            break
        page.wait_for_timeout(100)
    assert (
        light
        != page.evaluate(background)
        == page.evaluate("getComputedStyle(document.querySelector('section')).backgroundColor")
    )


@pytest.mark.parametrize("width", everyday([320, 390, 768]))
def test_page_fits_a_narrow_screen(width: int, browser: Browser, tmp_path: Path) -> None:
    long = dataclasses.replace(REPORT, dataset="a" * 63)
    page, _ = opened(
        browser, tmp_path / "report.html", long, viewport={"width": width, "height": 800}, is_mobile=True
    )
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("scheme", everyday(["light", "dark"]))
def test_headings_captions_and_contrast_serve_all_readers(
    browser: Browser, tmp_path: Path, scheme: str
) -> None:
    page, _ = opened(browser, tmp_path / "report.html", REPORT, color_scheme=scheme)
    levels = page.eval_on_selector_all("h1, h2, h3", "found => found.map(h => Number(h.tagName[1]))")
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(later - earlier <= 1 for earlier, later in itertools.pairwise(levels))
    assert page.locator("table:not(:has(caption))").count() == 0
    assert page.evaluate(LOWEST_CONTRAST) >= 4.5  # WCAG 2.2, 1.4.3


LOWEST_CONTRAST = """() => {
  const colour = (text) => text.match(/[\\d.]+/g).map(Number);
  const part = (v) => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  const light = ([r, g, b]) => 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b) + 0.05;
  const behind = (element) => {
    const found = colour(getComputedStyle(element).backgroundColor);
    return found[3] === 0 ? behind(element.parentElement) : found;
  };
  const ratio = (a, b) => Math.max(a, b) / Math.min(a, b);
  const written = (element) => [...element.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
  const all = [...document.querySelectorAll("body *:not(script, style, noscript, svg *, option)")];
  return Math.min(...all.filter(written).map((element) =>
    ratio(light(colour(getComputedStyle(element).color)), light(behind(element)))));
}"""


@pytest.mark.long
def test_one_profile_makes_a_page(browser: Browser, tmp_path: Path) -> None:
    tiny = dataclasses.replace(
        REPORT,
        rows=1,
        bytes_total=0,
        stages=(),
        marginals=(),
        cluster_sizes=(1,),
        map_points=MapPoints((1,), (0.0,), (0.0,), (0,), ("Ana",), {0: PALETTE[0]}),
        scores=dict.fromkeys(REPORT.scores),
        example={**EXAMPLE, "cluster_id": 0},
    )
    page, events = opened(browser, tmp_path / "report.html", tiny)
    shown = page.locator("body").inner_text()
    assert "One cluster holds all 1 profiles." in shown
    assert shown.count("not measured") == 4
    assert events == []


@pytest.mark.long
def test_nothing_but_a_name_makes_a_page(browser: Browser, tmp_path: Path) -> None:
    bare = Report("gamers", "v", 0, 0, {}, (), (), (), None, {}, {})
    page, events = opened(browser, tmp_path / "report.html", bare)
    assert "There are no clusters." in page.locator("body").inner_text()
    assert events == []
    assert "gamers" in printed(bare, 80)


def test_tests_can_see_that_the_network_is_not_needed(browser: Browser, tmp_path: Path) -> None:
    """The page is drawn while Chromium may not resolve any name."""
    path = tmp_path / "report.html"
    path.write_text(render(REPORT), encoding="utf-8")
    context = browser.new_context(offline=True)
    page = context.new_page()
    page.goto(path.as_uri())
    page.wait_for_selector("#map .point", timeout=60_000)
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        server.setblocking(False)
        url = f"http://127.0.0.1:{server.getsockname()[1]}/"
        context.set_offline(False)
        refused = page.evaluate(f"fetch({url!r}).then(() => 'reached', () => 'refused')")
        assert refused == "refused"
        with pytest.raises(BlockingIOError):
            server.accept()
