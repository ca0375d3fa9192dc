"""A large child table, made once: time and memory by process, and proofs that its bytes follow from blocks.

    python benchmarks/bench_children_large.py --folder /tmp/large > benchmarks/results/children_large.txt

The table is `sessoes` of gamer_br, 12.6 rows for each profile. As under Airflow, each task is a process of
its own: `generate` in shards, two at a time, then `ingest`; then the checks that publishing does to children.
Memory is that of the largest process of a task (it may have one worker), resident, without the pages of files
that it shares; it is sampled and told by tenths of the task's time: it must not grow.
Then the same profiles' first blocks are made in a fresh place by other shards in another order, and blocks at
random are made alone; both must be what the large run has, in its files and in its database.
The files take 160 bytes for each child, and are removed at the end.
"""

import argparse
import itertools
import multiprocessing
import random
import resource
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil
from bench_children import TABLE, checked

from synthprof.base.files import sha256
from synthprof.base.units import MIB
from synthprof.profiles.children import generate_family, stored_batch
from synthprof.runner.run import run_stage
from synthprof.spec.request import Request
from synthprof.spec.shards import Shard
from synthprof.spec.spec import BLOCK_ROWS
from synthprof.store.blocks import Blocks
from synthprof.store.children import stored_children
from synthprof.store.store import Store
from synthprof.system.startup import block_pandas

PREFIX = 24
"""Blocks that are made a second time, by other shards."""

ALONE = 40
"""Blocks at random that are made alone."""


@dataclass(frozen=True)
class Told:
    """A task that has ended: seconds of time and CPU, and the most MiB of a process by tenths of its time."""

    seconds: float
    cpu: float
    tenths: tuple[float, ...]


def main() -> None:
    """Make the table, prove its bytes, print what it took."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--profiles", type=int, default=7_930_000)
    parser.add_argument("--folder", type=Path, required=True, help="where there are 16 GB of room")
    options = parser.parse_args()
    block_pandas()
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        large = made(Path(name, "large"), options.profiles)
        by_other_shards(Path(name, "small"), large)
        made_alone(large)


def made(home: Path, profiles: int) -> Blocks:
    """Make the blocks and databases, print a line for each process."""
    request, began = asked(profiles), time.perf_counter()
    run_stage(request, "setup", None, home)
    blocks = Blocks(Store(home, request.dataset).build(request.spec).folder, request.spec)
    edges = [blocks.spec.blocks * each // 4 for each in range(5)]
    shards = [Shard(*pair) for pair in itertools.pairwise(edges)]
    print(f"{profiles:,} profiles, {blocks.spec.blocks} blocks", flush=True)
    print(f"{'process':24}{'seconds':>9}{'CPU-s':>8}   most MiB in each tenth of its time")
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(2, context, max_tasks_per_child=1) as pool:
        parts = [pool.submit(staged, request, "generate", shard, home) for shard in shards]
        for shard, part in zip(shards, parts, strict=True):
            told(f"generate {shard.first}:{shard.end}", part.result())
        told("ingest", pool.submit(staged, request, "ingest", None, home).result())
        told("checks of publishing", pool.submit(sampled, check, (blocks,)).result())
    files = list(blocks.build.glob(f"generate-*/{TABLE}-*.arrow"))
    (database,) = blocks.build.glob(f"ingest-*/{TABLE}.db")
    rows = sum(blocks.children(TABLE, block).num_rows for block in range(blocks.spec.blocks))
    size = sum(file.stat().st_size for file in files)
    print(
        f"{rows:,} children in {time.perf_counter() - began:,.0f} s; "
        f"{size / 1e9:.2f} GB in blocks, {database.stat().st_size / 1e9:.2f} GB in {TABLE}.db",
        flush=True,
    )
    return blocks


def asked(profiles: int) -> Request:
    """Return the request for so many profiles with the table, one worker for each process."""
    return Request.from_params({"profiles": profiles, "workers": 1, "with_tables": TABLE})


def staged(request: Request, name: str, shard: Shard | None, home: Path) -> Told:
    """Run a stage in this process."""
    return sampled(run_stage, (request, name, shard, home))


def check(blocks: Blocks) -> None:
    """Do what publishing does to the children; see bench_children.py."""
    (database,) = blocks.build.glob(f"ingest-*/{TABLE}.db")
    checked(blocks, database, list(blocks.build.glob(f"generate-*/{TABLE}-*.arrow")))


def sampled(work: Callable[..., object], arguments: Sequence[object]) -> Told:
    """Do some work and sample this process' memory beside it."""
    block_pandas()
    here, seen, ended = psutil.Process(), list[int](), threading.Event()

    def sample() -> None:
        while not ended.wait(0.2):
            with suppress(psutil.Error):
                seen.append(max(map(held, (here, *here.children(recursive=True)))))

    sampler = threading.Thread(target=sample)
    sampler.start()
    began, cpu = time.perf_counter(), cpu_of_all()
    try:
        work(*arguments)
    finally:
        took = time.perf_counter() - began, cpu_of_all() - cpu
        ended.set()
        sampler.join()
    parts = np.array_split(np.array(seen or [held(here)]), 10)
    return Told(*took, tuple(float(part.max(initial=0)) / MIB for part in parts))


