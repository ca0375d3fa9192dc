"""The smallest data set with everything that a version has, and the same version under other names."""

from pathlib import Path
from typing import Any

from synthprof.base.files import record
from synthprof.runner.run import run_all
from synthprof.spec.request import Request
from synthprof.store.manifest import MANIFEST, read_manifest
from synthprof.store.publishing import publish
from synthprof.store.store import Store

DATASET = "small"
PARAMS: dict[str, Any] = {
    "dataset": DATASET,
    "profiles": 60,
    "clusters": 1,
    "kmeans_niter": 2,
    "dim_embedding": 32,
    "index": "flat",
    "workers": 1,
    "seed": 2,
}
"""The order of the current version; the older one has another seed."""


def run(home: Path, **changes: Any) -> str:
    """The name of the version that the order gives, changed so."""
    return str(run_all(Request.from_params(PARAMS | changes), home).published["version"])


def make_two_versions(home: Path) -> Path:
    """The data root with two versions of the data set, the second one current."""
    for seed in (1, 2):
        run(home, seed=seed)
    return home


def publish_as(store: Store, source: Path, version: str, *more: Path) -> Path:
    """The folder of a version with the files of another one, and with more files."""
    files = {path.name: path for path in source.iterdir() if path.name != MANIFEST}
    files |= {path.name: path for path in more}
    records = tuple(record(path, path.parent) for path in files.values())
    manifest = read_manifest(source).model_copy(update={"version": version, "seal": "", "files": records})
    return publish(store, manifest, files, {})
