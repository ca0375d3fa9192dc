"""The quality of a version as it is told: coherence by the rules of its schema, and what scores mean."""

from typing import Any

from synthprof.report.coherence import Coherence, in_one_line
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


def meanings() -> list[tuple[str, str, str]]:
    """Return the name, the title and the meaning of each score, in the order in which people read them."""
    return [(name, title, meaning) for name, (title, meaning) in SCORES.items()]
