"""A small data set that tests only copy."""

import shutil
from pathlib import Path

import pytest
from small import DATASET, make_two_versions

from synthprof.store.store import Store


@pytest.fixture(scope="session")
def two_versions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_two_versions(tmp_path_factory.mktemp("two"))


@pytest.fixture
def home(two_versions: Path, tmp_path: Path) -> Path:
    shutil.copytree(two_versions, tmp_path / "home", symlinks=True)
    return tmp_path / "home"


@pytest.fixture
def store(home: Path) -> Store:
    return Store(home, DATASET)
