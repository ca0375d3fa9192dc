"""Pictures of folders, tables and tar files: every one found in a fixed order, none from elsewhere."""

import io
import json
import sqlite3
import tarfile
import unicodedata
from contextlib import closing
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hostile_pictures import encoded

from synthprof.base.errors import SpecError
from synthprof.sources.pictures.decode import decode
from synthprof.sources.pictures.picture import BadPicture
from synthprof.sources.pictures.source import open_source, pictures_of

PNG = encoded("png")


def ids(path: Path, **options: object) -> list[str]:
    return [each.id for each in open_source(path, **options)]


def reason(path: Path, place: int = 0, **options: object) -> str:
    with pytest.raises(BadPicture) as error:
        list(open_source(path, **options))[place].load()
    return str(error.value)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("b.png", "a/z.JPG", "a/y/x.webp", ".hidden.png", "a/notes.txt", "noending"):
        (tmp_path / "photos" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "photos" / name).write_bytes(PNG)
    (tmp_path / "photos" / "README").write_text("no picture")
    return tmp_path / "photos"


def test_a_folder_is_read_to_any_depth_in_the_order_of_its_paths(folder: Path) -> None:
    assert ids(folder) == ["a/y/x.webp", "a/z.JPG", "b.png", "noending"]
    source = pictures_of(folder, "", "id", "image").folder
    list(source)
    assert source.passed_over == 2


def test_names_in_any_unicode_are_ids_as_they_are_written(tmp_path: Path) -> None:
    forms = {unicodedata.normalize(form, "fóto.png") for form in ("NFC", "NFD")}
    names = {*forms, "写真.png", "🐈‍⬛.png", "a\nb.png", "\u202egnp.png", " .png", "x" * 251 + ".png"}
    for name in names:
        (tmp_path / name).write_bytes(PNG)
    assert set(ids(tmp_path)) == names and len(forms) == 2
    assert all(decode(each).shape == (32, 48, 3) for each in open_source(tmp_path))


def test_links_are_followed_only_within_the_folder(folder: Path) -> None:
    (folder / "c.png").symlink_to("b.png")
    (folder / "up").symlink_to(folder.parent)
    (folder / "ring").symlink_to(folder)
    (folder / "c").symlink_to(folder / "a")
    found = {each.id or each.name: each for each in open_source(folder)}
    assert {"c.png", "c/z.JPG"} <= found.keys()
    assert not any(name.startswith("ring") for name in found)
    with pytest.raises(BadPicture, match="leads out of the folder"):
        found["up"].load()


