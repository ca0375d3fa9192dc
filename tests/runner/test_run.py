"""Whole runs over all stages, with real processes and real files: the same order gives the same bytes."""

import hashlib
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import time
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from everyday import everyday
from orders import PARAMS

from synthprof.base.errors import Busy, SpecError
from synthprof.runner.run import run_all, run_stage
from synthprof.spec.request import Request
from synthprof.spec.shards import Shard
from synthprof.store.manifest import MANIFEST, damaged, read_manifest
from synthprof.store.pointer import CURRENT
from synthprof.store.publishing import publish_lock
from synthprof.store.store import Store
from synthprof.versions.unfinished import builds
from synthprof.versions.version import open_version


def _run(home: Path, **params: Any) -> str:
    """The content digest of a run of its own process."""
    done = _start(home, **params)
    output, errors = done.communicate(timeout=120)
    assert done.returncode == 0, errors
    return str(json.loads(output.splitlines()[-1]))


def _made(home: Path, **params: Any) -> str:
    """The content digest of a run of this process, which has loaded what it needs."""
    return str(run_all(Request.from_params(PARAMS | params), home).published["content"])


def _start(home: Path, **params: Any) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        _command(home, **params), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def _command(home: Path, **params: Any) -> list[str]:
    script = (
        "import json, sys; from pathlib import Path\n"
        "from synthprof.runner.run import run_all; from synthprof.spec.request import Request\n"
        "run = run_all(Request.from_params(json.loads(sys.argv[2])), Path(sys.argv[1]))\n"
        "print(json.dumps(run.published['content']))\n"
    )
    return [sys.executable, "-c", script, str(home), json.dumps(PARAMS | params)]


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """An undisturbed run: its data root, which tests only read, and its digest."""
    home = tmp_path_factory.mktemp("reference")
    return home, _run(home)


def test_a_version_removed_while_they_are_listed_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, is_symlink = Store(tmp_path, "small"), Path.is_symlink
    for name in ("aaaaaaaaaaaa", "bbbbbbbbbbbb"):
        store.published(name).mkdir(parents=True)
        (store.published(name) / MANIFEST).touch()

    def removed_meanwhile(path: Path) -> bool:
        found = is_symlink(path)
        if path.parent == store.published("aaaaaaaaaaaa"):
            path.unlink()
        return found

    monkeypatch.setattr(Path, "is_symlink", removed_meanwhile)
    assert store.versions() == [store.published("bbbbbbbbbbbb")]


def test_a_version_holds_every_file_of_its_manifest_and_no_other(reference: tuple[Path, str]) -> None:
    folder = Store(reference[0], "small").current()
    manifest = read_manifest(folder)
    assert not damaged(folder, manifest.files)
    names = {file.path for file in manifest.files}
    assert {path.name for path in folder.iterdir()} == names | {"MANIFEST.json"}
    assert {
        "perfis.db", "vetores.db", "embeddings.db", "clusters.db", "centroids.npy", "index.faiss",
        "archetypes.npy", "overview.json", "map.arrow", "report.html",
    } == names  # fmt: skip


def test_running_twice_does_nothing_the_second_time(reference: tuple[Path, str], tmp_path: Path) -> None:
    home = tmp_path / "home"
    shutil.copytree(reference[0], home, symlinks=True)
    before = {path: path.lstat().st_mtime_ns for path in home.rglob("*") if path.name != "locks"}
    assert _run(home) == reference[1]
    after = {path: path.lstat().st_mtime_ns for path in home.rglob("*") if path.name != "locks"}
    changed = {path.name for path in after if before.get(path) != after[path]}
    assert changed <= {"locks", "build", "run", "publish.lock"}


@pytest.mark.parametrize("workers", everyday([1, 3]))
def test_bytes_do_not_depend_on_the_number_of_workers(
    reference: tuple[Path, str], tmp_path: Path, workers: int
) -> None:
    assert _run(tmp_path, workers=workers) == reference[1]