def held(process: psutil.Process) -> int:
    """Return the resident bytes of a process without those it shares with files."""
    memory = process.memory_info()
    return int(memory.rss - memory.shared)


def cpu_of_all() -> float:
    """Return the CPU seconds of this process and of the workers that have ended."""
    return sum(
        usage.ru_utime + usage.ru_stime
        for usage in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    )


def told(name: str, task: Told) -> None:
    """Print the line of a process."""
    tenths = " ".join(f"{each:4.0f}" for each in task.tenths)
    print(f"{name:24}{task.seconds:9.0f}{task.cpu:8.1f}   {tenths}", flush=True)


def by_other_shards(home: Path, large: Blocks) -> None:
    """Make the first blocks by other shards, the last shard first; the large run must have the same files."""
    request = asked(PREFIX * BLOCK_ROWS)
    run_stage(request, "setup", None, home)
    for first, end in ((17, PREFIX), (5, 17), (0, 5)):
        run_stage(request, "generate", Shard(first, end), home)
    small = Blocks(Store(home, request.dataset).build(request.spec).folder, request.spec)
    same = [sha256(small.path(TABLE, n)) == sha256(large.path(TABLE, n)) for n in range(PREFIX)]
    print(f"first blocks by shards 17:24, 5:17, 0:5: {sum(same)} of {PREFIX} files are the same")
    assert all(same)


def made_alone(large: Blocks) -> None:
    """Make blocks at random alone; the files and the database of the large run must hold their rows."""
    schema, spec = large.schema, large.spec
    table = schema.child(TABLE)
    (database,) = large.build.glob(f"ingest-*/{TABLE}.db")
    chosen = random.Random(1).sample(range(spec.blocks), min(ALONE, spec.blocks))
    made, found, rows = 0.0, 0.0, 0
    for block in chosen:
        began, count = time.process_time(), spec.block_rows(block)
        batch = generate_family(schema, spec.seed, spec.locale, spec.separation, block, count).tables[TABLE]
        between = time.process_time()
        stored = stored_children(database, table, block * BLOCK_ROWS + 1, count)
        made, found = made + between - began, found + time.process_time() - between
        rows += batch.num_rows
        assert batch.equals(large.children(TABLE, block)), block
        for own, held_there in zip(stored_batch(table, batch).columns, stored.columns, strict=True):
            assert own.cast(held_there.type).equals(held_there.combine_chunks()), block
    each = (1e3 * took / len(chosen) for took in (made, found))
    print(f"{len(chosen)} blocks at random made alone, {rows:,} rows: the same in files and database")
    print("CPU-ms to draw a block {:.0f}, to read it from the database {:.0f}".format(*each))


if __name__ == "__main__":
    main()
