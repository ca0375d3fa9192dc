"""One HTML page of a data set, which needs nothing else and asks nobody for anything."""

import base64
import functools
import hashlib
import html
import importlib.util
import json
import marshal
import math
import statistics
from collections.abc import Mapping, Sequence
from importlib.metadata import version as release_of
from pathlib import Path
from typing import Any

from synthprof.base.errors import StageError
from synthprof.base.extras import command
from synthprof.base.kept import kept
from synthprof.base.text import plain
from synthprof.report.coherence import (
    Coherence,
    MarginFacts,
    cell_texts,
    in_one_line,
    in_words,
    percent,
    ranked,
)
from synthprof.report.difficulty import REAL_TEXTS, figure_value, figures_of, without_figures
from synthprof.report.drift import in_words as drift_in_words
from synthprof.report.drift import rows_of
from synthprof.report.duplicates import DuplicateFacts, error_cells
from synthprof.report.duplicates import in_one_line as duplicates_line
from synthprof.report.model import ChildTable, Marginal, Report
from synthprof.report.words import (
    SCORES,
    amount,
    bands_of,
    card_of,
    count,
    facts_of,
    score_name,
    score_value,
    share,
    stage_cells,
    table_in_words,
)
from synthprof.spec.drift_labels import Labels
from synthprof.spec.spec import Spec

Shares = tuple[str, float, float | None]
"""A value, its share and the one that was aimed at."""

TEMPLATES = Path(__file__).parent / "templates"
MAX_CATEGORIES = 20
MAX_BARS = 1_000
"""Bars of the cluster sizes: more are narrower than a pixel."""


def render(report: Report) -> str:
    """Return one HTML page that needs nothing else and forbids itself the network; same report, same bytes.

    Without the package plotly, whose script draws the map and the bars of the sizes, the page says in their
    place how to get them (docs/adr/0027). Raises StageError if that package is incomplete.
    """
    plotly, script = _plotly_js(), _text("report.js")
    context = {
        "report": report,
        "policy": _policy(plotly, script) if plotly else _policy(),
        "facts": _facts(report),
        "scores": [_score(name, value) for name, value in without_figures(report.scores).items()],
        "figures": figures_of(report.scores),
        "figure": figure_value,
        "real_texts": REAL_TEXTS,
        "sizes": _sizes_in_words(report.cluster_sizes, report.row_word),
        "marginals": [_marginal(marginal) for marginal in report.marginals],
        "noise": 100 / math.sqrt(max(report.rows, 1)),
        "coherence": _coherence(report.coherence) if report.coherence else None,
        "duplicates": _duplicates(report.duplicates) if report.duplicates else None,
        "drift": _drift(report.drift) if report.drift else None,
        "tables": [_children(table, report.row_word) for table in report.tables],
        "stages": _stages(report),
        "card": card_of(report),
        "parameters": _parameters(report.spec),
        "data": _json(_data(report)) if plotly else "",
        "plotly": plotly,
        "remedy": command("report"),
        "script": script,
    }
    page: str = load_template().render(context)
    return page


def _facts(report: Report) -> list[tuple[str, str]]:
    clusters = len(report.cluster_sizes)
    return facts_of(report.row_word, report.rows, clusters, report.bytes_total, report.seconds, report.spec)


def _score(name: str, value: float | int | str | None) -> dict[str, Any]:
    fraction = isinstance(value, float) and 0 <= value <= 1
    return {
        "name": score_name(name),
        "value": score_value(name, value),
        "meter": round(100 * value, 2) if fraction and isinstance(value, float) else None,
        "help": SCORES.get(name, ("", ""))[1],
    }


def _sizes_in_words(sizes: Sequence[int], noun: str) -> str:
    if not sizes:
        return "There are no clusters."
    if len(sizes) == 1:
        return f"One cluster holds all {count(sizes[0])} {noun}s."
    empty = sum(size == 0 for size in sizes)
    return (
        f"{count(len(sizes))} clusters: the smallest holds {count(min(sizes))} {noun}s, "
        f"the median {count(round(statistics.median(sizes)))}, the largest {count(max(sizes))}"
        + (f"; {count(empty)} are empty." if empty else "; none is empty.")
    )


