"""Versions in databases and in parts: CPU milliseconds of the same questions, in turn, and bytes on the disk.

    python benchmarks/bench_parts_read.py --profiles 300000 > benchmarks/results/parts_read.txt

Each question is asked of both versions, whose answers must be equal, in turn; the median of the CPU time of
this process, with its threads, is told. The first question of each, which loads libraries, is not. At the end
ten rows by id are asked of a million that were drawn alone, without vectors or an index.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from synthprof.profiles.drawing import generate
from synthprof.runner.run import run_all
from synthprof.schemas.loader import load_schema
from synthprof.spec.contents import blocks_of, part_path, parts_of
from synthprof.spec.request import Request
from synthprof.store.columnar.table import write_table
from synthprof.store.tables import tables_of
from synthprof.versions.published import stored
from synthprof.versions.version import Version, open_version

STORES = ("sqlite", "parquet")
TABLES = ("perfis", "vetores", "embeddings")
TEXT = "joga RPG de madrugada no PC"
RARE = ("estado=AC", "idade<40")
COMMON = "idade>=30"


def main() -> None:
    """Make both versions, and print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--profiles", type=int, default=300_000)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--drawn", type=int, default=1_000_000, help="rows that are drawn alone")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        versions = [_made(Path(folder), store, options.profiles) for store in STORES]
        print(f"{options.profiles:,} profiles of gamer_br, 64 values in an embedding, index auto")
        print(f"{'MB on the disk':<44} {STORES[0]:>9} {STORES[1]:>9} {'ratio':>6}")
        for table in TABLES:
            _print(table, [_bytes(version, table) / 1e6 for version in versions])
        print(f"{'CPU ms, median of ' + str(options.repeats) + ' in turn':<44}")
        for name, ask in _questions(options.profiles).items():
            _print(name, _measured(versions, ask, options.repeats))
        _print_drawn(Path(folder) / "drawn", options.drawn, options.repeats)


def _made(home: Path, store: str, profiles: int) -> Version:
    order = {"dataset": store, "store": store, "profiles": profiles, "dim_embedding": 64}
    run_all(Request.from_params(order | {"kmeans_niter": 3}), home)
    return open_version(home, store)


def _bytes(version: Version, table: str) -> int:
    files = stored(version).files(table)  # type: ignore[arg-type]
    return sum((version.folder / name).stat().st_size for name in files)


def _questions(rows: int) -> dict[str, Callable[[Version], Any]]:
    chance = np.random.default_rng(3)
    ten, many = (np.sort(chance.choice(rows, count, replace=False) + 1) for count in (10, 1_000))
    middle = rows // 2
    return {
        "rows of 10 ids, all columns": lambda v: stored(v).rows(ids=ten).to_pylist(),
        "rows of 1,000 ids, all columns": lambda v: stored(v).rows(ids=many).to_pylist(),
        "one profile": lambda v: v.profile(middle),
        "search, 10 results": lambda v: _told(v.search(TEXT)),
        "search under two rare conditions": lambda v: _told(v.search("joga RPG", where=RARE)),
        "similar to a row": lambda v: _told(v.similar(42)),
        "similar, exactly, under a condition": lambda v: _told(v.similar(42, where=RARE[0], exact=True)),
        "table(where) of a rare state, all columns": lambda v: v.table(RARE[0]).to_pydict(),
        "table(where) of most rows, 2 columns": lambda v: v.table(COMMON, ["id", "idade"]),
        "table(where) of a list's item, ids": lambda v: v.table("jogos_favoritos=Minecraft", ["id"]),
        "table of 3 columns, all rows": lambda v: v.table(columns=["id", "nome", "cluster_id"]),
        "embeddings, all rows": lambda v: v.embeddings().sum(dtype=np.float64),
        "vectors of a block": lambda v: v.vectors(1, 16_384).sum(dtype=np.float64),
    }


def _told(hits: Any) -> list[Any]:
    return [(hit.id, hit.similarity, hit.profile) for hit in hits]


def _measured(versions: list[Version], ask: Callable[[Version], Any], repeats: int) -> list[float]:
    """Return the milliseconds of each version. Raises AssertionError if their answers differ."""
    one, other = map(ask, versions)
    assert one == other
    taken: list[list[float]] = [[] for _ in versions]
    for _ in range(repeats):
        for version, times in zip(versions, taken, strict=True):
            began = time.process_time()
            ask(version)
            times.append(1_000 * (time.process_time() - began))
    return [statistics.median(times) for times in taken]


def _print_drawn(folder: Path, profiles: int, repeats: int) -> None:
    """Print the milliseconds of ten rows by id, of rows in parts that are drawn here."""
    spec = Request.from_params({"dataset": "drawn", "store": "parquet", "profiles": profiles}).spec
    schema = load_schema(spec.profile_schema)
    (folder / "perfis").mkdir(parents=True)
    for part in range(parts_of(spec)):
        blocks = (
            generate(schema, spec.seed, spec.locale, spec.separation, block, spec.block_rows(block)).profiles
            for block in blocks_of(spec, part)
        )
        write_table(folder / part_path("perfis", part), schema, blocks)
    tables, taken = tables_of(folder, spec), []
    for seed in range(repeats + 1):
        ids = np.sort(np.random.default_rng(seed).choice(profiles, 10, replace=False) + 1)
        began = time.process_time()
        tables.rows(ids=ids).to_pylist()
        taken.append(1_000 * (time.process_time() - began))
    median, most = statistics.median(taken[1:]), max(taken[1:])
    print(f"rows of 10 other ids of {profiles:,} each time: median {median:.1f}, most {most:.1f}")


def _print(name: str, figures: list[float]) -> None:
    print(f"{name:<44} {figures[0]:>9.1f} {figures[1]:>9.1f} {figures[1] / figures[0]:>6.2f}", flush=True)


if __name__ == "__main__":
    main()
