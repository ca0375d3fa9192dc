"""Comparison of the stored rows of a block with the block made again from the spec."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from synthprof.base.errors import StageError
from synthprof.encoders.encoder import encode_block, encoder_of
from synthprof.encoders.near_copies import origins
from synthprof.pipeline import FILES
from synthprof.profiles.children import Family, generate_family, stored_batch
from synthprof.profiles.drawing import Generated
from synthprof.profiles.features import features
from synthprof.similarity.nearest_centroid import are_nearest
from synthprof.spec.contents import (
    ARCHETYPES_FILE,
    CENTROIDS,
    CLUSTERS,
    DUPLICATES_FILE,
    EMBEDDINGS_DB,
    NEAR_DUPLICATES,
    NO_CLUSTER,
    NORM_TOLERANCE,
    PERFIS,
    VETORES,
    table_file,
)
from synthprof.spec.spec import BLOCK_ROWS
from synthprof.store.children import stored_children
from synthprof.store.sqlite.database import read
from synthprof.versions.duplicates import read_duplicates
from synthprof.versions.published import Published
from synthprof.versions.verify_avatars import avatar_checks
from synthprof.versions.verify_index import lookup_faults

BLOCK_STEPS = 3
"""A block is made again, compared, and looked up in the index: each takes some seconds of a large version."""

Step = Callable[[], None]
"""Called after each of these."""


def remade_block_faults(
    version: Published,
    intact: set[str],
    block: int,
    index: Any,  # noqa: ANN401
    step: Step,
) -> Iterator[str]:
    """Yield a sentence for each table whose rows of the block differ from the block made again.

    intact: names of the files whose checksums are right; no other file is opened. index: the open index, or
    None; it must find the block's embeddings.
    """
    spec = version.spec
    first, rows = block * BLOCK_ROWS + 1, spec.block_rows(block)
    stored = partial(stored_rows, version.folder, first, rows)
    if spec.collection:
        if PERFIS not in intact:  # the embeddings are made from its texts
            return
        family = Family(Generated(one_batch(stored(PERFIS)), np.zeros(0, np.uint8)), {})
    else:
        family = generate_family(version.schema, spec.seed, spec.locale, spec.separation, block, rows)
    made = family.generated
    embeddings, missing = _embeddings(version, intact, block, made.profiles, stored)
    step()
    which = f"ids {first} to {first + rows - 1}"
    checks: dict[str, Callable[[], Iterator[str]]] = {
        PERFIS: lambda: _profile_faults(stored(PERFIS), made.profiles),
        VETORES: lambda: _value_faults(
            stored(VETORES), features(version.schema, made.profiles, spec.dim_vector)
        ),
        EMBEDDINGS_DB: lambda: _embedding_faults(version, stored(EMBEDDINGS_DB), embeddings),
        CLUSTERS: lambda: _cluster_faults(version, intact, stored(CLUSTERS), embeddings, missing),
        ARCHETYPES_FILE: lambda: _truth_faults(version, ARCHETYPES_FILE, made.archetypes, first),
        DUPLICATES_FILE: lambda: _duplicate_faults(version, made.duplicates, block),
        NEAR_DUPLICATES: lambda: _truth_faults(version, NEAR_DUPLICATES, origins(spec, block), first),
    }
    checks |= avatar_checks(version, intact, block, made.profiles)
    for name, children in family.tables.items():
        checks[table_file(name).name] = partial(_child_faults, version, name, children, first, rows)
    for name in (name for name in checks if name in intact):
        try:
            yield from (f"{name}, {which}: {finding}" for finding in checks[name]())
        except StageError as error:
            yield str(error)
        except pa.ArrowInvalid as error:
            yield f"{name} cannot be read: {error}"
    step()
    if index is not None and not missing.all():
        yield from lookup_faults(version, index, embeddings, np.flatnonzero(~missing), first)
    step()


def stored_block_faults(
    version: Published,
    intact: set[str],
    block: int,
    index: Any,  # noqa: ANN401
    step: Step,
) -> Iterator[str]:
    """Yield the faults of a block that cannot be made again: wrong norms, vectors missing in the index."""
    if EMBEDDINGS_DB not in intact:
        return
    first, rows = block * BLOCK_ROWS + 1, version.spec.block_rows(block)
    stored = stored_rows(version.folder, first, rows, EMBEDDINGS_DB)
    step()
    which = f"{EMBEDDINGS_DB}, ids {first} to {first + rows - 1}"
    yield from (f"{which}: {finding}" for finding in _norm_faults(version, stored))
    embeddings, missing = _matrix(stored.column("embedding").to_pylist(), version.spec.dim_embedding)
    step()
    if index is not None and not missing.all():
        yield from lookup_faults(version, index, embeddings, np.flatnonzero(~missing), first)
    step()


def embeddings_of(
    version: Published, first: int, rows: int
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
    """Return the stored embeddings from the id `first`, (n, dim), and which are missing, (n,)."""
    stored = stored_rows(version.folder, first, rows, EMBEDDINGS_DB)
    return _matrix(stored.column("embedding").to_pylist(), version.spec.dim_embedding)


def stored_rows(folder: Path, first: int, rows: int, name: str) -> pa.Table:
    """Return `rows` rows of the table in the file `name`, from the id `first`, ordered by id."""
    query = f"SELECT * FROM {FILES[name].table} WHERE id BETWEEN ? AND ? ORDER BY id"
    return read(folder / name, query, (first, first + rows - 1))


def one_batch(rows: pa.Table) -> pa.RecordBatch:
    """Return the rows as one batch."""
    return rows.combine_chunks().to_batches()[0]


def _embeddings(
    version: Published,
    intact: set[str],
    block: int,
    profiles: pa.RecordBatch,
    stored: Callable[[str], pa.Table],
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
    """Return the block's embeddings, (n, dim), and which rows have none, (n,); those hold a placeholder.

    Embeddings of a slow encoder are read, not made: a service costs money and may answer with other bits.
    """
    spec = version.spec
    if not spec.slow_encoder:
        found = encode_block(encoder_of(spec, version.bundle), spec, block, profiles)
        return found, np.zeros(profiles.num_rows, np.bool_)
    blobs: list[bytes | None] = [None] * profiles.num_rows
    if EMBEDDINGS_DB in intact:
        blobs = stored(EMBEDDINGS_DB).column("embedding").to_pylist()
    return _matrix(blobs, spec.dim_embedding)


def _matrix(blobs: list[bytes | None], dim: int) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
    """Return stored embeddings, (n, dim), and which of them are missing, (n,); those hold a placeholder."""
    placeholder = np.eye(1, dim, dtype="<f4").tobytes()
    missing = np.array([blob is None or len(blob) != len(placeholder) for blob in blobs])
    whole = (blob if blob and len(blob) == len(placeholder) else placeholder for blob in blobs)
    matrix = np.frombuffer(b"".join(whole), "<f4").reshape(-1, dim)
    return matrix.astype(np.float32), missing


def _profile_faults(stored: pa.Table, made: pa.RecordBatch) -> Iterator[str]:
    for name in made.schema.names:
        if not _plain(made.column(name)).equals(_plain(stored.column(name).combine_chunks())):
            yield f"column {name} differs from the spec"


def _child_faults(
    version: Published, name: str, made: pa.RecordBatch, first: int, parents: int
) -> Iterator[str]:
    path = version.folder / table_file(name).name
    found = stored_children(path, version.schema.child(name), first, parents)
    if found.num_rows != made.num_rows:
        yield f"there are {found.num_rows} rows, not {made.num_rows}"
        return
    yield from _profile_faults(found, stored_batch(version.schema.child(name), made))


def _plain(column: pa.Array) -> pa.Array:
    """Return the column as SQLite returns it: text as strings, numbers with 64 bits."""
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    return column.cast(pa.int64() if pa.types.is_integer(column.type) else pa.string())


def _value_faults(stored: pa.Table, made: npt.NDArray[np.float32]) -> Iterator[str]:
    blobs = [blob or b"" for blob in stored.column(1).to_pylist()]
    if b"".join(blobs) != made.astype("<f4").tobytes():
        yield "values differ from the spec"


def _embedding_faults(version: Published, stored: pa.Table, made: npt.NDArray[np.float32]) -> Iterator[str]:
    if not version.spec.slow_encoder:
        yield from _value_faults(stored, made)
    yield from _norm_faults(version, stored)


def _norm_faults(version: Published, stored: pa.Table) -> Iterator[str]:
    """Yield a fault for another dimension, a norm other than 1, or a missing row of a fast encoder."""
    blobs, dim = stored.column("embedding").to_pylist(), version.spec.dim_embedding
    if version.spec.slow_encoder:
        blobs = [blob for blob in blobs if blob is not None]
    if any(len(blob or b"") != 4 * dim for blob in blobs):
        yield "some embeddings have another dimension or are missing"
        return
    values = np.frombuffer(b"".join(blobs), dtype="<f4").reshape(-1, dim)
    off = np.abs(np.linalg.norm(values, axis=1) - 1)
    if not (off <= NORM_TOLERANCE).all():  # NaN must fail too
        yield "some norms are not 1"


def _cluster_faults(
    version: Published,
    intact: set[str],
    stored: pa.Table,
    embeddings: npt.NDArray[np.float32],
    missing: npt.NDArray[np.bool_],
) -> Iterator[str]:
    if CENTROIDS not in intact:
        return
    centroids = np.load(version.folder / CENTROIDS, allow_pickle=False)
    if centroids.ndim != 2 or centroids.shape[1] != embeddings.shape[1]:
        yield f"centroids.npy has the shape {centroids.shape}: no clusters"
        return
    if version.spec.slow_encoder and EMBEDDINGS_DB not in intact:
        return
    labels = stored.column("cluster_id").to_numpy()
    if (
        len(labels) != len(embeddings)
        or not np.where(missing, labels == NO_CLUSTER, are_nearest(embeddings, labels, centroids)).all()
    ):
        yield "clusters are not those of the nearest centroids"


def _duplicate_faults(version: Published, made: pa.RecordBatch | None, block: int) -> Iterator[str]:
    batches = read_duplicates(version.folder / DUPLICATES_FILE).to_batches()
    if made is None or len(batches) <= block or not batches[block].equals(made):
        yield "second records differ from the spec"


def _truth_faults(version: Published, name: str, made: npt.NDArray[Any], first: int) -> Iterator[str]:
    known = np.load(version.folder / name, allow_pickle=False)
    if not np.array_equal(known[first - 1 : first - 1 + len(made)], made):
        yield f"{name.removesuffix('.npy').replace('_', ' ')} differ from the spec"
