"""The drift of a version in words and tables, from the labels in its manifest."""

from collections.abc import Mapping
from typing import Any

from synthprof.spec.drift_labels import ColumnLabel, Labels

MEANINGS = {
    "prior": "the shares of archetypes moved",
    "covariate": "the shares of a column moved, and what depends on it follows",
    "concept": "a column depends in another way on the column named, with the same shares as a whole",
    "new_category": "rows have a value that was never there before",
    "rotation": "embeddings turned, as those of another model",
}
"""Meaning of each kind of drift."""


def labels_in(document: Mapping[str, Any]) -> Labels | None:
    """Return the labels that a document holds; None of an empty one."""
    return Labels.of(document) if document else None


def in_words(labels: Labels) -> list[str]:
    """Return what drifted, a sentence each.

    >>> in_words(Labels(0, (), ()))
    ['Night 0: nothing has drifted yet.']
    """
    there = [each for each in labels.drifts if each.drifted]
    if not there:
        return [f"Night {labels.night}: nothing has drifted yet."]
    words = []
    for each in there:
        what = f"{each.kind} of {each.column}" if each.column else each.kind
        facts = f"strength {each.strength:g}, from night {each.since} on"
        words.append(f"{what}: {MEANINGS[each.kind]} ({facts}).")
    return [f"Night {labels.night}: {len(there)} of {len(labels.drifts)} drifts are there.", *words]


def rows_of(labels: Labels) -> list[tuple[str, str, str, str]]:
    """Return each thing that moved: its name, why, its stability index and its total variation."""
    found = [_row(each) for each in labels.moved]
    if labels.degrees:
        found.insert(0, ("embeddings", f"rotation by {labels.degrees:g}°", "–", "–"))
    if labels.prior:
        found.insert(0, ("archetypes", "prior", "–", f"{labels.prior:.4f}"))
    return found


def _row(label: ColumnLabel) -> tuple[str, str, str, str]:
    why = ", ".join(label.kinds) or "follows"
    if label.given:
        why += f" ({label.total_variation_given:.4f} given {label.given})"
    return label.column, why, _number(label.psi), _number(label.total_variation)


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.4f}"
