"""Verification of a published version: checksums, contents, and blocks made again from the spec.

Only the release and the schema that made a version can make its blocks again; others check the rest.
"""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
import pyarrow as pa

from synthprof.base.errors import StageError
from synthprof.base.streams import stream
from synthprof.pipeline import files_of, version_of
from synthprof.schemas.bundle import SCHEMA_FILE
from synthprof.schemas.schema import Schema
from synthprof.sources.survey import block_digest, collection_digest
from synthprof.spec.contents import (
    ARCHETYPES_FILE,
    CLUSTER,
    CLUSTERS,
    MAP,
    NEAR_DUPLICATES,
    PERFIS,
)
from synthprof.spec.limits import MAX_POINTS
from synthprof.store.children import check_children
from synthprof.store.manifest import damaged, unknown_files
from synthprof.store.sqlite.database import check_ids
from synthprof.store.tables import TABLES
from synthprof.versions.published import Published, stored
from synthprof.versions.tables import clusters
from synthprof.versions.verify_blocks import (
    BLOCK_STEPS,
    ids_of_block,
    is_whole,
    one_batch,
    remade_block_faults,
    stored_block_faults,
)
from synthprof.versions.verify_facts import (
    coherence_faults,
    drift_faults,
    duplicate_faults,
    fact_faults,
    score_faults,
    told_rows,
)
from synthprof.versions.verify_index import index_faults, open_index

_FOREIGN = "it was made by another release or schema of synthprof"


@dataclass(frozen=True)
class Verdict:
    """The result of a verification: the parts that were checked, and the faults that were found.

    files: number of files compared with their checksums. blocks: number of blocks made again, of
    `blocks_total`. same_release: whether this release and schema made the version; if not, no block is made
    again. damaged: names of files that are missing or differ from their checksum. unknown: names of files
    that the manifest lacks. contradictions: sentences about contents that do not follow from the spec.
    """

    files: int
    blocks: int
    blocks_total: int
    same_release: bool
    damaged: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    contradictions: tuple[str, ...] = ()

    @property
    def findings(self) -> tuple[str, ...]:
        """A sentence for each fault."""
        return (
            *(f"{name} is missing or differs from its checksum in the manifest" for name in self.damaged),
            *(f"{name} is not in the manifest" for name in self.unknown),
            *self.contradictions,
        )

    @property
    def sound(self) -> bool:
        """True if no fault was found."""
        return not self.findings

    @property
    def confirmation(self) -> str:
        """A sentence about a sound version."""
        if not self.same_release:
            return f"{self.files} files match their checksums; {_FOREIGN}, so no block was made again"
        return (
            f"{self.files} files match their checksums, "
            f"{self.blocks} of {self.blocks_total} blocks made again are the same byte for byte"
        )

    @property
    def remedy(self) -> str:
        """A sentence on how to mend the version."""
        return (
            "`synthprof repair` makes it whole" if self.same_release else f"{_FOREIGN}, which must repair it"
        )


def verify(version: Published, blocks: int | None, progress: Callable[[int, int], None]) -> Verdict:
    """Check a version and return the verdict.

    Every file is compared with its checksum, every table's rows are counted, and `blocks` blocks (None: all)
    are made again. A block made again is compared byte by byte with profiles, vectors and embeddings; its
    clusters with the centroids, and the index with its embeddings. Facts of the manifest are compared with
    the files, and its scores computed again: inertia, recall and coherence only with all blocks. In a version
    of another release or schema, the stored embeddings of these blocks are looked up in the index instead. A
    damaged file is not opened. The blocks follow from the version's name, so that a repeated check takes the
    same ones.

    progress: called with the number of steps done and of all steps: one for each file, several for a block.
    """
    spec, files = version.spec, version.manifest.files
    chosen = _choose(version, spec.blocks if blocks is None else min(blocks, spec.blocks))
    read = range(spec.blocks if spec.collection else 0)  # all rows of a collection are read
    steps = itertools.count(1)
    total = len(files) + len(read) + BLOCK_STEPS * len(chosen)
    progress(0, total)
    same_release = version_of(spec) == version.manifest.version
    faults = tuple(_schema_faults(version))
    spoilt: list[str] = []
    for file in files:
        spoilt += damaged(version.folder, [file])
        progress(next(steps), total)
    intact = {file.path for file in files} - set(spoilt)
    contradictions = tuple(
        _contradictions(
            version,
            intact,
            chosen,
            same_release and not faults,
            bool(faults),
            lambda: progress(next(steps), total),
        )
    )
    progress(total, total)
    return Verdict(
        files=len(files),
        blocks=len(chosen) if same_release and not faults else 0,
        blocks_total=spec.blocks,
        same_release=same_release,
        damaged=tuple(spoilt),
        unknown=tuple(unknown_files(version.folder, files)),
        contradictions=tuple(dict.fromkeys((*(() if SCHEMA_FILE in spoilt else faults), *contradictions))),
    )


