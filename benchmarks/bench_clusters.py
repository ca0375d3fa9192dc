"""The whole stage `cluster` against bare faiss.Kmeans, which only trains, on the same rows.

    python benchmarks/bench_clusters.py --rows 1000000            the default embeddings of gamer_br
    python benchmarks/bench_clusters.py --rows 200000 --dim 256   others

The stage trains, assigns every row, writes its files and takes the scores. faiss.Kmeans has a process of its
own with the kernels that its libraries choose for the processor, the stage's training sample, clusters,
iterations and threads. They take turns, so that other load meets both. The inertia of both on the sample is
taken the same way. On a busy machine FAISS's OpenMP threads spin while they wait for one another: then the
CPU seconds with --threads 1 are the fair figure. Prints JSON lines: one for each run, then a summary with the
ratios. Kept raw in results/clusters.jsonl.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from synthprof.pipeline import stage
from synthprof.runner.run import alone, ensure_done, run_stage
from synthprof.similarity.nearest_centroid import assign
from synthprof.spec.request import Request
from synthprof.spec.sizing import clusters_of
from synthprof.stages import cluster
from synthprof.system.kernels import KERNELS

PARTS = (
    "training_sample",
    "train",
    "assign",
    "_persist",
    "silhouette",
    "agreement",
    "difficulty",
)
"""Functions of the stage whose time is told apart."""

BARE = """
import json, sys, time
import faiss, numpy as np
path, k, niter, threads = sys.argv[1], *map(int, sys.argv[2:5])
sample = np.load(path)
faiss.omp_set_num_threads(threads)
wall, cpu = time.perf_counter(), time.process_time()
kmeans = faiss.Kmeans(sample.shape[1], k, niter=niter, seed=1, max_points_per_centroid=len(sample))
kmeans.train(sample)
print(json.dumps({"seconds": time.perf_counter() - wall, "cpu_seconds": time.process_time() - cpu}))
np.save(path + ".centroids.npy", kmeans.centroids)
"""


def main() -> None:
    """Make embeddings, then print one line per run and the ratios."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name, default in (("rows", 1_000_000), ("dim", 128), ("rounds", 3), ("threads", 2)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--home", type=Path, help="a folder that keeps the embeddings for the next call")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        lines = list(_runs(given, given.home or Path(name), Path(name)))
    print(json.dumps(_summary(given, lines)))


def _runs(given: argparse.Namespace, home: Path, folder: Path) -> Iterator[dict[str, Any]]:
    request = Request.from_params(
        {
            "dataset": "clusters",
            "profiles": given.rows,
            "dim_embedding": given.dim,
            "save_index": False,
            "workers": given.threads,
        }
    )
    for name in ("setup", "generate", "vectorize"):
        run_stage(request, name, None, home)
    with alone(request, home) as context:
        k, niter = clusters_of(request.spec), request.spec.kmeans_niter
        sample = cluster.training_sample(context, k)
        path = folder / "sample.npy"
        np.save(path, sample)
        for _ in range(given.rounds):
            yield _told(_stage(context, home), sample)
            yield _told(_bare(path, k, niter, given.threads), sample)


def _stage(context: Any, home: Path) -> dict[str, Any]:
    spent: dict[str, float] = defaultdict(float)
    with _timed(spent):
        wall, cpu = time.perf_counter(), time.process_time()
        ensure_done(stage("cluster"), context, lambda *_: None, force=True)
        line = {"seconds": time.perf_counter() - wall, "cpu_seconds": time.process_time() - cpu}
    (path,) = home.rglob("centroids.npy")
    return {"what": "stage", **line, "parts": dict(spent), "centroids": np.load(path)}


@contextmanager
def _timed(spent: dict[str, float]) -> Iterator[None]:
    """Add up the CPU seconds of the stage's parts."""
    kept = {name: getattr(cluster, name) for name in PARTS}

    def timed(name: str, work: Callable[..., Any]) -> Callable[..., Any]:
        def measured(*arguments: Any, **more: Any) -> Any:
            began = time.process_time()
            try:
                return work(*arguments, **more)
            finally:
                spent[name] += time.process_time() - began

        return measured

    for name, work in kept.items():
        setattr(cluster, name, timed(name, work))
    try:
        yield
    finally:
        for name, work in kept.items():
            setattr(cluster, name, work)


def _bare(path: Path, k: int, niter: int, threads: int) -> dict[str, Any]:
    own = {name: value for name, value in os.environ.items() if name not in KERNELS}
    command = [sys.executable, "-c", BARE, str(path), *map(str, (k, niter, threads))]
    line = json.loads(subprocess.check_output(command, env=own))
    return {"what": "faiss.Kmeans", **line, "centroids": np.load(f"{path}.centroids.npy")}


def _told(line: dict[str, Any], sample: np.ndarray) -> dict[str, Any]:
    """Print the run, with the inertia of its centroids on the sample, and the load."""
    inertia = assign(sample, line.pop("centroids"))[1]
    line |= {"inertia": inertia, "load": os.getloadavg()[0]}
    print(json.dumps(_rounded(line)), flush=True)
    return line


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _rounded(each) for key, each in value.items()}
    return round(value, 3) if isinstance(value, float) else value


def _summary(given: argparse.Namespace, lines: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the medians' ratios, the stage over faiss.Kmeans."""
    found = {
        key: [statistics.median(line[key] for line in lines if line["what"] == what) for what in WHAT]
        for key in ("seconds", "cpu_seconds", "inertia")
    }
    ratios = {key: ours / bare for key, (ours, bare) in found.items()}
    settings = {name: getattr(given, name) for name in ("rows", "dim", "rounds", "threads")}
    return _rounded({"what": "ratio", **settings, "cores": os.cpu_count(), **ratios})


WHAT = ("stage", "faiss.Kmeans")


if __name__ == "__main__":
    main()
