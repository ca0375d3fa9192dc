"""How a data set turned out: one page for a browser, one summary for a terminal.

Both are pure renderings of a Report. Generated text is only ever text: the page escapes it, forbids itself
the network and every script but its own two, and the terminal gets neither markup nor control characters.
"""

import base64
import functools
import hashlib
import html
import importlib.util
import json
import math
import re
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from synthprof.errors import StageError
from synthprof.spec import Spec, noun_of

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

TEMPLATES = Path(__file__).parent / "templates"
MAX_CATEGORIES = 20
MAX_BARS = 1_000
"""Bars of the cluster sizes: more are narrower than a pixel."""
CARD_LISTS = ("jogos_favoritos", "plataformas_possuidas", "estilos_preferidos", "interesses_musicais")
CARD_HEAD = (
    "id",
    "nome",
    "chave",
    "idade",
    "cidade",
    "estado",
    "sexo",
    "descricao",
    "cluster_id",
    *CARD_LISTS,
)
SCORES = {
    "inertia": (
        "Inertia",
        "Sum of squared distances to the nearest centroid. Lower is tighter, at the same number of clusters.",
    ),
    "silhouette": (
        "Silhouette",
        "From −1 to 1, on a sample: how much nearer a row is to its own centroid than to the next one.",
    ),
    "adjusted_rand_index": (
        "Adjusted Rand index",
        "Agreement with the hidden archetypes: 0 is chance, 1 the same partition. "
        "It falls when there are more clusters than archetypes.",
    ),
    "recall_at_10": ("Recall@10", "Share of the ten true nearest neighbours that the index finds."),
    "index": ("Index", "Kind of search index, chosen by rows, dimensions and memory."),
}
"""Name and meaning of the scores that are known here; others are shown under their own name."""
UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""Control characters, line separators, bidirectional overrides and lone surrogates."""


@dataclass(frozen=True)
class StageRow:
    """What one stage did and took; bytes_written counts what it left on disk."""

    stage: str
    rows: int
    seconds: float
    rows_per_second: float
    peak_memory_mib: float
    bytes_written: int


@dataclass(frozen=True)
class Marginal:
    """Shares of one column's values, 0 to 1, and those aimed at; target is empty where none is declared."""

    column: str
    labels: Sequence[str]
    observed: Sequence[float]
    target: Sequence[float] = ()

    def __post_init__(self) -> None:
        _same_length(f"Marginal {self.column}", self.labels, self.observed, self.target or self.observed)


@dataclass(frozen=True)
class MapPoints:
    """A sample of profiles on the plane; a line break in a text starts a new line when it is shown."""

    ids: Sequence[int]
    x: Sequence[float]
    y: Sequence[float]
    clusters: Sequence[int]
    texts: Sequence[str]

    def __post_init__(self) -> None:
        _same_length("MapPoints", self.ids, self.x, self.y, self.clusters, self.texts)


@dataclass(frozen=True)
class Report:
    """Everything that the page and the summary say about one version of a data set."""

    dataset: str
    version: str
    rows: int
    bytes_total: int
    spec: Mapping[str, Any]
    stages: Sequence[StageRow]
    marginals: Sequence[Marginal]
    cluster_sizes: Sequence[int]
    map_points: MapPoints | None
    scores: Mapping[str, float | int | str | None]
    example: Mapping[str, Any]

    @property
    def noun(self) -> str:
        """What a row is called."""
        return noun_of(self.spec.get("collection", ""))

    @property
    def seconds(self) -> float:
        """The stages' times added up; by the clock it is less where stages went on beside each other."""
        return sum(row.seconds for row in self.stages)


def render(report: Report) -> str:
    """One HTML page that needs nothing else and forbids itself the network; same report, same bytes.

    Raises StageError if the package plotly, whose script goes into the page, is incomplete.
    """
    plotly, script = _plotly_js(), _script("report.js")
    context = {
        "report": report,
        "policy": _policy(plotly, script),
        "facts": _facts(report),
        "scores": [_score(name, value) for name, value in report.scores.items()],
        "sizes": _sizes_in_words(report.cluster_sizes, report.noun),
        "marginals": [_marginal(marginal) for marginal in report.marginals],
        "noise": 100 / math.sqrt(max(report.rows, 1)),
        "stages": _stages(report),
        "card": _card(report),
        "parameters": _parameters(report.spec),
        "data": _json(_data(report)),
        "plotly": plotly,
        "script": script,
    }
    page: str = load_template().render(context)
    return page


