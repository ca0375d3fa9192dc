"""Near-identical pictures: recall, precision and CPU-seconds, beside brute force and beside Annoy.

`bench_match.py [avatars] [features]`: one preset a call, all ways in one process, on the same pictures. Each
avatar has one copy. Brute force, every pair, is for the first pictures alone.
Annoy, which an earlier system used, is `pip install annoy` into an environment of its own; it is left out
where it is missing. A pair that two ways ask for is compared once, and its CPU-seconds count for both.
"""

import io
import itertools
import sys
import tarfile
import tempfile
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import faiss
import numpy as np
from PIL import Image

from synthprof.delivery.matching.plan import lists_of
from synthprof.delivery.matching.steps import ALIKE_BY_HASH, VOTES_SHARE
from synthprof.profiles.avatars.block import avatars_of
from synthprof.profiles.avatars.changes import CHANGES, WORDS, Pixels
from synthprof.profiles.children import generate_family
from synthprof.schemas.loader import load_bundle
from synthprof.similarity.pictures.binary import BITS, centres, empty_index, fill, nearest
from synthprof.similarity.pictures.geometry import Likeness, compare, compare_in_place
from synthprof.similarity.pictures.hashes import hash_pairs
from synthprof.similarity.pictures.local import Eye, Look, few_threads
from synthprof.similarity.pictures.votes import CANDIDATES, FARTHEST, NEIGHBOURS, candidates
from synthprof.similarity.threads import one_thread_each
from synthprof.spec.spec import Spec

SAMPLE = 110
"""Pictures of which every pair is compared by brute force."""

MIN_INLIERS, MIN_SCORE = 8, 0.62
CORNERS = 20
"""Inliers that tell a pair where views are not compared."""

STRONGER = {
    "crop": (-81_920, 0),  # 60 to 79 % of each side
    "rotate": (65_536, 107_834),  # 20 to 30 degrees
    "scale": (-16_181, 0),  # 50 to 69 % of the pixels of a side
    "jpeg": (-39_961, 0),  # quality 15 to 39
    "brightness": (65_536, 127_951),  # 36 to 55 %
    "watermark": (0, 65_536),  # two marks
}
"""First words of changes beyond those of published copies."""

KINDS = (*CHANGES, *(f"{name}, stronger" for name in STRONGER), "two changes")

Pair = tuple[int, int]
Pairs = set[Pair]


def drawn(avatars: int) -> Iterable[Pixels]:
    """Yield avatars as a version has them, without their copies."""
    schema = load_bundle("gamer_br").schema
    rows = generate_family(schema, 1, "pt_BR", 0.8, 0, avatars).generated.profiles
    for part in avatars_of(schema, Spec(profiles=avatars, seed=1, avatars=True, avatar_copies=0), 0, rows):
        with tarfile.open(fileobj=io.BytesIO(part.shard + bytes(1_024))) as shard:
            for name in part.truth.column("picture").to_pylist():
                data = shard.extractfile(f"{name}.png")
                assert data is not None
                yield np.asarray(Image.open(io.BytesIO(data.read())).convert("RGB"))


def changed(picture: Pixels, kind: str, random: np.random.Generator) -> Pixels:
    """Return a copy with a change of the kind."""

    def words() -> list[int]:
        return random.integers(0, 65_536, WORDS).tolist()

    if kind == "two changes":
        for name in random.permutation(list(CHANGES))[:2]:
            picture = CHANGES[name](picture, tuple(words()))
        return picture
    name, _, stronger = kind.partition(", ")
    for _ in range(2 if kind == "watermark, stronger" else 1):
        first, *others = words()
        if stronger:
            first = int(random.integers(*STRONGER[name]))
        picture = CHANGES[name](picture, (first, *others))
    return picture


class Checker:
    """Pairs that are compared once, with the CPU-seconds of each."""

    def __init__(self, looks: list[Look]) -> None:
        self._looks = looks
        self._known: dict[Pair, tuple[Likeness, float]] = {}

    def of(self, pairs: Iterable[Pair]) -> tuple[dict[Pair, Likeness], float]:
        """Return the likeness of each pair, and CPU-seconds."""
        found, seconds = {}, 0.0
        for pair in pairs:
            if pair not in self._known:
                begin = time.process_time()
                likeness = compare(self._looks[pair[0]], self._looks[pair[1]], MIN_INLIERS)
                self._known[pair] = likeness, time.process_time() - begin
            found[pair], spent = self._known[pair]
            seconds += spent
        return found, seconds


def same(found: dict[Pair, Likeness]) -> Pairs:
    """Return the pairs that show the same."""
    return {pair for pair, each in found.items() if each.inliers >= MIN_INLIERS and each.score >= MIN_SCORE}


