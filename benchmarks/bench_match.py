"""Near-identical pictures: recall, precision and CPU-seconds by preset, beside brute force and beside Annoy.

All in one process and one call, on the same pictures: `bench_match.py [profiles] [features ...]`.
Brute force, every pair of some pictures, is done for 300 features alone: it takes ten times as long.
Annoy, which an earlier system used, is `pip install annoy`; it is left out where it is missing.
"""

import io
import itertools
import sys
import tarfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress

import numpy as np
from PIL import Image

from synthprof.delivery.matching.plan import BASE_BYTES, PICTURE_BYTES, lists_of, plan_match
from synthprof.delivery.matching.steps import VOTES_SHARE
from synthprof.profiles.avatars.block import avatars_of
from synthprof.profiles.children import generate_family
from synthprof.schemas.loader import load_bundle
from synthprof.similarity.pictures.binary import centres, empty_index, fill, nearest
from synthprof.similarity.pictures.geometry import compare
from synthprof.similarity.pictures.local import Eye, Look, few_threads
from synthprof.similarity.pictures.votes import CANDIDATES, FARTHEST, NEIGHBOURS, candidates
from synthprof.similarity.threads import one_thread_each
from synthprof.spec.spec import Spec
from synthprof.system.memory import own_memory

SAMPLE = 110
"""Pictures of which every pair is compared by brute force."""

MIN_INLIERS, MIN_SCORE = 8, 0.58
Pairs = set[tuple[int, int]]


def drawn(profiles: int) -> tuple[list[np.ndarray], Pairs]:
    """Return pictures and the planted pairs among them."""
    schema = load_bundle("gamer_br").schema
    rows = generate_family(schema, 1, "pt_BR", 0.8, 0, profiles).generated.profiles
    spec = Spec(profiles=profiles, seed=1, avatars=True, avatar_copies=0.25)
    pictures, numbers, planted = [], {}, set()
    for part in avatars_of(schema, spec, 0, rows):
        with tarfile.open(fileobj=io.BytesIO(part.shard + bytes(1_024))) as shard:
            for row in part.truth.to_pylist():
                numbers[row["picture"]] = len(pictures)
                if row["copy_of"]:
                    planted.add((numbers[row["copy_of"]], len(pictures)))
                data = shard.extractfile(f"{row['picture']}.png")
                assert data is not None
                pictures.append(np.asarray(Image.open(io.BytesIO(data.read())).convert("RGB")))
    return pictures, planted


def checked(looks: list[Look], pairs: Iterator[tuple[int, int]]) -> Pairs:
    """Return the pairs that show the same."""
    good = set()
    for one, other in pairs:
        found = compare(looks[one], looks[other], MIN_INLIERS)
        if found.inliers >= MIN_INLIERS and found.score >= MIN_SCORE:
            good.add((one, other))
    return good


def told(
    name: str, features: int, seconds: dict[str, float], found: Pairs, planted: Pairs, bytes_: int
) -> None:
    """Print a line."""
    recall = len(found & planted) / len(planted)
    precision = len(found & planted) / max(1, len(found))
    spent = "  ".join(f"{each} {took:.1f}" for each, took in seconds.items())
    print(f"{name:26} {features:4}  recall {recall:.3f}  precision {precision:.3f}  "
          f"{bytes_ / 2**20:6.1f} MiB  CPU-s: {spent}", flush=True)  # fmt: skip


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


def ours(looks: list[Look], features: int, planted: Pairs) -> int:
    """Match as the job does; return the bytes of the index."""
    clock = Clock()
    own = np.repeat(np.arange(len(looks)), [len(look.features) for look in looks])
    rows = np.concatenate([look.features["descriptor"] for look in looks])
    before = own_memory()
    with one_thread_each(1) as thread:
        index = empty_index("ivf", centres(rows[::4], lists_of(len(rows)), 1))
        fill(index, lambda: iter([rows]), thread)
        size = own_memory() - before
        clock.lap("index")
        numbers, bits = nearest(index, rows, NEIGHBOURS, thread)
        clock.lap("search")
    found = np.where(numbers >= 0, own[numbers], -1)
    one, other, _ = candidates(own, found, bits, VOTES_SHARE * features)
    clock.lap("votes")
    pairs = {(min(pair), max(pair)) for pair in zip(one.tolist(), other.tolist(), strict=True)}
    good = checked(looks, iter(sorted(pairs)))
    clock.lap(f"check of {len(pairs)}")
    told("ours", features, clock.seconds, good, planted, size)
    return len(rows) * 40


