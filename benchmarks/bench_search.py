"""The quality and the latency of search.

    python benchmarks/bench_search.py                         200,000 profiles, made in a temporary folder
    python benchmarks/bench_search.py --rows 1000000 --home data --dataset gamers

Three figures. Text: 200 queries, each naming a game, a style and a time of day of a profile of another seed;
the share of the ten best profiles that have at least two of the three. Neighbours: liked games in common
between a profile and its ten nearest, over those in common with random profiles. Latency: one query after the
other, index in memory, one thread: the index alone, and all of `search_text` with reading the profiles and
finding the reasons. Wall time, because that is what a user waits for; CPU time beside it, because machines
are shared. Raw results go to benchmarks/results/search-<rows>.json.
"""

import argparse
import json
import os
import platform
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import faiss
import numpy as np

from synthprof.profiles.drawing import generate
from synthprof.runner.run import run_all
from synthprof.schemas.loader import load_schema
from synthprof.spec.request import Request
from synthprof.store.sqlite.database import read
from synthprof.versions.search import search_similar, search_text
from synthprof.versions.searcher import Query, Searcher, open_searcher
from synthprof.versions.version import open_version

COLUMNS = ("jogos_favoritos", "estilos_preferidos", "disponibilidade")
HERE = Path(__file__).parent


def main() -> None:
    """Make the data set if it is not there, measure, print and write the results."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=42)
    parser.add_argument("--dataset", default="bench-search")
    parser.add_argument("--home", type=Path)
    parser.add_argument("--queries", type=int, default=2_000)
    parser.add_argument("--results", type=Path, default=HERE / "results")
    options = parser.parse_args()
    options.results.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        home = options.home or Path(scratch)
        params = {"dataset": options.dataset, "profiles": options.rows, "seed": options.seed}
        run_all(Request.from_params(params), home)
        searcher = open_searcher(open_version(home, options.dataset))
        results = measure(searcher, options.queries)
    text = json.dumps(results, indent=1)
    print(text)
    (options.results / f"search-{options.rows}.json").write_text(text + "\n")


def measure(searcher: Searcher, queries: int) -> dict[str, Any]:
    """All figures of one version."""
    wishes = [_wish(row) for row in _held_back(searcher.version.spec.seed + 1, queries)]
    texts = [
        f"Joga {game}, curte {style.lower()} e está livre: {when.lower()}" for game, style, when in wishes
    ]
    faiss.omp_set_num_threads(1)
    vectors = searcher.encoder.encode_text(texts)
    neighbours, chance = _liked_games(searcher, 500)
    details = next(r.details for r in searcher.version.manifest.stages if r.stage == "export_index")
    return {
        "rows": searcher.version.manifest.rows,
        "index": {name: details[name] for name in ("kind", "nlist", "effort", "scores")},
        "text_queries": 200,
        "share_with_two_of_three": _two_of_three(searcher, texts[:200], wishes[:200]),
        "text_recall_at_10": _text_recall(searcher, texts[:100]),
        "liked_games_shared_with_neighbours": neighbours,
        "liked_games_shared_by_chance": chance,
        "ratio": neighbours / chance,
        "index_ms": _latency(lambda i: searcher.index.search(vectors[i : i + 1], 10), queries),
        "search_text_ms": _latency(lambda i: search_text(searcher, texts[i]).hits, queries),
        "load_at_start": os.getloadavg()[0],
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, faiss {faiss.__version__}",
    }


def _held_back(seed: int, count: int) -> list[dict[str, Any]]:
    """Profiles of another seed: none of them is searched."""
    return generate(load_schema("gamer_br"), seed, "pt_BR", 0.8, 0, count).profiles.to_pylist()


def _wish(profile: dict[str, Any]) -> tuple[str, ...]:
    """Return a game, a style and a time of day that the profile has, drawn by its id."""
    pick = np.random.default_rng(profile["id"])
    return tuple(str(pick.choice(profile[column].split(", "))) for column in COLUMNS)


def _two_of_three(searcher: Searcher, texts: list[str], wishes: list[tuple[str, ...]]) -> float:
    agree = [
        sum(wish in hit.profile[column].split(", ") for column, wish in zip(COLUMNS, wished, strict=True))
        >= 2
        for text, wished in zip(texts, wishes, strict=True)
        for hit in search_text(searcher, text, Query(k=10)).hits
    ]
    return float(np.mean(agree))


def _text_recall(searcher: Searcher, texts: list[str]) -> dict[str, float]:
    """Return the share of ten results as near as the true ten, by the stored effort and as searches do."""
    vectors = searcher.encoder.encode_text(texts)
    exact = [search_text(searcher, text, Query(exact=True)).hits[-1].similarity for text in texts]
    stored = [1 - searcher.index.search(vector[None], 10)[0][0] / 2 for vector in vectors]
    found = [[hit.similarity for hit in search_text(searcher, text).hits] for text in texts]
    return {"stored_effort": _as_near(stored, exact), "search_text": _as_near(found, exact)}


def _as_near(found: list[Any], exact: list[float]) -> float:
    near = [each >= least - 1e-6 for row, least in zip(found, exact, strict=True) for each in row]
    return float(np.mean(near))


def _liked_games(searcher: Searcher, count: int) -> tuple[float, float]:
    """Mean number of games in common with the ten nearest, and with fifty random profiles."""
    table = read(searcher.version.folder / "perfis.db", "SELECT jogos_favoritos FROM perfis ORDER BY id")
    games = table.column(0)
    pick = np.random.default_rng(3)
    near, far = [], []
    for row in pick.choice(len(games), count, replace=False).tolist():
        mine = set(games[row].as_py().split(", "))
        hits = search_similar(searcher, row + 1)
        near += [len(mine & set(hit.profile["jogos_favoritos"].split(", "))) for hit in hits]
        others = pick.integers(0, len(games), 50).tolist()
        far += [len(mine & set(games[other].as_py().split(", "))) for other in others]
    return float(np.mean(near)), float(np.mean(far))


def _latency(ask: Callable[[int], object], queries: int) -> dict[str, float]:
    """Milliseconds per query: percentiles of wall time, and of CPU time, after 50 queries to warm up."""
    for i in range(50):
        ask(i)
    wall, cpu = np.empty(queries), np.empty(queries)
    for i in range(queries):
        began, cpu_began = time.perf_counter(), time.process_time()
        ask(i)
        wall[i], cpu[i] = time.perf_counter() - began, time.process_time() - cpu_began
    points = {"p50": 50, "p95": 95, "p99": 99}
    times = {name: round(float(np.percentile(1e3 * wall, point)), 3) for name, point in points.items()}
    return times | {f"cpu_{name}": round(float(np.percentile(1e3 * cpu, p)), 3) for name, p in points.items()}


if __name__ == "__main__":
    main()
