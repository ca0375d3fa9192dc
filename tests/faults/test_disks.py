"""A data set on disks of other kinds: published, replaced, repaired and pruned there."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from harness import mounted, needs_root
from small import DATASET, publish_as, run

from synthprof.base import disk
from synthprof.base.files import REMOVED
from synthprof.runner.repair import repair
from synthprof.store.manifest import MANIFEST, damaged, read_manifest
from synthprof.store.pruning import prune
from synthprof.store.publishing import _date_last, publish_lock
from synthprof.store.store import Store
from synthprof.versions.verify import verify
from synthprof.versions.version import open_version

pytestmark = needs_root

OTHER = "0" * 12

FORMATS = {
    "ext4": ("mkfs.ext4", "-q"),
    "ext4 with its names in any case": ("mkfs.ext4", "-q", "-O", "casefold"),
    "xfs": ("mkfs.xfs", "-q"),
    "btrfs": ("mkfs.btrfs", "-q"),
}


@contextmanager
def _formatted(words: tuple[str, ...], folder: Path, mib: int) -> Iterator[Path]:
    """A disk in a file, formatted by the command and mounted."""
    if not (program := shutil.which(words[0])):
        pytest.skip(f"{words[0]} is not installed")
    image = folder / "image"
    with image.open("wb") as file:
        file.truncate(mib << 20)
    subprocess.run([program, *words[1:], str(image)], check=True, capture_output=True)
    with mounted("-o", "loop", source=str(image), at=folder / "disk") as at:
        yield at


@contextmanager
def _overlay(lower: Path, folder: Path) -> Iterator[Path]:
    """The content of `lower`, to be changed: as an image's layer in a container."""
    with mounted("-t", "tmpfs", source="none", at=folder / "memory") as memory:
        for name in ("upper", "work"):
            (memory / name).mkdir()
        options = f"lowerdir={lower},upperdir={memory / 'upper'},workdir={memory / 'work'}"
        with mounted("-t", "overlay", "-o", options, source="overlay", at=folder / "merged") as merged:
            yield merged


@contextmanager
def _disk(kind: str, home: Path, folder: Path) -> Iterator[Path]:
    """The data root on a disk of that kind."""
    if kind == "overlayfs":
        with _overlay(home, folder) as root:
            yield root
        return
    with (
        mounted("-t", "tmpfs", source="none", at=folder / "memory")
        if kind == "tmpfs"
        else _formatted(FORMATS[kind], folder, 400)
    ) as at:
        root = at / "home"
        root.mkdir()
        if "any case" in kind:
            subprocess.run(["chattr", "+F", str(root)], check=True)
        shutil.copytree(home, root, symlinks=True, dirs_exist_ok=True)
        yield root


@pytest.mark.parametrize(
    "kind", ["overlayfs", "tmpfs", *(pytest.param(kind, marks=pytest.mark.faults_full) for kind in FORMATS)]
)
def test_what_lies_on_a_disk_is_replaced_repaired_and_pruned_there(
    copied: Path, tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(disk, "_checked", set())
    with _disk(kind, copied, tmp_path) as root:
        store = Store(root, DATASET)
        older, current = store.versions()
        disk.check_disk(store.folder)
        (current / "report.html").unlink()
        assert repair(root, DATASET).files == ("report.html",)
        assert verify(open_version(root, DATASET), 0, lambda *_: None).sound
        (older / "perfis.db").unlink()
        (older / "perfis.db").write_text("damaged")
        publish_as(store, current, older.name)  # in the place of a folder that may lie in a lower layer
        assert not damaged(older, read_manifest(older).files)
        publish_as(store, current, OTHER)
        assert set(prune(store, 1).removed) == {older.name, current.name}
        assert [path.name for path in (store.folder / "versions").iterdir()] == [OTHER]


def test_what_lies_in_a_lower_layer_goes_with_its_build_and_makes_room_for_the_next(
    copied: Path, tmp_path: Path
) -> None:
    with _overlay(copied, tmp_path) as root:
        store = Store(root, DATASET)
        first = store.versions()[0].name
        for seed in (3, 1):
            name = run(root, seed=seed, keep_versions=1)
            assert [path.name for path in store.versions()] == [name]
            assert len(list((store.folder / "build").iterdir())) == 1
        assert name == first


def test_a_version_whose_removal_was_cut_short_in_its_place_is_none_and_goes(copied: Path) -> None:
    store = Store(copied, DATASET)
    older, current = store.versions()
    (older / MANIFEST).rename(older / REMOVED)
    assert store.versions() == [current]
    with publish_lock(store):
        assert not older.exists()


def test_versions_are_in_order_where_times_have_whole_seconds(tmp_path: Path) -> None:
    """Inodes of 128 bytes hold no parts of seconds."""
    with _formatted(("mkfs.ext4", "-q", "-I", "128"), tmp_path, 4) as at:
        for number in (3, 1, 2, 0):
            folder = at / "versions" / f"{number:012}"
            folder.mkdir(parents=True)
            (folder / MANIFEST).touch()
            _date_last(folder)
        assert (folder / MANIFEST).stat().st_mtime_ns % 1_000_000_000 == 0
        found = sorted((at / "versions").iterdir(), key=lambda path: (path / MANIFEST).stat().st_mtime_ns)
        assert [int(path.name) for path in found] == [3, 1, 2, 0]


def test_no_disk_takes_two_names_of_ours_for_one(copied: Path) -> None:
    """Neither where case does not count nor where accents are written apart."""
    for folder in (copied, *(path for path in copied.rglob("*") if path.is_dir() and not path.is_symlink())):
        names = [path.name for path in folder.iterdir()]
        assert all(name.isascii() for name in names)
        assert len({name.casefold() for name in names}) == len(names)


def test_a_data_root_that_may_only_be_read_is_read_and_nothing_is_made_there(
    copied: Path, tmp_path: Path
) -> None:
    from synthprof.base.errors import SpecError
    from synthprof.versions.inventory import versions
    from synthprof.versions.unfinished import builds

    with mounted("--bind", "-o", "ro", source=str(copied), at=tmp_path / "read-only") as root:
        (found, problems), unfinished = versions(root), list(builds(root))
        assert (len(found), problems, unfinished) == (2, [], [])
        version = open_version(root, DATASET)
        assert verify(version, 0, lambda *_: None).sound
        assert len(version.search("joga RPG", k=3)) == 3
        del version  # which keeps the disk from being unmounted
        with pytest.raises(SpecError, match="Read-only file system; mount it writable or set SYNTHPROF_HOME"):
            run(root, seed=3)