def _contradictions(
    version: Published,
    intact: set[str],
    blocks: list[int],
    can_be_made: bool,
    unreadable: bool,
    step: Callable[[], None],
) -> Iterator[str]:
    """Yield a sentence for each content that does not follow from the spec, reading intact files only.

    unreadable: whether the schema cannot be read; then what needs it is not looked at.
    """
    yield from _row_faults(version, intact, None if unreadable else version.schema)
    yield from _truth_faults(version, intact)
    yield from _collection_faults(version, intact, step)
    index = open_index(version, intact)
    yield from fact_faults(
        version, intact, index
    )  # first: looking up embeddings changes settings of the index
    if can_be_made:
        every_row = len(blocks) == version.spec.blocks
        yield from score_faults(version, intact, index, every_row)
        yield from coherence_faults(version, intact) if every_row else ()
        yield from duplicate_faults(version, intact)
        yield from drift_faults(version, intact)
    block_faults = remade_block_faults if can_be_made else stored_block_faults
    for block in blocks:
        yield from block_faults(version, intact, block, index, step)
    yield from index_faults(version, index)
    yield from _map_faults(version, intact)


def _schema_faults(version: Published) -> Iterator[str]:
    """Yield a fault if the schema that blocks are made by is missing or another one."""
    try:
        version.bundle  # noqa: B018  read to be checked
    except StageError as error:
        yield str(error)


def _choose(version: Published, count: int) -> list[int]:
    """Return the blocks to make again: the last one, which may be short, and others by the version's name."""
    every = version.spec.blocks
    order = np.argsort(
        stream(int(version.manifest.version, 16), "block", "verify").words(every), kind="stable"
    )
    chosen = [every - 1, *(int(block) for block in order if block != every - 1)]
    return sorted(chosen[:count])


def _row_faults(version: Published, intact: set[str], schema: Schema | None) -> Iterator[str]:
    rows = version.manifest.rows
    if rows != version.spec.profiles:
        yield f"MANIFEST.json has {rows} rows, its spec {version.spec.profiles}"
    for check in _row_checks(version, intact, schema):
        try:
            check()
        except StageError as error:
            yield str(error)


def _row_checks(version: Published, intact: set[str], schema: Schema | None) -> Iterator[Callable[[], None]]:
    """Yield a check of each table that is intact: it has all ids or, of a child table, the rows told."""
    rows = version.manifest.rows
    for table in TABLES:
        if is_whole(version, table, intact):
            yield partial(stored(version).check, table)
    for file in files_of(version.spec, schema):
        path = version.folder / file.name
        if not file.table or file.table in TABLES or file.name not in intact:
            continue
        if file.child and schema is not None:
            told = told_rows(version, file.table)
            yield partial(check_children, path, schema.child(file.table), rows, told)
        else:
            yield partial(check_ids, path, file.table, rows)


def _truth_faults(version: Published, intact: set[str]) -> Iterator[str]:
    for name in (name for name in (ARCHETYPES_FILE, NEAR_DUPLICATES) if name in intact):
        shape = np.load(version.folder / name, allow_pickle=False).shape
        if shape != (version.manifest.rows,):
            yield f"{name} has the shape {shape}, not one number per profile"


def _collection_faults(version: Published, intact: set[str], step: Callable[[], None]) -> Iterator[str]:
    """Yield a fault if the rows differ from the source, whose digest is part of the spec."""
    spec = version.spec
    if not spec.collection or not is_whole(version, "perfis", intact):
        return
    digests = []
    for block in range(spec.blocks):
        digests.append(block_digest(one_batch(stored(version).rows(ids=ids_of_block(spec, block)))))
        step()
    if collection_digest(spec.columns, digests) != spec.collection:
        yield f"{PERFIS} holds other rows than the source had"


def _map_faults(version: Published, intact: set[str]) -> Iterator[str]:
    """Yield a fault unless the map shows the first profiles with their clusters; its coordinates are free."""
    if not {MAP, CLUSTERS} <= intact:
        return
    try:
        with pa.OSFile(str(version.folder / MAP)) as file, pa.ipc.open_file(file) as reader:
            shown = reader.read_all().select(["id", CLUSTER])
    except (pa.ArrowInvalid, KeyError) as error:
        yield f"{MAP} cannot be read: {error}"
        return
    ids = range(1, min(MAX_POINTS, version.manifest.rows) + 1)
    known = {"id": list(ids), CLUSTER: clusters(version, ids).tolist()}
    if shown.to_pydict() != known:
        yield f"{MAP} does not show the first profiles in their clusters"
