"""The parts of a match: pictures are looked at, candidates found, pairs checked, and all is told."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from threading import local
from typing import Any

import numpy as np
import numpy.typing as npt

from synthprof.delivery.job import Part
from synthprof.delivery.matching.job import Work
from synthprof.delivery.matching.looks import FACTS, FACTS_FILE, FEATURES_FILE, VIEWS_FILE, Looks, packed
from synthprof.delivery.matching.plan import AT_ONCE, STEP_PICTURES
from synthprof.delivery.matching.told import PROBLEMS_FILE, tell
from synthprof.similarity.pictures.binary import Descriptors, centres, empty_index, fill, nearest
from synthprof.similarity.pictures.geometry import compare, compare_in_place
from synthprof.similarity.pictures.hashes import hash_pairs
from synthprof.similarity.pictures.local import DESCRIPTOR_BYTES, SIDE, Eye, Look, few_threads
from synthprof.similarity.pictures.votes import NEIGHBOURS, candidates
from synthprof.similarity.threads import one_thread_each
from synthprof.sources.pictures.decode import decode
from synthprof.sources.pictures.picture import BadPicture, Picture
from synthprof.system.machine import memory_is_short

CANDIDATES_FILE, PAIRS_FILE = "candidates.bin", "found.bin"

CANDIDATE = np.dtype([("one", "<u4"), ("other", "<u4"), ("votes", "<u4")])

PAIR = np.dtype([("one", "<u4"), ("other", "<u4"), ("score", "<f8"), ("inliers", "<u4"), ("by_hash", "u1")])

STEP_PAIRS = 2_048
VOTES_SHARE = 0.2
"""Votes that a candidate needs, for each feature that pictures may have."""

ALIKE_BY_HASH = 0.9
"""Score from which on pictures with near hashes are the same as they lie."""


class _Batches:
    """Parts of a range that become smaller while memory is short. No byte of a result depends on them."""

    def __init__(self, rows: int = AT_ONCE) -> None:
        self._rows = rows

    def parts(self, begin: int, end: int) -> Iterator[tuple[int, int]]:
        """Yield first and end of each part."""
        while begin < end:
            if memory_is_short():
                self._rows = max(256, self._rows // 2)
            yield begin, min(begin + self._rows, end)
            begin += self._rows


# --- looking -----------------------------------------------------------------------------------------------


def _picture_steps(work: Work) -> int:
    return -(-work.pictures // STEP_PICTURES)


def _look(work: Work, first: int) -> None:
    """Look at all pictures but exact copies of others, in threads."""
    few_threads()
    originals = work.survey.originals()
    eyes = local()

    def look(numbered: tuple[int, Picture]) -> Look | str | None:
        number, picture = numbered
        if originals[number] != number:
            return None
        if not hasattr(eyes, "own"):
            eyes.own = Eye(work.plan.features)
        try:
            found: Look = eyes.own.look(decode(picture, SIDE))
        except BadPicture as error:
            return str(error)
        return found

    numbered = islice(enumerate(work.place.pictures()), first * STEP_PICTURES, None)
    with ThreadPoolExecutor(work.threads, "eyes") as threads:
        for step in range(first, _picture_steps(work)):
            looks = list(threads.map(look, islice(numbered, STEP_PICTURES)))
            _keep(work, step * STEP_PICTURES, looks)
            last = step + 1 == _picture_steps(work)
            work.making.step(checkpoint=last)
            done = min((step + 1) * STEP_PICTURES, work.pictures)
            work.observe("match: features", done, work.pictures, 0, "pictures")


def _keep(work: Work, first: int, looks: list[Look | str | None]) -> None:
    for name, data in packed([look if isinstance(look, Look) else None for look in looks]).items():
        work.making.append(name, data)
    problems = [
        json.dumps({"number": first + at, "reason": look}, ensure_ascii=False) + "\n"
        for at, look in enumerate(looks)
        if isinstance(look, str)
    ]
    work.making.append(PROBLEMS_FILE, "".join(problems).encode())


# --- searching ---------------------------------------------------------------------------------------------


def _search(work: Work, first: int) -> None:
    """Find the candidates of each picture among all features."""
    least = VOTES_SHARE * work.plan.features
    batches = _Batches()
    with Looks(work.making.folder) as looks, one_thread_each(work.threads) as threads:
        index = _indexed(work, looks, threads)
        for step in range(first, _picture_steps(work)):
            begin = step * STEP_PICTURES
            end = min(begin + STEP_PICTURES, work.pictures)
            rows = [
                _candidates(index, looks, part, batches, least, threads) for part in looks.parts(begin, end)
            ]
            work.making.append(CANDIDATES_FILE, b"".join(rows))
            work.making.step(checkpoint=end == work.pictures)
            work.observe("match: candidates", end, work.pictures, 0, "pictures")


def _candidates(
    index: Any,  # noqa: ANN401
    looks: Looks,
    features: tuple[int, int],
    batches: _Batches,
    least: float,
    threads: ThreadPoolExecutor,
) -> bytes:
    """Return the candidates of the pictures that have these features, as `CANDIDATE`."""
    found, distances = _nearest(index, looks, features, batches, threads)
    own = looks.owners(np.arange(*features))
    one, other, votes = candidates(own, looks.owners(found), distances, least)
    rows = np.zeros(len(one), CANDIDATE)
    rows["one"], rows["other"], rows["votes"] = one, other, votes
    return rows.tobytes()


def _nearest(
    index: Any,  # noqa: ANN401
    looks: Looks,
    features: tuple[int, int],
    batches: _Batches,
    threads: ThreadPoolExecutor,
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int32]]:
    """Return the nearest features of each, (n, k), -1 for none, and how far they are, in bits."""
    found = [np.zeros((0, NEIGHBOURS), np.int64)]
    distances = [np.zeros((0, NEIGHBOURS), np.int32)]
    for begin, end in batches.parts(*features):
        numbers, bits = nearest(index, _descriptors(looks.records(begin, end)), NEIGHBOURS, threads)
        found.append(numbers)
        distances.append(bits)
    return np.concatenate(found), np.concatenate(distances)


def _indexed(work: Work, looks: Looks, threads: ThreadPoolExecutor) -> Any:  # noqa: ANN401
    """Return the index of all features, numbered as they lie in their file."""
    plan, total = work.plan, int(looks.offsets[-1])
    around = None
    if plan.index == "ivf":
        stride = max(1, total // (8 * plan.lists))
        sample = [_descriptors(chunk[::stride]) for chunk in looks.chunks(stride * 4_096)]
        around = centres(np.concatenate(sample), plan.lists, work.place.order.seed)
    index = empty_index(plan.index, around)
    seen, every = 0, total * (2 if plan.index == "ivf" else 1)  # ivf reads them twice

    def parts() -> Iterator[Descriptors]:
        nonlocal seen
        for begin, end in _Batches().parts(0, total):
            yield _descriptors(looks.records(begin, end))
            seen += end - begin
            work.observe("match: index", seen, every, 0, "features")

    fill(index, parts, threads)
    return index


def _descriptors(features: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    found: npt.NDArray[np.uint8] = np.ascontiguousarray(features["descriptor"]).reshape(-1, DESCRIPTOR_BYTES)
    return found


# --- checking ----------------------------------------------------------------------------------------------


def _to_check(work: Work) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """Return the pairs to check, (n, 2), the lower number first, sorted; and which have near hashes."""
    path = work.making.folder
    rows = np.fromfile(path / CANDIDATES_FILE, CANDIDATE)
    voted = np.stack([rows["one"], rows["other"]], axis=1).astype(np.int64)
    facts = np.fromfile(path / FACTS_FILE, FACTS)
    seen = np.flatnonzero(facts["seen"])
    one, other = hash_pairs(np.ascontiguousarray(facts["hash"][seen]))
    hashed = np.stack([seen[one], seen[other]], axis=1)
    every = np.concatenate([np.sort(voted, axis=1), hashed])
    pairs, numbers = np.unique(every, axis=0, return_inverse=True)
    near = np.zeros(len(pairs), np.bool_)
    near[numbers.ravel()[len(voted) :]] = True
    return pairs, near


def _check_steps(work: Work) -> int:
    return max(1, -(-len(_to_check(work)[0]) // STEP_PAIRS))


def _check(work: Work, first: int) -> None:
    """Lay the pictures of each pair over each other, in threads."""
    few_threads()
    pairs, near = _to_check(work)
    order = work.place.order
    with Looks(work.making.folder) as looks, ThreadPoolExecutor(work.threads, "pairs") as threads:

        def check(number: int) -> tuple[int, int, float, int, int] | None:
            one, other = (int(each) for each in pairs[number])
            mine, theirs = looks.look(one), looks.look(other)
            if near[number]:
                found = compare_in_place(mine, theirs)
                if found.score >= ALIKE_BY_HASH:
                    return one, other, found.score, 0, 1
            found = compare(mine, theirs, order.min_inliers)
            good = found.inliers >= order.min_inliers and found.score >= order.min_score
            return (one, other, found.score, found.inliers, 0) if good else None

        for step in range(first, _check_steps(work)):
            begin = step * STEP_PAIRS
            end = min(begin + STEP_PAIRS, len(pairs))
            good = [row for row in threads.map(check, range(begin, end)) if row is not None]
            work.making.append(PAIRS_FILE, np.array(good, PAIR).tobytes())
            work.making.step(checkpoint=end == len(pairs))
            work.observe("match: pairs", end, len(pairs), 0, "pairs")


# --- telling -----------------------------------------------------------------------------------------------


def _tell(work: Work, _: int) -> None:
    """Write what was found, and leave out what only this needed."""
    folder = work.making.folder
    tell(work, np.fromfile(folder / PAIRS_FILE, PAIR), np.fromfile(folder / FACTS_FILE, FACTS))
    for name in (FACTS_FILE, FEATURES_FILE, VIEWS_FILE, CANDIDATES_FILE, PAIRS_FILE, PROBLEMS_FILE):
        work.making.forget(name)
    work.making.step()


PARTS = (
    Part("features", _picture_steps, _look),
    Part("candidates", _picture_steps, _search),
    Part("pairs", _check_steps, _check),
    Part("tables", lambda _: 1, _tell),
)
"""The parts of the job, in order. A part that others need stands before them."""