@dataclass
class Way:
    """One way's pairs, what it asked to compare, the bytes of its index and CPU-seconds by part."""

    name: str
    pairs: Pairs = field(default_factory=set)
    asked: Pairs = field(default_factory=set)
    bytes: int = 0
    seconds: dict[str, float] = field(default_factory=dict)


class Clock:
    """CPU-seconds of parts of the work."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._last = time.process_time()

    def lap(self, name: str) -> None:
        """Note what was spent since the last lap."""
        now = time.process_time()
        self.seconds[name] = now - self._last
        self._last = now


def ours(looks: list[Look], features: int, checker: Checker) -> Way:
    """Match as the job does."""
    own = np.repeat(np.arange(len(looks)), [len(look.features) for look in looks])
    rows = np.concatenate([look.features["descriptor"] for look in looks])
    clock = Clock()
    with one_thread_each(1) as thread:
        index = empty_index("ivf", centres(rows[::4], lists_of(len(rows)), 1))
        fill(index, lambda: iter([rows]), thread)
        clock.lap("index")
        numbers, bits = nearest(index, rows, NEIGHBOURS, thread)
        clock.lap("search")
    found = np.where(numbers >= 0, own[numbers], -1)
    one, other, _ = candidates(own, found, bits, VOTES_SHARE * features)
    asked = {(min(pair), max(pair)) for pair in zip(one.tolist(), other.tolist(), strict=True)}
    near = hash_pairs(np.array([look.hash for look in looks], np.uint64))
    hashed = set(zip(*(each.tolist() for each in near), strict=True))
    clock.lap("votes")
    in_place = {pair: compare_in_place(looks[pair[0]], looks[pair[1]]) for pair in hashed}
    as_they_lie = {pair for pair, each in in_place.items() if each.score >= ALIKE_BY_HASH}
    clock.lap("check")
    asked |= hashed
    compared, seconds = checker.of(sorted(asked - as_they_lie))
    clock.seconds["check"] += seconds
    size = len(faiss.serialize_index_binary(index))
    return Way("ours", same(compared) | as_they_lie, asked, size, clock.seconds)


def plain_candidates(own: np.ndarray, near: np.ndarray, far: np.ndarray) -> Pairs:
    """Return the pictures with most votes of each picture, all votes alike. near, far: (n, k)."""
    found = np.where((near >= 0) & (far <= FARTHEST), own[near], -1)
    mine = np.broadcast_to(own[:, None], found.shape)
    numbers = np.broadcast_to(np.arange(len(own))[:, None], found.shape)
    good = (found >= 0) & (found != mine)
    once = np.unique(np.stack([numbers[good], mine[good], found[good]], axis=1), axis=0)
    pairs, votes = np.unique(once[:, 1:], axis=0, return_counts=True)
    order = np.lexsort((pairs[:, 1], -votes, pairs[:, 0]))
    pairs = pairs[order]
    first = np.searchsorted(pairs[:, 0], pairs[:, 0])
    kept = pairs[np.arange(len(pairs)) - first < CANDIDATES]
    return {(min(pair), max(pair)) for pair in kept.tolist()}


def annoy(looks: list[Look], checker: Checker, limit: int) -> Iterable[Way]:
    """Match by Annoy and plain votes: as many trees as the bytes allow, at least one; and ten."""
    from annoy import AnnoyIndex

    own = np.repeat(np.arange(len(looks)), [len(look.features) for look in looks])
    rows = np.concatenate([look.features["descriptor"] for look in looks])

    def built(trees: int) -> tuple[AnnoyIndex, int]:
        index = AnnoyIndex(BITS, "hamming")
        index.set_seed(1)
        for number, row in enumerate(np.unpackbits(rows, axis=1)):
            index.add_item(number, row.tolist())
        index.build(trees, n_jobs=1)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "index")
            index.save(str(path))  # which it goes on to read
            return index, path.stat().st_size

    items = built(1)[1]
    a_tree = built(2)[1] - items
    equal = max(1, (limit - (items - a_tree)) // a_tree)
    for trees, reads in ((equal, -1), (equal, 10 * NEIGHBOURS), (10, -1)):
        clock = Clock()
        index, size = built(trees)
        clock.lap("index")
        near = np.full((len(rows), NEIGHBOURS), -1, np.int64)
        far = np.zeros((len(rows), NEIGHBOURS), np.int64)
        for number in range(len(rows)):
            hits, bits = index.get_nns_by_item(number, NEIGHBOURS, reads, include_distances=True)
            near[number, : len(hits)], far[number, : len(bits)] = hits, bits
        clock.lap("search")
        asked = plain_candidates(own, near, far)
        clock.lap("votes")
        compared, seconds = checker.of(sorted(asked))
        clock.seconds["check"] = seconds
        name = f"Annoy {trees}" + (f", reads {reads}" if reads > 0 else "")
        yield Way(name, same(compared), asked, size, clock.seconds)
        corners = {pair for pair, each in compared.items() if each.inliers >= CORNERS}
        yield Way(f"{name}, {CORNERS} corners", corners, asked, size, clock.seconds)


def tell(ways: list[Way], kinds: dict[Pair, str]) -> None:
    """Print a line for each way."""
    published = {pair for pair, kind in kinds.items() if kind in CHANGES}
    groups = (published, kinds.keys() - published, kinds.keys())
    first = ways[0].pairs & kinds.keys()
    print("\nrecall of published / of stronger changes / of all; precision; copies that only it / only ours "
          "found; index; CPU-s")  # fmt: skip
    for way in ways:
        good = way.pairs & kinds.keys()
        recall = " / ".join(f"{len(good & these) / len(these):.3f}" for these in groups)
        precision = len(good) / max(1, len(way.pairs))
        alone = f"{len(good - first):4} / {len(first - good):4}"
        spent = "  ".join(f"{each} {took:.1f}" for each, took in way.seconds.items())
        print(f"{way.name:29} {recall}  {precision:.3f}  {alone}  {way.bytes / 2**20:5.1f} MiB  "
              f"{sum(way.seconds.values()):6.1f}: {spent} of {len(way.asked):,}", flush=True)  # fmt: skip


def tell_kinds(ways: list[Way], kinds: dict[Pair, str]) -> None:
    """Print a line for each kind of change: recall and precision of each way."""
    shown = [way for way in ways[:-1] if "corners" not in way.name]
    print(f"\n{'':22}" + "".join(f"{way.name:>18}" for way in shown) + "   asked by ours  passed if asked")
    copies = {pair[1]: kind for pair, kind in kinds.items()}
    for kind in KINDS:
        these = {pair for pair, each in kinds.items() if each == kind}
        line = f"{kind:22}"
        for way in shown:
            claimed = sum(kind in (copies.get(pair[0]), copies.get(pair[1])) for pair in way.pairs)
            good = len(these & way.pairs)
            line += f"     {good / len(these):.3f} /{good / max(1, claimed):.3f}"
        asked, passed = (len(these & each) / len(these) for each in (ways[0].asked, ways[-1].pairs))
        print(f"{line}           {asked:.3f}            {passed:.3f}")


def brute_force(looks: list[Look], found: Pairs, kinds: dict[Pair, str]) -> None:
    """Print what comparing every pair of some pictures finds, and how much of it was found without."""
    begin = time.process_time()
    every = same(Checker(looks).of(itertools.combinations(range(SAMPLE), 2))[0])
    seconds = time.process_time() - begin
    some = {pair for pair in kinds if max(pair) < SAMPLE}
    own = {pair for pair in found if max(pair) < SAMPLE}
    good = len(every & some)
    print(f"\nbrute force, {SAMPLE} pictures, {len(some)} copies: recall {good / len(some):.3f}, precision "
          f"{good / max(1, len(every)):.3f}, {seconds:.1f} CPU-s; ours has {len(own & every)} of its "
          f"{len(every)} pairs, and {len(own - every)} others")  # fmt: skip


def main(avatars: int, features: int) -> None:
    """Print what each way finds with so many features of a picture."""
    few_threads()
    random = np.random.default_rng(1)
    pictures: list[Pixels] = []
    kinds: dict[Pair, str] = {}
    for number, picture in enumerate(drawn(avatars)):
        kind = KINDS[number % len(KINDS)]
        pictures += [picture, changed(picture, kind, random)]
        kinds[(len(pictures) - 2, len(pictures) - 1)] = kind
    clock, eye = Clock(), Eye(features)
    looks = [eye.look(picture) for picture in pictures]
    clock.lap("look")
    print(f"{features} features; {avatars} avatars, each with a copy; "
          f"{sum(len(look.features) for look in looks) / len(looks):.0f} features found in a picture, "
          f"{clock.seconds['look'] / len(looks) * 1_000:.2f} CPU-ms to look at it", flush=True)  # fmt: skip
    checker = Checker(looks)
    ways = [ours(looks, features, checker)]
    with suppress(ImportError):
        ways += annoy(looks, checker, ways[0].bytes)
    passed, seconds = checker.of(kinds)
    ways.append(Way("the check, copies alone", same(passed), set(kinds), 0, {"check": seconds}))
    tell(ways, kinds)
    tell_kinds(ways, kinds)
    brute_force(looks, ways[0].pairs, kinds)


if __name__ == "__main__":
    given = [int(each) for each in sys.argv[1:]]
    main(*(given + [1_000, 300][len(given) :]))
