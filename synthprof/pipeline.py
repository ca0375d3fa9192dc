"""The stages: one row each says all that is known of a stage beside its work.

A new stage is a row here and a module `synthprof.stages.<name>` with the function `run`. The DAG file imports
this module, so the work itself is imported only where it is done.
"""

import functools
import importlib
from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass
from importlib.metadata import version as release_of
from types import ModuleType
from typing import Any, Literal

from synthprof.base.digests import digest_of
from synthprof.base.errors import SpecError
from synthprof.base.units import MIB
from synthprof.schemas.bundle import Bundle
from synthprof.schemas.loader import errors_digest, rules_digest, stage_digests, tables_digest
from synthprof.schemas.schema import Schema
from synthprof.spec.contents import (
    CENTROIDS,
    CLUSTERS,
    DATABASE,
    EMBEDDINGS_DB,
    INDEX,
    LABELS,
    PERFIS,
    THUMBNAILS,
    VETORES,
    BlockKind,
    File,
    PartKind,
    kind_of,
    part_file,
    parts_of,
    table_file,
)
from synthprof.spec.estimates import Sizes
from synthprof.spec.sizing import lists_in_parts
from synthprof.spec.spec import Spec

Estimate = Callable[[Sizes], int]
"""Bytes that a stage takes, counted from the sizes of the request."""


@dataclass(frozen=True)
class Input:
    """Results of another stage: files of these kinds and names or, without any, all files and receipts.

    kinds: of block files, and names of others. unless: a stage in place of whose results these are read,
    where it has nothing to do.
    """

    stage: str
    kinds: tuple[str, ...] = ()
    unless: str = ""

    def has(self, name: str) -> bool:
        """Return whether a file of this name is read, of whatever block."""
        return not self.kinds or (kind_of(name) or name) in self.kinds


@dataclass(frozen=True)
class Parts:
    """The form that a stage's work has where the rows lie in parts: split by ranges of them, in the pool.

    kinds: of the part files that it makes. reads: what a worker must fetch for it. memory: as of the stage.
    """

    kinds: tuple[PartKind, ...]
    reads: tuple[Input, ...]
    memory: Estimate


