"""The quality of a version as it is told: coherence, truth sets, and what scores mean."""

from typing import Any

from synthprof.report.coherence import Coherence, in_one_line
from synthprof.report.drift import in_words, labels_in, rows_of
from synthprof.report.duplicates import DuplicateFacts
from synthprof.report.words import SCORES
from synthprof.store.manifest import Manifest


def coherence_told(manifest: Manifest) -> dict[str, Any] | None:
    """Return the rules of a version, the most broken first, its margins, and `line`; None without any."""
    found = Coherence.of(manifest.coherence)
    if found is None:
        return None
    told = found.told()
    told["rules"].sort(key=lambda rule: -rule["share"])
    return {"line": in_one_line(found), **told}


def duplicates_told(manifest: Manifest) -> dict[str, Any] | None:
    """Return the second records of a version, with `line` for people; None without any."""
    found = DuplicateFacts.of(manifest.duplicates)
    return found.told() if found else None


def drift_told(manifest: Manifest) -> dict[str, Any] | None:
    """Return the labels of a version's drift, with `words` and `rows` for people; None without a drift."""
    found = labels_in(manifest.drift)
    if found is None:
        return None
    names = ("what", "why", "psi", "total_variation")
    rows = [dict(zip(names, row, strict=True)) for row in rows_of(found)]
    return {"night": found.night, "labels": manifest.drift, "words": in_words(found), "rows": rows}


def meanings() -> list[tuple[str, str, str]]:
    """Return the name, the title and the meaning of each score, in the order in which people read them."""
    return [(name, title, meaning) for name, (title, meaning) in SCORES.items()]
