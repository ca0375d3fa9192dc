"""A finished match, read only: pairs of near-identical pictures, groups, and scores by planted copies."""

import functools
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from synthprof.delivery.results import Results, open_results
from synthprof.versions.derived import MATCHES
from synthprof.versions.matches import PAIRS_PAGE, PAIRS_TABLE, PICTURES_TABLE, SCORES

TRUTH = "truth.parquet"

PICTURES = pa.schema(
    [
        pa.field("picture", pa.string()),
        pa.field("width", pa.int64()),
        pa.field("height", pa.int64()),
        pa.field("features", pa.int64()),
        pa.field("group", pa.int64()),
        pa.field("problem", pa.string()),
    ]
)
"""A row for each picture. group: null where nothing is near-identical. problem: why it cannot be read."""

PAIRS = pa.schema(
    [
        pa.field("one", pa.string()),
        pa.field("other", pa.string()),
        pa.field("score", pa.float64()),
        pa.field("inliers", pa.int64()),
        pa.field("found_by", pa.string()),
    ]
)
"""A row for each pair. score: share of what both show that is the same. found_by: bytes, hash or features."""


@dataclass(frozen=True, repr=False)
class Match(Results):
    """A finished match. folder: where its files lie. output: its manifest.

    peak_bytes, planned_bytes: memory of the process at most and as planned; 0 for a match of before.

    made = synthprof.match("photos", pictures="photos/")
    made.pairs.to_pandas(), made.page
    """

    _kind = MATCHES
    _again = "match again"

    peak_bytes: int = 0
    planned_bytes: int = 0

    @functools.cached_property
    def pictures(self) -> pa.Table:
        """The pictures: `picture`, `width`, `height`, `features`, `group`, `problem`."""
        return self._table(PICTURES_TABLE)

    @functools.cached_property
    def pairs(self) -> pa.Table:
        """The pairs: `one`, `other`, `score`, `inliers`, `found_by`."""
        return self._table(PAIRS_TABLE)

    @functools.cached_property
    def scores(self) -> dict[str, Any]:
        """`recall`, `precision`, and `recall_by_change`, of planted copies; empty where none are known."""
        if not any(file.path == SCORES for file in self.output.files):
            return {}
        return self._document(SCORES)

    @property
    def page(self) -> Path:
        """The page that shows pairs side by side."""
        return self.folder / PAIRS_PAGE

    def facts(self) -> dict[str, Any]:
        """Return what programs are told."""
        groups = self.pictures["group"].drop_null()
        return {
            "dataset": self.dataset,
            "version": self.output.version,
            "match": self.key,
            "folder": str(self.folder),
            "rows": self.pictures.num_rows,
            "unread": self.pictures.num_rows - self.pictures["problem"].null_count,
            "pairs": self.pairs.num_rows,
            "groups": len(groups.unique()),
            "options": dict(self.output.options),
            "scores": self.scores,
            "peak_bytes": self.peak_bytes,
            "planned_bytes": self.planned_bytes,
        }


def open_match(folder: Path) -> Match:
    """Return the finished match in a folder. Raises StageError if it is damaged or something else."""
    return open_results(Match, folder)


def scores_of(pairs: pa.Table, truth: pa.Table) -> dict[str, Any]:
    """Return recall and precision of the pairs by the planted copies, and recall by change.

    pairs, truth: `one` and `other` of each pair; truth has `change`, too. None where there is nothing to find
    or nothing was found.
    """
    found = {frozenset(pair) for pair in zip(*_sides(pairs), strict=True)}
    planted = {
        frozenset(pair): change
        for *pair, change in zip(*_sides(truth), truth["change"].to_pylist(), strict=True)
    }
    good = found & planted.keys()
    every, got = Counter(planted.values()), Counter(planted[pair] for pair in good)
    return {
        "planted": len(planted),
        "recall": len(good) / len(planted) if planted else None,
        "precision": len(good) / len(found) if found else None,
        "recall_by_change": {change: got[change] / number for change, number in sorted(every.items())},
    }


def _sides(table: pa.Table) -> tuple[list[str], list[str]]:
    return table["one"].to_pylist(), table["other"].to_pylist()
