"""Local features, votes, geometry, hashes and groups, each by what it must tell apart."""

from concurrent.futures import ThreadPoolExecutor

import faiss
import numpy as np
import pytest

from synthprof.profiles.avatars import changes
from synthprof.similarity.pictures.binary import centres, empty_index, fill, nearest
from synthprof.similarity.pictures.geometry import compare, compare_in_place
from synthprof.similarity.pictures.groups import groups_of
from synthprof.similarity.pictures.hashes import FARTHEST, hash_pairs
from synthprof.similarity.pictures.local import Eye, Look
from synthprof.similarity.pictures.votes import candidates
from synthprof.similarity.threads import one_thread_each

EYE = Eye(200)


def _picture(seed: int, size: int = 96) -> np.ndarray:
    """Rectangles of chance, which have corners of their own."""
    random = np.random.default_rng(seed)
    found = np.full((size, size, 3), random.integers(0, 255, 3), np.uint8)
    for _ in range(30):
        x, y = random.integers(0, size - 8, 2)
        wide, high = random.integers(5, size // 3, 2)
        found[y : y + high, x : x + wide] = random.integers(0, 255, 3)
    return found


@pytest.fixture(scope="module")
def looks() -> list[Look]:
    return [EYE.look(_picture(seed)) for seed in range(6)]


@pytest.mark.parametrize("change", changes.CHANGES)
def test_a_changed_copy_shows_the_same_and_other_pictures_do_not(change: str, looks: list[Look]) -> None:
    copy = EYE.look(changes.CHANGES[change](_picture(0), (20_000, 30_001, 40_000, 0)))
    found = compare(looks[0], copy, 8)
    assert found.score > 0.6
    assert found.inliers >= 8
    assert max(compare(other, copy, 8).score for other in looks[1:]) < 0.4


def test_corners_that_moved_a_little_do_not_bend_the_rest() -> None:
    """Small copies have few corners, at rough places; a homography alone passes 7 of 20."""
    eye, passed = Eye(100), 0
    for seed in range(20):
        picture = _picture(seed, 64)
        smaller = changes.scale(picture, (0, 0, 0, 0))
        copy = changes.rotate(smaller, (50_000, 1, 0, 0))
        passed += compare(eye.look(picture), eye.look(copy), 8).score > 0.62
    assert passed >= 16


def test_a_common_frame_is_not_the_same_picture() -> None:
    """A homography explains the corners of a frame of half the picture, but what it frames differs."""
    framed = []
    for seed in (1, 2):
        picture = _picture(11, 128)
        picture[20:108, 20:108] = _picture(seed, 88)
        framed.append(EYE.look(picture))
    found = compare(*framed, 8)
    assert found.inliers >= 8
    assert found.score < 0.55


def test_plain_pictures_are_compared_as_they_lie(looks: list[Look]) -> None:
    one, same, other = (EYE.look(np.full((40, 60, 3), grey, np.uint8)) for grey in (100, 101, 140))
    assert len(one.features) == 0
    assert compare(one, same, 8).score == 0
    assert compare_in_place(one, same).score > 0.99
    assert compare_in_place(one, other).score == 0
    assert compare_in_place(looks[0], looks[0]).score == 1
    assert compare_in_place(looks[0], looks[1]).score < 0.5


def test_a_look_follows_from_the_picture_alone(looks: list[Look]) -> None:
    again = Eye(200).look(_picture(3))
    assert np.array_equal(again.features, looks[3].features)
    assert np.array_equal(again.view, looks[3].view)
    assert again.hash == looks[3].hash
    few = Eye(50).look(_picture(3))
    assert 0 < len(few.features) <= 50


def test_votes_weigh_what_only_two_pictures_have() -> None:
    """Picture 1 shares a common corner with all, picture 2 one that only it and picture 0 have."""
    own = np.array([0, 0])
    found = np.array([[0, 1, 3, 4], [0, 2, 3, 4]])
    distances = np.array([[0, 8, 9, 9], [0, 8, 50, 60]], np.int32)
    one, other, votes = candidates(own, found, distances, 1.0)
    assert (one.tolist(), other.tolist(), votes.tolist()) == ([0, 0], [2, 3], [52, 10])
    assert candidates(own, found, distances, 20.0)[1].tolist() == [2]


def test_a_descriptor_votes_once_for_a_picture_and_never_for_what_is_missing() -> None:
    found = np.array([[0, 5, 5, -1]])
    votes = candidates(np.array([0]), found, np.array([[0, 10, 20, 60]], np.int32), 1.0)
    assert [each.tolist() for each in votes] == [[0], [5], [50]]
    none = candidates(np.zeros(0, np.int64), np.zeros((0, 4), np.int64), np.zeros((0, 4), np.int32), 1.0)
    assert [each.tolist() for each in none] == [[], [], []]


@pytest.mark.parametrize("kind", ["flat", "ivf", "hnsw"])
def test_every_kind_of_index_finds_near_descriptors_with_any_number_of_threads(kind: str) -> None:
    random = np.random.default_rng(4)
    rows = random.integers(0, 256, (9_000, 32)).astype(np.uint8)
    asked = rows[:400].copy()
    asked[:, 0] ^= 3
    answers = []
    for threads in (1, 3):
        index = empty_index(kind, centres(rows[::3], 60, 1) if kind == "ivf" else None)
        with one_thread_each(threads) as pool:
            assert isinstance(pool, ThreadPoolExecutor)
            fill(index, lambda: iter(np.split(rows, [10, 5_000])), pool)
            answers.append(nearest(index, asked, 4, pool))
    assert (answers[0][0][:, 0] == np.arange(400)).mean() > 0.95
    assert all(np.array_equal(*each) for each in zip(*answers, strict=True))


def test_lists_hold_all_descriptors_once_whatever_the_parts() -> None:
    rows = np.random.default_rng(4).integers(0, 256, (5_000, 32)).astype(np.uint8)
    held = []
    for places in ([], [1], [900, 901, 4_000]):
        index = empty_index("ivf", centres(rows[::3], 40, 1))
        with one_thread_each(2) as pool:
            fill(index, lambda places=places: iter(np.split(rows, places)), pool)
        sizes = [index.invlists.list_size(number) for number in range(40)]
        ids = [faiss.rev_swig_ptr(index.invlists.get_ids(at), size).copy() for at, size in enumerate(sizes)]
        assert np.array_equal(np.sort(np.concatenate(ids)), np.arange(len(rows)))
        held.append(np.concatenate(ids))
    assert all(np.array_equal(held[0], each) for each in held)


def test_centres_are_different_descriptors_of_the_seed() -> None:
    rows = np.random.default_rng(1).integers(0, 2, (500, 32)).astype(np.uint8)
    rows[100:] = rows[0]
    found = centres(rows, 50, 1)
    assert len(np.unique(found, axis=0)) == 50
    assert np.array_equal(found, centres(rows, 50, 1))
    assert not np.array_equal(found, centres(rows, 50, 2))


def test_hashes_that_differ_in_few_bits_are_pairs() -> None:
    random = np.random.default_rng(5)
    hashes = random.integers(0, 2**63, 400).astype(np.uint64)
    hashes[7] = hashes[300] ^ np.uint64(1 << 50 | 1 << 33 | 1)  # FARTHEST bits, in three parts
    hashes[8] = hashes[301] ^ np.uint64(1 << 50 | 1 << 33 | 3)  # one more
    assert FARTHEST == 3
    assert [each.tolist() for each in hash_pairs(hashes)] == [[7], [300]]
    assert [each.tolist() for each in hash_pairs(hashes[:1])] == [[], []]


def test_groups_join_pairs_over_others() -> None:
    found = groups_of(7, np.array([5, 0, 2]), np.array([6, 2, 3]))
    assert found.tolist() == [0, -1, 0, 0, -1, 1, 1]
