"""Pictures from elsewhere as a data set: embedded, published, shown, verified; and those that cannot be."""

import io
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from drawn_pictures import Scene
from hostile_pictures import COUNT, write_all
from picture_sets import DIM, PARAMS, draw_folder, make, scenes_of
from PIL import Image

from synthprof.base.errors import SpecError, StageError
from synthprof.pipeline import version_of
from synthprof.runner.run import run_all
from synthprof.sources.pictures.facts import FACTS
from synthprof.spec.request import Request
from synthprof.stages import pictures as stage
from synthprof.stages.import_rows import resolve_source
from synthprof.store.sqlite.database import read
from synthprof.versions.verify import verify
from synthprof.versions.version import Version, open_version

ROWS = 90
SEALED = ("perfis.db", "embeddings.db", "thumbnails.db", "clusters.db", "index.faiss")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `photos` and, in `data`, the data set made of them."""
    place = tmp_path_factory.mktemp("pictures")
    draw_folder(place / "photos", ROWS)
    make(place / "data", place / "photos")
    return place


@pytest.fixture(scope="module")
def version(place: Path) -> Version:
    return open_version(place / "data", "drawn")


def digests(version: Version) -> dict[str, str]:
    return {file.path: file.sha256 for file in version.manifest.files if file.path in SEALED}


def failures(version: Version) -> dict[str, str]:
    """The reason of each picture without an embedding, by its id in the source."""
    rows = read(version.folder / "embeddings.db", "SELECT id, error FROM embedding_failures").to_pylist()
    return {version.profile(row["id"])["chave"]: row["error"] for row in rows}


def test_every_picture_is_published_with_what_its_first_bytes_tell(place: Path, version: Version) -> None:
    assert version.rows == ROWS and version.spec.kind == "images" and version.spec.row_word == "picture"
    row = version.profile(1)
    content = (place / "photos" / "00000.png").read_bytes()
    told = {"chave": "00000.png", "formato": "png", "largura": 96, "altura": 96, "tirada_em": None}
    assert row.items() >= (told | {"tamanho": len(content)}).items()
    assert set(FACTS) <= row.keys()
    assert version.table(where=["formato=png", "largura>=96"]).num_rows == ROWS // 3
    assert np.allclose(np.linalg.norm(version.embeddings(), axis=1), 1, atol=1e-5)
    assert verify(version, None, lambda *_: None).sound


def test_every_picture_has_a_thumbnail_of_bounded_size(version: Version) -> None:
    shown = [version.thumbnail(row) for row in range(1, ROWS + 1)]
    assert all(each is not None and len(each) < 8_192 for each in shown)
    image = Image.open(io.BytesIO(shown[0] or b""))
    assert (image.format, image.size, image.mode) == ("JPEG", (96, 96), "RGB")
    assert version.thumbnail("00000.png") == shown[0]


def test_bytes_depend_on_neither_workers_nor_batches_nor_shards_nor_the_place(
    place: Path, version: Version, tmp_path: Path
) -> None:
    shutil.copytree(place / "photos", tmp_path / "elsewhere")
    other = make(tmp_path / "data", tmp_path / "elsewhere", workers=2, batch_size=7, shards=1)
    assert other.name == version.name
    assert digests(other) == digests(version) and len(digests(version)) == len(SEALED)


def test_a_run_that_goes_on_reads_again_only_for_thumbnails_and_gives_the_same_bytes(
    place: Path, version: Version, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(SpecError, match="limit=40"):
        make(tmp_path, place / "photos", limit=40, batch_size=8)
    asked: list[int] = []
    image = stage._Row.image

    def counted(row: stage._Row, least: int) -> Image.Image:
        asked.append(row.place)
        return image(row, least)

    monkeypatch.setattr(stage._Row, "image", counted)
    assert digests(make(tmp_path, place / "photos", batch_size=8)) == digests(version)
    assert sorted(asked) == list(range(ROWS))


def test_pictures_that_go_or_change_after_they_were_read_have_no_embedding_but_a_reason(
    tmp_path: Path,
) -> None:
    draw_folder(tmp_path / "photos", 60)
    request = resolve_source(
        Request.from_params(PARAMS | {"source": str(tmp_path / "photos"), "max_failed": 3}), tmp_path / "data"
    )
    (tmp_path / "photos" / "00001.jpg").unlink()
    shutil.copy(tmp_path / "photos" / "00004.jpg", tmp_path / "photos" / "00002.jpg")
    whole = (tmp_path / "photos" / "00005.jpg").read_bytes()
    (tmp_path / "photos" / "00005.jpg").write_bytes(whole[:400])
    run_all(request, tmp_path / "data")
    version = open_version(tmp_path / "data", "drawn")
    told = failures(version)
    assert told == {"00001.jpg": stage.GONE, "00002.jpg": stage.CHANGED, "00005.jpg": stage.CHANGED}
    assert version.thumbnail("00002.jpg") is None and version.thumbnail("00003.png")
    assert version.name == version_of(request.spec)
    with pytest.raises(SpecError, match="no embedding"):
        version.similar("00001.jpg")


def test_a_picture_that_breaks_off_is_recorded_with_its_reason_and_the_rest_goes_on(tmp_path: Path) -> None:
    draw_folder(tmp_path / "photos", 60)
    whole = (tmp_path / "photos" / "00007.jpg").read_bytes()
    (tmp_path / "photos" / "00007.jpg").write_bytes(whole[:-200])
    with pytest.raises(StageError, match=r"1 rows have no embedding, max_failed=0"):
        make(tmp_path / "data", tmp_path / "photos")
    version = make(tmp_path / "data", tmp_path / "photos", max_failed=1)
    (told,) = failures(version).items()
    assert told[0] == "00007.jpg" and "damaged (image file is truncated" in told[1]
    assert version.rows == 60 and np.isnan(version.embeddings(8, 8)).all()


def test_two_hundred_hostile_files_are_left_out_or_recorded_and_the_good_ones_published(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "in" / "photos"
    draw_folder(folder, 50)
    assert write_all(folder) == COUNT
    with pytest.raises(SpecError, match="max_failed=0 are allowed"):
        make(tmp_path / "data", folder)
    version = make(tmp_path / "data", folder, max_failed=COUNT)
    recorded = failures(version)
    setup = next(each for each in version.manifest.stages if each.stage == "setup")
    left_out = setup.details["left_out"]
    assert len(left_out) + len(recorded) == COUNT
    assert version.rows == 50 + len(recorded)
    assert all(len(each) > 8 for each in (*left_out, *recorded.values()))


def test_tables_carry_their_columns_beside_the_facts_of_pictures(tmp_path: Path) -> None:
    scenes = draw_folder(tmp_path / "photos", 50)
    with closing(sqlite3.connect(tmp_path / "a.db")) as database, database:
        database.execute("CREATE TABLE pictures (id INTEGER, image BLOB, colour TEXT, year INTEGER)")
        rows = [
            (number, (tmp_path / "photos" / name).read_bytes(), scene.colour, 2_000 + number)
            for number, (name, scene) in enumerate(scenes.items(), 1)
        ]
        database.executemany("INSERT INTO pictures VALUES (?, ?, ?, ?)", rows)
    version = make(tmp_path / "data", tmp_path / "a.db", columns="year,colour")
    assert version.profile(3)["colour"] == list(scenes.values())[2].colour
    hits = version.similar(image=rows[0][1], k=5, where="year>=2010")
    assert len(hits) == 5 and all(hit.profile["year"] >= 2_010 for hit in hits)
    with pytest.raises(SpecError, match="altura is reserved"):
        make(tmp_path / "data", tmp_path / "a.db", columns="altura")


def test_a_text_finds_what_it_names_and_one_that_names_nothing_is_refused(
    place: Path, version: Version
) -> None:
    scenes = scenes_of(ROWS)
    hits = version.search("red circles", k=3)
    assert all(scenes[hit.profile["chave"]].shows("red circles") for hit in hits)
    assert version.similar("00000.png", k=1)[0].profile["chave"] != "00000.png"
    with pytest.raises(SpecError, match="says nothing to the model"):
        version.search("the at", k=3)


def test_only_encoders_of_pictures_embed_pictures(place: Path, tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="encoder=catalogue embeds no pictures; use encoder=clip"):
        make(tmp_path, place / "photos", encoder="catalogue", model="")
    with pytest.raises(SpecError, match="encoder=clip embeds pictures; use kind=images"):
        make(tmp_path, place / "photos", kind="texts")
    with pytest.raises(
        SpecError, match=rf"gives {DIM} values, but dim_embedding=32; set dim_embedding={DIM}"
    ):
        make(tmp_path, place / "photos", dim_embedding=32)


def test_a_version_of_texts_has_no_pictures(version: Version, tmp_path: Path) -> None:
    broken = tmp_path / "a.png"
    broken.write_bytes(b"no picture")
    with pytest.raises(SpecError, match=r"a\.png: it is no picture that is read"):
        version.similar(image=broken)
    with pytest.raises(SpecError, match="needs the id of a row, or image="):
        version.similar()


def test_a_scene_is_what_its_caption_says() -> None:
    scene = Scene("two", "red", "cross", "left")
    assert scene.caption == "two red crosses at the left"
    assert scene.shows("red crosses") and scene.shows(scene.caption)
    assert not scene.shows("red squares") and not scene.shows("three red crosses")