@dataclass(frozen=True)
class Stage:
    """One step of making a data set, which can be run and retried alone.

    version: raised when the bytes it makes change; that invalidates its results and those that need them.
    scope: "shard" work is split by block ranges, "dataset" work is not. parts: the form in which it is, too,
    where the rows lie in parts.
    needs: the stages whose results it reads. after: stages that a run lets end first all the same, so that
    what they alone still read is let go of.
    memory: bytes that it takes at most, over all its processes. disk: bytes that it leaves on the disk.
    blocks: the kinds of block file that it makes. files: the published files that it makes.
    reads: what a worker must fetch for it, where that is not everything of the stages it needs.
    when: the parameter that must be true for the stage to have something to do.
    of_lists: whether it has something to do only where an index is filled in parts (`lists_in_parts`).
    remedy: how a user can make it take less memory; {fewer} stands for fewer rows.
    concurrent, pooled: as `works_beside` and `gives_work` have it, but for parts.
    alone: whether no other stage of the build is at work meanwhile.
    schemas: whether its key changes with what is drawn by the schema, too.
    texts: whether it does with the use of columns by encoders and, where texts are embedded, their words.
    rules: whether its key changes with the rules and margins of the schema.
    by_index: whether its results depend on the index settings, or tell of them.
    of_collections: its version for collections, where only the bytes of profiles have changed.
    """

    name: str
    version: int
    scope: Literal["shard", "dataset"]
    needs: tuple[str, ...] = ()
    _: KW_ONLY
    memory: Estimate
    disk: Estimate
    parts: Parts | None = None
    blocks: tuple[BlockKind, ...] = ()
    files: tuple[File, ...] = ()
    reads: tuple[Input, ...] | None = None
    when: str | None = None
    of_lists: bool = False
    remedy: str = "{fewer}"
    concurrent: bool = False
    pooled: bool = False
    alone: bool = False
    schemas: bool = False
    texts: bool = False
    rules: bool = False
    by_index: bool = False
    of_collections: int | None = None
    after: tuple[str, ...] = ()

    def parted(self, store: str) -> Parts | None:
        """Return the form in which it makes parts for this kind of store; None where it makes none."""
        return self.parts if store == "parquet" else None

    @property
    def part_kinds(self) -> tuple[PartKind, ...]:
        """The kinds of part file that it makes where the rows lie in parts."""
        return self.parts.kinds if self.parts else ()

    def is_split(self, store: str) -> bool:
        """Return whether its work is split by shards for this kind of store."""
        return self.scope == "shard" or self.parted(store) is not None

    def gives_work(self, spec: Spec) -> bool:
        """Return whether it gives work to the pool's processes."""
        return self.pooled or self.parted(spec.store) is not None

    def works_beside(self, spec: Spec) -> bool:
        """Return whether one thread does its work where there is one worker; others need not wait for it."""
        return self.concurrent and self.parted(spec.store) is None

    def inputs(self, spec: Spec) -> tuple[Input, ...]:
        """Return the results of other stages that a worker must have for it."""
        if parts := self.parted(spec.store):
            return parts.reads
        reads = tuple(map(Input, self.needs)) if self.reads is None else self.reads
        return tuple(each for each in reads if not (each.unless and stage(each.unless).applies(spec)))

    def needed_memory(self, sizes: Sizes) -> int:
        """Return the bytes that it takes at most, over all its processes."""
        parts = self.parted(sizes.spec.store)
        return parts.memory(sizes) if parts else self.memory(sizes)

    def folder(self, spec: Spec) -> str:
        """Return the name of its folder in a build of this spec: its name and its key."""
        return f"{self.name}-{keys(STAGES, spec)[self.name]}"

    @property
    def run(self) -> Callable[..., Any]:
        """The function that does the work: Context -> Outcome."""
        return self._module.run  # type: ignore[no-any-return]

    def applies(self, spec: Spec) -> bool:
        """Return whether it has anything to do for this spec."""
        if self.of_lists and not lists_in_parts(spec):
            return False
        return self.when is None or bool(getattr(spec, self.when))

    @property
    def is_optional(self) -> bool:
        """True where a spec can leave it without anything to do."""
        return self.when is not None or self.of_lists

    @property
    def not_wanted(self) -> str:
        """The reason why it has nothing to do where it does not apply, with the remedy."""
        if self.when is not None:
            return f"{self.when} is false; set {self.when}"
        return "no index is filled in parts; set store=parquet and an index with inverted lists"

    def prepare(self, spec: Spec, bundle: Bundle) -> None:
        """Load what the work needs in memory, for the pool's processes to share once they are forked."""
        getattr(self._module, "prepare", lambda *_: None)(spec, bundle)

    def holds(self, context: Any) -> bool:  # noqa: ANN401
        """Return whether the facts of its receipt still hold, beyond the files that the receipt names."""
        return bool(getattr(self._module, "holds", lambda _: True)(context))

    @property
    def _module(self) -> ModuleType:
        return importlib.import_module(f"synthprof.stages.{self.name}")


