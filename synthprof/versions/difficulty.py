"""Figures of how hard the embeddings of a published version are for an index, beside those of real texts."""

from dataclasses import dataclass

from synthprof.report.difficulty import REAL_TEXTS, Figure, RealText, figures_of
from synthprof.store.manifest import Manifest


@dataclass(frozen=True)
class Difficulty:
    """The figures of a version, and the real texts that each stands beside."""

    figures: tuple[Figure, ...]
    real_texts: tuple[RealText, ...]


def difficulty_of(manifest: Manifest) -> Difficulty:
    """Return the figures in a manifest; none in one of a release that did not measure them."""
    return Difficulty(figures_of(manifest.scores), REAL_TEXTS)