def _marginal(marginal: Marginal) -> dict[str, Any]:
    """Return a panel: the values in the given order, or the largest of them when there are many."""
    target: Sequence[float | None] = marginal.target or [None] * len(marginal.labels)
    rows = list(zip(marginal.labels, marginal.observed, target, strict=True))
    shown = _with_values(rows) if marginal.ordered else rows
    if len(rows) > MAX_CATEGORIES and not marginal.ordered:
        shown = sorted(rows, key=lambda row: -(row[1] if row[2] is None else row[2]))[:MAX_CATEGORIES]
    rest = sum(row[1] for row in rows) - sum(row[1] for row in shown)
    gaps = [abs(seen - aim) for _, seen, aim in rows if aim is not None]
    top = max((max(seen, aim or 0.0) for _, seen, aim in shown), default=0) or 1
    return {
        "column": plain(marginal.column),
        "gap": f"{100 * max(gaps):.2f}" if gaps else None,
        "hidden": 0 if marginal.ordered else len(rows) - len(shown),
        "rest": share(rest),
        "rows": [
            {
                "label": plain(label),
                "observed": share(seen),
                "target": "" if aim is None else share(aim),
                "bar": round(100 * seen / top, 2),
                "mark": None if aim is None else round(100 * aim / top, 2),
            }
            for label, seen, aim in shown
        ],
    }


def _with_values(rows: list[Shares]) -> list[Shares]:
    """Return the bands from the first that holds a row to the last."""
    held = [place for place, row in enumerate(rows) if row[1] > 0]
    return rows[held[0] : held[-1] + 1] if held else rows


def _children(table: ChildTable, row_word: str) -> dict[str, Any]:
    """Return a panel: how many parents have how many rows in a child table."""
    bands, parents = bands_of(table), sum(table.parents.values()) or 1
    top = max((number for _, number in bands), default=0) or 1
    return {
        "name": plain(table.name),
        "told": table_in_words(table, row_word),
        "rows": [
            {"label": label, "share": share(number / parents), "bar": round(100 * number / top, 2)}
            for label, number in bands
        ],
    }


def _duplicates(facts: DuplicateFacts) -> dict[str, Any]:
    """Return the section of second records: a line, the records of a person, and errors asked and made."""
    return {
        "line": duplicates_line(facts),
        "compared": [plain(name) for name in facts.compared],
        "errors": [[plain(cell) for cell in cells] for cells in error_cells(facts)],
        "sizes": ", ".join(
            f"{count(persons)} with {records}"
            for records, persons in enumerate(facts.sizes, start=1)
            if persons
        ),
    }


def _coherence(coherence: Coherence) -> dict[str, Any]:
    """Return the section of rules, the worst first, and of margins, asked beside drawn."""
    return {
        "line": in_one_line(coherence),
        "words": " ".join(in_words(coherence)),
        "rules": [
            {
                "name": plain(rule.name),
                "doc": plain(rule.doc),
                "table": plain(rule.table),
                "share": percent(rule.share),
                "rows": count(rule.broken),
                "ceiling": percent(rule.ceiling),
                "above": rule.above,
            }
            for rule in ranked(coherence.rules)
        ],
        "margins": [_asked(margin) for margin in coherence.margins],
    }


def _drift(labels: Labels) -> dict[str, Any]:
    """Return the section of a drift: sentences, and rows of what moved."""
    return {"words": drift_in_words(labels), "rows": [tuple(map(plain, row)) for row in rows_of(labels)]}


