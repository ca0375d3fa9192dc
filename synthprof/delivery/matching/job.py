"""The job that finds near-identical pictures: resumable step by step, published whole."""

import logging
from dataclasses import dataclass, field, replace
from importlib.metadata import version as release
from pathlib import Path
from typing import Any

from synthprof.base.digests import digest_of
from synthprof.base.extras import check_installed
from synthprof.base.units import MIB
from synthprof.delivery.job import do_parts
from synthprof.delivery.matching.match import Match, open_match
from synthprof.delivery.matching.order import MatchOrder
from synthprof.delivery.matching.plan import Plan, plan_match
from synthprof.delivery.matching.survey import Place, Survey, place_of, survey
from synthprof.report.words import amount, count
from synthprof.store import outputs
from synthprof.store.outputs import Making, Output, finish, making
from synthprof.store.store import Store
from synthprof.system.events import Observer
from synthprof.system.logs import memory_watch
from synthprof.system.machine import budget, check_estimate, default_workers
from synthprof.system.memory import peak_memory, reset_peak_memory
from synthprof.system.refusals import clear_errors
from synthprof.versions.derived import MATCHES

MATCH_VERSION = 3
"""Raised when a match of the same order has other bytes."""

PACKAGES = ("cv2", "imagehash", "PIL")
WRITTEN_BY = ("opencv-python-headless", "faiss-cpu", "imagehash", "pillow")
"""Packages whose releases decide the last bits of features, hashes and pictures."""

DISK_BYTES = 4_300
"""Bytes on the disk of each picture while it is matched, beside its features: view, facts, candidates."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Work:
    """The order to match pictures, what they are, and the folder that the match is made in."""

    place: Place
    survey: Survey
    plan: Plan
    threads: int
    making: Making = field(repr=False)
    observe: Observer = field(repr=False)

    @property
    def pictures(self) -> int:
        """The number of pictures, also of those that cannot be read."""
        return len(self.survey.ids)


def match(home: Path, order: MatchOrder, observe: Observer = lambda *_: None) -> Match:
    """Find the near-identical pictures of an order and return them. A finished match stays as it is.

    Raises SpecError for a source that cannot be read, or more pictures than fit the memory, Busy if the same
    match is being made, StageError for a damaged version. The same call goes on where it was cut short.
    """
    check_installed("images", *PACKAGES)
    reset_peak_memory()
    found = place_of(home, order)
    surveyed = survey(found, lambda done: observe("match: pictures read", done, 0, 0, "pictures"))
    threads = default_workers()
    plan = _planned(home, order, len(surveyed.ids), threads)
    begun = _output(found, surveyed, plan, order)
    place = outputs.Place(Store(home, order.dataset).folder / MATCHES, f"match-{begun.key}")
    if place.output() is not None:
        return open_match(place.folder)
    logger.info("match: %s", plan.reason)
    what = f"{place.name} of {order.dataset!r}"
    with clear_errors(), memory_watch("match"), making(place, what, begun) as folder:
        from synthprof.delivery.matching.steps import PARTS  # which loads OpenCV and FAISS

        do_parts(PARTS, Work(found, surveyed, plan, threads, folder, observe))
        output = finish(place, folder, begun)
    logger.info("%s: %s pictures, %s", place.name, count(output.rows), amount(output.bytes_total))
    return replace(open_match(place.folder), peak_bytes=peak_memory(), planned_bytes=plan.bytes)


def _planned(home: Path, order: MatchOrder, pictures: int, threads: int) -> Plan:
    """Return the plan; a warning is logged above 80 % of memory or disk. Raises SpecError above 90 %."""
    now = budget(home, threads)
    memory = order.memory_mib * MIB or now.memory
    plan = plan_match(pictures, memory, threads, order.features, order.index)
    remedy = "use fewer features, fewer pictures, or give it more memory"
    disk = pictures * (DISK_BYTES + 40 * plan.features)
    for warning in (
        check_estimate("memory for match", plan.bytes, memory, remedy),
        check_estimate("disk for match", disk, now.disk, "free some space, or use fewer features"),
    ):
        if warning:
            logger.warning("%s", warning)
    return plan


def _output(place: Place, surveyed: Survey, plan: Plan, order: MatchOrder) -> Output:
    """Return the manifest without files. Its key follows from what determines the bytes."""
    version = place.version
    facts: dict[str, Any] = {
        "kind": MATCHES,
        "name": "match",
        "dataset": order.dataset,
        "version": version.name if version else "",
        "content": version.manifest.content if version else surveyed.content,
        "options": {
            "features": plan.features,
            "index": plan.index,
            "lists": plan.lists,
            "min_inliers": order.min_inliers,
            "min_score": order.min_score,
            "seed": order.seed,
        },
        "rows": len(surveyed.ids),
        "details": {
            "pictures": surveyed.content,
            "written_by": {name: release(name) for name in WRITTEN_BY},
        },
    }
    return Output(key=digest_of(facts | {"match_version": MATCH_VERSION})[:12], **facts)
