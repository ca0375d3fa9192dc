"""What a request will take, told before anything runs: blocks, shards, memory, disk and the kind of index."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from synthprof.build import SURVEY
from synthprof.pipeline import STAGES, stage, wanted
from synthprof.resources import MIB, WARN_SHARE, Budget, check_estimate
from synthprof.sizing import (
    IndexChoice,
    automatic_k,
    check_k,
    choose,
    needs_training,
    training_rows_count,
)
from synthprof.spec import BLOCK_ROWS, Request, Shard, Spec, plan_shards

# Bytes per profile of the schema gamer_br: 513 and 640 in pt_BR, measured at 100,000 rows, and a tenth more.
PROFILE_ARROW_BYTES = 560
PROFILE_SQLITE_BYTES = 700
BLOB_ROW_BYTES = 16

TEXT_ROW_BYTES = 24
"""What SQLite needs for a row of a collection beside its values, with its entry in the index of keys."""

# Memory, over all processes of a stage; pages that forked workers share count once. Fitted to, and compared
# with, what benchmarks/bench_memory.py measures.
BASE_BYTES = 130 * MIB
"""A process with the libraries loaded and nothing done; its forked workers share most of it."""

WORKER_BYTES = 62 * MIB
"""What a worker takes of its own while it generates a block, and keeps for the next (`keep_memory`)."""

ENCODER_BYTES = 36 * MIB
"""What the encoder takes on top, with SciPy; each worker keeps ENCODED_BYTES of its blocks."""

ENCODED_BYTES = 8 * MIB

LOAD_BYTES = 45 * MIB
"""What loading a large database of profiles takes on top: SQLite's cache of 8 MiB and some blocks."""

TRAIN_BYTES = 30 * MIB
"""What k-means takes on top of its sample."""

SEARCH_BYTES = 130 * MIB
"""What looking for exact neighbours takes on top of the index, whose recall they are to show."""

REPORT_BYTES = 150 * MIB
"""What the map and the page of the report take on top, and for each profile more, up to a million."""

REPORT_ROW_BYTES, MOST_REPORT_ROWS = 172, 1_000_000

READ_COPIES = 12
"""What reading a block of a collection takes, as a multiple of its bytes: rows as Python and as Arrow hold
them. Python takes two bytes for each character of a text that is not in Latin 1."""

HELD_COPIES = 7
"""What a process that works on such a block takes, and mostly keeps."""


@dataclass(frozen=True)
class Texts:
    """Bytes of a collection's rows as Arrow holds them: of all, of their keys, and of the largest block."""

    bytes: int
    key_bytes: int
    block_bytes: int


def texts_of(build: Path) -> Texts | None:
    """What the survey in a build folder says of the texts; None for profiles, and where no survey lies."""
    path = build / SURVEY
    if not path.is_file():
        return None
    found = json.loads(path.read_text(encoding="utf-8"))
    return Texts(sum(found["block_bytes"]), found["key_bytes"], max(found["block_bytes"]))


@dataclass(frozen=True)
class Plan:
    """What will be done, and what it will take."""

    blocks: int
    shards: tuple[Shard, ...]
    workers: int
    clusters: int
    index: IndexChoice | None
    memory: dict[str, int]
    disk: dict[str, int]
    warnings: tuple[str, ...]

    @property
    def peak_memory(self) -> int:
        """Bytes that the hungriest stage takes, over all its processes."""
        return max(self.memory.values())

    @property
    def total_disk(self) -> int:
        """Bytes that the build and the published version take together; they share the databases."""
        return sum(self.disk.values())


