"""What tests of targets share: servers, and a data root with two versions."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from servers import postgres, postgres_binaries, redis


@pytest.fixture(scope="session")
def postgres_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a PostgreSQL with pgvector."""
    binaries = postgres_binaries()
    if binaries is None or shutil.which("setpriv") is None:
        pytest.skip("pgserver, a PostgreSQL with pgvector, is not installed: it has no wheel for Python 3.13")
    folder = Path(tempfile.mkdtemp(prefix="synthprof-pg-"))  # where another user may enter
    folder.chmod(0o755)
    try:
        with postgres(binaries, folder / "server") as url:
            yield url
    finally:
        shutil.rmtree(folder, ignore_errors=True)


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
