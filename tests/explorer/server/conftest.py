"""The data root and the app that tests of the explorer's server share."""

from pathlib import Path

import pytest
from explorers import alone, two_versions
from once import made_once

from synthprof.explorer.server import process


@pytest.fixture(autouse=True)
def patient(monkeypatch):
    """Others may hold the machine: a test may wait longer than a reader."""
    monkeypatch.setattr(process, "ANSWER_SECONDS", 300)


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Path:
    return made_once(tmp_path_factory, two_versions)


@pytest.fixture(scope="module")
def client(home):
    with alone(home) as client:
        yield client