def plan(request: Request, budget: Budget, lying: int = 0, texts: Texts | None = None) -> Plan:
    """The plan for this request within this budget.

    lying: bytes that lie on the disk already, from earlier attempts. texts: what is known of a collection's;
    None for profiles.
    Raises SpecError, naming value, rule and remedy, for what cannot be met: dimensions below what the schema
    needs, more clusters than the rows can train, more memory or disk than there is.
    """
    from synthprof.encoders import check_encoder
    from synthprof.profiles import load_schema
    from synthprof.vectorize import check_dim

    spec = request.spec
    if not spec.collection:
        check_dim(load_schema(spec.profile_schema), spec.dim_vector)
    check_encoder(spec)
    clusters = clusters_of(spec)
    check_k(clusters, spec.profiles)
    memory = {name: memory_of(name, spec, budget.workers, texts) for name in _stages(spec)}
    disk = {name: amount for name in _stages(spec) if (amount := disk_of(name, spec, texts))}
    hungriest = max(memory, key=lambda name: memory[name])
    warnings = (
        check_estimate("memory", memory[hungriest], budget.memory, _remedy(hungriest, spec, budget, texts)),
        check_estimate("disk", sum(disk.values()) - lying, budget.disk, _disk_remedy(spec)),
    )
    return Plan(
        blocks=spec.blocks,
        shards=plan_shards(spec, request.runtime),
        workers=budget.workers,
        clusters=clusters,
        index=index_of(spec),
        memory=memory,
        disk=disk,
        warnings=tuple(warning for warning in warnings if warning),
    )


def check_stage(
    name: str, spec: Spec, budget: Budget, lying: int, texts: Texts | None = None
) -> tuple[str, ...]:
    """Warnings of what one stage takes of what there is just before it begins.

    lying: bytes of it that lie on the disk already. Raises SpecError with the remedy if it would take more
    than there is.
    """
    if name not in _stages(spec):
        return ()
    memory = check_estimate(
        f"memory for {name}",
        memory_of(name, spec, budget.workers, texts),
        budget.memory,
        _remedy(name, spec, budget, texts),
    )
    needed = max(0, disk_of(name, spec, texts) - lying)
    disk = check_estimate(f"disk for {name}", needed, budget.disk, _disk_remedy(spec))
    return tuple(warning for warning in (memory, disk) if warning)


def fitting_workers(spec: Spec, budget: Budget, texts: Texts | None = None) -> int:
    """As many workers as the budget has cores for and 80 % of the memory can hold; at least one."""

    def hungriest(workers: int) -> int:
        return max(memory_of(each.name, spec, workers, texts) for each in STAGES if each.pooled)

    workers = budget.workers
    while workers > 1 and hungriest(workers) > WARN_SHARE * budget.memory:
        workers -= 1
    return workers


def clusters_of(spec: Spec) -> int:
    """The number of clusters: as asked for, or the automatic one."""
    return spec.clusters or automatic_k(spec.profiles)


def index_of(spec: Spec) -> IndexChoice | None:
    """The index to build, if one is wanted; it depends on the spec alone, so that its bytes do."""
    if not spec.save_index:
        return None
    memory = spec.index_memory_mib * MIB
    return choose(spec.profiles, spec.dim_embedding, memory, spec.index, clusters_of(spec))


def _stages(spec: Spec) -> list[str]:
    """The stages that take more than a moment."""
    return [each.name for each in wanted(spec) if each.name != "setup"]


def memory_of(name: str, spec: Spec, workers: int, texts: Texts | None = None) -> int:
    """Bytes of memory that a stage takes at most, over all its processes.

    workers: of its pool, idle ones too, which keep what they had; 0 where a process of its own does the stage
    and has no pool.
    """
    on_top = _texts_memory(name, spec, workers, texts) if texts else 0
    return _rows_memory(name, spec, workers, texts) + on_top


def _texts_memory(name: str, spec: Spec, workers: int, texts: Texts) -> int:
    """What the texts of a collection take on top; as small as profiles they would take next to nothing."""
    if name == "generate":
        return READ_COPIES * texts.block_bytes
    processes = 1 if name == "ingest" else min(workers, spec.blocks)
    return processes * HELD_COPIES * texts.block_bytes


