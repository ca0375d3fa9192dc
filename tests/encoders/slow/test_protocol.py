"""Answers in the shapes that services give them: taken where there is no doubt, else called what they are."""

import base64
import json
from typing import Any

import numpy as np
import pytest

from synthprof.encoders.slow.protocol import OtherWidth, read_vectors
from synthprof.encoders.slow.rejected import Rejected

DIM = 3
ROWS = [[1.0, 0.0, 0.0], [0.0, 2.0, 0.0]]


def _read(answer: Any, count: int = 2, dim: int = DIM) -> list[np.ndarray | None]:
    content = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
    return read_vectors(content, "application/json", count, dim, lambda said: repr(said[:60]))


def _coded(values: list[float]) -> str:
    return base64.b64encode(np.array(values, "<f4").tobytes()).decode()


@pytest.mark.parametrize(
    "answer",
    [
        {"data": [{"index": 1, "embedding": ROWS[1]}, {"index": 0, "embedding": ROWS[0]}]},
        {"data": [{"embedding": row} for row in ROWS]},
        {"data": [{"embedding": row, "index": None} for row in ROWS]},
        {"data": [{"index": place, "embedding": _coded(row)} for place, row in enumerate(ROWS)]},
        {"data": ROWS, "error": None},
        {"code": 200, "message": "ok", "data": {"embeddings": ROWS}},
        {"embeddings": ROWS, "model": "m"},
        {"embeddings": {"float": ROWS}, "response_type": "embeddings_by_type"},
        {"embeddings": [{"values": row} for row in ROWS]},
        {"output": {"embeddings": [{"text_index": i, "embedding": ROWS[i]} for i in (1, 0)]}},
        {"predictions": [{"embeddings": {"values": row, "statistics": {}}} for row in ROWS]},
        ROWS,
        [{"index": place, "embedding": [row]} for place, row in enumerate(ROWS)],
    ],
    ids=[
        *("OpenAI", "no index", "null index", "base64", "lists", "a message", "Ollama", "Cohere"),
        *("Gemini", "DashScope", "Vertex", "TEI", "llama.cpp"),
    ],
)  # fmt: skip
def test_vectors_are_taken_from_answers_of_any_clear_shape(answer: Any) -> None:
    np.testing.assert_allclose(np.stack(_read(answer)), np.eye(2, 3), atol=1e-6)


@pytest.mark.parametrize(
    "answer", [{"embedding": ROWS[0]}, ROWS[0], [ROWS[0]], {"embedding": {"values": ROWS[0]}}]
)
def test_a_single_vector_may_stand_alone(answer: Any) -> None:
    np.testing.assert_allclose(np.stack(_read(answer, 1)), np.eye(1, 3), atol=1e-6)


@pytest.mark.parametrize(
    "values",
    ["NaN, 0, 0", "Infinity, 0, 0", "null, 0, 0", '"NaN", 0, 0', "0, 0, 0", "1e999, 0, 0", "1e200, 0, 0"],
)
def test_a_vector_that_is_not_finite_or_zero_is_none_and_the_others_stay(values: str) -> None:
    first, second = _read(f'{{"data": [{{"embedding": [{values}]}}, {{"embedding": [0, 2, 0]}}]}}'.encode())
    assert first is None
    assert second.tolist() == [0, 1, 0]


@pytest.mark.parametrize(
    ("answer", "code", "message"),
    [
        (b"", 200, "is not one of an embedding service, but application/json: an empty answer; expected was"),
        (b"<html>Log in</html>", 200, "but application/json: '<html>Log in</html>'; expected was .*index"),
        (b"[" * 100_000, 200, "is not one"),
        (b'{"data": [' + b"9" * 5_000, 200, "is not one"),
        ({"result": "ok"}, 200, "is not one.*result"),
        ({"data": [{"embedding": ["0.1", "0.2", "0.3"]}] * 2}, 200, "is not one.*0.1"),
        ({"data": [{"embedding": [True, False, True]}] * 2}, 200, "is not one"),
        ({"data": [{"embedding": []}] * 2}, 200, "is not one"),
        ({"data": [{"embedding": "AAAA"}] * 2}, 200, "is not one"),
        ({"error": {"message": "no such model", "code": "x"}}, 200, "an error in place of .*no such model"),
        ({"error": {"message": "slow down", "code": 429}}, 429, "slow down"),
        ({"object": "error", "message": "too long", "code": 40303}, 200, "too long"),
        ({"code": 20042, "message": "input batch size 136 > 64", "data": None}, 200, "input batch size 136"),
        ({"detail": "Not authenticated"}, 200, "Not authenticated"),
        ({"object": "error"}, 200, "an error in place"),
        ({"data": [{"index": 0, "embedding": ROWS[0]}]}, 500, "1 embeddings for 2 texts"),
        ({"data": []}, 500, "0 embeddings for 2 texts"),
        ({"data": [], "error": "out of memory"}, 200, "out of memory"),
        ({"data": [{"index": 0, "embedding": row} for row in ROWS]}, 500, "twice index 0, and none for"),
        ({"data": [{"index": 1 + i, "embedding": ROWS[i]} for i in (0, 1)]}, 500, "index 2 .*for index 0"),
        ({"data": [{"index": i, "embedding": ROWS[0]} for i in (-1, 1)]}, 500, "below 0, and none for index"),
        ({"data": [{"index": i, "embedding": ROWS[0]} for i in ("0", "1")]}, 500, "index '0', which is no"),
        ({"data": [{"index": 0, "embedding": ROWS[0]}, {"embedding": ROWS[1]}]}, 500, "index 'None', "),
    ],
)  # fmt: skip
def test_what_is_no_such_answer_is_quoted_and_called_what_it_is(answer: Any, code: int, message: str) -> None:
    with pytest.raises(Rejected, match=message) as caught:
        _read(answer)
    assert caught.value.code == code


def test_another_width_is_told_with_the_width() -> None:
    for answer in (
        {"data": [{"embedding": [1.0] * 5}] * 2},
        {"data": [{"embedding": _coded([1.0] * 5)}] * 2},
    ):
        with pytest.raises(OtherWidth, match="5 values"):
            _read(answer)
