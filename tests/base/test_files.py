from pathlib import Path

import pytest

from synthprof.base import files
from synthprof.base.digests import PART_BYTES


def test_a_file_appears_whole_under_its_name(tmp_path: Path) -> None:
    path = tmp_path / "a" / "file"
    with files.replacing(path) as temporary:
        temporary.write_text("half")
        assert not path.exists()
        temporary.write_text("whole")
    assert path.read_text() == "whole"
    assert [each.name for each in path.parent.iterdir()] == ["file"]


def test_after_an_exception_the_old_file_is_there_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("old")
    with pytest.raises(RuntimeError), files.replacing(path) as temporary:
        temporary.write_text("new")
        raise RuntimeError
    assert path.read_text() == "old"
    assert [each.name for each in tmp_path.iterdir()] == ["file"]


def test_a_pointer_switches_from_one_target_to_the_next(tmp_path: Path) -> None:
    link = tmp_path / "CURRENT"
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        files.point(link, name)
        assert link.resolve() == tmp_path / name
    assert sorted(each.name for each in tmp_path.iterdir()) == ["CURRENT", "one", "two"]


def test_temporaries_of_killed_writers_are_removed_and_other_files_are_not(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / ".tmp-1-abc-block").write_text("half")
    (tmp_path / "sub" / "block").write_text("whole")
    files.remove_temporaries(tmp_path)
    assert [each.name for each in (tmp_path / "sub").iterdir()] == ["block"]


def test_a_record_holds_the_sha256_that_sha256sum_prints(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"abc")
    record = files.record(tmp_path / "f", tmp_path)
    # FIPS 180-2, appendix B.1: the digest of "abc"
    assert record.sha256 == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert (record.path, record.bytes) == ("f", 3)


def test_a_sealed_record_holds_the_xxh3_that_xxh128sum_prints(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"abc")
    inside, outside = files.sealed(tmp_path / "f"), files.sealed(tmp_path / "f", published=True)
    # the digest of "abc" by xxHash's own tool: receipts of earlier runs would not be believed with another
    assert inside.model_dump() == {"path": "f", "bytes": 3, "xxh128": "06b05ab6733a618578af5f94892f3950"}
    assert outside.for_others("f") == files.record(tmp_path / "f", tmp_path)
    assert outside.xxh128 == inside.xxh128
    assert (inside.checksum, outside.checksum) == (inside.xxh128, outside.sha256)


@pytest.mark.parametrize("length", [1, PART_BYTES - 1, PART_BYTES, 3 * PART_BYTES + 17])
def test_a_record_of_either_kind_matches_its_bytes_and_no_others(tmp_path: Path, length: int) -> None:
    path, content = tmp_path / "f", bytearray(range(256)) * (length // 256 + 1)
    path.write_bytes(content[:length])
    records = [files.record(path, tmp_path), files.sealed(path), files.sealed(path, published=True)]
    assert [files.matches(tmp_path, each) for each in records] == [True, True, True]
    content[length - 1] ^= 1
    path.write_bytes(content[:length])
    assert [files.matches(tmp_path, each) for each in records] == [False, False, False]


def test_folders_change_places_in_one_step_and_readers_of_the_old_one_keep_it(tmp_path: Path) -> None:
    for name in ("aside", "folder"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text(name)
    with (tmp_path / "folder" / "file").open() as reader:
        files.take_place(tmp_path / "aside", tmp_path / "folder", "file")
        assert (tmp_path / "folder" / "file").read_text() == "aside"
        assert (tmp_path / "aside" / "file").read_text() == reader.read() == "folder"
    files.take_place(tmp_path / "aside", tmp_path / "new", "file")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder", "new"]


def test_the_first_error_is_the_one_that_is_told_when_removing_fails_too(tmp_path: Path) -> None:
    path = tmp_path / "file"
    with pytest.raises(RuntimeError, match="first"), files.replacing(path) as temporary:
        temporary.mkdir()  # cannot be unlinked
        raise RuntimeError("first")
