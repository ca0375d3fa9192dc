"""Child tables: rows per CPU second for drawing, for each way to make their database, and for the whole path.

    python benchmarks/bench_children.py > benchmarks/results/children.txt
    python benchmarks/bench_children.py --profiles 1000000 --only path >> benchmarks/results/children.txt

The table is `sessoes` of gamer_br. Drawing: CPU time of a block with its children less that without, the
least of some rounds. Databases: from the same blocks, in turn, each way twice in a row, the second counts
(bench_database.py says why); a lookup is all children of one random parent through sqlite3. Path: the stages
setup, generate and ingest and the checks of publishing, CPU time with the table less that without, by the
receipts, in one process; memory is the peak of the hungriest stage, beside that of a run with a tenth of the
profiles: it must not grow.
"""

import argparse
import platform
import random
import sqlite3
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pyarrow as pa

from synthprof.base.files import record
from synthprof.base.units import MIB
from synthprof.profiles.checks import check_family
from synthprof.profiles.children import generate_family, stored_batches
from synthprof.runner.run import run_stage
from synthprof.schemas.loader import load_schema
from synthprof.schemas.schema import ChildTable, Schema
from synthprof.spec.request import Request
from synthprof.spec.spec import BLOCK_ROWS
from synthprof.store.blocks import Blocks
from synthprof.store.children import check_children, count_children, fill, table_statement
from synthprof.store.sqlite.database import filling
from synthprof.store.store import Store
from synthprof.system.startup import block_pandas

ROUNDS = 7
LOOKUPS = 5_000
BLOCKS = 12
TABLE = "sessoes"


def main() -> None:
    """Measure what is asked for, print tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--profiles", type=int, default=200_000, help="of the path")
    parser.add_argument("--only", choices=("drawing", "databases", "path"))
    options = parser.parse_args()
    block_pandas()
    schema = load_schema("gamer_br")
    print(f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, PyArrow {pa.__version__}")
    if options.only in (None, "drawing"):
        drawing(schema)
    if options.only in (None, "databases"):
        databases(schema)
    if options.only in (None, "path"):
        path(options.profiles)


def drawing(schema: Schema) -> None:
    """Print the rows per CPU second of drawing a block's children, beside those of its profiles."""
    alone = replace(schema, tables=())
    rows = generate_family(schema, 42, "pt_BR", 0.8, 0).tables[TABLE].num_rows
    generate_family(alone, 42, "pt_BR", 0.8, 0)
    both = min(seconds(lambda n=n: generate_family(schema, 42, "pt_BR", 0.8, n)) for n in range(ROUNDS))
    parents = min(seconds(lambda n=n: generate_family(alone, 42, "pt_BR", 0.8, n)) for n in range(ROUNDS))
    print(f"\ndrawing, a block of {BLOCK_ROWS:,} profiles and {rows:,} children, CPU ms")
    print(f"profiles {1e3 * parents:8.1f} {BLOCK_ROWS / parents:14,.0f} profiles/CPU-s")
    print(f"children {1e3 * (both - parents):8.1f} {rows / (both - parents):14,.0f} children/CPU-s")


def databases(schema: Schema) -> None:
    """Print what each way to make the database costs, and what it gives."""
    table = schema.child(TABLE)
    batches = [generate_family(schema, 42, "pt_BR", 0.8, n).tables[TABLE] for n in range(BLOCKS)]
    rows = sum(batch.num_rows for batch in batches)
    print(f"\ndatabases, {rows:,} children of {BLOCKS * BLOCK_ROWS:,} profiles")
    print(f"{'':44}{'CPU-s':>9}{'rows/CPU-s':>14}{'lookup us':>12}{'bytes/row':>11}")
    with tempfile.TemporaryDirectory() as name:
        for number, (label, make) in enumerate(WAYS.items()):
            made = Path(name, f"{number}.db")
            make(made, table, batches)
            made.unlink()
            took = seconds(lambda make=make, made=made: make(made, table, batches))
            size = made.stat().st_size / rows
            print(f"{label:44}{took:9.2f}{rows / took:14,.0f}{lookup(made, table):12.1f}{size:11.1f}")


def by_rowid(path: Path, table: ChildTable, batches: Sequence[pa.RecordBatch]) -> None:
    """Make a table with rowids, loaded by ADBC, and a unique index on parent and number."""
    statement = table_statement(table).partition(", PRIMARY KEY")[0] + ")"
    stored = list(stored_batches(table, batches))
    with filling(path) as database:
        database.execute(statement)
        database.load(table.name, stored[0].schema, stored)
        database.execute(f"CREATE UNIQUE INDEX by_parent ON {table.name} ({table.key}, n)")


def by_key(path: Path, table: ChildTable, batches: Sequence[pa.RecordBatch]) -> None:
    """Make a table WITHOUT ROWID, loaded by ADBC."""
    stored = list(stored_batches(table, batches))
    with filling(path) as database:
        database.execute(table_statement(table))
        database.load(table.name, stored[0].schema, stored)


