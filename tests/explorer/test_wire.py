import asyncio
import inspect
from typing import get_args

import pytest

from synthprof.explorer.wire import LIMITS, Answer, Lane, Name, Question
from synthprof.explorer.worker.questions import Questions


def received(sent: bytes) -> list[Answer]:
    """Return the answers that a server reads from these bytes."""

    async def all_of() -> list[Answer]:
        reader = asyncio.StreamReader()
        reader.feed_data(sent)
        reader.feed_eof()
        answers = []
        while (answer := await Answer.receive(reader)) is not None:
            answers.append(answer)
        return answers

    return asyncio.run(all_of())


def test_a_question_is_read_as_it_was_written():
    where = ["cidade=São Paulo", "nome!=a\nb"]
    question = Question(7, "search", "scan", {"text": "RPG à noite", "where": where}, 30.0, compress=True)
    line = question.line()
    assert line.count(b"\n") == 1
    assert Question.read(line) == question


def test_answers_are_read_as_they_were_written_whatever_their_bytes():
    answers = [
        Answer(2, 200, b"\n\n{}\x1f\x8b\n", compressed=True),
        Answer(1, 200, b""),
        Answer.problem(3, 404, "não há"),
    ]
    assert received(b"".join(each.message() for each in answers)) == answers


def test_a_stream_that_ends_within_an_answer_is_noticed():
    with pytest.raises(asyncio.IncompleteReadError):
        received(Answer(1, 200, b"abc").message()[:-1])


def test_every_question_has_a_method_and_every_lane_its_limits():
    methods = {name for name, _ in inspect.getmembers(Questions, inspect.isfunction) if name[0] != "_"}
    assert methods == set(get_args(Name))
    assert set(LIMITS) == set(get_args(Lane))