def annoy(looks: list[Look], features: int, planted: Pairs, limit: int) -> None:
    """Match by Annoy and plain votes, with as many trees as the bytes allow and then with ten."""
    from annoy import AnnoyIndex

    own = np.repeat(np.arange(len(looks)), [len(look.features) for look in looks])
    rows = np.concatenate([look.features["descriptor"] for look in looks])
    for trees in (1, 10):
        clock = Clock()
        index = AnnoyIndex(256, "hamming")
        index.set_seed(1)
        for number, row in enumerate(np.unpackbits(rows, axis=1)):
            index.add_item(number, row.tolist())
        before = own_memory()
        index.build(trees, n_jobs=1)
        size = max(own_memory() - before, 0) + len(rows) * 48
        clock.lap("index")
        votes: Counter[tuple[int, int]] = Counter()
        for number in range(len(rows)):
            near, far = index.get_nns_by_item(number, NEIGHBOURS, include_distances=True)
            mine = own[number]
            for picture in {int(own[at]) for at, bits in zip(near, far, strict=True) if bits <= FARTHEST}:
                if picture != mine:
                    votes[(int(mine), picture)] += 1
        clock.lap("search")
        best: dict[int, list[tuple[int, int]]] = {}
        for (mine, other), count in votes.items():
            best.setdefault(mine, []).append((-count, other))
        pairs = {
            (min(mine, other), max(mine, other))
            for mine, each in best.items()
            for _, other in sorted(each)[:CANDIDATES]
        }
        good = checked(looks, iter(sorted(pairs)))
        clock.lap(f"check of {len(pairs)}")
        told(f"Annoy, {trees} trees, our check", features, clock.seconds, good, planted, size)
        corners = {
            pair for pair in pairs if compare(looks[pair[0]], looks[pair[1]], MIN_INLIERS).inliers >= 20
        }
        told(f"Annoy, {trees} trees, corners", features, {}, corners, planted, size)
    print(f"{'':26} our index has {limit / 2**20:.1f} MiB by its codes and ids")


def main(profiles: int, presets: list[int]) -> None:
    """Print a line for each preset and way."""
    few_threads()
    pictures, planted = drawn(profiles)
    print(f"{len(pictures)} pictures, {len(planted)} planted copies; base {own_memory() / 2**20:.0f} MiB")
    for features in presets:
        clock, eye = Clock(), Eye(features)
        looks = [eye.look(picture) for picture in pictures]
        clock.lap("look")
        each = clock.seconds["look"] / len(pictures) * 1_000
        count = sum(len(look.features) for look in looks) / len(looks)
        print(f"\n{features} features: {each:.2f} CPU-ms to look at a picture, {count:.0f} found in each")
        limit = ours(looks, features, planted)
        if features == 300:
            some = {pair for pair in planted if max(pair) < SAMPLE}
            every = checked(looks[:SAMPLE], itertools.combinations(range(SAMPLE), 2))
            clock.lap("check of all")
            told(
                f"brute force, {SAMPLE} of them",
                features,
                {"all": clock.seconds["check of all"]},
                every,
                some,
                0,
            )
        if features in (300, 100):
            with suppress(ImportError):
                annoy(looks, features, planted, limit)
    for count in (116_000, 600_000):
        plan = plan_match(count, 1 << 40, 2)
        print(
            f"\non paper: {plan.reason}; base {BASE_BYTES / 2**20:.0f} MiB, a picture {PICTURE_BYTES} bytes"
        )


if __name__ == "__main__":
    given = [int(each) for each in sys.argv[1:]]
    main(given[0] if given else 400, given[1:] or [300, 200, 150, 100])
