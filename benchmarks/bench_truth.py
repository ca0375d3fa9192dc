"""Exact neighbours by synthprof.similarity.truth against bare faiss.IndexFlatIP.search, in turns.

The claims, as ratios of CPU seconds and of wall time in one call, with the same threads and kernels:
unfiltered at most 1.15 of FAISS's; 25 filters at most 2 of unfiltered. FAISS's result is one of float32
products: the script counts how many of its ids differ from the true ones.

    python benchmarks/bench_truth.py [--queries 10000] [--rows 1000000] [--threads 2] [--mix usual]

Prints JSON lines: one per run, then a summary. Kept raw in results/truth.jsonl.
"""

import argparse
import json
import os
import resource
import statistics
import time

from synthprof.similarity.truth import Truth  # first: it chooses the kernels of BLAS and FAISS

import faiss  # isort: skip
import numpy as np  # isort: skip

BLOCK = 16_384
MIXES = {
    "usual": (
        *(1.0, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.001, 0.0001),
        *(0.1, 0.1, 0.1, 0.1, 0.01, 0.01, 0.01, 0.01, 0.001, 0.001, 0.001, 0.001),
        *(0.2, 0.05, 0.01),
    ),
    "heavy": (
        *(1.0, 0.99, 0.9, 0.8, 0.5, 0.5, 0.3, 0.2, 0.2, 0.1, 0.1, 0.1, 0.05, 0.05, 0.05),
        *(0.02, 0.02, 0.01, 0.01, 0.01, 0.005, 0.002, 0.001, 0.0005, 0.0001),
    ),
}
"""Shares of the rows that 25 filters match: the first 25 that a workload has, and many that match most."""


def main() -> None:
    """Print one line per run and the ratios."""
    parser = argparse.ArgumentParser()
    defaults = {"queries": 10_000, "rows": 1_000_000, "dim": 128, "rounds": 3, "threads": 2, "k": 100}
    for name, default in defaults.items():
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--metric", default="dot")
    parser.add_argument("--mix", default="usual", choices=MIXES)
    given = parser.parse_args()
    data = Data(given)
    runs = [
        run(name, data, given) for _ in range(given.rounds) for name in ("faiss", "unfiltered", "filtered")
    ]
    print(json.dumps(summary(runs, given)))


class Data:
    """Unit vectors about 40 centres; masks by chance, and by the first centres for every other filter."""

    def __init__(self, given):
        random = np.random.default_rng(0)
        centres = random.standard_normal((40, given.dim), dtype=np.float32)
        count = given.rows + given.queries
        of = random.integers(0, 40, count)
        vectors = np.empty((count, given.dim), np.float32)
        for first in range(0, count, BLOCK):
            part = centres[of[first : first + BLOCK]]
            part = part + random.standard_normal(part.shape, dtype=np.float32)
            vectors[first : first + BLOCK] = part / np.linalg.norm(part, axis=1, keepdims=True)
        self.rows, self.queries = vectors[: given.rows], vectors[given.rows :]
        places = (of[: given.rows] + random.random(given.rows)) / 40  # near neighbours have near places
        self.masks = np.stack(
            [
                (places if number % 2 else random.random(given.rows)) < share
                for number, share in enumerate(MIXES[given.mix])
            ]
        )


def run(name, data, given):
    """Time one run by both clocks, because CPU time is steadier on a busy machine."""
    wall, cpu = time.perf_counter(), time.process_time()
    ids = {"faiss": bare, "unfiltered": unfiltered, "filtered": filtered}[name](data, given)
    line = {
        "what": name,
        "seconds": round(time.perf_counter() - wall, 3),
        "cpu_seconds": round(time.process_time() - cpu, 3),
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10,
        "load": round(os.getloadavg()[0], 2),
    }
    if name == "faiss":
        data.faiss_ids = ids + 1
    elif name == "unfiltered":
        line["ids_unlike_faiss"] = int((ids != data.faiss_ids).sum())
    print(json.dumps(line), flush=True)
    return line


def bare(data, given):
    """faiss.IndexFlatIP as it comes."""
    faiss.omp_set_num_threads(given.threads)
    index = faiss.IndexFlatIP(given.dim)
    index.add(data.rows)
    return index.search(data.queries, given.k)[1]


def unfiltered(data, given):
    """All rows match."""
    return streamed(data, given, Truth(data.queries, given.k, given.metric, threads=given.threads), None)


def filtered(data, given):
    """25 filters at once."""
    truth = Truth(data.queries, given.k, given.metric, len(MIXES[given.mix]), given.threads)
    return streamed(data, given, truth, data.masks)


def streamed(data, given, truth, masks):
    """Give the rows block by block; return the ids of the first filter."""
    for first in range(0, given.rows, BLOCK):
        part = slice(first, first + BLOCK)
        truth.add(first + 1, data.rows[part], None if masks is None else masks[:, part])
    return truth.nearest()[0]


def summary(runs, given):
    """Medians and their ratios."""
    clocks = ("seconds", "cpu_seconds")
    medians = {
        what: {
            clock: statistics.median(run[clock] for run in runs if run["what"] == what) for clock in clocks
        }
        for what in ("faiss", "unfiltered", "filtered")
    }
    return {
        **vars(given),
        "filters": len(MIXES[given.mix]),
        "cores": os.cpu_count(),
        "faiss": faiss.__version__,
        "numpy": np.__version__,
        "medians": medians,
        "unfiltered_to_faiss": ratio(medians, "unfiltered", "faiss"),
        "filtered_to_unfiltered": ratio(medians, "filtered", "unfiltered"),
    }


def ratio(medians, above, below):
    """Ratio of two medians by each clock."""
    return {clock: round(medians[above][clock] / medians[below][clock], 3) for clock in medians[above]}


if __name__ == "__main__":
    main()