def test_permitted_folders_hold_for_pictures(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYNTHPROF_SOURCES", str(folder / "a"))
    with pytest.raises(SpecError, match="SYNTHPROF_SOURCES"):
        ids(folder)


def test_a_file_that_is_gone_or_too_large_when_it_is_loaded_is_bad(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second, *_ = open_source(folder)
    (folder / first.id).unlink()
    with pytest.raises(BadPicture, match="cannot be read: No such file"):
        first.load()
    monkeypatch.setattr("synthprof.sources.pictures.folder.MAX_BYTES", 10)
    with pytest.raises(BadPicture, match="larger than 10 bytes"):
        second.load()


def _sqlite(path: Path, rows: list[tuple[object, ...]]) -> Path:
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("CREATE TABLE pictures (id, image, year INTEGER)")
        database.executemany("INSERT INTO pictures VALUES (?, ?, ?)", rows)
    return path


def test_blobs_of_a_table_come_with_their_columns(tmp_path: Path) -> None:
    path = _sqlite(tmp_path / "a.db", [("b", PNG, 2_001), ("a", PNG, None), ("c", None, 3)])
    found = list(open_source(path, columns=("year",)))
    assert [each.id for each in found] == ["b", "a", "c"]
    assert [each.columns["year"].as_py() for each in found] == [2_001, None, 3]
    assert found[0].load() == PNG and found[0].held == len(PNG)
    assert "has no picture" in reason(path, 2)


def test_paths_of_a_table_begin_at_its_folder_and_stay_there(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder.parent / "out.png").write_bytes(PNG)
    rows = ["b.png", "a/z.JPG", "../out.png", str(folder.parent / "out.png"), "none.png", "\0", "a"]
    table = pa.table({"id": [str(number) for number in range(len(rows))], "file": rows})
    pq.write_table(table, folder / "_rows.parquet")
    path = folder / "_rows.parquet"
    found = list(open_source(path, image_column="file"))
    assert [each.name for each in found] == rows
    assert found[0].load() == found[1].load() == PNG
    for place, told in (
        (2, "out of the folder"),
        (3, "out of the folder"),
        (4, "no file"),
        (5, ""),
        (6, "no file"),
    ):
        assert told in reason(path, place, image_column="file")
    monkeypatch.setenv("SYNTHPROF_SOURCES", str(folder.parent))
    assert found[3].load() == PNG


@pytest.mark.parametrize("parts", [1, 3])
def test_tables_of_hugging_face_need_no_ids(tmp_path: Path, parts: int) -> None:
    (tmp_path / "set").mkdir()
    for part in range(parts):
        images = [{"bytes": PNG, "path": f"{part}.png"}, {"bytes": PNG, "path": None}]
        pq.write_table(pa.table({"image": images, "label": [part, 7]}), tmp_path / "set" / f"{part}.parquet")
    found = list(
        open_source(tmp_path / "set" if parts > 1 else tmp_path / "set" / "0.parquet", columns=("label",))
    )
    numbered = [f"{part}.parquet:2" for part in range(parts)] if parts > 1 else ["2"]
    assert {each.id for each in found} == {*numbered, *(f"{part}.png" for part in range(parts))}
    assert all(each.load() == PNG for each in found)
    assert found[0].columns["label"].as_py() == 0


def test_a_column_of_numbers_is_no_column_of_pictures(tmp_path: Path) -> None:
    pq.write_table(pa.table({"id": [1], "image": [2]}), tmp_path / "a.parquet")
    with pytest.raises(SpecError, match="image_column"):
        ids(tmp_path / "a.parquet")
    with pytest.raises(SpecError, match="no column 'photo'"):
        ids(tmp_path / "a.parquet", image_column="photo")


def _tar(path: Path, *members: tuple[str, bytes], links: tuple[str, ...] = ()) -> Path:
    with tarfile.open(path, "w") as tar:
        for name, content in members:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
        for name in links:
            info = tarfile.TarInfo(name)
            info.type, info.linkname = tarfile.SYMTYPE, "/etc/passwd"
            tar.addfile(info)
    return path


def test_members_of_one_name_are_a_row_of_a_tar_file(tmp_path: Path) -> None:
    meta = json.dumps({"year": 1999, "tags": ["a"]}).encode()
    _tar(tmp_path / "0.tar", ("x/1.png", PNG), ("x/1.json", meta), ("x/1.txt", b" a cat \n"), ("2.jpg", b"?"))
    _tar(tmp_path / "1.tar", ("3.json", b"{"), ("3.seg.png", PNG), links=("4.png",))
    found = list(open_source(tmp_path, columns=("year", "txt")))
    assert [each.id for each in found] == ["x/1", "2", "3", "4"]
    assert found[0].columns == {"year": 1999, "txt": "a cat"} and found[1].columns["year"] is None
    assert found[0].load() == found[2].load() == PNG and found[0].held == 0
    assert "link" in reason(tmp_path, 3)
    assert pictures_of(tmp_path, "", "id", "image").schema(["tags"]).field(0).type == pa.list_(pa.string())
    with pytest.raises(SpecError, match=r"no column 'colour'; it has: tags, txt, year"):
        pictures_of(tmp_path, "", "id", "image").schema(["colour"])


def test_a_damaged_tar_file_gives_what_comes_before_the_damage(tmp_path: Path) -> None:
    whole = _tar(tmp_path / "a.tar", ("1.png", PNG), ("2.png", PNG), ("3.png", PNG)).read_bytes()
    (tmp_path / "a.tar").write_bytes(whole[: 1_024 + 600])
    assert ids(tmp_path / "a.tar")[0] == "1" and "" in ids(tmp_path / "a.tar")
    (tmp_path / "a.tar").write_bytes(whole[:1_024] + b"x" * 512 + whole[1_536:])
    assert "damaged after '1'" in reason(tmp_path / "a.tar", 1)


def test_a_header_of_tar_that_claims_any_size_takes_no_memory(tmp_path: Path) -> None:
    info = tarfile.TarInfo("././@LongLink")
    info.type, info.size = tarfile.GNUTYPE_LONGNAME, 8 << 30
    with (tmp_path / "a.tar").open("wb") as file:
        file.write(info.tobuf())
        file.truncate(8 << 30)
    assert "damaged" in reason(tmp_path / "a.tar")
