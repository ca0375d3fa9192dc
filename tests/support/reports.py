"""A report for tests of its page and its summary, also with hostile text in every place."""

import dataclasses
import io
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from synthprof.base.colours import PALETTE
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