def print_summary(console: "Console", report: Report, path: Path | str) -> None:
    """The stages, the scores, an example and the place of the result stand on the console."""
    from rich import box
    from rich.columns import Columns
    from rich.panel import Panel
    from rich.table import Table
    from rich.text import Text

    title = Text.assemble((_plain(report.dataset), "bold"), f"  {_count(report.rows)} {report.noun}s")
    stages = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    stages.add_column("stage", style="cyan", no_wrap=True)
    for name in ("rows", "time", "rows/s", "peak memory"):
        stages.add_column(name, justify="right", no_wrap=True)
    for row in report.stages:
        stages.add_row(Text(_plain(row.stage)), *_cells(row))
    stages.add_section()
    stages.add_row(Text("added up", style="default"), "", _seconds(report.seconds))
    scores = Table(title="quality", title_justify="left", box=box.SIMPLE_HEAD, show_header=False)
    scores.add_column(style="cyan")
    scores.add_column(justify="right")
    for name, value in report.scores.items():
        scores.add_row(Text(_score_name(name)), Text(_value(name, value)))
    console.print()
    console.print(Columns([stages, scores], padding=(0, 3)))
    console.print(Panel(_card_text(report), title="an example", title_align="left", padding=(0, 1)))
    console.print(Text.assemble(("result  ", "cyan"), (_plain(str(path)), "bold")), soft_wrap=True)


def _facts(report: Report) -> list[tuple[str, str]]:
    spec = report.spec
    facts = [
        (f"{report.noun}s", _count(report.rows)),
        ("clusters", _count(len(report.cluster_sizes))),
        ("size on disk", _bytes(report.bytes_total)),
        ("time of stages, added up", _seconds(report.seconds)),
    ]
    return facts + [(name, _plain(spec[name])) for name in ("seed", "locale") if name in spec]


def _score(name: str, value: float | int | str | None) -> dict[str, Any]:
    fraction = isinstance(value, float) and 0 <= value <= 1
    return {
        "name": _score_name(name),
        "value": _value(name, value),
        "meter": round(100 * value, 2) if fraction and isinstance(value, float) else None,
        "help": SCORES.get(name, ("", ""))[1],
    }


def _sizes_in_words(sizes: Sequence[int], noun: str) -> str:
    if not sizes:
        return "There are no clusters."
    if len(sizes) == 1:
        return f"One cluster holds all {_count(sizes[0])} {noun}s."
    empty = sum(size == 0 for size in sizes)
    return (
        f"{_count(len(sizes))} clusters: the smallest holds {_count(min(sizes))} {noun}s, "
        f"the median {_count(round(statistics.median(sizes)))}, the largest {_count(max(sizes))}"
        + (f"; {_count(empty)} are empty." if empty else "; none is empty.")
    )


def _marginal(marginal: Marginal) -> dict[str, Any]:
    """A panel: the values in the given order, or the largest of them when there are many."""
    target: Sequence[float | None] = marginal.target or [None] * len(marginal.labels)
    rows = list(zip(marginal.labels, marginal.observed, target, strict=True))
    shown = rows
    if len(rows) > MAX_CATEGORIES:
        shown = sorted(rows, key=lambda row: -(row[1] if row[2] is None else row[2]))[:MAX_CATEGORIES]
    rest = sum(row[1] for row in rows) - sum(row[1] for row in shown)
    gaps = [abs(seen - aim) for _, seen, aim in rows if aim is not None]
    top = max((max(seen, aim or 0.0) for _, seen, aim in shown), default=0) or 1
    return {
        "column": _plain(marginal.column),
        "gap": f"{100 * max(gaps):.2f}" if gaps else None,
        "hidden": len(rows) - len(shown),
        "rest": _share(rest),
        "rows": [
            {
                "label": _plain(label),
                "observed": _share(seen),
                "target": "" if aim is None else _share(aim),
                "bar": round(100 * seen / top, 2),
                "mark": None if aim is None else round(100 * aim / top, 2),
            }
            for label, seen, aim in shown
        ],
    }


def _stages(report: Report) -> list[dict[str, Any]]:
    longest = max((row.seconds for row in report.stages), default=0) or 1
    return [
        {
            "stage": _plain(row.stage),
            "cells": (*_cells(row), _bytes(row.bytes_written) if row.bytes_written else "–"),
            "bar": round(100 * row.seconds / longest, 2),
            "share": _share(row.seconds / (report.seconds or 1)),
        }
        for row in report.stages
    ]


