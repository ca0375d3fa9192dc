"""Values in the user's cache: found by the same code alone, and trusted from the user alone."""

import os
import pickle
from collections.abc import Callable
from pathlib import Path

import pytest

from synthprof.base import kept as module
from synthprof.base.kept import CACHE, kept


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "cache"
    monkeypatch.setenv(CACHE, str(folder))
    return folder


class Maker:
    """A value that counts how often it is made."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self) -> list[str]:
        self.times += 1
        return ["made", str(self.times)]


def test_a_value_is_made_once_and_found_later(cache: Path) -> None:
    make = Maker()
    assert [kept("thing", 1, make) for _ in range(3)] == [["made", "1"]] * 3
    assert kept("thing", 2, make) == ["made", "2"]
    assert len(list(cache.iterdir())) == 2


def test_other_code_does_not_find_it(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make = Maker()
    kept("thing", 1, make)
    monkeypatch.setattr(module, "_made_by", lambda: ["another release"])
    assert kept("thing", 1, make) == ["made", "2"]


def test_the_code_is_told_by_its_content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "__file__", str(tmp_path / "base" / "kept.py"))
    for maker in module.MAKERS:
        (tmp_path / maker).mkdir()
        (tmp_path / maker / "a.py").write_text("1")
    before = module._made_by.__wrapped__()
    file = tmp_path / "schemas" / "a.py"
    times = file.stat().st_atime_ns, file.stat().st_mtime_ns
    file.write_text("2")
    os.utime(file, ns=times)
    assert module._made_by.__wrapped__() != before


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-3])


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _turn_a_bit(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-4] ^= 1
    path.write_bytes(content)


def _let_others_write(path: Path) -> None:
    path.chmod(0o666)


def _replace_by_a_link(path: Path) -> None:
    path.rename(path.with_suffix(".other"))
    path.symlink_to(path.with_suffix(".other"))


@pytest.mark.parametrize("harm", [_cut, _empty, _turn_a_bit, _let_others_write, _replace_by_a_link])
def test_what_is_damaged_or_not_the_users_alone_is_made_again(
    cache: Path, harm: Callable[[Path], None]
) -> None:
    make = Maker()
    kept("thing", 1, make)
    (file,) = cache.iterdir()
    harm(file)
    assert kept("thing", 1, make) == ["made", "2"]
    assert kept("thing", 1, make) == ["made", "2"]


def test_a_folder_that_others_may_write_is_not_used(cache: Path) -> None:
    cache.mkdir()
    cache.chmod(0o777)
    make = Maker()
    assert [kept("thing", 1, make) for _ in range(2)] == [["made", "1"], ["made", "2"]]
    assert not list(cache.iterdir())


@pytest.mark.parametrize("folder", ["", "/proc/no/such/folder"])
def test_without_a_folder_values_are_made(folder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CACHE, folder)
    make = Maker()
    assert [kept("thing", 1, make) for _ in range(2)] == [["made", "1"], ["made", "2"]]


def test_what_was_not_used_for_longest_makes_room(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make = Maker()
    kept("thing", 1, make)
    (old,) = cache.iterdir()
    other = cache / "of somebody else"
    other.write_bytes(bytes(10_000))
    os.utime(old, (1, 1))
    os.utime(other, (0, 0))
    monkeypatch.setattr(module, "MOST_BYTES", 2 * len(pickle.dumps(["made", "1"])))
    kept("thing", 2, make)
    assert not old.exists()
    assert other.exists()
    assert kept("thing", 2, make) == ["made", "2"]
