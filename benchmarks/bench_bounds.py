"""Centroids that bounds leave for a row, and so how many products of the exact assignment they could spare.

    python benchmarks/bench_bounds.py --rows 1000000
    python benchmarks/bench_bounds.py --rows 300000 --separation 0

Products over the leading principal axes of the centroids, and Cauchy-Schwarz for the rest, tell which
centroids cannot be the nearest. Prints the share of them that is left, if the distance to the nearest is
known already, and if bounds must tell it as well; then CPU seconds of all products of those rows, and of the
pairs that 64 axes leave, taken one by one. Kept raw in results/bounds.txt.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from synthprof.runner.run import alone, run_stage
from synthprof.spec.contents import CENTROIDS
from synthprof.spec.request import Request
from synthprof.store.blocks import EMBEDDINGS
from synthprof.system.kernels import choose_kernels

ROWS = 8_192
"""Rows of the second block that are looked at."""

TILE_ROWS, PAIRS_OF = 512, 64


def main() -> None:
    """Make embeddings and centroids, then print one line for each number of axes."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--separation", type=float)
    parser.add_argument("--home", type=Path, help="a folder that keeps the embeddings for the next call")
    given = parser.parse_args()
    choose_kernels()
    params = {"dataset": "neighbours", "profiles": given.rows, "workers": 1}
    if given.separation is not None:
        params["separation"] = given.separation
    request = Request.from_params(params)
    with tempfile.TemporaryDirectory() as name:
        home = given.home or Path(name)
        for stage in ("setup", "generate", "vectorize", "cluster"):
            run_stage(request, stage, None, home)
        with alone(request, home) as context:
            rows = context.blocks.matrix(EMBEDDINGS, 1)[:ROWS]
            centroids = np.load(context.folder("cluster") / CENTROIDS)
    separation = "as usual" if given.separation is None else given.separation
    print(f"{given.rows:,} rows, {len(centroids)} centroids, separation {separation}")
    _print(rows.astype(np.float64), centroids.astype(np.float64))


def _print(rows: np.ndarray, centroids: np.ndarray) -> None:
    mean = centroids.mean(axis=0)
    _, axes = np.linalg.eigh((centroids - mean).T @ (centroids - mean))
    x, c = (rows - mean) @ axes[:, ::-1], (centroids - mean) @ axes[:, ::-1]
    halves = (c**2).sum(axis=1) / 2
    best = (x @ c.T - halves).max(axis=1, keepdims=True)
    for count in (16, 32, 48, 64, 80):
        near = x[:, :count] @ c[:, :count].T - halves
        off = np.outer(*(np.linalg.norm(each[:, count:], axis=1) for each in (x, c)))
        known = (near + off >= best).mean()
        if count == PAIRS_OF:
            pairs = np.nonzero(near + off >= best)
        bounded = (near + off >= (near - off).max(axis=1, keepdims=True)).mean()
        print(
            f"  {count} of {x.shape[1]} axes: {known:.3f} left where the nearest is known, else {bounded:.3f}"
        )
    print(f"  all products {_seconds(lambda: _products(rows, centroids)):.3f} CPU s, ", end="")
    print(f"pairs of {PAIRS_OF} axes {_seconds(lambda: _one_by_one(x, c, *pairs)):.3f}")


def _products(rows: np.ndarray, centroids: np.ndarray) -> None:
    room = np.empty((TILE_ROWS, len(centroids)), np.float32)
    vectors, factors = rows.astype(np.float32), centroids.astype(np.float32).T
    for first in range(0, len(vectors), TILE_ROWS):
        tile = vectors[first : first + TILE_ROWS]
        np.matmul(tile, factors, out=room[: len(tile)])


def _one_by_one(x: np.ndarray, c: np.ndarray, of: np.ndarray, numbers: np.ndarray) -> None:
    """Multiply the other axes of each pair, in parts that stay in a processor's cache."""
    vectors, factors = (each[:, PAIRS_OF:].astype(np.float32) for each in (x, c))
    for first in range(0, len(of), TILE_ROWS):
        part = slice(first, first + TILE_ROWS)
        np.einsum("nd,nd->n", vectors[of[part]], factors[numbers[part]])


def _seconds(work: Callable[[], None]) -> float:
    """Return the least CPU seconds of three times."""
    found = []
    for _ in range(3):
        began = time.process_time()
        work()
        found.append(time.process_time() - began)
    return min(found)


if __name__ == "__main__":
    main()
