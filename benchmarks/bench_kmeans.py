"""kmeans.train, whose bytes do not depend on threads, against bare faiss.Kmeans.

Both train on the same sample with the same k, iterations and threads, in turns, so that other load on
the machine meets both. The claim: the ratio of the medians of wall time is at most 1.15.
On a loaded machine FAISS's OpenMP threads spin while they wait for one another, which makes the bare run look
bad; the ratio of CPU seconds with --threads 1 is the fair figure then.

    python benchmarks/bench_kmeans.py [--k 1000] [--dim 128] [--niter 10] [--rounds 7] [--threads 2]

Prints JSON lines: one per run, then a summary. Kept raw in results/bench_kmeans.jsonl.
"""

import argparse
import hashlib
import json
import os
import statistics
import time

import faiss
import numpy as np

from synthprof.similarity import kmeans
from synthprof.spec.sizing import training_rows_count


def main() -> None:
    """Print one line per run and the ratio."""
    parser = argparse.ArgumentParser()
    for name, default in (("k", 1_000), ("dim", 128), ("niter", 10), ("rounds", 7), ("threads", 2)):
        parser.add_argument(f"--{name}", type=int, default=default)
    given = parser.parse_args()
    sample = unit_vectors(training_rows_count(10**9, given.k), given.dim)
    runs = [
        run(name, sample, given) for _ in range(given.rounds) for name in ("faiss.Kmeans", "cluster.train")
    ]
    print(json.dumps(summary(runs, given, len(sample))))


def unit_vectors(rows: int, dim: int):
    """Points about 40 centres, on the unit sphere, float32."""
    random = np.random.default_rng(0)
    centres = random.standard_normal((40, dim), dtype=np.float32)
    vectors = centres[random.integers(0, 40, rows)] + 0.6 * random.standard_normal(
        (rows, dim), dtype=np.float32
    )
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def run(name, sample, given):
    """Time one training; both clocks, because CPU time is steadier on a busy machine."""
    wall, cpu = time.perf_counter(), time.process_time()
    centroids, inertia = (bare if name == "faiss.Kmeans" else ours)(sample, given)
    line = {
        "what": name,
        "seconds": round(time.perf_counter() - wall, 3),
        "cpu_seconds": round(time.process_time() - cpu, 3),
        "inertia": round(float(inertia), 2),
        "centroids": hashlib.blake2b(centroids.tobytes(), digest_size=6).hexdigest(),
        "load": round(os.getloadavg()[0], 2),
    }
    print(json.dumps(line), flush=True)
    return line


def bare(sample, given):
    """faiss.Kmeans as it comes."""
    faiss.omp_set_num_threads(given.threads)
    kmeans = faiss.Kmeans(given.dim, given.k, niter=given.niter, seed=1, max_points_per_centroid=len(sample))
    kmeans.train(sample)
    return kmeans.centroids, kmeans.obj[-1]


def ours(sample, given):
    """Train the same through synthprof."""
    training = kmeans.train(sample, given.k, given.niter, 1, 1, given.threads)
    return training.centroids, training.inertia


def summary(runs, given, rows):
    """Medians and their ratios."""
    clocks = ("seconds", "cpu_seconds")
    ours, bare = (
        {clock: statistics.median(run[clock] for run in runs if run["what"] == what) for clock in clocks}
        for what in ("cluster.train", "faiss.Kmeans")
    )
    return {
        **vars(given),
        "rows": rows,
        "cores": os.cpu_count(),
        "faiss": faiss.__version__,
        "numpy": np.__version__,
        "median_ours": ours,
        "median_bare": bare,
        "ratio": {clock: round(ours[clock] / bare[clock], 3) for clock in clocks},
    }


if __name__ == "__main__":
    main()
