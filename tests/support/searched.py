"""Data for the tests of searches: the same profiles under each kind of index, and without one."""

from pathlib import Path

from synthprof.runner.run import run_all
from synthprof.spec.request import Request
from synthprof.versions.search import Hit
from synthprof.versions.searcher import Searcher, open_searcher
from synthprof.versions.version import open_version

KINDS = ("flat", "ivf_flat", "ivf_sq8", "hnsw")

ROWS = 5_000

TEXT = "joga RPG de madrugada no PC"


def make_indexes(home: Path) -> None:
    """Make the same 5,000 profiles under each kind of index, and without one."""
    small = {"profiles": ROWS, "clusters": 30, "kmeans_niter": 3, "workers": 1}
    for kind in KINDS:
        run_all(Request.from_params(small | {"dataset": kind, "index": kind}), home)
    run_all(Request.from_params(small | {"dataset": "bare", "save_index": False}), home)
    run_all(Request.from_params(small | {"dataset": "noise", "encoder": "hashed", "save_index": True}), home)


def searcher_of(home: Path, dataset: str = "flat") -> Searcher:
    return open_searcher(open_version(home, dataset))


def ids_of(hits: tuple[Hit, ...]) -> list[int]:
    return [hit.id for hit in hits]
