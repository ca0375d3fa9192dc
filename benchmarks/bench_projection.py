"""The layout of the map's landmarks by the project's t-SNE, by openTSNE and by scikit-learn (ADR 33).

    pip install -e . openTSNE scikit-learn     in an environment of its own
    python benchmarks/bench_projection.py --rows 5000 100000

Each way lays out the same landmarks from the same start, three times; the least CPU time counts.
Trustworthiness is that of the finished map, with 10 neighbours of 2,000 profiles, and of the landmarks, with
5. Raw results go to benchmarks/results/projection.jsonl.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import openTSNE
from sklearn.manifold import TSNE, trustworthiness
from threadpoolctl import threadpool_limits

import synthprof
from synthprof.similarity import projection

RESULTS = Path(__file__).parent / "results" / "projection.jsonl"
Layout = Callable[[np.ndarray, np.ndarray], np.ndarray]


def main() -> None:
    """Measure every way at each number of rows, and write one line each."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, nargs="+", default=[5_000, 100_000])
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    lines = []
    with threadpool_limits(options.threads), tempfile.TemporaryDirectory() as home:
        for rows in options.rows:
            version = synthprof.run("map", home=home, profiles=rows, save_index=False)
            sample, centroids = version.embeddings(1, 4_000), np.load(version.folder / "centroids.npy")
            for name, layout in _ways(sample, centroids, options.threads).items():
                lines.append({"rows": rows, "method": name, "threads": options.threads})
                lines[-1] |= _measured(layout, sample, centroids)
                print(json.dumps(lines[-1]), flush=True)
    RESULTS.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")


def _ways(sample: np.ndarray, centroids: np.ndarray, threads: int) -> dict[str, Layout]:
    """Return the layouts by name; the other libraries take the landmarks in place of their affinities."""
    nearest = ((sample[:, None] - centroids) ** 2).sum(axis=2).argmin(axis=1)
    sizes = np.bincount(nearest, minlength=len(centroids))
    rows = centroids[np.sort(np.argsort(-sizes, kind="stable")[: projection.LANDMARKS])]
    perplexity = min(8, (len(rows) - 1) / 3)

    def scikit_learn(method: str) -> Layout:
        def layout(_: np.ndarray, start: np.ndarray) -> np.ndarray:
            init = (start * 1e-4 / start[:, 0].std()).astype(np.float32)
            settings = {"perplexity": perplexity, "init": init, "random_state": 0, "n_jobs": threads}
            return np.asarray(TSNE(method=method, **settings).fit_transform(rows), np.float32)

        return layout

    def open_tsne(_: np.ndarray, start: np.ndarray) -> np.ndarray:
        settings = {"perplexity": perplexity, "initialization": start * 1e-4 / start[:, 0].std()}
        found = openTSNE.TSNE(**settings, random_state=0, n_jobs=threads, neighbors="exact").fit(rows)
        return np.asarray(found, np.float32)

    ways = {"sklearn_exact": scikit_learn("exact"), "sklearn_bh": scikit_learn("barnes_hut")}
    return {"own": projection._tsne} | ways | {"openTSNE": open_tsne}


def _measured(layout: Layout, sample: np.ndarray, centroids: np.ndarray) -> dict[str, float]:
    """Return the least times of three layouts, and the trustworthiness of the map they lead to."""
    seconds: list[tuple[float, float]] = []

    def timed(affinities: np.ndarray, start: np.ndarray) -> np.ndarray:
        wall, cpu = time.perf_counter(), time.process_time()
        places = layout(affinities, start)
        seconds.append((time.perf_counter() - wall, time.process_time() - cpu))
        return places

    own, projection._tsne = projection._tsne, timed
    try:
        plane = [projection.plane(sample, centroids) for _ in range(3)][-1]
    finally:
        projection._tsne = own
    rows = sample[:2_000]
    wall, cpu = (min(each) for each in zip(*seconds, strict=True))
    return {
        "landmarks": len(plane.landmarks),
        "wall_ms": round(1e3 * wall, 1),
        "cpu_ms": round(1e3 * cpu, 1),
        "trust_landmarks": round(float(trustworthiness(plane.landmarks, plane.places, n_neighbors=5)), 4),
        "trust_rows": round(float(trustworthiness(rows, projection.place(plane, rows), n_neighbors=10)), 4),
    }


if __name__ == "__main__":
    main()
