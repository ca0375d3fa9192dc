"""Contents of builds and versions: names of files, kinds of block files, page sizes, placeholder values."""

import re
from dataclasses import dataclass
from typing import Literal

from synthprof.spec.spec import Spec

PERFIS = "perfis.db"
VETORES = "vetores.db"
EMBEDDINGS_DB = "embeddings.db"
CLUSTERS = "clusters.db"
CENTROIDS = "centroids.npy"
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
    "archetypes",
    "duplicates",
    "avatars",
    "avatar_truth",
    "vectors",
    "embeddings",
    "missing",
    "failures",
    "thumbnails",
]
"""A kind of block file; those of child tables are named as their table."""

DATABASE = ".db"
"""The end of a database's name."""

BLOCK_FILE = re.compile(r"([a-z][a-z0-9_]*)-(\d{5})\.(?:arrow|npy|jsonl|tar)")
"""Name of a block file, as `block_name` gives it: its kind and the number of its block."""

SEAL_FILE = re.compile(r"seal-(\d{5})\.json")
"""Name of a seal, as `seal_name` gives it: the number of its block."""

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


def seal_name(block: int) -> str:
    """Return the file name of a block's seal."""
    return f"seal-{block:05}.json"


@dataclass(frozen=True)
class File:
    """A published file that a stage makes; of a database, also its table and the column after the id.

    child: a child table, whose rows are by the parent's id and a number.
    """

    name: str
    table: str = ""
    column: str = ""
    child: bool = False

    def applies(self, spec: Spec) -> bool:
        """Return whether the versions of this spec have it: a collection has no feature vectors."""
        applies = {INDEX: spec.save_index, THUMBNAILS: spec.pictures, VETORES: not spec.collection}
        return applies.get(self.name, True)


def table_file(name: str) -> File:
    """Return the database of the child table of that name."""
    return File(f"{name}{DATABASE}", name, child=True)


CLUSTER = "cluster"
