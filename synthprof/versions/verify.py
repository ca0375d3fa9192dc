"""Proof that a published version is what its spec says: checksums, contents, and blocks made again.

Only the release and the schema that made a version make its blocks again; without them the rest is proved.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from synthprof.base.errors import StageError
from synthprof.base.streams import stream
from synthprof.encoders.encoder import encode_rows, encoder_of
from synthprof.pipeline import FILES, version_of
from synthprof.profiles.drawing import Generated, generate
from synthprof.profiles.features import features
from synthprof.schemas.loader import load_schema
from synthprof.similarity.kmeans import assign
from synthprof.sources.survey import block_digest, collection_digest
from synthprof.spec.contents import (
    ARCHETYPES_FILE,
    CENTROIDS,
    CLUSTER,
    CLUSTERS,
    EMBEDDINGS_DB,
    MAP,
    NO_CLUSTER,
    NORM_TOLERANCE,
    PERFIS,
    VETORES,
)
from synthprof.spec.limits import MAX_POINTS
from synthprof.spec.spec import BLOCK_ROWS
from synthprof.store.manifest import damaged, unknown_files
from synthprof.store.sqlite.database import check_ids, read
from synthprof.versions.published import Published
from synthprof.versions.verify_index import index_wrong, open_index, places_wrong


@dataclass(frozen=True)
class Verdict:
    """The result of a verification: the parts that were checked, and the faults that were found.

    blocks: those made again, out of `every`. same_release: whether this release and schema made the version;
    if not, no block is made again. damaged: files that are missing or differ from their checksum. strange:
    names that the manifest does not know. wrong: what does not follow from the spec although the checksums
    are right, each with its words.
    """

    files: int
    blocks: int
    every: int
    same_release: bool
    damaged: tuple[str, ...] = ()
    strange: tuple[str, ...] = ()
    wrong: tuple[str, ...] = ()

    @property
    def findings(self) -> tuple[str, ...]:
        """All that was found wrong, in words."""
        return (
            *(f"{name} is missing or differs from its checksum in the manifest" for name in self.damaged),
            *(f"{name} is not in the manifest" for name in self.strange),
            *self.wrong,
        )

    @property
    def sound(self) -> bool:
        """Whether nothing was found wrong."""
        return not self.findings

    @property
    def found_right(self) -> str:
        """What a sound version was found to be, in words."""
        if not self.same_release:
            return f"{self.files} files match their checksums; {_FOREIGN}, so no block was made again"
        return (
            f"{self.files} files match their checksums, "
            f"{self.blocks} of {self.every} blocks made again are the same byte for byte"
        )

    @property
    def remedy(self) -> str:
        """What helps against the findings, in words."""
        return (
            "`synthprof repair` makes it whole" if self.same_release else f"{_FOREIGN}, which must repair it"
        )


_FOREIGN = "it was made by another release or schema of synthprof"


def verify(version: Published, blocks: int | None, progress: Callable[[int, int], None]) -> Verdict:
    """Every file against its checksum, every table's rows, and `blocks` blocks (None: all) made again.

    A block is compared byte by byte with profiles, vectors and embeddings; its clusters with the centroids,
    and the index with its embeddings. Of a version that another release or schema made, the stored embeddings
    of these blocks are looked up in the index instead. A damaged file is not opened. Which blocks are taken
    follows from the version's name, so that a repeated check takes the same ones.
    """
    spec, files = version.spec, version.manifest.files
    chosen = _choose(version, spec.blocks if blocks is None else min(blocks, spec.blocks))
    total = len(files) + len(chosen)
    same_release = version_of(spec) == version.manifest.version
    block_wrong = _block_wrong if same_release else _stored_block_wrong
    bad: list[str] = []
    for done, file in enumerate(files, start=1):
        bad += damaged(version.folder, [file])
        progress(done, total)
    sound = {file.path for file in files} - set(bad)
    wrong = [*_rows_wrong(version, sound), *_archetypes_wrong(version, sound)]
    wrong += _collection_wrong(version, sound)
    index = open_index(version, sound)
    for done, block in enumerate(chosen, start=len(files) + 1):
        wrong += block_wrong(version, sound, block, index)
        progress(done, total)
    wrong += index_wrong(version, index)
    wrong += _map_wrong(version, sound)
    if not version.manifest.seal:
        wrong.append("MANIFEST.json has no seal")
    return Verdict(
        len(files),
        len(chosen) if same_release else 0,
        spec.blocks,
        same_release,
        tuple(bad),
        tuple(unknown_files(version.folder, files)),
        tuple(dict.fromkeys(wrong)),
    )


def _choose(version: Published, count: int) -> list[int]:
    """Which blocks to make again: the last one, which may be short, and others by the version's name."""
    every = version.spec.blocks
    order = np.argsort(
        stream(int(version.manifest.version, 16), "block", "verify").words(every), kind="stable"
    )
    chosen = [every - 1, *(int(block) for block in order if block != every - 1)]
    return sorted(chosen[:count])


