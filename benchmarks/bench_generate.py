"""The rate at which profiles are drawn, against a profile at a time, and the parts of a block's time.

    .venv/bin/python benchmarks/bench_generate.py [--blocks 20] > benchmarks/results/generate.txt

Rates are profiles per second of CPU time, that of child processes included. Both ways run here, in turn, so
that ratios hold on a busy machine; single figures do not. The conventional way is that of conventional.py,
with its pool and its data frame.
"""

import argparse
import platform
import resource
from collections.abc import Callable

import conventional
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from synthprof.base.streams import stream
from synthprof.profiles.checks import check
from synthprof.profiles.drawing import Drawing, Extent, generate
from synthprof.profiles.features import features
from synthprof.profiles.fragments import join
from synthprof.profiles.shares import expected_shares
from synthprof.profiles.tables import tables_of
from synthprof.report.overview import MAX_CLUSTERS, count
from synthprof.schemas.loader import load_schema, schema_folder
from synthprof.schemas.reading import read_bundle
from synthprof.spec.spec import BLOCK_ROWS

ROUNDS = 5
CONVENTIONAL_ROWS = 20_000


def main() -> None:
    """Rates, then the time of a block by column, printed."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--blocks", type=int, default=20)
    blocks = options.parse_args().blocks
    print(f"Python {platform.python_version()}, NumPy {np.__version__}, pyarrow {pa.__version__}")
    rates(blocks)
    once()
    columns()
    joins()


def rates(blocks: int) -> None:
    """Measure generating, checking and vectorizing, and generating a profile at a time."""
    schema = load_schema("gamer_br")
    batch = generate(schema, 42, "pt_BR", 0.8, 0).profiles
    clusters = np.arange(BLOCK_ROWS) % MAX_CLUSTERS
    slow, fast = [], []
    for round_ in range(ROUNDS):
        slow.append(CONVENTIONAL_ROWS / seconds(lambda: conventional.generate(CONVENTIONAL_ROWS, 42, 2)))
        span = range(round_ * blocks, (round_ + 1) * blocks)
        made = seconds(lambda span=span: [generate(schema, 42, "pt_BR", 0.8, b) for b in span])
        fast.append(blocks * BLOCK_ROWS / made)
    ratios = sorted(a / b for a, b in zip(fast, slow, strict=True))
    print(f"\na profile at a time      {np.median(slow):12,.0f} profiles per CPU-second")
    print(f"generate                 {np.median(fast):12,.0f}")
    print(f"ratio                    {np.median(ratios):12.1f}  ({ratios[0]:.1f} to {ratios[-1]:.1f})")
    for what, work in {
        "check": lambda: check(schema, batch),
        "count": lambda: count(schema, batch, clusters, np.arange(MAX_CLUSTERS)),
        "features": lambda: features(schema, batch, 32),
    }.items():
        print(f"{what:25}{BLOCK_ROWS / best(work):12,.0f}")


def once() -> None:
    """Measure what a process does once."""
    schema = load_schema("gamer_br")
    print("\nonce per process, milliseconds of CPU time")
    print(f"read the schema          {1e3 * best(lambda: read_bundle(schema_folder('gamer_br'))):12.1f}")
    print(f"make the tables          {1e3 * best(lambda: tables(schema)):12.1f}")
    print(f"expected_shares          {1e3 * best(lambda: expected_shares.__wrapped__(schema, 0.8)):12.1f}")


def tables(schema) -> object:
    """Make the tables to draw from again."""
    return tables_of.__wrapped__(schema, "pt_BR", 0.8, 42)


def columns() -> None:
    """Microseconds per thousand profiles, by column: drawing codes, and making the Arrow column."""
    schema = load_schema("gamer_br")
    ready = tables(schema)
    draw, array = dict.fromkeys(schema.by_name, 0.0), dict.fromkeys(schema.by_name, 0.0)
    for number in range(ROUNDS):
        extent = Extent(number * BLOCK_ROWS, BLOCK_ROWS, BLOCK_ROWS)
        drawing = Drawing(ready, lambda column, purpose, n=number: stream(42, column, purpose, n), extent)
        for column in schema.drawing_order:
            draw[column.name] += seconds(lambda d=drawing, c=column: d.draw(c))
        for column in schema.columns:
            array[column.name] += seconds(lambda d=drawing, c=column: d.array(c))
    scale = 1e9 / ROUNDS / BLOCK_ROWS
    print("\nmicroseconds per 1,000 profiles      draw     array")
    for name in sorted(draw, key=lambda name: -draw[name] - array[name]):
        print(f"{name:30}{draw[name] * scale:11.0f}{array[name] * scale:10.0f}")


def joins() -> None:
    """Join a text of 58 pieces by taking fragments side by side, against joining as many arrays."""
    rng = np.random.default_rng(0)
    table = pa.array(["", *(f"trecho {i} " for i in range(3_000))])
    pieces = [rng.integers(0, 3_001, BLOCK_ROWS).astype(np.int32) for _ in range(58)]
    ours = best(lambda: join(table, pieces))
    theirs = best(lambda: pc.binary_join_element_wise(*(table.take(pa.array(p)) for p in pieces), ""))
    print(f"\njoin of fragments against binary_join_element_wise: {theirs / ours:.1f} times as fast")


def seconds(work: Callable[[], object]) -> float:
    """CPU seconds that some work takes."""
    start = _cpu()
    work()
    return _cpu() - start


def _cpu() -> float:
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def best(work: Callable[[], object]) -> float:
    """Return the fewest CPU seconds of some rounds, after one to warm up."""
    work()
    return min(seconds(work) for _ in range(ROUNDS))


if __name__ == "__main__":
    main()
