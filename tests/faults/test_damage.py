"""Damage to what is published: every flipped byte is found, and only what is damaged is made anew."""

import errno
import os
import random
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO

import pytest
from harness import DATASET, SMALL, Subject, cases, note

from synthprof.base import digests
from synthprof.base.errors import StageError
from synthprof.runner.repair import repair
from synthprof.runner.run import run_all
from synthprof.spec.request import Request
from synthprof.store.manifest import MANIFEST, read_manifest
from synthprof.store.store import Store
from synthprof.versions.verify import Verdict, verify
from synthprof.versions.version import open_version

NAMES = (
    "perfis.db", "vetores.db", "embeddings.db", "clusters.db", "centroids.npy", "index.faiss",
    "archetypes.npy", "overview.json", "map.arrow", "report.html", MANIFEST,
)  # fmt: skip

DAMAGES = ("truncated", "empty", "missing", "of another version", "a symbolic link")

FLIPS = [(name, place / 23) for name in NAMES for place in range(23)]
"""253 positions, from the first byte of each file to the last."""

MAKERS = {
    "perfis.db": {"ingest"}, "vetores.db": {"persist_blobs"}, "embeddings.db": {"persist_blobs"},
    "clusters.db": {"cluster"}, "centroids.npy": {"cluster"}, "index.faiss": {"export_index"},
    "archetypes.npy": set(), "overview.json": set(), "map.arrow": set(), "report.html": set(),
    MANIFEST: set(),
}  # fmt: skip
"""The stages that run again for a file; none where the build still has a sound one that is no hard link."""


@pytest.fixture(scope="module")
def damaged_home(reference, tmp_path_factory: pytest.TempPathFactory) -> Subject:
    """One copy for all tests here; hard links between build and version are as they are in life."""
    home = tmp_path_factory.mktemp("damage") / "home"
    subject = Subject(home)
    run_all(Request.from_params(SMALL), home)
    assert subject.digest() == reference.digest
    return subject


def _flip(path: Path, share: float, bit: int) -> None:
    """One bit of the file is another, in place: every hard link of it sees that, as with a failing disk."""
    position = min(int(share * path.stat().st_size), path.stat().st_size - 1)
    with path.open("r+b") as file:
        file.seek(position)
        (value,) = file.read(1)
        file.seek(position)
        file.write(bytes([value ^ (1 << bit)]))


def _verdict(home: Path) -> Verdict:
    return verify(open_version(home, DATASET), 0, lambda *_: None)


def _found(home: Path, name: str) -> bool:
    try:
        return _verdict(home).damaged == (name,)
    except StageError as error:
        return name == MANIFEST and "synthprof repair" in str(error)


@pytest.mark.parametrize(("name", "share"), cases(FLIPS, 9))
def test_a_flipped_bit_is_found_and_only_its_file_is_made_anew(
    reference, damaged_home: Subject, name: str, share: float
) -> None:
    home, folder = damaged_home.home, damaged_home.store.current()
    before = {path.name: path.stat().st_ino for path in folder.iterdir()}
    _flip(folder / name, share, random.Random(f"{name}{share}").randrange(8))
    lost = [] if _found(home, name) else [f"{name} at {share:.0%}: not found"]
    done = repair(home, DATASET)
    after = {path.name: path.stat().st_ino for path in folder.iterdir()}
    changed = {each for each in after if before[each] != after[each]}
    alone = name == MANIFEST or changed == {name}
    lost += (
        []
        if alone and set(done.stages) <= MAKERS[name]
        else [f"{name}: also {changed - {name}} {done.stages}"]
    )
    lost += [] if damaged_home.digest() == reference.digest else [f"{name}: another digest after repair"]
    note(
        "flipped bit: found, only its file made anew", 1, lost + damaged_home.wrong(), file=name, share=share
    )


@pytest.mark.parametrize(("name", "damage"), cases([(name, how) for name in NAMES for how in DAMAGES], 9))
def test_a_file_that_is_not_the_published_one_is_found_and_repaired(
    reference, damaged_home: Subject, tmp_path: Path, name: str, damage: str
) -> None:
    home, path = damaged_home.home, damaged_home.store.current() / name
    other = tmp_path / name
    shutil.copy(path, other)
    path.unlink()
    if damage == "truncated":
        path.write_bytes(other.read_bytes()[:-1])
    elif damage == "empty":
        path.touch()
    elif damage == "of another version":
        run_all(Request.from_params(SMALL | {"profiles": 50, "clusters": 1}), tmp_path / "other")
        shutil.copy(Store(tmp_path / "other", DATASET).current() / name, path)
    elif damage == "a symbolic link":
        path.symlink_to(other)
    found = _found(home, name)
    repair(home, DATASET)
    lost = [] if found else [f"{name} {damage}: not found"]
    lost += [] if damaged_home.digest() == reference.digest else [f"{name} {damage}: another digest"]
    note(
        "truncated, missing, swapped or linked file", 1, lost + damaged_home.wrong(), file=name, damage=damage
    )


def test_a_file_that_nobody_published_is_found_and_removed(damaged_home: Subject) -> None:
    (damaged_home.store.current() / "stranger").write_text("")
    assert _verdict(damaged_home.home).unknown == ("stranger",)
    repair(damaged_home.home, DATASET)
    assert _verdict(damaged_home.home).sound