@pytest.mark.long
def test_bytes_do_not_depend_on_the_processors_favourite_kernels(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The choice of OpenBLAS and FAISS on an older processor gives this order another index."""
    order = {"profiles": 49_252, "seed": 42, "clusters": 16, "kmeans_niter": 20}
    digest = _run(tmp_path / "ours", **order)
    monkeypatch.setenv("OPENBLAS_CORETYPE", "Sandybridge")
    monkeypatch.setenv("FAISS_SIMD_LEVEL", "NONE")
    assert _run(tmp_path / "older", **order) == digest


@pytest.mark.long
def test_no_byte_depends_on_the_threads_of_blas(
    reference: tuple[Path, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The map too, which `content` does not name, so that `repair` gives the same on any machine."""
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "1")
    _run(tmp_path)
    made, known = (_checksums(Store(home, "small").current()) for home in (tmp_path, reference[0]))
    assert made == known


def _checksums(version: Path) -> dict[str, str]:
    """Those of every file but the report, which tells how long stages took."""
    files = read_manifest(version).files
    return {file.path: file.sha256 for file in files if file.path != "report.html"}


def test_a_stage_of_its_own_process_imports_no_pandas(reference: tuple[Path, str], tmp_path: Path) -> None:
    """Not even in the pool: pyarrow would, for a third of a second in each process."""
    shutil.copytree(reference[0], tmp_path / "home", symlinks=True)
    for name in ("vectorize", "publish"):
        for folder in (tmp_path / "home").glob(f"small/build/*/{name}-*"):
            shutil.rmtree(folder)
        done = subprocess.run(
            [
                sys.executable,
                "-X",
                "importtime",
                "-m",
                "synthprof.runner.child",
                name,
                "--params",
                json.dumps(PARAMS),
            ],
            env=os.environ | {"SYNTHPROF_HOME": str(tmp_path / "home")},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout
        assert "numpy" in done.stderr
        assert "pandas.core" not in done.stderr


def test_bytes_do_not_depend_on_sharding_or_on_the_order_of_the_shards(
    reference: tuple[Path, str], tmp_path: Path
) -> None:
    request = Request.from_params(PARAMS)
    run_stage(request, "setup", None, tmp_path)
    for first, end in ((1, 3), (0, 1)):
        run_stage(request, "generate", Shard(first, end), tmp_path)
    for first, end in ((2, 3), (0, 2)):  # other shards than before
        run_stage(request, "vectorize", Shard(first, end), tmp_path)
    for name in ("persist_blobs", "cluster", "export_index", "ingest", "publish"):
        receipt = run_stage(request, name, None, tmp_path)
    assert receipt.details["content"] == reference[1]


def test_fewer_profiles_are_the_first_of_more(reference: tuple[Path, str], tmp_path: Path) -> None:
    _made(tmp_path, profiles=100, clusters=0)
    few, many = (open_version(home, "small") for home in (tmp_path, reference[0]))
    for number in (1, 50, 100):
        one, other = few.profile(number), many.profile(number)
        assert {k: v for k, v in one.items() if k != "cluster_id"} == {
            k: v for k, v in other.items() if k != "cluster_id"
        }


@pytest.mark.parametrize("profiles", everyday([1, 2, 39]))
def test_very_few_profiles_still_give_a_complete_data_set(tmp_path: Path, profiles: int) -> None:
    _made(tmp_path, profiles=profiles, clusters=0)
    folder = Store(tmp_path, "small").current()
    assert read_manifest(folder).rows == profiles
    assert (folder / "index.faiss").stat().st_size > 0


def test_of_two_runs_at_once_one_works_and_the_other_is_told_busy(
    reference: tuple[Path, str], tmp_path: Path
) -> None:
    request = Request.from_params(PARAMS)
    build = Store(tmp_path, "small").build(request.spec)
    first = _start(tmp_path)
    deadline = time.monotonic() + 30
    while not (build.folder / "spec.json").exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    with pytest.raises(Busy, match="is being worked on"):
        run_all(request, tmp_path)
    output, _ = first.communicate(timeout=120)
    assert json.loads(output) == reference[1]


@pytest.mark.parametrize("busy", [False, True])
def test_publishing_removes_what_killed_runs_of_other_specs_left_half_written(
    reference: tuple[Path, str], tmp_path: Path, busy: bool
) -> None:
    shutil.copytree(reference[0], tmp_path, symlinks=True, dirs_exist_ok=True)
    other = Store(tmp_path, "small").build(Request.from_params(PARAMS | {"seed": 6}).spec)
    (other.folder.parent / ".DS_Store").write_bytes(b"what else may lie there")
    kept, half = (other.folder / "ingest-0" / name for name in ("perfis.db", ".tmp-1-0-perfis.db"))
    kept.parent.mkdir(parents=True)
    for path in (kept, half):
        path.write_bytes(b"rows")
    with other.lock("ingest", whole=False) if busy else nullcontext(), publish_lock(Store(tmp_path, "small")):
        assert half.exists() == busy
    assert kept.exists()


def test_force_makes_everything_anew_with_the_same_bytes(reference: tuple[Path, str], tmp_path: Path) -> None:
    home = tmp_path / "home"
    shutil.copytree(reference[0], home, symlinks=True)
    block = next(home.glob("small/build/*/generate-*/profiles-00000.arrow"))
    before = block.stat().st_ino
    assert _made(home, force=True) == reference[1]
    assert block.stat().st_ino != before


def test_what_is_published_is_no_build_under_way_though_its_receipt_is_gone(
    reference: tuple[Path, str], tmp_path: Path
) -> None:
    shutil.copytree(reference[0], tmp_path / "home", symlinks=True)
    Store(tmp_path / "home", "small").build(Request.from_params(PARAMS).spec).invalidate("*")
    assert not list(builds(tmp_path / "home"))


def test_vacuum_publishes_compacted_databases_with_the_same_rows(
    reference: tuple[Path, str], tmp_path: Path
) -> None:
    _made(tmp_path, profiles=2_000, vacuum=True, clusters=0)
    version = open_version(tmp_path, "small")
    assert version.profile(2_000)["nome"] == open_version(reference[0], "small").profile(2_000)["nome"]


def test_without_an_index_there_is_none_and_all_else(tmp_path: Path) -> None:
    _made(tmp_path, profiles=2_000, save_index=False, clusters=0)
    names = {file.path for file in read_manifest(Store(tmp_path, "small").current()).files}
    assert "index.faiss" not in names
    assert "embeddings.db" in names


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"profiles": 1_000_000_000}, r"index=auto of 1000000000 rows"),
        ({"profiles": 1_000_000_000, "save_index": False}, r"(disk|memory): about .* more than the 90%"),
        ({"profiles": 100, "clusters": 50}, r"clusters=50 needs at least 1950 rows"),
        ({"dim_vector": 3}, r"dim_vector"),
    ],
)
def test_what_cannot_be_made_is_refused_before_any_work(
    tmp_path: Path, params: dict[str, Any], message: str
) -> None:
    with pytest.raises(SpecError, match=message):
        run_all(Request.from_params(PARAMS | params), tmp_path)
    assert not list(tmp_path.glob("small/build/*/generate-*"))
    assert not (tmp_path / "small" / CURRENT).exists()


def test_a_data_root_that_is_a_file_is_one_clear_message(tmp_path: Path) -> None:
    home = tmp_path / "file"
    home.write_text("")
    with pytest.raises(
        SpecError, match="file is a file, where a folder belongs; remove or rename it, or set"
    ):
        run_all(Request.from_params(PARAMS), home)


def test_the_rows_of_a_whole_small_data_set_are_pinned(reference: tuple[Path, str]) -> None:
    # Whoever regenerates a data set from its spec must find the same profiles, vectors and embeddings again.
    # A change raises the stage's version and adds a line under "Output changes" in CHANGELOG.md.
    folder = Store(reference[0], "small").current()
    digests = {}
    for file, table in (("perfis.db", "perfis"), ("vetores.db", "vetores"), ("embeddings.db", "embeddings")):
        database = sqlite3.connect(folder / file)
        rows = database.execute(f"SELECT * FROM {table} ORDER BY id")
        digests[table] = hashlib.sha256("".join(map(repr, rows)).encode()).hexdigest()[:16]
        database.close()
    assert digests == GOLDEN


GOLDEN = {"perfis": "713ddca9c89aec78", "vetores": "7a6ac5fe52461c7d", "embeddings": "c87e5a908402d3b0"}
