"""Comparison of the stored rows of a block with the block made again from the spec."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from synthprof.base.arrays import Matrix
from synthprof.base.errors import StageError
from synthprof.encoders.encoder import encode_block, encoder_of
from synthprof.encoders.near_copies import origins
from synthprof.profiles.children import Family, generate_family, stored_batch
from synthprof.profiles.drawing import Generated
from synthprof.profiles.features import features
from synthprof.similarity.nearest_centroid import are_nearest
from synthprof.spec.contents import (
    ARCHETYPES_FILE,
    CENTROIDS,
    CLUSTERS,
    DUPLICATES_FILE,
    NEAR_DUPLICATES,
    NO_CLUSTER,
    NORM_TOLERANCE,
    PartKind,
    table_file,
)
from synthprof.spec.spec import BLOCK_ROWS, Spec
from synthprof.store.children import stored_children
from synthprof.store.tables import are_missing
from synthprof.versions.duplicates import read_duplicates
from synthprof.versions.published import Published, stored
from synthprof.versions.tables import clusters
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
    tables, ids = stored(version), ids_of_block(spec, block)
    first, rows = ids.start, len(ids)
    table, vectors, file = (tables.file_of(kind, block) for kind in ("perfis", "vetores", "embeddings"))
    if spec.collection:
        if table not in intact:  # the embeddings are made from its texts
            return
        family = Family(Generated(one_batch(tables.rows(ids=ids)), np.zeros(0, np.uint8)), {})
    else:
        family = generate_family(version.schema, spec.seed, spec.locale, spec.separation, block, rows)
    made = family.generated
    embeddings, missing = _embeddings(version, intact, block, made.profiles)
    step()
    which = f"ids {first} to {first + rows - 1}"
    checks: dict[str, Callable[[], Iterator[str]]] = {
        table: lambda: _profile_faults(tables.rows(ids=ids), made.profiles),
        vectors: lambda: _value_faults(
            tables.matrix("vetores", ids), features(version.schema, made.profiles, spec.dim_vector)
        ),
        file: lambda: _embedding_faults(version, tables.matrix("embeddings", ids), embeddings),
        CLUSTERS: lambda: _cluster_faults(version, intact, block, embeddings, missing),
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
    file = stored(version).file_of("embeddings", block)
    if file not in intact:
        return
    ids = ids_of_block(version.spec, block)
    step()
    try:
        found = stored(version).matrix("embeddings", ids)
    except StageError as error:
        yield str(error)
        return
    which = f"{file}, ids {ids[0]} to {ids[-1]}"
    yield from (f"{which}: {finding}" for finding in _norm_faults(version, found))
    embeddings, missing = _with_placeholders(found)
    step()
    if index is not None and not missing.all():
        yield from lookup_faults(version, index, embeddings, np.flatnonzero(~missing), ids[0])
    step()


def embeddings_of(version: Published, ids: range) -> tuple[Matrix, npt.NDArray[np.bool_]]:
    """Return stored embeddings, (n, dim), and which are missing, (n,); those hold a placeholder."""
    return _with_placeholders(stored(version).matrix("embeddings", ids))


def ids_of_block(spec: Spec, block: int) -> range:
    """Return the ids of a block's rows."""
    first = block * BLOCK_ROWS + 1
    return range(first, first + spec.block_rows(block))


def is_whole(version: Published, table: PartKind, intact: set[str]) -> bool:
    """Return whether all files that hold a table are intact."""
    return set(stored(version).files(table)) <= intact


def one_batch(rows: pa.Table) -> pa.RecordBatch:
    """Return the rows as one batch."""
    return rows.combine_chunks().to_batches()[0]


def _embeddings(
    version: Published, intact: set[str], block: int, profiles: pa.RecordBatch
) -> tuple[Matrix, npt.NDArray[np.bool_]]:
    """Return the block's embeddings, (n, dim), and which rows have none, (n,); those hold a placeholder.

    Embeddings of a slow encoder are read, not made: a service costs money and may answer with other bits.
    """
    spec, rows = version.spec, profiles.num_rows
    if not spec.slow_encoder:
        found = encode_block(encoder_of(spec, version.bundle), spec, block, profiles)
        return found, np.zeros(rows, np.bool_)
    if stored(version).file_of("embeddings", block) in intact:
        with suppress(StageError):  # told where they are compared
            return embeddings_of(version, ids_of_block(spec, block))
    return _with_placeholders(np.full((rows, spec.dim_embedding), np.nan, np.float32))


def _with_placeholders(found: Matrix) -> tuple[Matrix, npt.NDArray[np.bool_]]:
    """Return embeddings with a unit vector in place of those that are missing, and which are, (n,)."""
    missing = are_missing(found)
    if missing.any():
        found = found.copy()
        found[missing] = np.eye(1, found.shape[1], dtype=np.float32)
    return found, missing


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


def _value_faults(found: Matrix, made: Matrix) -> Iterator[str]:
    if found.tobytes() != made.astype("<f4", copy=False).tobytes():
        yield "values differ from the spec"


def _embedding_faults(version: Published, found: Matrix, made: Matrix) -> Iterator[str]:
    if not version.spec.slow_encoder:
        yield from _value_faults(found, made)
    yield from _norm_faults(version, found)


def _norm_faults(version: Published, found: Matrix) -> Iterator[str]:
    """Yield a fault for a norm other than 1, or a missing row of a fast encoder."""
    missing = are_missing(found)
    if missing.any() and not version.spec.slow_encoder:
        yield "some embeddings are missing"
        return
    off = np.abs(np.linalg.norm(found[~missing], axis=1) - 1)
    if not (off <= NORM_TOLERANCE).all():  # NaN must fail too
        yield "some norms are not 1"


def _cluster_faults(
    version: Published,
    intact: set[str],
    block: int,
    embeddings: Matrix,
    missing: npt.NDArray[np.bool_],
) -> Iterator[str]:
    if CENTROIDS not in intact:
        return
    centroids = np.load(version.folder / CENTROIDS, allow_pickle=False)
    if centroids.ndim != 2 or centroids.shape[1] != embeddings.shape[1]:
        yield f"centroids.npy has the shape {centroids.shape}: no clusters"
        return
    if version.spec.slow_encoder and stored(version).file_of("embeddings", block) not in intact:
        return
    labels = clusters(version, ids_of_block(version.spec, block))
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
