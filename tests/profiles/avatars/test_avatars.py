"""Drawn pictures: what they show, that others read them, and that no byte depends on how they are made."""

import io
import tarfile
from types import SimpleNamespace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from synthprof.profiles.avatars import changes, drawing
from synthprof.profiles.avatars.block import avatars_of
from synthprof.profiles.avatars.png import coloured_png, indexed_pngs
from synthprof.profiles.avatars.traits import CHOICES, COLOURS, Traits, traits_of
from synthprof.profiles.children import generate_family
from synthprof.schemas.loader import load_bundle
from synthprof.spec.spec import Spec

ROWS = 300
SCHEMA = load_bundle("gamer_br").schema


@pytest.fixture(scope="module")
def profiles() -> pa.RecordBatch:
    return generate_family(SCHEMA, 7, "pt_BR", 0.8, 0, ROWS).generated.profiles


def _spec(**changed: Any) -> Spec:
    return Spec(**{"profiles": ROWS, "seed": 7, "avatars": True, "avatar_copies": 0.3} | changed)


def _drawn(profiles: pa.RecordBatch, **changed: Any) -> tuple[dict[str, bytes], pa.Table]:
    parts = list(avatars_of(SCHEMA, _spec(**changed), 0, profiles))
    with tarfile.open(fileobj=io.BytesIO(b"".join(part.shard for part in parts))) as shard:
        members = {each.name: shard.extractfile(each).read() for each in shard}  # type: ignore[union-attr]
    return members, pa.Table.from_batches([part.truth for part in parts])


def test_each_profile_has_a_picture_that_pillow_reads_and_its_caption(profiles: pa.RecordBatch) -> None:
    members, truth = _drawn(profiles)
    assert [key for key in members if key.endswith(".png")] == [
        f"{key}.png" for key in truth["picture"].to_pylist()
    ]
    for row in truth.to_pylist()[:40]:
        picture = Image.open(io.BytesIO(members[f"{row['picture']}.png"]))
        picture.load()
        if row["change"] is None:
            assert picture.size == (64, 64)
        assert members[f"{row['picture']}.txt"].decode() == row["caption"]


def test_copies_are_of_the_share_asked_for_and_of_every_change(profiles: pa.RecordBatch) -> None:
    copies = [row for row in _drawn(profiles)[1].to_pylist() if row["change"]]
    assert 0.2 < len(copies) / ROWS < 0.4
    assert {row["change"] for row in copies} == set(changes.CHANGES)
    assert all(row["picture"] == f"{row['copy_of']}-{row['change']}" for row in copies)


def test_a_short_block_has_the_pictures_with_which_the_full_one_begins(profiles: pa.RecordBatch) -> None:
    whole, short = _drawn(profiles)[0], _drawn(profiles.slice(0, 77))[0]
    assert short == dict(list(whole.items())[: len(short)])