def _rows_memory(name: str, spec: Spec, workers: int, texts: Texts | None) -> int:  # noqa: C901  one branch per stage
    vectors, embeddings = 4 * BLOCK_ROWS * spec.dim_vector, 4 * BLOCK_ROWS * spec.dim_embedding
    generated = BASE_BYTES + workers * WORKER_BYTES
    idle = generated + (ENCODER_BYTES + workers * ENCODED_BYTES if workers else 0)
    match name:
        case "setup":
            return idle
        case "generate":
            return generated
        case "vectorize":
            return generated + ENCODER_BYTES + workers * (vectors + embeddings * 13 // 10)
        case "ingest":
            return generated + min(LOAD_BYTES, disk_of(name, spec, texts)) + 12 * spec.profiles
        case "vacuum":
            return idle + min(LOAD_BYTES, disk_of(name, spec, texts))
        case "persist_blobs":
            return idle + 3 * (vectors + embeddings)
        case "cluster":
            return idle + TRAIN_BYTES + 2 * _sample_bytes(spec) + 12 * spec.profiles + 2 * embeddings
        case "export_index":
            return idle + SEARCH_BYTES + _index_bytes(spec) + 4 * spec.profiles + 4 * embeddings
        case "publish":
            mapped = REPORT_ROW_BYTES * min(spec.profiles, MOST_REPORT_ROWS) + 30 * spec.profiles
            return generated + REPORT_BYTES + mapped + workers * embeddings * 5 // 4
        case _:
            raise ValueError(f"stage {name} has no estimate of memory; add one")


def _sample_bytes(spec: Spec, k: int = 0) -> int:
    return 4 * spec.dim_embedding * training_rows_count(spec.profiles, k or clusters_of(spec))


def _index_bytes(spec: Spec) -> int:
    """The index; where it is not built from the clusters also its sample, and lists that grow."""
    choice = index_of(spec)
    if choice is None:
        return 0
    trains = needs_training(choice, clusters_of(spec))
    return choice.bytes + (choice.bytes // 4 + 2 * _sample_bytes(spec, choice.nlist) if trains else 0)


def disk_of(name: str, spec: Spec, texts: Texts | None = None) -> int:  # noqa: C901  one branch per stage
    """Bytes on the disk that a stage leaves."""
    rows, embedding = spec.profiles, 4 * spec.dim_embedding
    vector = 0 if spec.collection else 4 * spec.dim_vector
    match name:
        case "setup":
            return 0
        case "generate":
            return texts.bytes if texts else rows * PROFILE_ARROW_BYTES
        case "ingest":
            return _table_bytes(rows, texts)
        case "vectorize":
            return rows * (vector + embedding)
        case "persist_blobs":
            return _blobs_bytes(rows, vector, embedding)
        case "cluster":
            return rows * (BLOB_ROW_BYTES + 16) + clusters_of(spec) * embedding
        case "export_index":
            choice = index_of(spec)
            return choice.bytes if choice else 0
        case "vacuum":
            labels = rows * BLOB_ROW_BYTES
            return _table_bytes(rows, texts) + _blobs_bytes(rows, vector, embedding) + labels
        case "publish":
            return 8 * MIB
        case _:
            raise ValueError(f"stage {name} has no estimate of disk; add one")


def _table_bytes(rows: int, texts: Texts | None) -> int:
    """The table `perfis`. A row that is no small part of a page leaves room there that no other fits into."""
    if texts is None:
        return rows * PROFILE_SQLITE_BYTES
    from synthprof.database import PAGE_BYTES

    row = (texts.bytes + texts.key_bytes) / rows + TEXT_ROW_BYTES
    left = min(row, PAGE_BYTES, 2 * row * row / PAGE_BYTES)
    return round(rows * (row + left))


def _blobs_bytes(rows: int, *widths: int) -> int:
    from synthprof.blob_pages import bytes_of

    return sum(bytes_of(rows, width) for width in widths if width)


def _disk_remedy(spec: Spec) -> str:
    return f"{_fewer(spec)}, or free some space"


def _fewer(spec: Spec) -> str:
    return f"{'embed' if spec.collection else 'make'} fewer {spec.noun}s"


def _remedy(name: str, spec: Spec, budget: Budget, texts: Texts | None) -> str:
    """What the caller can change so that this stage takes less memory."""
    if stage(name).pooled and budget.workers > 1:
        return f"use workers={fitting_workers(spec, budget, texts)}, or give it more memory"
    if name == "export_index":
        return "use index=ivf_pq or a smaller index_memory_mib, save_index=false, or give it more memory"
    if name == "cluster":
        return f"use fewer clusters or a smaller dim_embedding, {_fewer(spec)}, or give it more memory"
    return f"{_fewer(spec)}, or give it more memory"