def _cells(row: StageRow) -> tuple[str, str, str, str]:
    """Rows, time, rate and memory of a stage, as people read them."""
    rows, rate = (_count(row.rows), _count(round(row.rows_per_second))) if row.rows else ("–", "–")
    return rows, _seconds(row.seconds), rate, _bytes(row.peak_memory_mib * 2**20)


def _card(report: Report) -> dict[str, Any]:
    example = {name: _plain(value) for name, value in report.example.items()}
    cluster = report.example.get("cluster_id")
    name = example.get("nome") or example.get("chave", "")
    known = isinstance(cluster, int) and 0 <= cluster < len(report.cluster_sizes)
    return {
        "name": name or "–",
        "initials": "".join(word[0] for word in name.split()[:2]),
        "id": example.get("id"),
        "cluster": example.get("cluster_id"),
        "cluster_size": _count(report.cluster_sizes[cluster]) if known and isinstance(cluster, int) else None,
        "line": _line(example),
        "description": example.get("descricao"),
        "lists": [(name, _items(example[name])) for name in CARD_LISTS if name in example],
        "fields": [(name, value) for name, value in example.items() if name not in CARD_HEAD],
    }


def _items(text: str) -> list[str]:
    return [item for item in text.split(", ") if item]


def _line(example: Mapping[str, str]) -> list[str]:
    """Age, place and sex of a profile; what is missing is left out."""
    place = "/".join(example[name] for name in ("cidade", "estado") if example.get(name))
    age = f"{example['idade']} anos" if example.get("idade") else ""
    return [part for part in (age, place, example.get("sexo", "")) if part]


def _card_text(report: Report) -> "RenderableType":
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    card = _card(report)
    head = Text.assemble((card["name"], "bold"), "  " + " · ".join(card["line"]))
    size = f" of {card['cluster_size']} {report.noun}s" if card["cluster_size"] else ""
    cluster = Text.assemble((f"cluster {card['cluster']}", "green"), (size, "dim"))
    fields = Table.grid(padding=(0, 2))
    fields.add_column(style="cyan", no_wrap=True)
    fields.add_column(overflow="fold")
    for name, items in card["lists"]:
        fields.add_row(Text(name), Text(", ".join(items)))
    for name, value in card["fields"]:
        fields.add_row(Text(_plain(name)), Text(value))
    words = Text(card["description"] or "", style="italic")
    return Group(head, cluster, Text(), words, Text(), fields)


def _parameters(spec: Mapping[str, Any]) -> list[tuple[str, Any, str]]:
    known = {name: field.description or "" for name, field in Spec.model_fields.items()}
    return [(name, value, known.get(name, "")) for name, value in spec.items()]


