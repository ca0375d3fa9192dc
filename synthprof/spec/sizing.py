"""Automatic sizes: the number of clusters, the rows they are trained on, and the kind of index.

Pure arithmetic on rows, dimensions and bytes, without heavy imports, as `plan` needs it before a run.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from synthprof.base.errors import SpecError
from synthprof.base.units import MIB
from synthprof.spec.spec import Spec

POINTS_MIN = 39  # per centroid: below this FAISS warns (ClusteringParameters.min_points_per_centroid)
POINTS_MAX = 128  # per centroid: half of FAISS's own, in half the time; inertia is 1 % more at 300,000 rows
SAMPLE_ROWS_MIN = 65_536  # so that few centroids are trained on more than 128 each, which costs little
SAMPLE_ROWS_MAX = 131_072  # 64 MiB of 128 float32 values
K_MAX = 8_192  # by itself: each row is compared with each centroid, so the time of √rows grows as rows^1.5

ID_BYTES = 8
LINK_BYTES = 272  # per vector, of HNSW32, as measured: 64 links of 4 bytes, and what higher layers take
CODEWORDS = 256  # per PQ sub-quantizer, of 8 bits
CODEWORD_ROWS_MIN = CODEWORDS * POINTS_MIN
NLIST_BAND = 4  # search costs nlist + nprobe * rows / nlist: within 4x of the square root it is at most 2x


def clusters_of(spec: Spec) -> int:
    """Return the number of clusters of a spec: the requested or the automatic one."""
    return spec.clusters or automatic_k(spec.profiles)


def automatic_k(rows: int) -> int:
    """Return √rows, at most 8,192 and so that each centroid has 39 rows to train on; at least 1."""
    return max(1, min(round(math.sqrt(rows)), rows // POINTS_MIN, K_MAX))


def check_k(k: int, rows: int) -> None:
    """Raise SpecError if `rows` are too few to train k centroids; they are enough for one centroid."""
    most = max(1, rows // POINTS_MIN)
    if k < 1:
        raise SpecError(f"clusters={k} is below 1; use clusters={most} or fewer, or 0 for automatic")
    if k > most:
        raise SpecError(
            f"clusters={k} needs at least {POINTS_MIN * k} rows to train on ({POINTS_MIN} per centroid, "
            f"FAISS), got {rows}; use clusters={most} or fewer, or 0 for automatic"
        )


def check_sizes(params: Mapping[str, Any]) -> None:
    """Raise SpecError if flat parameters of profiles ask for more clusters than their rows can train.

    For those who check before the work starts. Values that are missing or no numbers are left to others.
    """
    rows, k = params.get("profiles"), params.get("clusters")
    if isinstance(rows, int | float) and isinstance(k, int | float) and k > 0 and rows >= 1:
        check_k(int(k), int(rows))


def training_rows_count(rows: int, k: int) -> int:
    """Return the number of rows to train k centroids on.

    128 per centroid within 65,536 to 131,072 in all, but at least 39 per centroid, and at most all rows.
    """
    return min(rows, max(POINTS_MIN * k, min(max(POINTS_MAX * k, SAMPLE_ROWS_MIN), SAMPLE_ROWS_MAX)))


# --- kinds of index ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Rule:
    """A rule for when a kind of index is suitable. dsub: dimensions per byte of a PQ code."""

    kind: str
    automatic: bool
    rows_min: int
    rows_max: float
    dsub: int
    why: str


# From the best answers to the smallest index. `auto` takes the first rule that fits rows and memory.
RULES = (
    Rule("flat", True, 1, 20_000, 0, "exact; a scan takes about a millisecond"),
    Rule("ivf_flat", True, 1, math.inf, 0, "full vectors, built from the clusters in one pass"),
    Rule("ivf_sq8", True, 1, math.inf, 0, "full vectors exceed the memory; one byte per dimension fits"),
    Rule(
        "ivf_pq",
        True,
        CODEWORD_ROWS_MIN,
        math.inf,
        2,
        "4 bits per dimension fit the memory (recall below 0.95)",
    ),
    Rule(
        "ivf_pq",
        True,
        CODEWORD_ROWS_MIN,
        math.inf,
        4,
        "2 bits per dimension fit the memory (recall below 0.95)",
    ),
    Rule(
        "ivf_pq",
        True,
        CODEWORD_ROWS_MIN,
        math.inf,
        8,
        "1 bit per dimension fits the memory (recall below 0.95)",
    ),
    # Never automatic: its build takes 0.8 s of one thread for 20,000 rows, where a scan answers in 0.7 ms,
    # and 240 s for a million, where IVF,Flat takes 1 s. On request, to load-test searches.
    Rule("hnsw", False, 1, math.inf, 0, "asked for: quickest answers, slowest build (one thread)"),
)
KINDS = tuple(dict.fromkeys(rule.kind for rule in RULES))


@dataclass(frozen=True)
class IndexChoice:
    """The index to build. nlist, nprobe, pq_m: 0 where unused; bytes: size in file and memory."""

    kind: str
    nlist: int
    nprobe: int
    pq_m: int
    bytes: int
    reason: str


def choose(rows: int, dim: int, memory_bytes: int, kind: str = "auto", clusters: int = 0) -> IndexChoice:
    """Return the index of the first rule that fits kind, rows and memory.

    memory_bytes: the limit of the index, while it is built and loaded. clusters: their number becomes nlist
    if it is in band. Raises SpecError if no rule fits.
    """
    if kind not in ("auto", *KINDS):
        raise SpecError(f"index={kind!r} is not a kind of index; use auto or one of {', '.join(KINDS)}")
    rules = [rule for rule in RULES if (rule.automatic if kind == "auto" else rule.kind == kind)]
    choices = [_choice(rule, rows, dim, clusters) for rule in rules if _possible(rule, rows, dim, kind)]
    fitting = [choice for choice in choices if choice.bytes <= memory_bytes]
    if fitting:
        return fitting[0]
    if not choices:
        raise SpecError(
            f"index={kind} needs at least {CODEWORD_ROWS_MIN} rows ({POINTS_MIN} for each of "
            f"{CODEWORDS} codewords) and an even dimension, got {rows} of {dim}; use index=auto"
        )
    least = min(choice.bytes for choice in choices)
    raise SpecError(
        f"index={kind} of {rows} rows needs at least {least} bytes, {memory_bytes} are allowed; "
        "allow more memory, use index=auto, fewer rows or a smaller dim_embedding, or save no index"
    )


def index_of(spec: Spec) -> IndexChoice | None:
    """Return the index to build for a spec, or None if it saves none. Depends on the spec alone."""
    if not spec.save_index:
        return None
    memory = spec.index_memory_mib * MIB
    return choose(spec.profiles, spec.dim_embedding, memory, spec.index, clusters_of(spec))


def lists_in_parts(spec: Spec) -> bool:
    """Return whether the index has inverted lists and is filled in parts, as the rows lie in parts."""
    choice = index_of(spec) if spec.in_parts else None
    return choice is not None and choice.nlist > 0


def needs_training(choice: IndexChoice, clusters: int) -> bool:
    """Return whether an index needs a training sample, given the number of clusters."""
    return choice.kind in ("ivf_sq8", "ivf_pq") or (choice.nlist > 0 and not in_band(clusters, choice.nlist))


def in_band(clusters: int, nlist: int) -> bool:
    """Return whether clusters can serve as inverted lists: their number is within 4× of the best `nlist`."""
    return nlist <= NLIST_BAND * clusters and clusters <= NLIST_BAND * nlist


def _possible(rule: Rule, rows: int, dim: int, kind: str) -> bool:
    codes = rule.dsub == 0 or dim % rule.dsub == 0
    return codes and rows >= rule.rows_min and (rows <= rule.rows_max or kind != "auto")


def _choice(rule: Rule, rows: int, dim: int, clusters: int) -> IndexChoice:
    nlist = automatic_k(rows) if rule.kind.startswith("ivf") else 0
    if nlist and in_band(clusters, nlist):
        nlist = clusters
    m = dim // rule.dsub if rule.dsub else 0
    code = {"ivf_sq8": dim, "ivf_pq": m, "hnsw": 4 * dim + LINK_BYTES}.get(rule.kind, 4 * dim)
    size = rows * (code + ID_BYTES) + nlist * 4 * dim  # ids in all of them
    reason = f"{rows} rows of {dim} dimensions: {rule.why}, {size / 2**20:.0f} MiB"
    return IndexChoice(rule.kind, nlist, min(nlist, 8), m, size, reason)
