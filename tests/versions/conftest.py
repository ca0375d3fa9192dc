"""The data root that tests of searches share, and only read."""

from pathlib import Path

import pytest
from once import made_once
from searched import make_indexes


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made_once(tmp_path_factory, make_indexes, copy=False)