# fmt: off
STAGES = (
    Stage("setup", 1, "dataset", alone=True, by_index=True,
          memory=lambda of: of.idle,
          disk=lambda of: 0),
    Stage("generate", 4, "shard", ("setup",), reads=(), pooled=True, schemas=True, rules=True,
          of_collections=2,
          blocks=("profiles", "traits", "archetypes", "duplicates", "avatars", "avatar_truth"),
          memory=lambda of: of.processes + of.text_reading + of.children_drawing,
          disk=lambda of: of.profiles + of.traits + of.children_files + of.avatars),
    Stage("ingest", 2, "dataset", ("generate",), concurrent=True,
          files=(File(PERFIS, "perfis"),),
          memory=lambda of: of.processes + of.text_block + of.children_loading
          + of.loading(of.table) + 12 * of.rows,
          disk=lambda of: of.table + of.children_tables,
          parts=Parts(("perfis",), (Input("generate", ("profiles",)),),
                      lambda of: of.processes + of.table_part)),
    Stage("vectorize", 3, "shard", ("generate",), reads=(Input("generate", ("profiles",)),),
          pooled=True, texts=True, of_collections=2,
          blocks=("vectors", "embeddings", "missing", "failures", "thumbnails"),
          memory=lambda of: of.working + of.encoding + of.decoding,
          disk=lambda of: of.matrices + of.thumbnails),
    Stage("persist_blobs", 3, "dataset", ("vectorize",), after=("ingest",), concurrent=True,
          files=(File(VETORES, "vetores", "vetor"), File(EMBEDDINGS_DB, "embeddings", "embedding"),
                 File(THUMBNAILS, "thumbnails", "thumbnail")),
          memory=lambda of: of.idle + 3 * (of.vector_block + of.embedding_block) + of.thumbnail_block,
          disk=lambda of: of.blobs + of.thumbnails,
          parts=Parts(("vetores", "embeddings"), (Input("vectorize", ("vectors", "embeddings")),),
                      lambda of: of.idle + of.matrix_part)),
    Stage("cluster", 5, "dataset", ("vectorize",),
          reads=(Input("generate", ("archetypes",)), Input("vectorize")),
          files=(File(CLUSTERS, "clusters", "cluster_id"), File(CENTROIDS)),
          memory=lambda of: of.idle + of.training + 12 * of.rows + 2 * of.embedding_block,
          disk=lambda of: 2 * of.labels + of.centroids,
          remedy="use fewer clusters or a smaller dim_embedding, {fewer}"),
    Stage("train_index", 1, "dataset", ("cluster",), of_lists=True, by_index=True,
          reads=(Input("cluster", (CENTROIDS,)), Input("vectorize", ("embeddings",))),
          memory=lambda of: of.idle + of.index_model,
          disk=lambda of: of.trained_index,
          remedy="use fewer clusters or a smaller dim_embedding, {fewer}"),
    Stage("fill_index", 1, "shard", ("train_index",), of_lists=True, by_index=True, pooled=True,
          reads=(Input("train_index"), Input("cluster", (CENTROIDS, LABELS)),
                 Input("vectorize", ("embeddings",))),
          blocks=("lists", "neighbours"),
          memory=lambda of: of.idle + of.filling,
          disk=lambda of: of.index + of.neighbours),
    Stage("export_index", 1, "dataset", ("cluster", "fill_index"), after=("persist_blobs",),
          when="save_index", by_index=True,
          reads=(Input("cluster", unless="fill_index"), Input("vectorize", ("missing",)),
                 Input("vectorize", ("embeddings",), unless="fill_index"),
                 Input("train_index"), Input("fill_index")),
          files=(File(INDEX),),
          memory=lambda of: of.idle + of.indexing,
          disk=lambda of: of.index,
          remedy="use index=ivf_pq or a smaller index_memory_mib, save_index=false"),
    Stage("vacuum", 1, "dataset", ("ingest", "persist_blobs", "cluster"), when="vacuum",
          memory=lambda of: of.idle + of.loading(of.table + of.children_tables + of.blobs + of.labels),
          disk=lambda of: of.table + of.children_tables + of.blobs + of.labels),
    Stage("publish", 4, "dataset", ("ingest", "persist_blobs", "cluster", "export_index", "vacuum"),
          pooled=True, alone=True, rules=True, by_index=True,
          reads=(*map(Input, ("setup", "generate", "ingest", "vectorize", "persist_blobs", "cluster")),
                 *map(Input, ("train_index", "fill_index", "export_index", "vacuum"))),
          memory=lambda of: of.working + of.reporting,
          disk=lambda of: 8 * MIB),
)
# fmt: on

BEFORE_PUBLISH = STAGES[:-1]


@dataclass(frozen=True)
class Release:
    """Block files of one kind that are let go of: a database or an index has their rows (docs/adr/0079).

    into: that file. readers: the stages that read the files, and so have ended before; others read the
    database. disk: bytes of the files. kept: how many of the first blocks stay, for the report.
    """

    kind: BlockKind
    into: str
    readers: tuple[str, ...]
    disk: Estimate
    kept: int = 0

    def applies(self, spec: Spec) -> bool:
        """Return whether a file has the rows, and the block files can be made again from the spec alone."""
        if self.into == INDEX:
            return lists_in_parts(spec)
        from_source = spec.collection and self.kind == "profiles"
        return not (spec.in_parts or spec.slow_encoder or from_source)


RELEASES = (
    Release("profiles", PERFIS, ("ingest", "vectorize"), disk=lambda of: of.profiles, kept=2),
    Release("vectors", VETORES, ("persist_blobs",), disk=lambda of: of.vectors),
    Release("embeddings", EMBEDDINGS_DB, ("persist_blobs",), disk=lambda of: of.embeddings),
    Release("lists", INDEX, ("export_index",), disk=lambda of: of.index),
)


def other_readers(which: Stage, spec: Spec) -> set[str]:
    """Return the names of the other stages that read block files which it reads and which are let go of."""
    read = [each for each in RELEASES if each.applies(spec) and which.name in each.readers]
    return {name for each in read for name in each.readers} - {which.name}


FILES = {file.name: file for each in STAGES for file in each.files}
"""The files that the stages before publishing make, by name, in the order of the manifest."""


def files_of(spec: Spec, schema: Schema | None) -> tuple[File, ...]:
    """Return those of FILES that the versions of this spec have, part files, and databases of child tables.

    schema: None where it cannot be read; then those of child tables are left out.
    """
    children = (table_file(table.name) for table in (schema.tables if schema else ()))
    parts = (part_file(kind, part) for kind in part_kinds(spec) for part in range(parts_of(spec)))
    return (*(file for file in FILES.values() if file.applies(spec)), *parts, *children)


