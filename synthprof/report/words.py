"""Words that page and console share: numbers as people read them, scores, stages, an example."""

import math
from collections.abc import Mapping
from typing import Any

from synthprof.base.text import LIST_SEPARATOR, plain
from synthprof.base.values import as_text
from synthprof.report.model import ChildTable, Report, StageRow
from synthprof.schemas.loader import KEY, TEXT
from synthprof.schemas.uses import View

CARD_HEAD = ("id", KEY, TEXT, "cluster_id")
"""Columns that have a place of their own on every card, beside those of the schema's view."""

SCORES = {
    "clusters": (
        "Clusters",
        "Shown where fewer embeddings differ than clusters were wished: each different one has its own.",
    ),
    "inertia": (
        "Inertia",
        "Sum of squared distances to the nearest centroid. Lower is tighter, at the same number of clusters.",
    ),
    "silhouette": (
        "Silhouette",
        "From −1 to 1, on a sample: how much nearer a row is to its own centroid than to the next one.",
    ),
    "purity": (
        "Purity",
        "Share of rows whose hidden archetype is the most frequent one in their cluster.",
    ),
    "purity_by_chance": (
        "Purity by chance",
        "The purity of the same clusters if archetypes were dealt out at random.",
    ),
    "homogeneity": (
        "Homogeneity",
        "How much of what tells archetypes apart the clusters tell: 0 is nothing, 1 is all.",
    ),
    "merged_rand_index": (
        "Adjusted Rand index, merged",
        "Agreement with the archetypes once clusters of the same majority are one: 0 is chance, 1 the same.",
    ),
    "archetypes": ("Archetypes", "Without archetypes, clusters are not scored against a truth."),
    "recall_at_10": ("Recall@10", "Share of the ten true nearest neighbours that the index finds."),
    "index": ("Index", "Kind of search index, chosen by rows, dimensions and memory."),
}
"""Name and meaning of the scores that are known here; others are shown under their own name."""


def facts_of(
    row_word: str, rows: int, clusters: int, bytes_total: int, seconds: float, spec: Mapping[str, Any]
) -> list[tuple[str, str]]:
    """Return the few facts that stand at the head of a version, each with its name."""
    facts = [
        (f"{row_word}s", count(rows)),
        ("clusters", count(clusters)),
        ("size without this report", amount(bytes_total)),
        ("time of stages, by the clock", duration(seconds)),
    ]
    return facts + [(name, plain(spec[name])) for name in ("seed", "locale") if name in spec]


def stage_cells(row: StageRow) -> tuple[str, str, str, str]:
    """Rows, time, rate and memory of a stage, as people read them."""
    rows, rate = (count(row.rows), count(round(row.rows_per_second))) if row.rows else ("–", "–")
    return rows, duration(row.seconds), rate, amount(row.peak_memory_mib * 2**20)


def card_of(report: Report) -> dict[str, Any]:
    """Return the example row as people read it: its name, cluster, a line, lists and the other fields."""
    # what a row of a collection lacks is None, as in all reports since 0.1, whose bytes are held
    none = "None" if report.spec.get("collection") else "–"
    view = report.view
    example = {
        name: none if value is None else plain(as_text(value)) for name, value in report.example.items()
    }
    cluster = report.example.get("cluster_id")
    name, line, text = head_of(view, report.example)
    above = (*CARD_HEAD, *view.head)
    known = isinstance(cluster, int) and 0 <= cluster < len(report.cluster_sizes)
    return {
        "name": name,
        "initials": "".join(word[0] for word in name.split()[:2]),
        "id": example.get("id"),
        "cluster": example.get("cluster_id"),
        "cluster_size": count(report.cluster_sizes[cluster]) if known and isinstance(cluster, int) else None,
        "line": line,
        "description": text,
        "lists": [(name, _items(example[name])) for name in view.lists if name in example],
        "fields": [(name, value) for name, value in example.items() if name not in above],
    }


def head_of(view: View, row: Mapping[str, Any]) -> tuple[str, list[str], str]:
    """Return the name of a row, the parts of the line below it, and its text."""
    texts = {name: plain(value) for name, value in row.items()}
    name = texts.get(view.name) or texts.get(KEY, "")
    return name or "–", _line(view, texts), texts.get(view.text) or texts.get(TEXT, "")


def bands_of(table: ChildTable) -> list[tuple[str, int]]:
    """Return how many parents have so many rows in a child table, as 0, 1, 2, 3, 4-7, 8-15 and so on."""
    lows = list(table.parents)
    ends = [*(low - 1 for low in lows[1:]), table.most]
    named = (str(low) if low >= end else f"{low}-{end}" for low, end in zip(lows, ends, strict=True))
    return list(zip(named, table.parents.values(), strict=True))


def table_in_words(table: ChildTable, row_word: str) -> str:
    """Return the rows of a child table, in all and for each parent."""
    mean = table.rows / (sum(table.parents.values()) or 1)
    return f"{count(table.rows)} rows, {mean:.1f} for each {row_word}, {count(table.most)} at most"


def score_name(name: str) -> str:
    """Return the name of a score for people."""
    return SCORES[name][0] if name in SCORES else plain(name).replace("_", " ").capitalize()


def score_value(name: str, value: float | int | str | None) -> str:
    """Return a score to three decimal places, a large one without any."""
    if value is None:
        return "none" if name == "index" else "not measured"
    if isinstance(value, int | str):
        return plain(value) if isinstance(value, str) else count(value)
    return f"{value:.3f}" if abs(value) < 100 else f"{value:,.0f}"


def count(value: int) -> str:
    """Return a whole number with separators, as in 1,234."""
    return f"{value:,}"


def share(value: float) -> str:
    """Return a share of 1 in per cent: 0.123 is 12.3 %."""
    return f"{100 * value:.1f} %"


def duration(value: float) -> str:
    """Seconds, as in 1.23 s, 12.3 s or 2 min 03 s."""
    if value < 9.995:
        return f"{value:.2f} s"
    if value < 99.95:
        return f"{value:.1f} s"
    return f"{int(value + 0.5) // 60} min {int(value + 0.5) % 60:02d} s"


def amount(value: float) -> str:
    """Bytes, as in 12 B, 1.2 KiB or 123 MiB."""
    if value < 1024:
        return f"{value:.0f} B"
    power = min(int(math.log(value, 1024)), 4)
    scaled = value / 1024**power
    return f"{scaled:,.{0 if scaled >= 100 else 1}f} {('KiB', 'MiB', 'GiB', 'TiB')[power - 1]}"


def _items(text: str) -> list[str]:
    return [item for item in text.split(LIST_SEPARATOR) if item]


def _line(view: View, example: Mapping[str, str]) -> list[str]:
    """Return the parts of the line below the name, without those that have no value."""
    parts = (
        (part, "/".join(example[name] for name in part.columns if example.get(name))) for part in view.line
    )
    return [f"{values}{part.unit}" for part, values in parts if values]
