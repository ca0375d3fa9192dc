"""Fixtures of exports: a version of three blocks, and the way to export it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from synthprof.delivery.exports.job import export
from synthprof.delivery.exports.order import Order
from synthprof.runner.run import run_all
from synthprof.spec.request import Request
from synthprof.store.outputs import Output
from synthprof.versions.version import Version, open_version

DATASET = "three"
PARAMS: dict[str, Any] = {
    "dataset": DATASET,
    "profiles": 33_000,
    "clusters": 2,
    "kmeans_niter": 1,
    "dim_embedding": 32,
    "save_index": False,
    "vacuum": False,
    "workers": 1,
}
"""Two whole blocks and a short one."""

Exporting = Callable[..., tuple[Path, Output]]


@pytest.fixture(scope="session")
def three_blocks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data root with a version of three blocks; tests may export it, and change nothing else."""
    home = tmp_path_factory.mktemp("three")
    run_all(Request.from_params(PARAMS), home)
    return home


@pytest.fixture(scope="session")
def version(three_blocks: Path) -> Version:
    return open_version(three_blocks, DATASET, None)


@pytest.fixture(scope="session")
def exported(three_blocks: Path) -> Exporting:
    """The folder and the manifest of an export with these parameters."""
    return lambda **params: export(three_blocks, Order.from_params({"dataset": DATASET, **params}))


@pytest.fixture(scope="session")
def params() -> dict[str, Any]:
    """The order of the version of three blocks."""
    return dict(PARAMS)
