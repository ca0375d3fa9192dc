"""Figures of how hard the vectors of a version are for an index, beside vectors of real texts.

The figures of real texts are those of `synthprof.similarity.difficulty` on as many rows;
benchmarks/hardness.py measures them, and benchmarks/results/hardness.txt is its output.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

FIGURES = {
    "lid_20": (
        "Intrinsic dimensionality, 20 neighbours",
        "How fast neighbours become more as one looks farther.",
    ),
    "lid_100": ("Intrinsic dimensionality, 100 neighbours", "The higher, the harder for any index."),
    "contrast_1": ("Relative contrast at 1", "Mean distance over that to the nearest row: 1 is hardest."),
    "contrast_10": ("Relative contrast at 10", "The same with the tenth nearest row."),
    "contrast_100": ("Relative contrast at 100", "The same with the hundredth nearest row."),
    "hub_skew": ("Hub skew", "Skewness of how often rows are among the ten nearest of others: 0 is even."),
    "effective_dimensions": (
        "Effective dimensions",
        "Participation ratio of the variances along principal axes.",
    ),
    "dimensions_90": ("Dimensions with 90 % of the variance", "Principal axes that it takes."),
    "probes_95": ("Lists to read for recall@10 of 0.95", "Of √rows lists made by k-means."),
    "lists": ("Lists in all", "On the sample of at most 16,384 rows that all these figures are of."),
}
"""Name and meaning of each figure, in the order in which they are shown."""


@dataclass(frozen=True)
class RealText:
    """A set of real texts, what embedded it, and its figures, in the order of FIGURES."""

    name: str
    encoder: str
    figures: tuple[float, ...]


REAL_TEXTS = (
    RealText(
        "WordNet 3.0 glosses",
        "all-MiniLM-L6-v2, 384 d",
        (18.8, 22.6, 1.58, 1.31, 1.18, 1.45, 135, 200, 23, 128),
    ),
    RealText(
        "Debian package descriptions",
        "static, 256 d",
        (15.2, 19.0, 1.77, 1.41, 1.25, 2.99, 71.9, 149, 36, 128),
    ),
    RealText(
        "entries of a dictionary",
        "static, 256 d",
        (29.8, 29.8, 1.58, 1.42, 1.32, 7.68, 65.1, 153, 18, 128),
    ),
)


@dataclass(frozen=True)
class Figure:
    """A figure of a version, and that of each of REAL_TEXTS."""

    name: str
    title: str
    help: str
    value: float | None
    real: tuple[float, ...]


def figures_of(scores: Mapping[str, Any]) -> tuple[Figure, ...]:
    """Return the figures among the scores of a version; a version of an earlier release has none."""
    return tuple(
        Figure(name, *FIGURES[name], scores[name], tuple(each.figures[place] for each in REAL_TEXTS))
        for place, name in enumerate(FIGURES)
        if name in scores
    )


def figure_value(value: float | None) -> str:
    """Return a figure to three digits, a whole number as it is."""
    if value is None:
        return "–"
    return f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:.3g}"


def without_figures(scores: Mapping[str, Any]) -> dict[str, Any]:
    """Return the scores that are no figures of difficulty."""
    return {name: value for name, value in scores.items() if name not in FIGURES}
