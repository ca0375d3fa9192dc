import dataclasses
import html
import io
import itertools
import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from everyday import everyday
from playwright.sync_api import Browser, Page, sync_playwright

from synthprof.base.colours import NEUTRAL, PALETTE
from synthprof.report.console import print_summary
from synthprof.report.model import MapPoints, Marginal, Report, StageRow
from synthprof.report.page import render
from synthprof.report.terminal import Terminal
from synthprof.schemas.loader import load_bundle
from synthprof.spec.spec import Spec

EXAMPLE = {
    "id": 1,
    "nome": "Beatriz Nascimento",
    "idade": 27,
    "cidade": "Belo Horizonte",
    "estado": "MG",
    "sexo": "Feminino",
    "interesses_musicais": "MPB, Samba",
    "jogos_favoritos": "Valorant, Stardew Valley",
    "plataformas_possuidas": "PC, Nintendo Switch",
    "estilos_preferidos": "FPS, Simulação",
    "disponibilidade": "Noite",
    "interacao_desejada": "Online",
    "compartilhar_contato": 1,
    "anos_experiencia": 11,
    "objetivo_principal": "Competir",
    "usa_microfone": 0,
    "idiomas": "Português, Inglês",
    "nivel_competitivo": "Avançado",
    "estilo_comunicacao": "Direta",
    "descricao": "Jogadora de Belo Horizonte, joga há onze anos.",
    "cluster_id": 2,
}

REPORT = Report(
    dataset="gamers",
    version="9f2c41d07be84c1f",
    rows=1_000,
    bytes_total=3_000_000,
    spec=Spec(profiles=1_000).model_dump(),
    view=load_bundle("gamer_br").view,
    stages=(
        StageRow("setup", 0, 0.02, 61.0, 0),
        StageRow("generate", 1_000, 0.5, 240.0, 700_000),
    ),
    marginals=(
        Marginal("estado", ("SP", "MG"), (0.615, 0.385), (0.6, 0.4)),
        Marginal("sexo", ("Feminino", "Masculino"), (0.456, 0.544)),
    ),
    cluster_sizes=(300, 250, 450),
    map_points=MapPoints(
        (3, 7, 9),
        (0.5, -0.25, 0.0),
        (0.0, 0.75, -1.0),
        (0, 1, 2),
        ("Ana, 20", "Rui", "Eva"),
        {cluster: PALETTE[cluster] for cluster in range(3)},
    ),
    scores={
        "inertia": 812.5,
        "silhouette": 0.25,
        "purity": 0.875,
        "recall_at_10": None,
        "index": "Flat",
    },
    example=EXAMPLE,
)

HOSTILE = (
    "</script><script>alert('kept-a')</script>",
    "<img src=x onerror=alert('kept-b')>",
    "\"'><svg onload=alert(`kept-c`)>",
    "<a href='javascript:alert(1)'>kept-d</a><b>bold</b>",
    '=HYPERLINK("http://evil.example/kept-e")',
    "שלום kept-f عربى",
    "{{ 7*7 }}{% kept-g %} %{x} $x^2$ &lt;b&gt; &amp; [red]kept[/red]",
    "<!--<script>kept-h",
)


def hostile(text: str) -> Report:
    """A report with the text in every place for text."""
    points = dataclasses.replace(REPORT.map_points, texts=(text,) * 3) if REPORT.map_points else None
    return dataclasses.replace(
        REPORT,
        dataset=text,
        version=text,
        spec={text: text, "seed": text, "locale": text},
        stages=(StageRow(text, 1, 1.0, 1.0, 1),),
        marginals=(Marginal(text, (text,), (1.0,), (1.0,)),),
        map_points=points,
        scores={text: text},
        example={**{name: text for name in EXAMPLE}, text: text},
    )


def own_part(page: str) -> str:
    """The page without Plotly's script."""
    scripts = re.findall(r"<script>.*?</script>", page, re.DOTALL)
    return page.replace(max(scripts, key=len), "")


def printed(report: Report, width: int) -> str:
    file = io.StringIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COLUMNS", str(width))
        print_summary(Terminal(file), report, "/data/gamers/v1")
    return file.getvalue()


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


def opened(browser: Browser, path: Path, report: Report, **options: Any) -> tuple[Page, list[str]]:
    """The page in Chromium, drawn, and everything that it complained of, asked for or popped up."""
    path.write_text(render(report), encoding="utf-8")
    page = browser.new_context(**options).new_page()
    events: list[str] = []
    page.on("dialog", lambda dialog: (events.append(f"dialog {dialog.message}"), dialog.dismiss()))
    page.on("console", lambda message: events.append(f"console {message.text}"))
    page.on("pageerror", lambda error: events.append(f"error {error}"))
    page.on("request", lambda request: events.append(f"request {request.url}"))
    page.goto(path.as_uri())
    page.wait_for_selector("html[data-ready=yes]", timeout=60_000)
    events.remove(f"request {path.as_uri()}")
    return page, events


