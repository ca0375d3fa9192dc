"""Matches from the order to the published folder: what is found, what is told, and that it is resumed."""

import io
import logging
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from picture_sets import draw_folder, make
from PIL import Image

from synthprof.base.errors import SpecError
from synthprof.base.units import MIB
from synthprof.delivery.matching import job, looks, steps
from synthprof.delivery.matching.job import match
from synthprof.delivery.matching.match import Match, scores_of
from synthprof.delivery.matching.order import MatchOrder
from synthprof.delivery.matching.plan import plan_match
from synthprof.runner.run import run_all
from synthprof.spec.request import Request
from synthprof.system.machine import default_workers

ORDER: dict[str, Any] = {
    **{"dataset": "drawn", "profiles": 150, "clusters": 1, "kmeans_niter": 1, "dim_embedding": 24},
    **{"avatars": True, "avatar_copies": 0.3, "index": "flat", "prose": "card", "workers": 1},
}


def _order(**params: Any) -> MatchOrder:
    return MatchOrder.from_params({"dataset": "drawn", "features": 150} | params)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("match")
    run_all(Request.from_params(ORDER), home)
    return home


@pytest.fixture(scope="module")
def made(home: Path) -> Match:
    return match(home, _order())


def _bytes(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_planted_copies_are_found_and_little_else(made: Match) -> None:
    assert made.scores["planted"] > 30
    assert made.scores["recall"] >= 0.95
    assert made.scores["precision"] >= 0.98
    assert set(made.scores["recall_by_change"]) == {
        *("crop", "rotate", "scale", "jpeg", "brightness", "watermark"),
    }


def test_every_picture_has_a_row_and_those_of_a_pair_have_a_group(made: Match) -> None:
    pictures = {row["picture"]: row for row in made.pictures.to_pylist()}
    assert len(pictures) == made.output.rows
    for pair in made.pairs.to_pylist():
        one, other = (pictures[pair[side]]["group"] for side in ("one", "other"))
        assert one is not None
        assert one == other
    assert made.facts()["groups"] == len({row["group"] for row in pictures.values()} - {None})


def test_the_folder_has_the_results_alone_and_the_page_needs_no_network(made: Match) -> None:
    assert set(_bytes(made.folder)) == {
        *("OUTPUT.json", "pairs.html", "pairs.parquet", "pictures.parquet", "scores.json", "truth.parquet"),
    }
    page = made.page.read_text("utf-8")
    assert page.count("<li") == min(200, made.pairs.num_rows)
    assert "http" not in page.replace("http-equiv", "")


def test_the_memory_taken_and_planned_is_told_by_the_call_that_matched(home: Path, made: Match) -> None:
    assert made.peak_bytes > 50 * MIB
    assert made.planned_bytes == plan_match(made.output.rows, 1 << 40, default_workers(), 150).bytes
    again = match(home, _order())
    assert (again.key, again.peak_bytes, again.planned_bytes) == (made.key, 0, 0)


def test_features_are_searched_by_whole_pictures_within_a_bound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    facts = np.zeros(6, looks.FACTS)
    facts["features"] = (4, 3, 0, 12, 5, 5)
    for name in (looks.FACTS_FILE, looks.FEATURES_FILE, looks.VIEWS_FILE):
        (tmp_path / name).write_bytes(facts.tobytes())
    monkeypatch.setattr(looks, "AT_ONCE", 10)
    with looks.Looks(tmp_path) as found:
        assert list(found.parts(0, 6)) == [(0, 7), (7, 19), (19, 29)]
        assert list(found.parts(1, 3)) == [(4, 7)]


@pytest.mark.parametrize("after", [0, 1, 2, 3])
def test_a_match_cut_short_goes_on_and_ends_with_the_same_bytes(
    after: int, made: Match, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "drawn").symlink_to(tmp_path / "own")
    (tmp_path / "own").mkdir()
    for name in ("versions", "CURRENT"):
        (tmp_path / "own" / name).symlink_to(home / "drawn" / name)
    monkeypatch.setattr(steps, "STEP_PICTURES", 64)
    calls = list[str]()

    def stop(stage: str, done: int, total: int, *_: Any) -> None:
        calls.append(stage)
        parts = ["features", "index", "candidates", "pairs"]
        if stage == f"match: {parts[after]}" and done > 0:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        match(tmp_path, _order(), stop)
    assert not list((tmp_path / "own" / "matches").glob("[!.]*"))
    again = list[str]()
    found = match(tmp_path, _order(), lambda stage, *_: again.append(stage))
    assert _bytes(found.folder) == _bytes(made.folder)
    if after == 3:
        assert "match: candidates" not in again


def test_bytes_do_not_depend_on_threads_or_on_short_memory(
    made: Match, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = _bytes(made.folder)
    made.folder.rename(tmp_path / "kept")
    monkeypatch.setattr(job, "default_workers", lambda: 3)
    monkeypatch.setattr(steps, "memory_is_short", lambda: True)
    monkeypatch.setattr(steps, "AT_ONCE", 700)
    assert _bytes(match(home, _order()).folder) == before


def test_a_folder_of_photos_with_copies_a_plain_one_and_a_broken_one(home: Path, tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    photos = tmp_path / "photos"
    photos.mkdir()
    shown = np.zeros((240, 320, 3), np.uint8)
    for _ in range(60):
        x, y, wide, high = random.integers((0, 0, 10, 10), (280, 200, 100, 100))
        shown[y : y + high, x : x + wide] = random.integers(0, 256, 3)
    photo = Image.fromarray(shown)
    photo.save(photos / "a.png")
    photo.save(photos / "b.jpg", quality=60)
    photo.rotate(8).save(photos / "c.png")
    (photos / "d.png").write_bytes((photos / "a.png").read_bytes())
    Image.fromarray(random.integers(0, 256, (240, 320, 3)).astype(np.uint8)).save(photos / "other.png")
    (photos / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    found = match(home, MatchOrder.from_params({"dataset": "photos", "pictures": str(photos)}))
    by = {frozenset((row["one"], row["other"])): row["found_by"] for row in found.pairs.to_pylist()}
    assert by[frozenset(("a.png", "d.png"))] == "bytes"
    assert frozenset(("a.png", "b.jpg")) in by
    rows = {row["picture"]: row for row in found.pictures.to_pylist()}
    assert (
        rows["a.png"]["group"] == rows["b.jpg"]["group"] == rows["c.png"]["group"] == rows["d.png"]["group"]
    )
    assert rows["other.png"]["group"] is None
    assert "no picture that is read" in rows["broken.png"]["problem"]
    assert (rows["d.png"]["width"], rows["d.png"]["height"]) == (320, 240)
    assert found.scores == {}


def test_a_data_set_of_pictures_is_matched_by_its_thumbnails(tmp_path: Path) -> None:
    draw_folder(tmp_path / "photos", 40)
    photo = Image.open(tmp_path / "photos" / "00003.png")
    photo.resize((300, 300)).save(tmp_path / "photos" / "larger.jpg", quality=70)
    (tmp_path / "photos" / "same.png").write_bytes((tmp_path / "photos" / "00006.png").read_bytes())
    whole = (tmp_path / "photos" / "00001.jpg").read_bytes()
    (tmp_path / "photos" / "00001.jpg").write_bytes(whole[:-200])
    version = make(tmp_path / "data", tmp_path / "photos", max_failed=1)
    shutil.rmtree(tmp_path / "photos")
    found = match(tmp_path / "data", MatchOrder(dataset="drawn"))
    by = {frozenset((row["one"], row["other"])): row["found_by"] for row in found.pairs.to_pylist()}
    assert by[frozenset(("00006.png", "same.png"))] == "bytes"
    assert by[frozenset(("00003.png", "larger.jpg"))] in ("hash", "features")
    rows = {row["picture"]: row for row in found.pictures.to_pylist()}
    assert len(rows) == version.rows == 42
    assert (rows["larger.jpg"]["width"], rows["larger.jpg"]["height"]) == (300, 300), "not the thumbnail's"
    assert "it has no thumbnail: it was not read" in rows["00001.jpg"]["problem"]
    assert rows["00001.jpg"]["width"] is None
    assert found.output.version == version.name


def test_other_bytes_of_a_picture_make_another_match(home: Path, tmp_path: Path) -> None:
    buffer = io.BytesIO()
    Image.new("RGB", (64, 64), "red").save(buffer, "PNG")
    (tmp_path / "one.png").write_bytes(buffer.getvalue())
    order = MatchOrder.from_params({"dataset": "photos", "pictures": str(tmp_path)})
    first = match(home, order)
    Image.new("RGB", (64, 64), "blue").save(tmp_path / "one.png")
    assert match(home, order).key != first.key


def test_what_cannot_be_matched_is_refused_in_words(home: Path, tmp_path: Path) -> None:
    run_all(Request.from_params(ORDER | {"dataset": "plain", "avatars": False, "profiles": 40}), home)
    with pytest.raises(SpecError, match="has no avatars; make it with --avatars, or name a"):
        match(home, _order(dataset="plain"))
    with pytest.raises(SpecError, match="has no pictures"):
        match(home, _order(pictures=str(tmp_path)))


def test_an_estimate_above_90_percent_is_refused_and_above_80_a_warning(
    home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    needed = plan_match(200, 1 << 40, 1, 150).bytes // MIB
    with pytest.raises(SpecError, match=r"more than the 90% that may be used; use fewer features"):
        match(home, _order(memory_mib=needed))
    with caplog.at_level(logging.WARNING):
        match(home, _order(memory_mib=round(needed * 1.25), seed=9))
    assert "memory for match: about" in caplog.text


@pytest.mark.parametrize(
    ("pictures", "memory", "features"),
    [(9_999, 64, 300), (10_000, 64, 200), (50_000, 64, 150), (100_000, 64, 100), (600_000, 1, 50)],
)
def test_features_follow_from_the_number_of_pictures_and_the_memory(
    pictures: int, memory: int, features: int
) -> None:
    assert plan_match(pictures, memory << 30, 2).features == features


def test_scores_count_pairs_in_either_direction() -> None:
    pairs = pa.table({"one": ["a", "c"], "other": ["b", "d"]})
    truth = pa.table({"one": ["b", "e"], "other": ["a", "f"], "change": ["crop", "jpeg"]})
    found = scores_of(pairs, truth)
    assert (found["recall"], found["precision"]) == (0.5, 0.5)
    assert found["recall_by_change"] == {"crop": 1.0, "jpeg": 0.0}
    assert scores_of(pairs.slice(0, 0), truth.slice(0, 0))["recall"] is None
