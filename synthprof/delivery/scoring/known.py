"""The facts that are known of pictures which are avatars: captions, and which are changed copies of which."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from synthprof.base.errors import SpecError
from synthprof.base.streams import stream
from synthprof.delivery.scoring.order import ScoreOrder
from synthprof.profiles.avatars.traits import parts_of
from synthprof.schemas.loader import KEY
from synthprof.versions.avatars import avatar_truth
from synthprof.versions.pictures import check_pictures
from synthprof.versions.version import Version, open_version

CAPTION, PART, COPY = "caption", "part", "copy"
KINDS = (CAPTION, PART, COPY)
"""Kinds of questions: a whole caption, what it says of one part of the picture, a changed copy."""


@dataclass(frozen=True)
class Known:
    """The pictures of a version of which something is known, by their number there.

    truth: the version whose avatars they are. captions: of drawn pictures. copies: number and caption of each
    copy. origins: number of the copied picture and the change, by the number of the copy.
    """

    pictures: Version
    truth: Version
    captions: dict[int, str]
    copies: dict[int, str]
    origins: dict[int, tuple[int, str]]
    keys: dict[int, str] = field(repr=False)


@dataclass(frozen=True)
class Question:
    """A question and its answer: the numbers of the pictures that are wanted.

    asked: a text, or the id of a copy. change: of a copy, else None. row: number of a copy, else 0, which the
    answer does not count. passed: pictures that count neither for nor against: the copy itself, and copies of
    what a text wants, as a change may have taken away what the text says.
    """

    kind: str
    asked: str
    wanted: frozenset[int]
    passed: frozenset[int]
    change: str | None = None
    row: int = 0


def known_of(home: Path, order: ScoreOrder) -> Known:
    """Return what is known. Raises SpecError for a version without pictures, or whose are no avatars."""
    pictures = open_version(home, order.dataset, order.version or None)
    check_pictures(pictures)
    if not order.truth:
        raise SpecError(
            f"a score of {order.dataset!r} needs truth, the data set whose avatars its pictures are; make "
            "one with `synthprof run --avatars`, and embed its folder `avatars`"
        )
    truth = open_version(home, order.truth, order.truth_version or None)
    rows = pictures.table(columns=["id", KEY])
    numbers = dict(zip(rows[KEY].to_pylist(), rows["id"].to_pylist(), strict=True))
    found = Known(pictures, truth, {}, {}, {}, {number: key for key, number in numbers.items()})
    for row in avatar_truth(truth).to_pylist():
        number = numbers.get(row["picture"])
        if number is None:
            continue
        if row["change"] is None:
            found.captions[number] = row["caption"]
            continue
        found.copies[number] = row["caption"]
        if row["copy_of"] in numbers:
            found.origins[number] = numbers[row["copy_of"]], row["change"]
    if not found.captions:
        raise SpecError(
            f"no picture of {order.dataset!r} is an avatar of {order.truth!r}; embed the folder "
            f"{truth.folder / 'avatars'}, or name another data set as truth"
        )
    return found


def questions_of(known: Known, order: ScoreOrder) -> list[Question]:
    """Return the questions: of each kind at most so many as the order says, chosen by its seed."""
    whole = _texts(CAPTION, known, lambda caption: (caption,))
    parts = _texts(PART, known, parts_of)
    copies = [
        Question(COPY, known.keys[number], frozenset({origin}), frozenset({number}), change, number)
        for number, (origin, change) in known.origins.items()
    ]
    return [
        question
        for kind, all_ in zip(KINDS, (whole, parts, copies), strict=True)
        for question in _chosen(kind, sorted(all_, key=lambda each: each.asked), order)
    ]


def _texts(kind: str, known: Known, said: Callable[[str], Iterable[str]]) -> list[Question]:
    """Return a question for each text that `said` makes of the captions."""
    wanted, passed = _by_text(known.captions, said), _by_text(known.copies, said)
    return [
        Question(kind, text, frozenset(of), frozenset(passed.get(text, ()))) for text, of in wanted.items()
    ]


def _by_text(captions: Mapping[int, str], said: Callable[[str], Iterable[str]]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for number, caption in captions.items():
        for text in said(caption):
            found.setdefault(text, []).append(number)
    return found


def _chosen(kind: str, questions: list[Question], order: ScoreOrder) -> list[Question]:
    """Return some of the questions, in their order."""
    if len(questions) <= order.questions:
        return questions
    drawn = stream(order.seed, "score", kind).words(len(questions))
    return [questions[at] for at in np.sort(np.argsort(drawn, kind="stable")[: order.questions])]
