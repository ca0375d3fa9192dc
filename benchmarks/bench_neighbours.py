"""The parts of the stage `export_index` apart, in one thread, two of them against what they replaced.

    python benchmarks/bench_neighbours.py --rows 1000000
    python benchmarks/bench_neighbours.py --rows 300000 --separation 0 --index ivf_sq8

The true neighbours came from faiss.knn on tiles of 4,096 rows, and each effort was searched anew for all
queries. Both ways take turns, so that other load meets both.
Prints JSON lines: one for each round, with CPU seconds, then the medians. Kept raw in
results/neighbours.jsonl.
"""

import argparse
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import faiss
import numpy as np

from synthprof.runner.run import alone, run_stage
from synthprof.similarity import index, probes, recall
from synthprof.similarity.list_proofs import proofs_of
from synthprof.similarity.threads import one_thread_each
from synthprof.spec.request import Request
from synthprof.spec.sizing import index_of
from synthprof.stages import export_index
from synthprof.store.blocks import EMBEDDINGS
from synthprof.system.kernels import choose_kernels

TILE_ROWS = 4_096


def main() -> None:
    """Make embeddings and clusters, then print one line per round and the medians."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--separation", type=float)
    parser.add_argument("--index", default="auto")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--home", type=Path, help="a folder that keeps the embeddings for the next call")
    given = parser.parse_args()
    choose_kernels()
    with tempfile.TemporaryDirectory() as name:
        lines = list(_rounds(given, given.home or Path(name), Path(name)))
    settings = {name: getattr(given, name) for name in ("rows", "separation", "index")}
    medians = {
        name: round(statistics.median(line[name] for line in lines), 3)
        for name in lines[0]
        if name != "found"
    }
    print(json.dumps({"what": "median", **settings, **medians}))


def _rounds(given: argparse.Namespace, home: Path, folder: Path) -> Iterator[dict[str, Any]]:
    params = {"dataset": "neighbours", "profiles": given.rows, "index": given.index, "workers": 1}
    if given.separation is not None:
        params["separation"] = given.separation
    request = Request.from_params(params)
    for name in ("setup", "generate", "vectorize", "cluster"):
        run_stage(request, name, None, home)
    with alone(request, home) as context:
        for _ in range(given.rounds):
            yield _round(context, folder / "index.faiss")


def _round(context: Any, path: Path) -> dict[str, Any]:
    choice, spent = index_of(context.spec), {}

    def timed(name: str, work: Callable[[], Any]) -> Any:
        began = time.process_time()
        found = work()
        spent[name] = round(time.process_time() - began, 3)
        return found

    queries = context.blocks.matrix(EMBEDDINGS, 0)[: recall.QUERIES]
    blocks = context.blocks.matrices(EMBEDDINGS)
    truth = timed("exact", lambda: recall.exact_neighbours(queries, blocks, probes.KNOWN))
    tiles = timed("exact by tiles", lambda: _by_tiles(queries, context.blocks.matrices(EMBEDDINGS)))
    assert recall.recall_at_10(tiles, truth[0]) > 0.999  # float32 alone decides
    built = timed("build", lambda: export_index._build(context, choice, path))
    before = built.nprobe
    found = timed("calibrate", lambda: recall.calibrate(built, queries, *truth))
    built.nprobe = before
    anew = timed("searched anew", lambda: _searched_anew(built, queries, truth[0]))
    assert found == anew
    timed("finish", lambda: index.finish(built, path, np.zeros(0, np.int64)))
    timed("proofs", lambda: proofs_of(path))
    line = {**spent, "found": found, "load": round(os.getloadavg()[0], 1)}
    print(json.dumps(line), flush=True)
    return line


def _by_tiles(queries: np.ndarray, blocks: Iterator[np.ndarray]) -> np.ndarray:
    """Return the ids of the neighbours of each query, the best of those of each tile."""
    with one_thread_each(1) as pool:
        return pool.submit(_best_of_tiles, queries, blocks).result()


def _best_of_tiles(queries: np.ndarray, blocks: Iterator[np.ndarray]) -> np.ndarray:
    k, first_id, best = probes.KNOWN + 10, 1, None
    for block in blocks:
        for first in range(0, len(block), TILE_ROWS):
            squared, rows = faiss.knn(queries, block[first : first + TILE_ROWS], k)
            found = [squared, rows + first_id + first]
            if best is not None:
                found = [np.concatenate(each, axis=1) for each in zip(best, found, strict=True)]
            order = np.argpartition(found[0], k - 1, axis=1)[:, :k]
            best = [np.take_along_axis(each, order, axis=1) for each in found]
        first_id += len(block)
    squared, ids = best
    return np.take_along_axis(ids, np.argsort(squared, axis=1), axis=1)


def _searched_anew(built: Any, queries: np.ndarray, exact_ids: np.ndarray) -> tuple[int, float]:
    """Calibrate as `recall.calibrate` says, by a search of all queries for each effort."""
    gain_min = recall.GAIN_MIN if probes.loses_order(built) else -1.0
    value, found = built.nprobe, recall.measured(built, queries, exact_ids)
    while found < recall.RECALL_WANTED and value < built.nlist:
        built.nprobe = min(2 * value, built.nlist)
        more = recall.measured(built, queries, exact_ids)
        if more - found < gain_min:
            built.nprobe = value
            break
        value, found = built.nprobe, more
    return value, found


if __name__ == "__main__":
    main()