def test_bytes_do_not_depend_on_how_many_are_drawn_at_once(
    profiles: pa.RecordBatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = _drawn(profiles)[0]
    monkeypatch.setattr(drawing, "_AT_ONCE", 64 * 64 * 7)
    assert _drawn(profiles)[0] == before


def test_pixels_are_as_they_were_pinned(profiles: pa.RecordBatch) -> None:
    """They may not change without another AVATARS_VERSION: versions name them by their spec."""
    import hashlib

    members, truth = _drawn(profiles.slice(0, 40), avatar_copies=1.0, avatar_size=72)
    found = hashlib.blake2b(digest_size=8)
    for name, data in members.items():
        found.update(name.encode() + data)
    assert (len(truth), found.hexdigest()) == (80, "887b21401875d1a0")


def test_equal_attributes_give_equal_traits_and_others_other_ones(profiles: pa.RecordBatch) -> None:
    traits = traits_of(SCHEMA, profiles)
    again = traits_of(SCHEMA, profiles.take(pa.array([5, 5, 9])))
    for name, choices in CHOICES.items():
        assert again[name][0] == again[name][1] == traits[name][5]
        assert set(traits[name].tolist()) <= set(range(choices))
    assert len(set(traits.captions())) > ROWS / 3


def test_what_a_caption_says_is_in_the_picture() -> None:
    codes = {name: np.zeros(2, np.int64) for name in CHOICES} | {
        "above_colour": np.array([3, 4]), "below_colour": np.array([1, 0]), "ground": np.array([6, 2]),
        "above_count": np.array([3, 0]),
    }  # fmt: skip
    traits = Traits(codes)
    assert traits.captions()[0] == "four green circles above and one orange circle below on a white ground"
    words = np.random.default_rng(1).integers(0, 65_536, (2, drawing.WORDS)).astype(np.uint16)
    ((places, palettes),) = drawing.draw(traits, words, 128)
    for at, (above, below) in enumerate([("green", "orange"), ("blue", "red")]):
        picture = drawing.coloured(places[at], palettes[at])
        wanted = dict(COLOURS)
        assert (picture[:30] == wanted[above]).all(axis=2).sum() > (250 if at == 0 else 60)
        assert (picture[-30:] == wanted[below]).all(axis=2).sum() > 60
    areas = [(drawing.coloured(places[at], palettes[at])[:30] == dict(COLOURS)[colour]).all(axis=2).sum()
             for at, colour in enumerate(("green", "blue"))]  # fmt: skip
    assert 3.5 < areas[0] / areas[1] < 4.5


def test_files_hold_the_pixels_that_were_drawn() -> None:
    random = np.random.default_rng(2)
    places = random.integers(0, 16, (3, 64, 64)).astype(np.uint8)
    palettes = random.integers(0, 256, (3, 16, 3)).astype(np.uint8)
    for png, each, palette in zip(indexed_pngs(places, palettes), places, palettes, strict=True):
        assert np.array_equal(np.asarray(Image.open(io.BytesIO(png)).convert("RGB")), palette[each])
    large = random.integers(0, 256, (200, 150, 3)).astype(np.uint8)  # more than a stored block holds
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(coloured_png(large)))), large)


@pytest.mark.parametrize("change", changes.CHANGES)
def test_a_copy_looks_like_its_origin_and_is_not_the_same(change: str, profiles: pa.RecordBatch) -> None:
    words = np.random.default_rng(3).integers(0, 65_536, (ROWS, drawing.WORDS)).astype(np.uint16)
    places, palettes = next(drawing.draw(traits_of(SCHEMA, profiles), words, 64))
    picture = drawing.coloured(places[0], palettes[0])
    copy = changes.CHANGES[change](picture, (30_000, 40_001, 50_000, 20_000))
    assert copy.dtype == np.uint8
    assert copy.shape != picture.shape or not np.array_equal(copy, picture)
    other = drawing.coloured(places[1], palettes[1])
    fitted = Image.fromarray(copy).resize((64, 64))
    if change not in ("crop", "rotate"):  # which move the pixels
        near, far = (np.abs(np.asarray(fitted, int) - each).mean() for each in (picture, other))
        assert near < far / 2


def test_jpeg_loses_what_pillow_loses() -> None:
    ramp = np.stack([np.add.outer(np.arange(64) * 2, np.arange(64) % 23 * 5)] * 3, axis=2).astype(np.uint8)
    ours = changes.compress(ramp, (0, 0, 0, 0)).astype(int)
    written = io.BytesIO()
    Image.fromarray(ramp).save(written, "JPEG", quality=40, subsampling=0)
    theirs = np.asarray(Image.open(written).convert("RGB")).astype(int)
    assert np.abs(ours - theirs).mean() < 0.5
    assert np.abs(ours - ramp).mean() > 1.0


def test_a_schema_without_features_has_pictures_too() -> None:
    """Attributes are missing there, and nothing else: the mesh still tells profiles apart."""
    bare = SimpleNamespace(name="bare", columns=(), derived=(), feature_names=())
    ids = pa.record_batch({"id": pa.array([1, 2])})
    parts = list(avatars_of(bare, _spec(), 0, ids))  # type: ignore[arg-type]
    captions = {row["caption"] for part in parts for row in part.truth.to_pylist()}
    assert len(captions) == 1
