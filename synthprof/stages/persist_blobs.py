"""Vectors and embeddings as BLOBs, one SQLite database each."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from synthprof.base.files import FileRecord, replacing, start_writing
from synthprof.spec.contents import BLOB_PAGE_BYTES, EMBEDDINGS_DB, THUMBNAILS, VETORES, File
from synthprof.stages.context import Context, Outcome
from synthprof.stages.failures import FAILURES_TABLE, SCHEMA, all_failures
from synthprof.store.blocks import EMBEDDINGS, VECTORS
from synthprof.store.receipts import read_receipts
from synthprof.store.sqlite.blobs import append_blobs
from synthprof.store.sqlite.database import Builder, filling
from synthprof.system.pool import ahead

KINDS = {VETORES: VECTORS, EMBEDDINGS_DB: EMBEDDINGS}
"""The kind of block that each file is made of."""

IDS_BATCH = 10_000


def run(context: Context) -> Outcome:
    """`vetores.db` and `embeddings.db` hold one BLOB of little-endian float32 per profile; or as parts.

    A collection has no feature vectors, hence no `vetores.db`; one of pictures has `thumbnails.db`. They are
    written at once where there are two workers, each while its next block is read.
    """
    if context.spec.in_parts:
        from synthprof.stages.parts import write_parts  # only who writes Parquet pays for it

        return write_parts(context)
    rows = context.spec.profiles
    files = [file for file in context.published_files if file.name in (*KINDS, THUMBNAILS)]
    read_receipts(context.folder("vectorize"), context.spec.blocks)
    written, lock = dict.fromkeys(files, 0), threading.Lock()

    def persist(file: File) -> FileRecord:
        def done(rows_of_file: int) -> None:
            with lock:
                written[file] = rows_of_file
                context.progress(sum(written.values()), len(files) * rows)

        made_by = _persist_thumbnails if file.name == THUMBNAILS else _persist
        return made_by(context, file, done)

    with ThreadPoolExecutor(min(len(files), context.budget.workers)) as threads:
        return Outcome(rows, tuple(threads.map(persist, files)))


def _persist(context: Context, file: File, done: Callable[[int], None]) -> FileRecord:
    kind, path = KINDS[file.name], context.folder() / file.name
    # an embedding may be missing, a vector never is
    constraint = "" if kind == EMBEDDINGS else " NOT NULL"
    with replacing(path) as temporary:
        with filling(temporary, BLOB_PAGE_BYTES) as database:
            database.execute(
                f"CREATE TABLE {file.table} (id INTEGER PRIMARY KEY, {file.column} BLOB{constraint})"
            )

        def on_its_way(rows: int) -> None:
            start_writing(temporary)
            done(rows)

        matrices = _matrices(context, kind)
        append_blobs(temporary, ahead(matrices) if context.budget.workers > 1 else matrices, on_its_way)
        if kind == EMBEDDINGS and len(missing := context.blocks.all_missing()):
            with filling(temporary) as database:
                _persist_failures(context, database, missing)
    return context.sealed(path)


def _persist_thumbnails(context: Context, file: File, done: Callable[[int], None]) -> FileRecord:
    from synthprof.stages.thumbnails import SCHEMA as COLUMNS
    from synthprof.stages.thumbnails import all_thumbnails

    path = context.folder() / file.name
    with replacing(path) as temporary:
        with filling(temporary, BLOB_PAGE_BYTES) as database:
            database.execute(f"CREATE TABLE {file.table} (id INTEGER PRIMARY KEY, {file.column} BLOB)")
            database.load(file.table, COLUMNS, all_thumbnails(context.blocks))
        done(context.spec.profiles)
    return context.sealed(path)


def _matrices(context: Context, kind: str) -> Iterator[np.ndarray]:
    return (np.ascontiguousarray(matrix, dtype="<f4") for matrix in context.blocks.matrices(kind))


def _persist_failures(context: Context, database: Builder, missing: np.ndarray) -> None:
    """Embeddings that are missing are NULL, and the table that says why is part of the database."""
    for first in range(0, len(missing), IDS_BATCH):
        ids = ", ".join(map(str, missing[first : first + IDS_BATCH].tolist()))
        database.execute(f"UPDATE embeddings SET embedding = NULL WHERE id IN ({ids})")
    database.execute(FAILURES_TABLE)
    database.load("embedding_failures", SCHEMA, all_failures(context.blocks))
