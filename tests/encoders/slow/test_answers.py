"""Saved answers: what a disk has changed, or an earlier release has left unproven, is asked for again."""

import contextlib
import sqlite3
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from synthprof.base.errors import StageError
from synthprof.encoders.slow.answers import Answers, text_digest

DIM = 8
VECTORS = {text_digest(name): np.eye(DIM, dtype=np.float32)[i] for i, name in enumerate("abc")}
DAMAGED = text_digest("b")


def _answers(home: Path, identity: str = "m", dim: int = DIM) -> Answers:
    return Answers(home, identity, dim)


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    """The file of three answers."""
    with _answers(tmp_path) as answers:
        answers.save(VECTORS)
        assert set(answers.find(list(VECTORS))) == set(VECTORS)
    return answers.path


def _change(path: Path, statement: str, *values: object) -> None:
    with contextlib.closing(sqlite3.connect(path)) as database, database:
        database.execute(statement, values)


def _flip(blob: bytes, *bits: int) -> bytes:
    return (int.from_bytes(blob, "little") ^ sum(1 << bit for bit in bits)).to_bytes(len(blob), "little")


BLOB = VECTORS[DAMAGED].tobytes()

CHANGES: dict[str, tuple[str, object]] = {
    "one low bit": ("embedding", _flip(BLOB, 37)),
    "two low bits": ("embedding", _flip(BLOB, 32, 33)),
    "the sign": ("embedding", _flip(BLOB, 63)),
    "a shorter vector": ("embedding", BLOB[:-4]),
    "a longer vector": ("embedding", BLOB * 2),
    "a length of no floats": ("embedding", BLOB[:-1]),
    "nothing": ("embedding", b""),
    "another's vector": ("embedding", VECTORS[text_digest("a")].tobytes()),
    "not a number": ("embedding", np.full(DIM, np.nan, np.float32).tobytes()),
    "a text": ("embedding", "texto"),
    "a text that is no UTF-8": ("embedding", None),
    "a number": ("embedding", 7),
    "another moment": ("at", 2e9),
    "a moment as text": ("at", "later"),
    "another seal": ("seal", b"?" * 16),
    "no seal, as up to version 0.2": ("seal", None),
}


@pytest.mark.parametrize("change", CHANGES)
def test_an_answer_that_changed_is_left_out_and_saved_anew(saved: Path, change: str) -> None:
    column, value = CHANGES[change]
    new = "CAST(x'ff41' AS TEXT)" if "no UTF-8" in change else "?"
    _change(saved, f"UPDATE answers SET {column} = {new} WHERE digest = ?", *[value] * (new == "?"), DAMAGED)
    with _answers(saved.parents[1]) as answers:
        assert set(answers.find(list(VECTORS))) == set(VECTORS) - {DAMAGED}
        answers.save({DAMAGED: VECTORS[DAMAGED]})
        found = answers.find(list(VECTORS))
    assert {digest: vector.tolist() for digest, vector in found.items()} == {
        digest: vector.tolist() for digest, vector in VECTORS.items()
    }


@pytest.mark.parametrize("step", [41, pytest.param(1, marks=pytest.mark.faults_full)])
def test_no_flipped_bit_of_the_file_gives_another_vector(saved: Path, step: int) -> None:
    """Whatever the bit is of: of a vector, a digest, a moment, the index or SQLite's own structure."""
    content, told = saved.read_bytes(), 0
    written = [place for place, byte in enumerate(content) if byte]
    for bit in range(0, 8 * len(written), step):
        place = written[bit // 8]
        saved.write_bytes(content[:place] + bytes([content[place] ^ 1 << bit % 8]) + content[place + 1 :])
        try:
            with _answers(saved.parents[1]) as answers:
                found = answers.find(list(VECTORS))
                answers.save({digest: VECTORS[digest] for digest in VECTORS.keys() - found.keys()})
        except StageError as error:
            told += 1
            assert "remove it" in str(error) or "run it again" in str(error)
        else:
            assert all((vector == VECTORS[digest]).all() for digest, vector in found.items())
    assert told


def test_answers_of_an_earlier_release_are_asked_for_once_more_and_then_kept(tmp_path: Path) -> None:
    with _answers(tmp_path) as answers:
        path = answers.path
    _change(path, "DROP TABLE answers")
    _change(path, "CREATE TABLE answers (digest BLOB PRIMARY KEY, embedding BLOB NOT NULL, at REAL NOT NULL)")
    for digest, vector in VECTORS.items():
        _change(path, "INSERT INTO answers VALUES (?, ?, 1.0)", digest, vector.tobytes())
    with _answers(tmp_path) as answers:
        assert not answers.find(list(VECTORS))
        answers.save(VECTORS)
    with _answers(tmp_path) as answers:
        assert set(answers.find(list(VECTORS))) == set(VECTORS)


@pytest.mark.parametrize(("identity", "dim"), [("another model", DIM), ("m", DIM * 2)])
def test_answers_of_another_model_or_width_prove_nothing(saved: Path, identity: str, dim: int) -> None:
    with _answers(saved.parents[1], identity, dim) as answers:
        other = answers.path
    if other != saved:
        saved.replace(other)
    with _answers(saved.parents[1], identity, dim) as answers:
        assert not answers.find(list(VECTORS))


def test_a_file_that_is_no_database_is_told_and_removing_it_helps(saved: Path) -> None:
    ask: Callable[[], Answers] = lambda: _answers(saved.parents[1])  # noqa: E731
    saved.write_bytes(b"?" * 4_096)
    with pytest.raises(StageError, match=f"{saved} is damaged .*; remove it or put back a copy"):
        ask()
    saved.unlink()
    with ask() as answers:
        assert not answers.find(list(VECTORS))
