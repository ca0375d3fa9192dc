"""The services that the tests of this folder share."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from composed import Cluster

from synthprof.orchestration.local.processes import inherit_orphans


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """PostgreSQL, Redis, a bucket and Airflow without workers; afterwards nothing of it is left."""
    missing = [name for name in ("redis-server", "setpriv") if shutil.which(name) is None]
    if missing or not list(Path("/usr/lib/postgresql").glob("*/bin/initdb")):
        pytest.skip("redis-server or postgresql is not installed")
    folder = Path(tempfile.mkdtemp(prefix="synthprof-cluster-"))
    folder.chmod(0o755)
    inherit_orphans()
    found = Cluster(folder)
    try:
        found.start_stores()
        found.start_airflow()
        yield found
    finally:
        found.end_all()
        shutil.rmtree(folder, ignore_errors=True)
