"""Texts of each size: their rate, and how many of a million differ; bench_purity.py has what encoders find.

    .venv/bin/python benchmarks/bench_prose.py [--before TREE] > benchmarks/results/prose.txt

Rates are per second of CPU time of this process: of texts alone, and of whole blocks. With --before, the
blocks of another tree's package are drawn in turn with ours, by a process that stays.
"""

import argparse
import statistics
import subprocess
import sys
import time
from pathlib import Path

from synthprof.profiles.drawing import Drawing, generate
from synthprof.schemas.loader import load_schema
from synthprof.schemas.schema import Schema
from synthprof.schemas.sizes import with_prose
from synthprof.spec.spec import BLOCK_ROWS

SIZES = ("card", "short", "rich")
ROUNDS = 15
BEFORE = """
import sys, time
from synthprof.profiles.drawing import generate
from synthprof.schemas.loader import load_schema
schema = load_schema("gamer_br")
generate(schema, 1, "pt_BR", 0.8, 0, 10)
for block in map(int, sys.stdin):
    start = time.process_time()
    generate(schema, 1, "pt_BR", 0.8, block)
    print(time.process_time() - start, flush=True)
"""


def main() -> None:
    """Print all figures."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    arguments.add_argument("--before", type=Path, help="root of another tree of synthprof")
    given = arguments.parse_args()
    schema = load_schema("gamer_br")
    rates(schema, given.before)
    distinct(schema)


def rates(schema: Schema, before: Path | None) -> None:
    """Print the rates of texts and of blocks, by size and, in turn, of the tree before."""
    spent: list[float] = []
    draw_text = Drawing._prose

    def timed(self: Drawing, name: str, draw: object) -> object:
        start = time.process_time()
        found = draw_text(self, name, draw)  # type: ignore[arg-type]
        spent.append(time.process_time() - start)
        return found

    Drawing._prose = timed  # type: ignore[method-assign,assignment]
    sized = {size: with_prose(schema, size) for size in SIZES}
    blocks: dict[str, list[float]] = {size: [] for size in (*SIZES, "before")}
    texts: dict[str, list[float]] = {size: [] for size in SIZES}
    other = before and subprocess.Popen(
        [sys.executable, "-c", BEFORE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=before,
        env={"PYTHONPATH": str(before)},
    )  # fmt: skip
    for size in SIZES:
        generate(sized[size], 1, "pt_BR", 0.8, 0, 10)  # makes the tables
    for block in range(ROUNDS):
        for size in SIZES:
            spent.clear()
            start = time.process_time()
            generate(sized[size], 1, "pt_BR", 0.8, block)
            blocks[size].append(time.process_time() - start)
            texts[size].append(spent[0])
        if other and other.stdin and other.stdout:
            print(block, file=other.stdin, flush=True)
            blocks["before"].append(float(other.stdout.readline()))
    Drawing._prose = draw_text  # type: ignore[method-assign]
    for size in SIZES:
        print(
            f"{size:>6}: {rate(texts[size]):>9,.0f} texts, {rate(blocks[size]):>9,.0f} rows per CPU-second",
            end="",
        )
        ratios = [was / now for was, now in zip(blocks["before"], blocks[size], strict=False)]
        print(f", {statistics.median(ratios):.2f} x the rows of before" if ratios else "")


def rate(seconds: list[float]) -> float:
    """Return rows per second of the median block."""
    return BLOCK_ROWS / statistics.median(seconds)


def distinct(schema: Schema) -> None:
    """Print how many of a million rich texts differ, and how long they are."""
    found: set[int] = set()
    lengths: list[int] = []
    for block in range(1_000_000 // BLOCK_ROWS):
        texts = generate(schema, 1, "pt_BR", 0.8, block).profiles.column("descricao").to_pylist()
        found |= set(map(hash, texts))
        lengths += map(len, texts[:100])
    count = 1_000_000 // BLOCK_ROWS * BLOCK_ROWS
    middle = statistics.median(lengths)
    print(f"rich: {len(found) / count:.4%} of {count:,} differ; median of {middle:.0f} characters")


if __name__ == "__main__":
    main()