def as_pages(path: Path, table: ChildTable, batches: Sequence[pa.RecordBatch]) -> None:
    """Make a table WITHOUT ROWID, its pages laid out by NumPy."""
    fill(path, table, lambda: stored_batches(table, batches), lambda _: None)


WAYS: dict[str, Callable[[Path, ChildTable, Sequence[pa.RecordBatch]], None]] = {
    "rowid, unique index, by SQLite": by_rowid,
    "without rowid, by SQLite": by_key,
    "without rowid, pages by NumPy": as_pages,
}


def lookup(path: Path, table: ChildTable) -> float:
    """Return the microseconds of reading all children of a random parent."""
    chance = random.Random(1)
    parents = [chance.randint(1, BLOCKS * BLOCK_ROWS) for _ in range(LOOKUPS)]
    query = f"SELECT * FROM {table.name} WHERE {table.key} = ? ORDER BY n"
    with closing(sqlite3.connect(path)) as connection:
        began = time.perf_counter()
        for parent in parents:
            connection.execute(query, (parent,)).fetchall()
        return 1e6 * (time.perf_counter() - began) / LOOKUPS


def path(profiles: int) -> None:
    """Print the CPU time of the whole path of the children, and the memory of its stages."""
    print(f"\nwhole path, {profiles:,} profiles, one process")
    with_table, without = Run.of(profiles, TABLE), Run.of(profiles, "")
    few = Run.of(profiles // 10, TABLE)
    print(f"{'':12}{'CPU-s with':>12}{'without':>10}{'children/CPU-s':>16}{'peak MiB':>10}{'a tenth':>9}")
    total = 0.0
    for stage, (cpu, memory) in with_table.stages.items():
        cost = cpu - without.stages.get(stage, (0.0, 0))[0]
        total += cost
        rate = with_table.rows / cost
        others = f"{without.stages.get(stage, (0.0, 0))[0]:10.1f}{rate:16,.0f}"
        print(f"{stage:12}{cpu:12.1f}{others}{memory / MIB:10.0f}{few.stages[stage][1] / MIB:9.0f}")
    print(f"{with_table.rows:,} children: {total:.1f} CPU-s, {with_table.rows / total:,.0f} children/CPU-s")
    arrow, sqlite = (size / with_table.rows for size in (with_table.arrow, with_table.sqlite))
    size = f"{with_table.sqlite / MIB:,.0f} MiB"
    print(f"{arrow:.1f} bytes in blocks, {sqlite:.1f} in {TABLE}.db for each; the database {size}")


class Run:
    """The stages of a data set up to its databases: CPU time and peak memory of each, rows and bytes."""

    def __init__(self, home: Path, profiles: int, table: str) -> None:
        request = Request.from_params({"profiles": profiles, "workers": 1, "with_tables": table})
        self.stages: dict[str, tuple[float, int]] = {}
        for stage in ("setup", "generate", "ingest"):
            receipt = run_stage(request, stage, None, home)
            if stage != "setup":
                self.stages[stage] = (receipt.cpu_seconds, receipt.peak_memory)
        blocks = Blocks(Store(home, request.dataset).build(request.spec).folder, request.spec)
        files = [*blocks.build.glob(f"generate-*/{TABLE}-*.arrow")]
        database = next(blocks.build.glob(f"ingest-*/{TABLE}.db"), None)
        self.arrow = sum(file.stat().st_size for file in files)
        self.rows, self.sqlite = 0, 0
        if database is not None:
            self.rows, self.sqlite = receipt.details["tables"][TABLE]["rows"], database.stat().st_size
            self.stages["publish"] = (seconds(lambda: checked(blocks, database, files)), 0)

    @classmethod
    def of(cls, profiles: int, table: str) -> "Run":
        """Return the run of so many profiles, with or without the table, whose files are removed."""
        with tempfile.TemporaryDirectory(dir=".") as name:
            return cls(Path(name).resolve(), profiles, table)


def checked(blocks: Blocks, database: Path, files: Sequence[Path]) -> None:
    """Do what publishing does to the children: all files read, keys and rows of each block compared."""
    table = blocks.schema.child(TABLE)
    for file in (database, *files):
        record(file, file.parent)
    for block in range(blocks.spec.blocks):
        first, rows = block * BLOCK_ROWS + 1, blocks.spec.block_rows(block)
        batch = blocks.children(TABLE, block)
        assert not check_family(blocks.schema, table, batch, first, rows)
        assert count_children(database, table, first, rows) == batch.num_rows
    check_children(database, table, blocks.spec.profiles)


def seconds(work: Callable[[], object]) -> float:
    """Return the CPU time of some work."""
    began = time.process_time()
    work()
    return time.process_time() - began


if __name__ == "__main__":
    main()
