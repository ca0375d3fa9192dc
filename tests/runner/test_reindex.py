"""Another index over the same embeddings, as a new version."""

import errno
import os
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from everyday import everyday

from synthprof.base.errors import SpecError
from synthprof.pipeline import STAGES
from synthprof.runner.reindex import build_index
from synthprof.runner.run import run_all
from synthprof.spec.request import Request
from synthprof.store.manifest import Manifest, damaged
from synthprof.store.store import Store
from synthprof.versions.version import open_version

PARAMS: dict[str, Any] = {
    "dataset": "small",
    "profiles": 3_000,
    "clusters": 20,
    "kmeans_niter": 3,
    "workers": 1,
    "vacuum": True,
}


def _kind(manifest: Manifest) -> str:
    return next(str(r.details["kind"]) for r in manifest.stages if r.stage == "export_index")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("made")
    run_all(Request.from_params(PARAMS), home)
    return home


@pytest.mark.parametrize("build_left", everyday([True, False]))
def test_the_new_version_is_what_a_run_with_these_settings_gives(
    made: Path, tmp_path: Path, build_left: bool
) -> None:
    home, fresh = tmp_path / "home", tmp_path / "fresh"
    shutil.copytree(made, home, symlinks=True)
    if not build_left:
        shutil.rmtree(home / "small" / "build")
    old = open_version(home, "small")
    build_index(home, old, "ivf_sq8", 64)
    run_all(Request.from_params(PARAMS | {"index": "ivf_sq8", "index_memory_mib": 64}), fresh)
    new, expected = open_version(home, "small"), open_version(fresh, "small")
    assert new.manifest.content == expected.manifest.content
    assert new.manifest.version == expected.manifest.version != old.manifest.version
    assert (_kind(old.manifest), _kind(new.manifest)) == ("flat", "ivf_sq8")
    assert not damaged(old.folder, old.manifest.files)
    assert not damaged(new.folder, new.manifest.files)


def test_only_the_index_is_made_anew(made: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    home = tmp_path / "home"
    shutil.copytree(made, home, symlinks=True)
    old = open_version(home, "small")
    with caplog.at_level("INFO", logger="synthprof.runner.run"):
        build_index(home, old, "ivf_flat", 4_096)
    kept = {record.args[0] for record in caplog.records if "already done" in record.msg and record.args}
    assert {stage.name for stage in STAGES if not stage.of_lists} - kept == {
        "setup",
        "export_index",
        "publish",
    }
    databases = list(home.glob("small/build/*/persist_blobs-*/embeddings.db"))
    assert len(databases) == 2
    assert databases[0].samefile(databases[1])
    assert not list(home.glob("small/build/*/vectorize-*/embeddings-*.npy"))


def test_what_is_missing_in_the_old_build_is_made_again(made: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    shutil.copytree(made, home, symlinks=True)
    old = open_version(home, "small")
    path = next(home.glob("small/build/*/ingest-*/perfis.db"))
    path.unlink()
    build_index(home, old, "ivf_flat", 4_096)
    assert open_version(home, "small").profile(7) == old.profile(7)


def test_the_same_index_again_is_refused(made: Path) -> None:
    old = open_version(made, "small")
    with pytest.raises(SpecError, match="has index=auto, index_memory_mib=4096 already"):
        build_index(made, old, "auto", 4_096)


def test_a_version_of_another_release_is_refused(made: Path) -> None:
    old = open_version(made, "small")
    other = replace(old, manifest=old.manifest.model_copy(update={"version": "0" * 12}))
    with pytest.raises(SpecError, match=r"version 0{12} of 'small' was made by another release"):
        build_index(made, other, "ivf_flat", 64)


@pytest.mark.parametrize(("kind", "memory"), [("best", 64), ("flat", 1)])
def test_bad_settings_are_one_clear_message(made: Path, kind: str, memory: int) -> None:
    before = sorted(made.rglob("*"))
    with pytest.raises(SpecError, match="Invalid input for param index"):
        build_index(made, open_version(made, "small"), kind, memory)
    assert sorted(made.rglob("*")) == before


def test_no_version_is_removed_for_another_index(made: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    shutil.copytree(made, home, symlinks=True)
    for kind in ("ivf_flat", "ivf_sq8", "hnsw"):
        build_index(home, open_version(home, "small"), kind, 64)
    assert len(Store(home, "small").versions()) == 4


def test_a_disk_without_links_gets_copies(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(source: Any, *_: Any, **__: Any) -> None:
        raise OSError(errno.EPERM, os.strerror(errno.EPERM), str(source))

    home = tmp_path / "home"
    shutil.copytree(made, home, symlinks=True)
    monkeypatch.setattr(os, "link", refused)
    build_index(home, open_version(home, "small"), "ivf_flat", 64)
    assert _kind(open_version(home, "small").manifest) == "ivf_flat"