def _rows_wrong(version: Published, sound: set[str]) -> Iterator[str]:
    rows = version.manifest.rows
    if rows != version.spec.profiles:
        yield f"MANIFEST.json tells of {rows} rows, its spec of {version.spec.profiles}"
    for file in (file for file in FILES.values() if file.table and file.name in sound):
        try:
            check_ids(version.folder / file.name, file.table, rows)
        except StageError as error:
            yield str(error)


def _archetypes_wrong(version: Published, sound: set[str]) -> Iterator[str]:
    if ARCHETYPES_FILE in sound:
        labels = np.load(version.folder / ARCHETYPES_FILE, allow_pickle=False)
        if labels.shape != (version.manifest.rows,):
            yield f"archetypes.npy has the shape {labels.shape}, not one label per profile"


def _block_wrong(version: Published, sound: set[str], block: int, index: Any) -> Iterator[str]:  # noqa: ANN401
    spec = version.spec
    first, rows = block * BLOCK_ROWS + 1, spec.block_rows(block)
    stored = partial(_stored, version.folder, first, rows)
    if spec.collection:
        if PERFIS not in sound:  # the embeddings follow from its texts
            return
        made = Generated(_batch(stored(PERFIS)), np.zeros(0, np.uint8))
    else:
        made = generate(
            load_schema(spec.profile_schema), spec.seed, spec.locale, spec.separation, block, rows
        )
    embeddings, missing = _embeddings(version, sound, made.profiles, stored)
    which = f"ids {first} to {first + rows - 1}"
    checks: dict[str, Callable[[], Iterator[str]]] = {
        PERFIS: lambda: _profiles_wrong(stored(PERFIS), made.profiles),
        VETORES: lambda: _floats_wrong(
            stored(VETORES), features(load_schema(spec.profile_schema), made.profiles, spec.dim_vector)
        ),
        EMBEDDINGS_DB: lambda: _embeddings_wrong(version, stored(EMBEDDINGS_DB), embeddings),
        CLUSTERS: lambda: _clusters_wrong(version, sound, stored(CLUSTERS), embeddings, missing),
        ARCHETYPES_FILE: lambda: _labels_wrong(version, made.archetypes, first),
    }
    for name in (name for name in checks if name in sound):
        try:
            yield from (f"{name}, {which}: {finding}" for finding in checks[name]())
        except StageError as error:
            yield str(error)
        except pa.ArrowInvalid as error:
            yield f"{name} cannot be read: {error}"
    if index is not None and not missing.all():
        yield from places_wrong(version, index, embeddings, np.flatnonzero(~missing), first)


def _stored_block_wrong(version: Published, sound: set[str], block: int, index: Any) -> Iterator[str]:  # noqa: ANN401
    """What can be said of a block that is not made again: its norms, and its embeddings in the index."""
    if EMBEDDINGS_DB not in sound:
        return
    first, rows = block * BLOCK_ROWS + 1, version.spec.block_rows(block)
    stored = _stored(version.folder, first, rows, EMBEDDINGS_DB)
    which = f"{EMBEDDINGS_DB}, ids {first} to {first + rows - 1}"
    yield from (f"{which}: {finding}" for finding in _norms_wrong(version, stored))
    embeddings, missing = _matrix(stored.column("embedding").to_pylist(), version.spec.dim_embedding)
    if index is not None and not missing.all():
        yield from places_wrong(version, index, embeddings, np.flatnonzero(~missing), first)


def _batch(rows: pa.Table) -> pa.RecordBatch:
    return rows.combine_chunks().to_batches()[0]


def _collection_wrong(version: Published, sound: set[str]) -> Iterator[str]:
    """The rows of a collection are those that its source had: their digest is part of the spec."""
    spec = version.spec
    if not spec.collection or PERFIS not in sound:
        return
    stored = (
        _stored(version.folder, block * BLOCK_ROWS + 1, spec.block_rows(block), PERFIS)
        for block in range(spec.blocks)
    )
    if collection_digest(spec.columns, [block_digest(_batch(rows)) for rows in stored]) != spec.collection:
        yield "perfis.db holds other rows than the source had"


