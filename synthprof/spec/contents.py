"""Contents of builds and versions: names of files, kinds of block files, page sizes, placeholder values."""

import re
from dataclasses import dataclass
from typing import Literal

from synthprof.spec.spec import BLOCK_ROWS, Spec

PERFIS = "perfis.db"
VETORES = "vetores.db"
EMBEDDINGS_DB = "embeddings.db"
CLUSTERS = "clusters.db"
CENTROIDS = "centroids.npy"
LABELS = "labels.npy"
INDEX = "index.faiss"
ARCHETYPES_FILE = "archetypes.npy"
NEAR_DUPLICATES = "near_duplicates.npy"
AVATARS_FOLDER = "avatars"
AVATAR_TRUTH_FILE = "avatar_truth.arrow"
DUPLICATES_FILE = "duplicates.arrow"
DRIFT_FILE = "drift.json"
THUMBNAILS = "thumbnails.db"
OVERVIEW = "overview.json"
MAP = "map.arrow"
REPORT = "report.html"

BlockKind = Literal[
    "profiles",
    "traits",
    "archetypes",
    "duplicates",
    "avatars",
    "avatar_truth",
    "vectors",
    "embeddings",
    "missing",
    "failures",
    "thumbnails",
    "lists",
    "neighbours",
]
"""A kind of block file; those of child tables are named as their table."""

DATABASE = ".db"
"""The end of a database's name."""

BLOCK_FILE = re.compile(r"([a-z][a-z0-9_]*)-(\d{5})\.(?:arrow|npy|jsonl|tar|bin)")
"""Name of a block file, as `block_name` gives it: its kind and the number of its block."""

SEAL_FILE = re.compile(r"seal-(part-)?(\d{5})\.json")
"""Name of a seal, as `seal_name` and `part_seal_name` give it: the number of its block or part."""

PART_BLOCKS = 16
"""Blocks of a part, 262,144 rows: the unit of files, shards and resumption where `store` is parquet."""

OF_PARTS: tuple[BlockKind, ...] = ("lists", "neighbours")
"""Kinds of block file that have what is of a part, under the number of its first block."""

PartKind = Literal["perfis", "vetores", "embeddings"]
"""A kind of part file: rows of the table, feature vectors, embeddings."""

_PART_SUFFIX: dict[PartKind, str] = {"perfis": "parquet", "vetores": "npy", "embeddings": "npy"}

TABLE_PAGE_BYTES = 16_384
"""Larger pages load faster and cost a reader of single rows little; benchmarks/bench_database.py compares."""

BLOB_PAGE_BYTES = 65_536
"""The largest there is: embeddings of 4,096 float32 need no overflow pages."""

NO_CLUSTER = -1
"""The cluster of a profile that has no embedding."""

NORM_TOLERANCE = 1e-4
"""Allowed deviation of an embedding's norm from 1: float32 rounding of up to 4,096 values."""


def block_name(kind: str, block: int, suffix: str) -> str:
    """Return the file name of one kind and block."""
    return f"{kind}-{block:05}.{suffix}"


def kind_of(name: str) -> str:
    """Return the kind of a block file by its name, "" for other files."""
    found = BLOCK_FILE.fullmatch(name)
    return found[1] if found else ""


def number_of(name: str) -> int:
    """Return the number of the block that a block file is of."""
    found = BLOCK_FILE.fullmatch(name)
    assert found is not None
    return int(found[2])


def seal_name(block: int) -> str:
    """Return the file name of a block's seal."""
    return f"seal-{block:05}.json"


def part_seal_name(part: int) -> str:
    """Return the file name of a part's seal."""
    return f"seal-part-{part:05}.json"


def seal_name_of(kind: str, block: int) -> str:
    """Return the name of the seal of the file of a kind and block."""
    return part_seal_name(part_of(block)) if kind in OF_PARTS else seal_name(block)


def sealed_blocks(name: str) -> range:
    """Return the blocks that the seal of this name covers, also those beyond the last; none for no seal.

    >>> sealed_blocks("seal-00003.json"), sealed_blocks("seal-part-00001.json"), sealed_blocks("seal.json")
    (range(3, 4), range(16, 32), range(0, 0))
    """
    found = SEAL_FILE.fullmatch(name)
    if found is None:
        return range(0)
    number, blocks = int(found[2]), PART_BLOCKS if found[1] else 1
    return range(number * blocks, (number + 1) * blocks)


def part_name(kind: PartKind, part: int) -> str:
    """Return the file name of a part in the folder of the stage that makes it."""
    return f"{kind}-part-{part:05}.{_PART_SUFFIX[kind]}"


def part_path(kind: PartKind, part: int) -> str:
    """Return the path of a part within a version.

    >>> part_path("perfis", 7)
    'perfis/perfis-00007.parquet'
    """
    return f"{kind}/{kind}-{part:05}.{_PART_SUFFIX[kind]}"


def parts_of(spec: Spec) -> int:
    """Return the number of parts; the last one may be short."""
    return -(-spec.blocks // PART_BLOCKS)


def unit_of(spec: Spec) -> int:
    """Return the blocks that no shard parts: one or, where the rows lie in parts, those of a part."""
    return PART_BLOCKS if spec.in_parts else 1


def part_of(block: int) -> int:
    """Return the number of the part that holds a block."""
    return block // PART_BLOCKS


def blocks_of(spec: Spec, part: int) -> range:
    """Return the blocks of a part."""
    return range(part * PART_BLOCKS, min((part + 1) * PART_BLOCKS, spec.blocks))


def ids_of(spec: Spec, part: int) -> range:
    """Return the ids of a part's rows."""
    rows = PART_BLOCKS * BLOCK_ROWS
    return range(part * rows + 1, min((part + 1) * rows, spec.profiles) + 1)


@dataclass(frozen=True)
class File:
    """A published file that a stage makes; of a database, also its table and the column after the id.

    child: a child table, whose rows are by the parent's id and a number. made_as: its name in the folder of
    the stage, where that is another.
    """

    name: str
    table: str = ""
    column: str = ""
    child: bool = False
    made_as: str = ""

    def applies(self, spec: Spec) -> bool:
        """Return whether the versions of this spec have it.

        A collection has no feature vectors. Where the rows lie in parts, so do vectors and embeddings.
        """
        whole = not spec.in_parts
        applies = {INDEX: spec.save_index, THUMBNAILS: spec.pictures, PERFIS: whole, EMBEDDINGS_DB: whole}
        return (applies | {VETORES: whole and not spec.collection}).get(self.name, True)


def part_file(kind: PartKind, part: int) -> File:
    """Return a part of that kind."""
    return File(part_path(kind, part), made_as=part_name(kind, part))


def table_file(name: str) -> File:
    """Return the database of the child table of that name."""
    return File(f"{name}{DATABASE}", name, child=True)


CLUSTER = "cluster"