def part_kinds(spec: Spec) -> tuple[PartKind, ...]:
    """Return the kinds of part file that the versions of this spec have."""
    return tuple(kind for each in STAGES for kind in each.part_kinds) if spec.in_parts else ()


def maker_of(result: str) -> Stage:
    """Return the stage that makes a published file or a kind of block file; others are of child tables."""
    kind, within, _ = result.partition("/")
    if within:
        return next(each for each in STAGES if kind in each.part_kinds)
    found = (each for each in STAGES if result in each.blocks or result in {file.name for file in each.files})
    return next(found, None) or stage("ingest" if result.endswith(DATABASE) else "generate")


def keys(stages: tuple[Stage, ...], spec: Spec) -> dict[str, str]:
    """Return the key of each stage; stages come after those they need.

    Eight hexadecimal digits that change with its version, what it reads of the schema, or any stage
    it needs; of a stage that makes parts also with the release of pyarrow, which is told in Parquet files.
    Where no index is filled in parts, the stages that do so change no other's key.
    """
    drawn = f"avatars {AVATARS_VERSION}" if spec.avatars else ""
    writer = f"pyarrow {release_of('pyarrow')}" if spec.in_parts else ""
    left_out = (
        frozenset() if lists_in_parts(spec) else frozenset(each.name for each in stages if each.of_lists)
    )
    if spec.schema_digest:  # which the spec has: another schema has another build
        return _keys(stages, spec.schema_digest + drawn, (), "", bool(spec.collection), writer, left_out)
    profiles, texts, encoding = stage_digests(spec.profile_schema)
    if spec.collection:
        words = (texts, encoding) if spec.encoder == "catalogue" else ()
        return _keys(stages, _NO_SCHEMA, words, "", True, writer, left_out)
    profiles += tables_digest(spec.profile_schema, spec.with_tables) + drawn
    profiles += errors_digest(spec.profile_schema) if spec.duplicates else ""
    return _keys(stages, profiles, ("", encoding), rules_digest(spec.profile_schema), False, writer, left_out)


AVATARS_VERSION = 1
"""Raised when the same profiles have other pictures."""

_NO_SCHEMA = "d729ac668ce651e1a5bb6445e3e910a1"
"""The stand-in for a schema in the keys of collections, whose rows none draws: what release 0.2 had there, so
that embeddings which a service was asked for are not asked for again."""


@functools.cache
def _keys(
    stages: tuple[Stage, ...],
    profiles: str,
    words: tuple[str, ...],
    rules: str,
    collection: bool,
    writer: str,
    left_out: frozenset[str],
) -> dict[str, str]:
    found: dict[str, str] = {}
    for each in stages:
        read = [profiles] if each.schemas else []
        read += [digest for digest in words if digest] if each.texts else []
        read += [rules] if each.rules and rules else []
        read += [writer] if each.parts and writer else []
        version = each.of_collections if collection and each.of_collections else each.version
        needs = [need for need in each.needs if need not in left_out]
        made_of = [each.name, version, [found[need] for need in needs], *read]
        found[each.name] = digest_of(made_of)[:8]
    return found


def made_from(name: str) -> set[str]:
    """Return the names of the stages that need this one, also by way of others."""
    found = {name}
    for each in STAGES:
        found |= {each.name} if found & set(each.needs) else set()
    return found - {name}


def wanted(spec: Spec, stages: tuple[Stage, ...] = STAGES) -> list[Stage]:
    """Those of the stages that have something to do for this spec, in order."""
    return [each for each in stages if each.applies(spec)]


def version_of(spec: Spec) -> str:
    """Return the name of the version that this release, with its schemas, makes of a spec."""
    return digest_of([spec.digest, keys(STAGES, spec)["publish"]])[:12]


def check_same_release(dataset: str, version: str, spec: Spec, what: str) -> None:
    """Raise SpecError unless this release with its schemas made the version. what: the verb wanted."""
    if version_of(spec) != version:
        raise SpecError(
            f"version {version} of {dataset!r} was made by another release or schema of synthprof, which "
            f"must {what} it; or make it anew with `synthprof run`"
        )


def stage(name: str) -> Stage:
    """Return the stage of that name. Raise SpecError if there is none."""
    found = next((each for each in STAGES if each.name == name), None)
    if found is None:
        raise SpecError(f"Unknown stage {name!r}; the stages are {', '.join(each.name for each in STAGES)}")
    return found
