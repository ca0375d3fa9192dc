"""The plan of a match: features of a picture, kind of index, memory. Pure arithmetic, and light."""

import math
from dataclasses import dataclass

from synthprof.base.errors import SpecError
from synthprof.base.units import MIB
from synthprof.system.machine import WARN_SHARE

PRESETS = ((10_000, 300), (50_000, 200), (100_000, 150), (math.inf, 100))
"""Features of a picture by the number of pictures, below each bound."""

FEWER = (300, 200, 150, 100, 75, 50)
"""The fewest features that `features=0` takes where the memory is too small for the preset."""

DESCRIPTOR_BYTES = 32
BASE_BYTES = 205 * MIB
"""The process with NumPy, FAISS, OpenCV, SciPy and Pillow loaded (bench_match_memory.py)."""

THREAD_BYTES = 24 * MIB
"""A thread that decodes and looks at pictures of some megapixels."""

LIST_BYTES = 160
"""An inverted list: its centre, its vectors and what the allocator adds."""

AT_ONCE = 65_536
"""Features that are added or searched at once, while there is memory."""

HITS_BYTES = 8 * 60
"""The eight hits of a feature with their pictures and weights, and copies, while candidates are counted."""

PICTURE_BYTES = 150
"""Bytes in memory for each picture: id 80, facts 19, digest 16, places 16, and some candidates."""

STEP_PICTURES = 1_024
"""Pictures of a step, between two of which the work can be taken up."""


@dataclass(frozen=True)
class Rule:
    """A kind of index. code: bytes a descriptor. growing: times the bytes while it is filled."""

    kind: str
    automatic: bool
    rows_max: float
    code: int
    growing: float
    why: str


# The first rule that fits is taken; `auto` takes automatic ones alone.
RULES = (
    Rule("flat", True, 100_000, DESCRIPTOR_BYTES, 2.0, "a scan of all is exact, and quick for so few"),
    # A descriptor, its number and, while the lists are filled, which one it goes to; they never grow.
    Rule("ivf", True, math.inf, DESCRIPTOR_BYTES + 8 + 4, 1.0, "a scan of 8 lists"),
    # Never automatic: its build is ten times as slow, and its links take four times a descriptor's bytes.
    Rule("hnsw", False, math.inf, DESCRIPTOR_BYTES + 144, 1.5, "asked for: quickest answers, slowest build"),
)


@dataclass(frozen=True)
class Plan:
    """The plan of a match: the features of a picture, the kind of index and its lists, the memory at most."""

    features: int
    index: str
    lists: int
    bytes: int
    reason: str


def plan_match(pictures: int, memory: int, threads: int, features: int = 0, kind: str = "auto") -> Plan:
    """Return the plan for so many pictures in so many bytes of memory.

    features: 0 takes the preset, or fewer where that would take more than 80 % of the memory; then the
    smallest is returned even if it takes more, for the caller to warn or refuse.

    >>> plan_match(116_000, 1 << 30, 2).features, plan_match(116_000, 3 << 28, 2).features
    (100, 50)
    """
    preset = next(each for most, each in PRESETS if pictures < most)
    choices = [features] if features else [each for each in FEWER if each <= preset]
    plans = [_plan(pictures, each, threads, kind) for each in choices]
    return next((each for each in plans if each.bytes <= WARN_SHARE * memory), plans[-1])


def lists_of(descriptors: int) -> int:
    """Return the number of inverted lists: four times the square root, at most 65,536.

    Lists so short cost less than the centres that are compared first (bench_match.py).
    """
    return max(1, min(65_536, round(4 * math.sqrt(descriptors)), descriptors // 8))


def _plan(pictures: int, features: int, threads: int, kind: str) -> Plan:
    descriptors = pictures * features
    rules = [rule for rule in RULES if (rule.automatic if kind == "auto" else rule.kind == kind)]
    if not rules:
        raise SpecError(f"index={kind!r} is no kind of index; use auto, flat, ivf or hnsw")
    rule = next((each for each in rules if descriptors <= each.rows_max), rules[-1])
    lists = lists_of(descriptors) if rule.kind == "ivf" else 0
    index = round(descriptors * rule.code * rule.growing) + lists * LIST_BYTES
    hits = min(descriptors, AT_ONCE) * HITS_BYTES
    total = BASE_BYTES + max(threads * THREAD_BYTES, index + hits) + pictures * PICTURE_BYTES
    reason = f"{pictures:,} pictures of {features} features: {rule.why}, {total / MIB:,.0f} MiB"
    return Plan(features, rule.kind, lists, total, reason)
