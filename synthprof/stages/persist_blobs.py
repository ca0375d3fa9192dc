"""Vectors and embeddings as BLOBs, one SQLite database each."""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from synthprof.database import Builder, building, read
from synthprof.files import FileRecord, record
from synthprof.receipts import read_receipts
from synthprof.spec import BLOCK_ROWS
from synthprof.stages.context import EMBEDDINGS, VECTORS, Context, Outcome
from synthprof.stages.failures import FAILED_ROWS, FAILURES, FAILURES_TABLE

VETORES = "vetores.db"
EMBEDDINGS_DB = "embeddings.db"

TARGETS = {
    VECTORS: (VETORES, "vetores", "vetor"),
    EMBEDDINGS: (EMBEDDINGS_DB, "embeddings", "embedding"),
}
"""File, table and column for each kind of block."""


def run(context: Context) -> Outcome:
    """`vetores.db` and `embeddings.db` hold one BLOB of little-endian float32 per profile.

    A collection has no feature vectors, hence no `vetores.db`.
    """
    rows, kinds = context.spec.profiles, context.blocks.vectorized
    read_receipts(context.folder("vectorize"), context.spec.blocks)
    files = [
        _persist(context, *TARGETS[kind], kind, (place * rows, len(kinds) * rows))
        for place, kind in enumerate(kinds)
    ]
    return Outcome(rows, tuple(files))


def _persist(
    context: Context, file: str, table: str, column: str, kind: str, progress: tuple[int, int]
) -> FileRecord:
    path = context.folder() / file
    # an embedding may be missing, a vector never is
    constraint = "" if kind == EMBEDDINGS else " NOT NULL"
    schema = pa.schema({"id": pa.int64(), column: pa.binary(4 * _width(context, kind))})
    before, total = progress
    with building(path) as database:
        database.execute(
            f"CREATE TABLE IF NOT EXISTS {table} (id INTEGER PRIMARY KEY, {column} BLOB{constraint})"
        )
        database.load(
            table, schema, _batches(context, kind, schema), lambda n: context.progress(before + n, total)
        )
        if kind == EMBEDDINGS and len(context.blocks.all_missing()):
            _persist_failures(context, database)
    return record(path, path.parent)


def _persist_failures(context: Context, database: Builder) -> None:
    """The table that says why embeddings are missing is part of the database."""
    failures = read(context.folder("vectorize") / FAILURES, FAILED_ROWS)
    database.execute(FAILURES_TABLE)
    database.load("embedding_failures", failures.schema, failures.to_batches())


def _batches(context: Context, kind: str, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    for block, matrix in enumerate(context.blocks.matrices(kind)):
        first = block * BLOCK_ROWS + 1
        values = blobs(matrix)
        if kind == EMBEDDINGS and len(missing := context.blocks.missing(block)):
            values = pc.if_else(pa.array(np.isin(np.arange(len(matrix)), missing)), None, values)
        yield pa.record_batch([pa.array(np.arange(first, first + len(matrix))), values], schema=schema)


def blobs(matrix: np.ndarray) -> pa.Array:
    """The rows of a float32 matrix as fixed-size binaries, without a copy."""
    data = np.ascontiguousarray(matrix, dtype="<f4")
    return pa.Array.from_buffers(pa.binary(4 * data.shape[1]), len(data), [None, pa.py_buffer(data)])


def _width(context: Context, kind: str) -> int:
    return context.spec.dim_embedding if kind == EMBEDDINGS else context.spec.dim_vector
