"""Answers of a version's search to questions: the pictures nearest to a text, or to a changed copy."""

from collections.abc import Iterator, Sequence

import numpy as np

from synthprof.base.arrays import Matrix
from synthprof.delivery.scoring.known import COPY, Question
from synthprof.similarity.recall import exact_neighbours
from synthprof.spec.spec import BLOCK_ROWS
from synthprof.system.events import Observer
from synthprof.versions.nearest import MIN_SIMILARITY, Neighbourhood, embeddings_of, nearest
from synthprof.versions.published import Published
from synthprof.versions.searcher import MAX_HITS, Query, Searcher

TOP = 10
"""Pictures of an answer that are looked at."""

TEXTS_AT_ONCE = 32
"""Texts that an encoder is given at a time: as many as embedding services take."""


def answers_to(
    searcher: Searcher, questions: Sequence[Question], *, exact: bool, observe: Observer
) -> list[list[int]]:
    """Return the numbers of the first pictures that each question is given: ten at most, none passed.

    exact: every row is compared; else the index is asked, as `synthprof search` does. A text that says
    nothing to the encoder is given none.
    """
    vectors = _vectors(searcher, questions, observe)
    counts = [min(MAX_HITS, TOP + len(each.passed)) for each in questions]
    if exact:
        found = _exact(searcher, vectors, max(counts))
    else:
        found = [
            nearest(Neighbourhood(searcher, vector[None]), Query(count))[0].tolist()
            for vector, count in zip(vectors, counts, strict=True)
        ]
    return [
        [number for number in numbers if number not in question.passed][:TOP] if vector.any() else []
        for numbers, question, vector in zip(found, questions, vectors, strict=True)
    ]


def _vectors(searcher: Searcher, questions: Sequence[Question], observe: Observer) -> Matrix:
    """Return the embedding of each text, and of each copy as it is in the version; zeros for none."""
    found = np.zeros((len(questions), searcher.version.spec.dim_embedding), np.float32)
    texts = [place for place, each in enumerate(questions) if each.kind != COPY]
    for first in range(0, len(texts), TEXTS_AT_ONCE):
        part = texts[first : first + TEXTS_AT_ONCE]
        found[part] = searcher.encoder.encode_text([questions[place].asked for place in part])
        observe("score: texts", first + len(part), len(texts), 0, "texts")
    for place, each in enumerate(questions):
        if each.kind == COPY:
            vector = embeddings_of(searcher.version, each.row, each.row)[0]
            found[place] = np.where(np.abs(vector).max() > 1.5, 0, vector)  # one that failed lies far away
    return found


def _exact(searcher: Searcher, vectors: Matrix, count: int) -> list[list[int]]:
    """Return the nearest rows of each vector, by comparing all rows."""
    ids, similarities = exact_neighbours(vectors, _blocks(searcher.version), count, searcher.threads)
    there = (ids > 0) & (similarities > MIN_SIMILARITY)
    return [row[kept].tolist() for row, kept in zip(ids, there, strict=True)]


def _blocks(version: Published) -> Iterator[Matrix]:
    rows = version.manifest.rows
    for first in range(1, rows + 1, BLOCK_ROWS):
        yield embeddings_of(version, first, min(first + BLOCK_ROWS - 1, rows))