def _embeddings(
    version: Published, sound: set[str], profiles: pa.RecordBatch, stored: Callable[[str], pa.Table]
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
    """The embeddings of a block, with a placeholder for those that are missing, and which those are.

    Those of a slow encoder are taken as they are stored: asking a service again costs money and may
    give other bits.
    """
    spec = version.spec
    if not spec.slow_encoder:
        return encode_rows(encoder_of(spec), profiles), np.zeros(profiles.num_rows, np.bool_)
    blobs: list[bytes | None] = [None] * profiles.num_rows
    if EMBEDDINGS_DB in sound:
        blobs = stored(EMBEDDINGS_DB).column("embedding").to_pylist()
    return _matrix(blobs, spec.dim_embedding)


def _matrix(blobs: list[bytes | None], dim: int) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
    """Stored embeddings, (n, dim), with a placeholder for those that are missing, and which are."""
    placeholder = np.eye(1, dim, dtype="<f4").tobytes()
    missing = np.array([blob is None or len(blob) != len(placeholder) for blob in blobs])
    whole = (blob if blob and len(blob) == len(placeholder) else placeholder for blob in blobs)
    matrix = np.frombuffer(b"".join(whole), "<f4").reshape(-1, dim)
    return matrix.astype(np.float32), missing


def _stored(folder: Path, first: int, rows: int, name: str) -> pa.Table:
    query = f"SELECT * FROM {FILES[name].table} WHERE id BETWEEN ? AND ? ORDER BY id"
    return read(folder / name, query, (first, first + rows - 1))


def _profiles_wrong(stored: pa.Table, made: pa.RecordBatch) -> Iterator[str]:
    for name in made.schema.names:
        if not _plain(made.column(name)).equals(_plain(stored.column(name).combine_chunks())):
            yield f"column {name} differs from the spec"


def _plain(column: pa.Array) -> pa.Array:
    """Text as text and numbers as 64 bits, as SQLite gives them."""
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    return column.cast(pa.int64() if pa.types.is_integer(column.type) else pa.string())


def _floats_wrong(stored: pa.Table, made: npt.NDArray[np.float32]) -> Iterator[str]:
    blobs = [blob or b"" for blob in stored.column(1).to_pylist()]
    if b"".join(blobs) != made.astype("<f4").tobytes():
        yield "values differ from the spec"


def _embeddings_wrong(version: Published, stored: pa.Table, made: npt.NDArray[np.float32]) -> Iterator[str]:
    if not version.spec.slow_encoder:
        yield from _floats_wrong(stored, made)
    yield from _norms_wrong(version, stored)


def _norms_wrong(version: Published, stored: pa.Table) -> Iterator[str]:
    """Embeddings have their dimension and the norm 1; only those of a slow encoder may be missing."""
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


def _clusters_wrong(
    version: Published,
    sound: set[str],
    stored: pa.Table,
    embeddings: npt.NDArray[np.float32],
    missing: npt.NDArray[np.bool_],
) -> Iterator[str]:
    if CENTROIDS not in sound:
        return
    centroids = np.load(version.folder / CENTROIDS, allow_pickle=False)
    if centroids.ndim != 2 or centroids.shape[1] != embeddings.shape[1]:
        yield f"centroids.npy has the shape {centroids.shape}: no clusters"
        return
    if version.spec.slow_encoder and EMBEDDINGS_DB not in sound:
        return
    labels, _ = assign(embeddings, centroids)
    labels[missing] = NO_CLUSTER
    if labels.tolist() != stored.column("cluster_id").to_pylist():
        yield "clusters are not those of the nearest centroids"


def _labels_wrong(version: Published, made: npt.NDArray[Any], first: int) -> Iterator[str]:
    labels = np.load(version.folder / ARCHETYPES_FILE, allow_pickle=False)
    if not np.array_equal(labels[first - 1 : first - 1 + len(made)], made):
        yield "archetypes differ from the spec"


def _map_wrong(version: Published, sound: set[str]) -> Iterator[str]:
    """The map must show the first profiles in their clusters; where on the plane is a matter of taste."""
    if not {MAP, CLUSTERS} <= sound:
        return
    try:
        with pa.memory_map(str(version.folder / MAP)) as file, pa.ipc.open_file(file) as reader:
            shown = reader.read_all().select(["id", CLUSTER])
    except (pa.ArrowInvalid, KeyError) as error:
        yield f"{MAP} cannot be read: {error}"
        return
    query = "SELECT id, cluster_id FROM clusters WHERE id <= ? ORDER BY id"
    stored = read(version.folder / CLUSTERS, query, (min(MAX_POINTS, version.manifest.rows),))
    if shown.to_pydict() != dict(zip(shown.column_names, stored.to_pydict().values(), strict=True)):
        yield f"{MAP} does not show the first profiles in their clusters"
