"""The job that scores a search for pictures: it asks what is known of avatars, and counts what is found."""

import json
import logging
from importlib.metadata import version as release
from pathlib import Path

import pyarrow.parquet as pq

from synthprof.base.digests import digest_of
from synthprof.base.extras import check_installed
from synthprof.delivery.scoring.answers import answers_to
from synthprof.delivery.scoring.known import Known, known_of, questions_of
from synthprof.delivery.scoring.order import ScoreOrder
from synthprof.delivery.scoring.scores import (
    QUESTIONS_TABLE,
    SCORES,
    Scores,
    open_scores,
    scores_of,
    table_of,
)
from synthprof.report.words import count
from synthprof.store import outputs
from synthprof.store.outputs import Output, finish, making
from synthprof.store.store import Store
from synthprof.system.events import Observer
from synthprof.system.machine import default_workers
from synthprof.system.refusals import clear_errors
from synthprof.versions.derived import SCORED
from synthprof.versions.searcher import open_searcher

SCORE_VERSION = 1
"""Raised when a score of the same order has other bytes."""

logger = logging.getLogger(__name__)


def score(home: Path, order: ScoreOrder, observe: Observer = lambda *_: None) -> Scores:
    """Ask a version of pictures what is known of them, and return how much was found. A score stays as it is.

    Raises SpecError for a version without pictures, or whose pictures are no avatars of the truth, Busy if
    the same score is being made, StageError for a damaged version, and if an embedding service fails.
    """
    check_installed("images", "PIL")
    with clear_errors():
        known = known_of(home, order)
        begun = _output(known, order)
        place = outputs.Place(Store(home, order.dataset).folder / SCORED, f"score-{begun.key}")
        if place.output() is None:
            what = f"{place.name} of {order.dataset!r}"
            with making(place, what, begun) as folder:
                questions = questions_of(known, order)
                with open_searcher(known.pictures, default_workers()) as searcher:
                    answers = answers_to(searcher, questions, exact=order.exact, observe=observe)
                table = table_of(questions, answers)
                with folder.whole(QUESTIONS_TABLE) as path:
                    pq.write_table(table, path, compression="zstd")
                with folder.whole(SCORES) as path:
                    path.write_text(json.dumps(scores_of(table), indent=1) + "\n", encoding="utf-8")
                folder.step()
                finish(place, folder, begun)
            logger.info("%s: %s questions", place.name, count(len(questions)))
    return open_scores(place.folder)


def _output(known: Known, order: ScoreOrder) -> Output:
    """Return the manifest without files. Its key follows from what determines the bytes."""
    pictures, truth = known.pictures, known.truth
    facts = {
        "kind": SCORED,
        "name": "score",
        "dataset": order.dataset,
        "version": pictures.name,
        "content": pictures.manifest.content,
        "options": {"questions": order.questions, "exact": order.exact, "seed": order.seed},
        "rows": len(known.captions) + len(known.copies),
        "details": {
            "truth": {"dataset": truth.dataset, "version": truth.name, "content": truth.manifest.content},
            "pictures": {
                "drawn": len(known.captions),
                "copies": len(known.copies),
                "others": pictures.rows - len(known.captions) - len(known.copies),
            },
            "written_by": {"faiss-cpu": release("faiss-cpu")},
        },
    }
    return Output(key=digest_of(facts | {"score_version": SCORE_VERSION})[:12], **facts)
