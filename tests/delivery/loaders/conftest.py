"""Fixtures of targets: servers, and a data root with two versions."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from servers import redis


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a Redis without the search module."""
    if shutil.which("redis-server") is None:
        pytest.skip("redis-server is not installed")
    with redis(tmp_path_factory.mktemp("redis")) as url:
        yield url


@pytest.fixture
def home(two_versions: Path, tmp_path: Path) -> Path:
    """A copy of a data root with two versions of a small data set."""
    shutil.copytree(two_versions, tmp_path / "home", symlinks=True)
    return tmp_path / "home"
