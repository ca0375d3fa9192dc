"""Fixtures of several folders: an Airflow, and a small data set."""

import compileall
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from once import made_once
from place import Place, end, make_place
from servers import postgres, postgres_binaries
from xdist.scheduler import LoadScopeScheduling

from synthprof.base.kept import CACHE
from synthprof.orchestration.local.home import PROJECT
from synthprof.system.startup import spare_time

NIGHTS = """\
# Nights so rare that no scheduled one comes beside those that a test backfills.
schedule = "0 3 29 2 *"
timezone = "America/Sao_Paulo"
seed_from_date = true

[params]
profiles = 300
clusters = 4
"""


ON_AIRFLOW = {
    "test_retries",
    "test_scheduler",
    "test_nights",
    "test_delivery",
    "test_explorer_in_airflow",
    "test_ui",
    "test_upkeep",
}
"""Files whose tests share the Airflow below."""


class ByFile(LoadScopeScheduling):
    """Tests of a file, which share its fixtures, go to one worker; so do all those on the shared Airflow."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return "airflow" if Path(file).stem in ON_AIRFLOW else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByFile:
    return ByFile(config, log)


# pytest-xdist gives its workers a width; pipes have none
os.environ.pop("COLUMNS", None)

spare_time()  # as our own processes do; before NumPy is loaded

# each process that tests start would compile our modules again where images forbid bytecode, as many do
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


def pytest_configure(config: pytest.Config) -> None:
    """Compile our modules once, before many processes at a time would; give all of them one cache."""
    if not hasattr(config, "workerinput"):
        compileall.compile_dir(PROJECT / "synthprof", quiet=2)
        cache = tempfile.TemporaryDirectory()
        os.environ[CACHE] = cache.name
        config.add_cleanup(cache.cleanup)


# what tests ask is on this machine, whatever proxy they run behind
os.environ |= dict.fromkeys(("NO_PROXY", "no_proxy"), "127.0.0.1,localhost")


@pytest.fixture(scope="session")
def place(tmp_path_factory) -> Place:
    return make_place(tmp_path_factory.mktemp("place"))


FIRST = ("orchestration", "faults", "packaging", "cli", "runner", "stages", "explorer")
"""Folders whose files take longest: begun last, one of them would be left to one worker."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long tests come first, and the one that ends the shared Airflow last of its tests."""

    def place(item: pytest.Item) -> tuple[bool, bool]:
        late = not set(FIRST) & set(item.path.parts)
        return late, item.get_closest_marker("ends_airflow") is not None

    items.sort(key=place)


@pytest.fixture(scope="session")
def airflow_process(tmp_path_factory) -> Iterator[tuple[Place, "subprocess.Popen[str]"]]:
    """An Airflow under a real scheduler with LocalExecutor; its data set files have a bad one among them."""
    place = make_place(tmp_path_factory.mktemp("airflow"))
    (place.datasets / "broken.toml").write_text('schedule = "at night"\n')
    (place.datasets / "nights.toml").write_text(NIGHTS)
    with place.start_ui() as process:
        try:
            yield place, process
        finally:
            if process.poll() is None:
                end(process)


@pytest.fixture(scope="session")
def airflow(airflow_process) -> Place:
    """The place of the shared Airflow."""
    return airflow_process[0]


@pytest.fixture(scope="session")
def two_versions(tmp_path_factory) -> Path:
    """A data root with two versions of a small data set, which tests only copy."""
    from small import make_two_versions

    return made_once(tmp_path_factory, make_two_versions, copy=False)


@pytest.fixture
def copied(two_versions: Path, tmp_path: Path) -> Path:
    """A copy of it for one test."""
    shutil.copytree(two_versions, tmp_path / "copied", symlinks=True)
    return tmp_path / "copied"


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
