"""Vectors and embeddings as BLOBs, one SQLite database each."""

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

from synthprof.base.files import FileRecord, replacing, start_writing
from synthprof.spec.contents import BLOB_PAGE_BYTES, EMBEDDINGS_DB, THUMBNAILS, VETORES, File
from synthprof.stages.context import Context, Outcome
from synthprof.stages.failures import FAILURES_TABLE, SCHEMA, all_failures
from synthprof.stages.releasing import release_into
from synthprof.store.blocks import EMBEDDINGS, VECTORS
from synthprof.store.file_seals import kept_file, seal_file
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
    written in turn, each while its next block is read, and the blocks of one are let go of before the next.
    A database that matches its seal is kept.
    """
    if context.spec.in_parts:
        from synthprof.stages.parts import write_parts  # only who writes Parquet pays for it

        return write_parts(context)
    rows = context.spec.profiles
    files = [file for file in context.published_files if file.name in (*KINDS, THUMBNAILS)]
    read_receipts(context.folder("vectorize"), context.spec.blocks)
    records: list[FileRecord] = []
    for place, file in enumerate(files):
        done = partial(_tell, context, place * rows, len(files) * rows)
        records.append(_kept_or_made(context, file, done))
        done(rows)
    return Outcome(rows, tuple(records))


def _tell(context: Context, before: int, total: int, rows: int) -> None:
    context.progress(before + rows, total)


def _kept_or_made(context: Context, file: File, done: Callable[[int], None]) -> FileRecord:
    path = context.folder() / file.name
    record = kept_file(path)
    if record is None:
        made_by = _persist_thumbnails if file.name == THUMBNAILS else _persist
        record = made_by(context, file, done)
    release_into(context, path, partial(seal_file, path, record))
    return record


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