def _asked(margin: MarginFacts) -> dict[str, Any]:
    """Return the table of a margin; of many cells, those that are farthest from what is asked."""
    cells = margin.cells
    if len(cells) > MAX_CATEGORIES:
        cells = tuple(sorted(cells, key=lambda cell: -cell.deviation)[:MAX_CATEGORIES])
    return {
        "name": plain(margin.name),
        "population": plain(margin.population),
        "source": plain(margin.source),
        "gap": f"{100 * margin.worst.deviation:.2f}",
        "outside": margin.outside,
        "hidden": len(margin.cells) - len(cells),
        "rows": [
            {"texts": [plain(text) for text in cell_texts(cell)], "holds": cell.holds} for cell in cells
        ],
    }


def _stages(report: Report) -> list[dict[str, Any]]:
    longest = max((row.seconds for row in report.stages), default=0) or 1
    return [
        {
            "stage": plain(row.stage),
            "cells": (*stage_cells(row), amount(row.bytes_written) if row.bytes_written else "–"),
            "bar": round(100 * row.seconds / longest, 2),
            "share": share(row.seconds / (report.seconds or 1)),
        }
        for row in report.stages
    ]


def _parameters(spec: Mapping[str, Any]) -> list[tuple[str, Any, str]]:
    known = {name: field.description or "" for name, field in Spec.model_fields.items()}
    return [(name, value, known.get(name, "")) for name, value in spec.items()]


def _data(report: Report) -> dict[str, Any]:
    """Return the data that the page's script draws."""
    sizes, points = report.cluster_sizes, report.map_points
    ranked = sorted(range(len(sizes)), key=lambda cluster: -sizes[cluster])
    shown = ranked[:: -(-len(ranked) // MAX_BARS) or 1]
    data: dict[str, Any] = {
        "noun": report.row_word,
        "rows": report.rows,
        "clusters": len(sizes),
        "bars": {"rank": [], "cluster": shown, "size": [int(sizes[cluster]) for cluster in shown]},
    }
    rank = {cluster: place for place, cluster in enumerate(ranked, start=1)}
    data["bars"]["rank"] = [rank[cluster] for cluster in shown]
    if points is not None:
        data["colours"] = {cluster: points.colours[cluster] for cluster in sorted(set(points.clusters))}
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
    lines = (_wrapped(line) for line in plain(text).split("\n"))
    return "<br>".join(html.escape(line, quote=False) for part in lines for line in part)


def _wrapped(line: str) -> list[str]:
    import textwrap

    if len(line) <= 64:
        return [line]
    return textwrap.wrap(line, 64, max_lines=4, placeholder=" …") or [""]


@functools.cache
def load_template() -> Any:  # noqa: ANN401
    """Load the template that `render` fills in, which is compiled once per machine."""
    import jinja2
    from markupsafe import Markup

    environment = jinja2.Environment(
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=lambda value: value if isinstance(value, Markup) else plain(value),
        trim_blocks=True,
        lstrip_blocks=True,
    )
    source = _text("report.html")
    compiled = kept(
        "page", release_of("jinja2"), lambda: marshal.dumps(environment.compile(source, "report.html"))
    )
    return jinja2.Template.from_code(environment, marshal.loads(compiled), {})


def _text(name: str) -> str:
    return (TEMPLATES / name).read_text(encoding="utf-8")


def _plotly_js() -> str | None:
    """Return Plotly's script, found without the cost of importing the package; None if that is missing."""
    found = importlib.util.find_spec("plotly")
    if found is None:
        return None
    path = Path(next(iter(found.submodule_search_locations or ()), "")) / "package_data" / "plotly.min.js"
    if not path.is_file():
        raise StageError("package plotly lacks package_data/plotly.min.js; install the requirements again")
    return path.read_text(encoding="utf-8")


def _policy(*scripts: str) -> str:
    """Return a Content-Security-Policy that runs these scripts only and loads nothing."""
    digests = (base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts)
    allowed = " ".join(f"'sha256-{digest}'" for digest in digests) or "'none'"
    return (
        f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; img-src data: blob:; "
        "base-uri 'none'; form-action 'none'"
    )


def _json(data: Mapping[str, Any]) -> str:
    """JSON that can stand in a script element: no character in it ends or opens a tag."""
    text = json.dumps(data, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")