def _data(report: Report) -> dict[str, Any]:
    """What the page's script draws."""
    sizes, points = report.cluster_sizes, report.map_points
    ranked = sorted(range(len(sizes)), key=lambda cluster: -sizes[cluster])
    shown = ranked[:: -(-len(ranked) // MAX_BARS) or 1]
    data: dict[str, Any] = {
        "noun": report.noun,
        "rows": report.rows,
        "clusters": len(sizes),
        "bars": {"rank": [], "cluster": shown, "size": [int(sizes[cluster]) for cluster in shown]},
    }
    rank = {cluster: place for place, cluster in enumerate(ranked, start=1)}
    data["bars"]["rank"] = [rank[cluster] for cluster in shown]
    if points is not None:
        data["colours"] = _colours(points)
        data["points"] = {
            "id": [int(value) for value in points.ids],
            "x": [round(float(value), 4) for value in points.x],
            "y": [round(float(value), 4) for value in points.y],
            "cluster": [int(value) for value in points.clusters],
            "text": [_hover(text) for text in points.texts],
        }
        data["sizes"] = {c: int(sizes[c]) for c in data["colours"] if 0 <= c < len(sizes)}
    return data


def _hover(text: str) -> str:
    """Text that Plotly, which knows a few tags and entities, shows as it is."""
    lines = (_wrapped(line) for line in _plain(text).split("\n"))
    return "<br>".join(html.escape(line, quote=False) for part in lines for line in part)


def _wrapped(line: str) -> list[str]:
    import textwrap

    if len(line) <= 64:
        return [line]
    return textwrap.wrap(line, 64, max_lines=4, placeholder=" …") or [""]


def _colours(points: MapPoints) -> dict[int, str]:
    """A colour for each cluster: hues go round the map, so neighbours are alike, and lightness alternates."""
    sums: dict[int, list[float]] = {}
    for x, y, cluster in zip(points.x, points.y, points.clusters, strict=True):
        entry = sums.setdefault(int(cluster), [0.0, 0.0])
        entry[0] += float(x)
        entry[1] += float(y)
    round_the_map = sorted(
        sums, key=lambda cluster: (math.atan2(sums[cluster][1], sums[cluster][0]), cluster)
    )
    return {
        cluster: _oklch((0.56, 0.70, 0.63)[place % 3], 0.15, 2 * math.pi * place / len(sums))
        for place, cluster in enumerate(round_the_map)
    }


def _oklch(lightness: float, chroma: float, hue: float) -> str:
    """The sRGB colour of an OKLCH one (Ottosson, "A perceptual color space for image processing", 2020)."""
    a, b = chroma * math.cos(hue), chroma * math.sin(hue)
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    linear = (
        4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short,
    )
    clipped = (min(max(value, 0.0), 1.0) for value in linear)
    gamma = (12.92 * v if v <= 0.0031308 else 1.055 * v ** (1 / 2.4) - 0.055 for v in clipped)
    return "#" + "".join(f"{round(255 * value):02x}" for value in gamma)


@functools.cache
def load_template() -> Any:  # noqa: ANN401
    """What `render` fills in; to load it takes 0.1 s, once in a process."""
    import jinja2
    from markupsafe import Markup

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=lambda value: value if isinstance(value, Markup) else _plain(value),
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("report.html")


def _script(name: str) -> str:
    return (TEMPLATES / name).read_text(encoding="utf-8")


def _plotly_js() -> str:
    """Plotly's script from the installed package, found without the cost of importing the package."""
    found = importlib.util.find_spec("plotly")
    folders = found.submodule_search_locations if found else None
    path = Path(next(iter(folders), "")) / "package_data" / "plotly.min.js" if folders else Path()
    if not path.is_file():
        raise StageError("package plotly lacks package_data/plotly.min.js; install the requirements again")
    return path.read_text(encoding="utf-8")


def _policy(*scripts: str) -> str:
    """A Content-Security-Policy that runs these scripts only and loads nothing from anywhere."""
    digests = (base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts)
    allowed = " ".join(f"'sha256-{digest}'" for digest in digests)
    return (
        f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; img-src data: blob:; "
        "base-uri 'none'; form-action 'none'"
    )


def _json(data: Mapping[str, Any]) -> str:
    """JSON that can stand in a script element: no character in it ends or opens a tag."""
    text = json.dumps(data, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def _plain(value: object) -> str:
    """The value as text in which nothing but letters, signs, spaces and line breaks is left."""
    return UNPRINTABLE.sub("\ufffd", str(value))


def _score_name(name: str) -> str:
    return SCORES[name][0] if name in SCORES else _plain(name).replace("_", " ").capitalize()


def _value(name: str, value: float | int | str | None) -> str:
    if value is None:
        return "none" if name == "index" else "not measured"
    if isinstance(value, int | str):
        return _plain(value) if isinstance(value, str) else _count(value)
    return f"{value:.3f}" if abs(value) < 100 else f"{value:,.0f}"


def _count(value: int) -> str:
    return f"{value:,}"


def _share(value: float) -> str:
    return f"{100 * value:.1f} %"


def _seconds(value: float) -> str:
    if value < 9.995:
        return f"{value:.2f} s"
    if value < 99.95:
        return f"{value:.1f} s"
    return f"{int(value + 0.5) // 60} min {int(value + 0.5) % 60:02d} s"


def _bytes(value: float) -> str:
    if value < 1024:
        return f"{value:.0f} B"
    power = min(int(math.log(value, 1024)), 4)
    scaled = value / 1024**power
    return f"{scaled:,.{0 if scaled >= 100 else 1}f} {('KiB', 'MiB', 'GiB', 'TiB')[power - 1]}"


def _same_length(what: str, *columns: Iterable[Any]) -> None:
    lengths = [len(list(column)) for column in columns]
    if len(set(lengths)) > 1:
        raise ValueError(f"{what} has columns of different lengths: {lengths}; give each as many values")
