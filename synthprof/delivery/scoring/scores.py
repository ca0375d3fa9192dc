"""A finished score, read only: how many of the wanted pictures a search finds, by kind of question."""

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from synthprof.delivery.results import Results, open_results
from synthprof.delivery.scoring.known import COPY, KINDS, Question
from synthprof.versions.derived import SCORED

SCORES, QUESTIONS_TABLE = "scores.json", "questions.parquet"

QUESTIONS = pa.schema(
    [
        pa.field("kind", pa.string()),
        pa.field("asked", pa.string()),
        pa.field("change", pa.string()),
        pa.field("wanted", pa.int64()),
        pa.field("found", pa.int64()),
        pa.field("rank", pa.int64()),
        pa.field("recall_at_10", pa.float64()),
    ]
)
"""A row for each question. wanted: pictures that are right answers. found: of them, among the first ten.
rank: of the first right one, from 1; null where none of the ten is. recall_at_10: found / min(wanted, 10)."""


@dataclass(frozen=True, repr=False)
class Scores(Results):
    """A finished score. folder: where its files lie. output: its manifest.

    made = synthprof.score("faces", truth="drawn")
    made.scores["caption"]["recall_at_10"], made.questions.to_pandas()
    """

    _kind = SCORED
    _again = "score again"

    @functools.cached_property
    def scores(self) -> dict[str, Any]:
        """By kind `questions`, `recall_at_1` and `recall_at_10`; of copies `by_change`, too, of the latter.

        Figures are from 0 to 1, None where nothing was asked.
        """
        return self._document(SCORES)

    @functools.cached_property
    def questions(self) -> pa.Table:
        """The questions: `kind`, `asked`, `change`, `wanted`, `found`, `rank`, `recall_at_10`."""
        return self._table(QUESTIONS_TABLE)

    def facts(self) -> dict[str, Any]:
        """Return what programs are told."""
        return {
            "dataset": self.dataset,
            "version": self.output.version,
            "score": self.key,
            "folder": str(self.folder),
            "rows": self.output.rows,
            "pictures": self.output.details["pictures"],
            "truth": self.output.details["truth"],
            "options": dict(self.output.options),
            "scores": self.scores,
        }


def open_scores(folder: Path) -> Scores:
    """Return the finished score in a folder. Raises StageError if it is damaged or something else."""
    return open_results(Scores, folder)


def table_of(questions: Sequence[Question], answers: Sequence[Sequence[int]]) -> pa.Table:
    """Return a row for each question and its answer, the numbers of at most ten pictures."""
    rows = []
    for question, answer in zip(questions, answers, strict=True):
        right = [rank for rank, number in enumerate(answer, 1) if number in question.wanted]
        wanted = len(question.wanted)
        share = len(right) / min(wanted, 10)
        first = right[0] if right else None
        rows.append((question.kind, question.asked, question.change, wanted, len(right), first, share))
    columns = [list(column) for column in zip(*rows, strict=True)] if rows else [[] for _ in QUESTIONS]
    return pa.table([pa.array(each, of.type) for each, of in zip(columns, QUESTIONS, strict=True)], QUESTIONS)


def scores_of(table: pa.Table) -> dict[str, Any]:
    """Return the figures of a table of questions; see `Scores.scores`."""
    found: dict[str, Any] = {}
    for kind in KINDS:
        rows = [row for row in table.to_pylist() if row["kind"] == kind]
        found[kind] = {
            "questions": len(rows),
            "recall_at_1": _mean([float(row["rank"] == 1) for row in rows]),
            "recall_at_10": _mean([row["recall_at_10"] for row in rows]),
        }
        if kind == COPY:
            changes = sorted({row["change"] for row in rows})
            found[kind]["by_change"] = {
                change: _mean([row["recall_at_10"] for row in rows if row["change"] == change])
                for change in changes
            }
    return found


def _mean(values: list[float]) -> float | None:
    return round(float(np.mean(values)), 6) if values else None