def test_same_report_gives_same_bytes_in_another_process() -> None:
    code = (
        "import sys, hashlib; sys.path[:0] = ['tests/report', 'tests/support']; import test_report as t;"
        "print(hashlib.sha256(t.render(t.REPORT).encode()).hexdigest())"
    )
    digests = {
        subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=True,
            cwd=Path(__file__).parents[2],
            env={**os.environ, "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2")
    }
    assert len(digests) == 1


def test_the_size_says_that_the_report_itself_is_not_in_it() -> None:
    assert "size without this report" in render(REPORT) and "size on disk" not in render(REPORT)


def test_page_refers_to_no_network() -> None:
    page = own_part(render(REPORT))
    assert not re.search(r"(?i)https?:/|//[a-z]|@import|url\(|\bsrc=|ws:", page.replace("// ", ""))
    assert set(re.findall(r'href="([^"]*)"', page)) <= {
        "data:,",
        "#main",
        "#clusters",
        "#example",
        "#marginals",
        "#stages",
        "#parameters",
    }


def test_policy_allows_the_two_scripts_and_nothing_else() -> None:
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', render(REPORT))
    assert policy
    assert re.fullmatch(
        r"default-src 'none'; script-src( 'sha256-[\w+/=]{44}'){2}; style-src 'unsafe-inline'; "
        r"img-src data: blob:; base-uri 'none'; form-action 'none'",
        html.unescape(policy[1]),
    )


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


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_adds_no_element(text: str) -> None:
    def tags(report: Report) -> dict[str, int]:
        names = re.findall(r"<(!--|/?[a-z][a-z0-9]*)", own_part(render(report)).split("<body>")[1])
        return {name: names.count(name) for name in ("script", "/script", "img", "svg", "a", "b", "!--")}

    harmless = tags(hostile("harmless"))
    assert tags(hostile(text)) == harmless


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


def test_many_categories_show_the_twenty_largest_and_the_rest_as_a_sum() -> None:
    shares = tuple(i / 5050 for i in range(1, 101))
    many = Marginal("jogos", tuple(f"jogo-{i}-" for i in range(1, 101)), shares, shares)
    page = own_part(render(dataclasses.replace(REPORT, marginals=(many,))))
    shown = re.findall(r"jogo-(\d+)-", page)
    assert shown == [str(i) for i in range(100, 80, -1)]
    assert f"and 80 more values, together {100 * sum(shares[:80]):.1f} %" in page


def test_a_million_clusters_make_a_small_page() -> None:
    sizes = tuple(range(1_000_000))
    small = len(render(REPORT))
    assert len(render(dataclasses.replace(REPORT, cluster_sizes=sizes))) < small + 50_000


def test_columns_of_different_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match=r"Marginal estado has columns of different lengths: \[2, 1, 1\]"):
        Marginal("estado", ("SP", "MG"), (1.0,))
    with pytest.raises(ValueError, match="MapPoints"):
        MapPoints((1,), (0.0,), (0.0,), (0,), (), {})


@pytest.mark.parametrize("width", [80, 120])
def test_summary_fits_the_terminal_and_tells_everything(width: int) -> None:
    text = re.sub(r"\x1b\[[\d;]*m", "", printed(REPORT, width))
    assert all(len(line) <= width for line in text.splitlines())
    for fact in (
        "gamers",
        "1,000",
        "generate",
        "2,000",
        "240 MiB",
        "0.875",
        "not measured",
        "/data/gamers/v1",
        "cluster 2",
    ):
        assert fact in text
    joined = " ".join(text.split())
    for value in EXAMPLE.values():
        assert str(value) in joined


@pytest.mark.parametrize(
    "text",
    ["[bold red]kept[/]", "kept\x1b]0;owned\x07\x1b[2J", "kept\u202egnp.exe", "kept\ud800", "kept\x00\x9b2J"],
)
def test_summary_gives_the_terminal_no_markup_and_no_controls(text: str) -> None:
    out = printed(hostile(text), 100)
    assert "kept" in out
    assert set(re.findall(r"\x1b.", out)) <= {"\x1b["}
    assert not re.search("[\x00-\x09\x0b-\x1a\x1c-\x1f\x80-\x9f\u202a-\u202e\ud800-\udfff]", out)
    assert "\x1b[2J" not in out
    if text.startswith("["):
        assert text in out
    render(hostile(text)).encode()


def test_importing_the_report_is_light() -> None:
    heavy = {"plotly", "jinja2", "rich", "numpy", "pandas", "pyarrow"}
    code = f"import sys, synthprof.report.ending, synthprof.report.page; print({heavy} & set(sys.modules))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "set()"


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
