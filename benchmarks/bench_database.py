"""Ways to make the databases, and what a reader of single rows pays: CPU seconds, microseconds per lookup.

    python benchmarks/bench_database.py > benchmarks/results/database.txt

`perfis.db` by page size, with and without its indexes, made by `CREATE INDEX` or laid out by NumPy; BLOBs of
512 bytes by what writes them: `executemany` on WAL, ADBC into a new file without a journal, pages laid out by
NumPy. synthprof lays out BLOBs and indexes. From the same blocks, in turn, each way twice in a row: a virtual
machine may take 10 us for a page of memory that it has not given before (bench_machine.py), which hides what
is compared, so that the second counts. The least of the rounds is told, and the most of first and second. A
lookup is one random id through sqlite3, all pages in the page cache.
"""

import argparse
import platform
import random
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from pathlib import Path

import numpy as np
import pyarrow as pa

from synthprof.runner.run import run_stage
from synthprof.schemas.loader import load_schema
from synthprof.spec.contents import BLOB_PAGE_BYTES, TABLE_PAGE_BYTES
from synthprof.spec.request import Request
from synthprof.spec.spec import BLOCK_ROWS
from synthprof.stages.ingest import ColumnCodes
from synthprof.store.blocks import EMBEDDINGS, Blocks
from synthprof.store.sqlite import blobs
from synthprof.store.sqlite.database import filling
from synthprof.store.sqlite.indexes import add_indexes, index_statement
from synthprof.store.store import Store
from synthprof.system.startup import block_pandas

LOOKUPS = 20_000
Make = Callable[[Path, Blocks], None]


def main() -> None:
    """Measure every way, print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--repeat", type=int, default=5)
    options = parser.parse_args()
    block_pandas()
    request = Request.from_params({"profiles": options.rows, "workers": 1})
    print(f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, {options.rows:,} rows\n")
    print(f"{'':44}{'CPU-s':>9}{'most':>9}{'rows/CPU-s':>14}{'lookup us':>12}{'MiB':>7}")
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        for stage in ("setup", "generate", "vectorize"):
            run_stage(request, stage, None, home)
        blocks = Blocks(Store(home, request.dataset).build(request.spec).folder, request.spec)
        for ways in GROUPS:
            _compare(ways, home, blocks, options.repeat)


def _compare(ways: Mapping[str, Make], home: Path, blocks: Blocks, repeat: int) -> None:
    rounds = [{way: _measured(make, home, blocks) for way, make in ways.items()} for _ in range(repeat)]
    rows = blocks.spec.profiles
    for way in ways:
        first, cpu, lookup, size = zip(*(each[way] for each in rounds), strict=True)
        most, cpu, lookup, size = max(*first, *cpu), min(cpu), min(lookup), min(size)
        print(f"{way:44}{cpu:9.3f}{most:9.3f}{rows / cpu:14,.0f}{lookup:12.1f}{size / 2**20:7.0f}")


def _profiles(page_bytes: int) -> Make:
    def make(path: Path, blocks: Blocks) -> None:
        batches = [blocks.profiles(block) for block in range(blocks.spec.blocks)]
        with filling(path, page_bytes) as database:
            columns = ", ".join(name for name in batches[0].schema.names if name != "id")
            database.execute(f"CREATE TABLE rows (id INTEGER PRIMARY KEY, {columns})")
            database.load("rows", batches[0].schema, batches)

    return make


def _sorted_indexes(path: Path, blocks: Blocks) -> None:
    _profiles(TABLE_PAGE_BYTES)(path, blocks)
    with filling(path) as database:
        for name in _indexed(blocks):
            database.execute(index_statement("rows", name))


def _laid_out_indexes(path: Path, blocks: Blocks) -> None:
    _profiles(TABLE_PAGE_BYTES)(path, blocks)
    codes = _indexed(blocks)
    for block in range(blocks.spec.blocks):
        batch = blocks.profiles(block)
        for name, parts in codes.items():
            parts.take(batch.column(name))
    add_indexes(path, "rows", {name: parts.column for name, parts in codes.items()})


def _indexed(blocks: Blocks) -> dict[str, ColumnCodes]:
    columns = load_schema(blocks.spec.profile_schema).columns
    return {column.name: ColumnCodes(column, blocks.spec.profiles) for column in columns if column.indexed}


def _inserted(page_bytes: int) -> Make:
    def make(path: Path, blocks: Blocks) -> None:
        width = 4 * blocks.spec.dim_embedding
        schema = pa.schema({"id": pa.int64(), "embedding": pa.binary(width)})

        def batches() -> Iterator[pa.RecordBatch]:
            for block, matrix in enumerate(blocks.matrices(EMBEDDINGS)):
                ids = pa.array(np.arange(len(matrix)) + block * BLOCK_ROWS + 1)
                values = pa.Array.from_buffers(pa.binary(width), len(matrix), [None, pa.py_buffer(matrix)])
                yield pa.record_batch([ids, values], schema=schema)

        with filling(path, page_bytes) as database:
            database.execute("CREATE TABLE rows (id INTEGER PRIMARY KEY, embedding BLOB)")
            database.load("rows", schema, batches())

    return make


def _laid_out(path: Path, blocks: Blocks) -> None:
    with filling(path, BLOB_PAGE_BYTES) as database:
        database.execute("CREATE TABLE rows (id INTEGER PRIMARY KEY, embedding BLOB)")
    blobs.append_blobs(path, blocks.matrices(EMBEDDINGS))


def _executemany(path: Path, blocks: Blocks) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        with connection:
            connection.execute("CREATE TABLE rows (id INTEGER PRIMARY KEY, embedding BLOB)")
            for block, matrix in enumerate(blocks.matrices(EMBEDDINGS)):
                rows = enumerate((row.tobytes() for row in matrix), start=block * BLOCK_ROWS + 1)
                connection.executemany("INSERT INTO rows VALUES (?, ?)", rows)


GROUPS: tuple[dict[str, Make], ...] = (
    {
        **{f"profiles, ADBC, {size // 1024} KiB pages": _profiles(size) for size in (4_096, 16_384, 65_536)},
        "  16 KiB and indexes, CREATE INDEX": _sorted_indexes,
        "  16 KiB and indexes, laid out": _laid_out_indexes,
    },
    {
        "BLOBs, executemany, WAL, 4 KiB pages": _executemany,
        **{f"BLOBs, ADBC, {size // 1024} KiB pages": _inserted(size) for size in (4_096, 16_384, 65_536)},
        "BLOBs, laid out, 64 KiB pages": _laid_out,
    },
)


def _measured(make: Make, home: Path, blocks: Blocks) -> tuple[float, float, float, int]:
    """CPU seconds of making it first, and again, microseconds per lookup, bytes."""
    path = home / "made.db"
    first = _seconds(make, path, blocks)
    path.unlink()
    found = first, _seconds(make, path, blocks), _lookup(path, blocks.spec.profiles), path.stat().st_size
    path.unlink()
    return found


def _seconds(make: Make, path: Path, blocks: Blocks) -> float:
    began = time.process_time()
    make(path, blocks)
    return time.process_time() - began


def _lookup(path: Path, rows: int) -> float:
    chance = random.Random(0)
    ids = [(chance.randint(1, rows),) for _ in range(LOOKUPS)]
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("SELECT sum(length(quote(id))) FROM rows").fetchone()
        began = time.process_time()
        for each in ids:
            connection.execute("SELECT * FROM rows WHERE id = ?", each).fetchone()
        return (time.process_time() - began) / LOOKUPS * 1e6


if __name__ == "__main__":
    main()