@pytest.fixture
def unreadable(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Path], None]]:
    """From the call on the file, by whatever name, cannot be read: a sector of the disk is bad."""
    real, bad = digests.open_file, set[int]()

    def opened(path: Path) -> BinaryIO:
        file = real(path)
        if os.fstat(file.fileno()).st_ino in bad:
            file.close()
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return file

    def spoil(path: Path) -> None:
        file = held.enter_context(path.open("rb"))  # so that no file made later gets its number
        bad.add(os.fstat(file.fileno()).st_ino)

    monkeypatch.setattr(digests, "open_file", opened)
    with ExitStack() as held:
        yield spoil


@pytest.mark.parametrize("name", ["clusters.db", "report.html"])
def test_a_file_that_cannot_be_read_is_found_and_repaired(
    damaged_home: Subject, unreadable: Callable[[Path], None], name: str
) -> None:
    unreadable(damaged_home.store.current() / name)
    assert _found(damaged_home.home, name)
    assert repair(damaged_home.home, DATASET).files == (name,)
    assert _verdict(damaged_home.home).sound


@pytest.mark.parametrize("pattern", ["generate-*/profiles-00001.arrow", "persist_blobs-*/vetores.db"])
def test_a_file_of_the_build_that_cannot_be_read_is_made_anew(
    reference, tmp_path: Path, unreadable: Callable[[Path], None], pattern: str
) -> None:
    copy = reference.copy(tmp_path / "home")
    shutil.rmtree(copy.store.folder / "versions")
    unreadable(next(copy.store.folder.glob(f"build/*/{pattern}")))
    run_all(Request.from_params(SMALL), copy.home)
    assert copy.digest() == reference.digest


def test_repair_without_its_build_makes_all_of_it_with_the_same_bytes(reference, tmp_path: Path) -> None:
    copy = reference.copy(tmp_path / "home")
    shutil.rmtree(copy.store.folder / "build")
    _flip(copy.store.current() / "vetores.db", 0.5, 3)
    assert repair(copy.home, DATASET).files == ("vetores.db",)
    assert copy.digest() == reference.digest
    assert _verdict(copy.home).sound


def test_builds_of_other_releases_do_not_hinder_repair(reference, tmp_path: Path) -> None:
    copy = reference.copy(tmp_path / "home")
    for name in ("0", "f" * 17):
        (copy.store.folder / "build" / name).mkdir()
        (copy.store.folder / "build" / name / "spec.json").write_text('{"of": "another release"}')
    (copy.store.current() / MANIFEST).unlink()
    assert MANIFEST in repair(copy.home, DATASET).files
    assert copy.digest() == reference.digest


def test_repairing_an_old_version_leaves_the_current_one_current(tmp_path: Path) -> None:
    for seed in (1, 2):
        run_all(Request.from_params(SMALL | {"profiles": 50, "clusters": 1, "seed": seed}), tmp_path)
    store = Store(tmp_path, DATASET)
    old, new = store.versions()
    _flip(old / "perfis.db", 0.3, 0)
    assert repair(tmp_path, DATASET, old.name).stages == ("ingest",)
    assert store.current() == new
    assert verify(open_version(tmp_path, DATASET, old.name), None, lambda *_: None).sound


def test_a_version_that_is_published_anew_is_as_old_as_it_was(tmp_path: Path) -> None:
    for seed in (1, 2):
        run_all(Request.from_params(SMALL | {"profiles": 50, "clusters": 1, "seed": seed}), tmp_path)
    store = Store(tmp_path, DATASET)
    old, new = store.versions()
    published = (old / MANIFEST).stat().st_mtime_ns
    _flip(old / MANIFEST, 0.5, 0)
    os.utime(old / MANIFEST, ns=(published, published))  # a disk that fails sets no time
    assert MANIFEST in repair(tmp_path, DATASET, old.name).files
    assert store.versions() == [old, new]


@pytest.mark.parametrize("kind", cases(("flat", "ivf_flat", "ivf_sq8", "ivf_pq", "hnsw"), 2))
def test_a_sound_version_is_sound_whatever_its_index(tmp_path: Path, kind: str) -> None:
    params = SMALL | {"profiles": 12_000, "index": kind}
    run_all(Request.from_params(params), tmp_path)
    verdict = verify(open_version(tmp_path, DATASET), None, lambda *_: None)
    assert verdict.sound, verdict.findings


def test_an_index_of_other_embeddings_is_found_though_its_checksum_is_right(tmp_path: Path) -> None:
    names = {}
    for seed in (1, 2):
        params = SMALL | {"profiles": 500, "clusters": 4, "seed": seed}
        names[seed] = run_all(Request.from_params(params), tmp_path).published["version"]
    store = Store(tmp_path, DATASET)
    one, other = (store.published(names[seed]) for seed in (1, 2))
    for name in ("index.faiss", "clusters.db"):
        (one / name).unlink()
        shutil.copy(other / name, one / name)
    _sign_again(one)
    verdict = verify(open_version(tmp_path, DATASET, one.name), None, lambda *_: None)
    assert not verdict.damaged
    assert any("index.faiss finds only" in each for each in verdict.findings)
    assert any("clusters are not those" in each for each in verdict.findings)
    repair(tmp_path, DATASET, one.name, force=True)
    assert verify(open_version(tmp_path, DATASET, one.name), None, lambda *_: None).sound


def _sign_again(folder: Path) -> None:
    from synthprof.base.files import record

    manifest = read_manifest(folder)
    files = tuple(record(folder / file.path, folder) for file in manifest.files)
    (folder / MANIFEST).write_text(manifest.model_copy(update={"files": files}).sealed().text())
