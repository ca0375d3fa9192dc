"""Files hashed while they are written."""

import hashlib
from pathlib import Path

import pytest

from synthprof.base.following import following
from synthprof.base.units import MIB


def test_the_digest_is_that_of_all_that_was_written(tmp_path: Path) -> None:
    path = tmp_path / "x"
    with following(path) as found, path.open("wb") as file:
        for number in range(5):
            file.write(bytes([number]) * (MIB - 7))
            file.flush()
    record = found.record("x")
    assert (record.bytes, record.sha256) == (
        path.stat().st_size,
        hashlib.sha256(path.read_bytes()).hexdigest(),
    )


def test_a_failure_of_the_writer_is_the_one_that_is_told(tmp_path: Path) -> None:
    with pytest.raises(KeyError, match="mine"), following(tmp_path / "x"):
        raise KeyError("mine")


def test_a_file_that_never_came_is_told(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), following(tmp_path / "x"):
        pass
