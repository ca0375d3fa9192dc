"""The contracts of the runner, over all stages, with real processes and real files."""

import hashlib
import json
import multiprocessing
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from everyday import everyday

from synthprof.base.errors import Busy, SpecError, StageError
from synthprof.pipeline import STAGES, keys
from synthprof.runner.run import run_all, run_stage
from synthprof.spec.request import Request
from synthprof.spec.shards import Shard
from synthprof.spec.spec import Spec
from synthprof.stages.footprint import Footprint
from synthprof.stages.plan import plan
from synthprof.store.manifest import MANIFEST, damaged, read_manifest
from synthprof.store.pointer import CURRENT
from synthprof.store.publishing import publish_lock
from synthprof.store.receipts import read_receipt
from synthprof.store.sqlite.database import filling
from synthprof.store.store import Store
from synthprof.system.events import Failed, LogLine, ProgressMade, read
from synthprof.system.machine import WARN_SHARE, Budget
from synthprof.versions.unfinished import builds
from synthprof.versions.version import open_version

PARAMS: dict[str, Any] = {
    "dataset": "small",
    "profiles": 36_000,
    "seed": 5,
    "clusters": 20,
    "kmeans_niter": 5,
}
"""Three blocks, the last one short: enough for every way of cutting the work."""


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
    """What OpenBLAS and FAISS choose on an older processor gives this order another index."""
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


def test_only_stages_that_give_work_to_others_start_processes(tmp_path: Path) -> None:
    found: dict[str, int] = {}

    def observe(name: str, *_: int) -> None:
        found[name] = len(multiprocessing.active_children())

    order = Request.from_params(PARAMS | {"profiles": 3_000, "workers": 2})
    for each in (each for each in STAGES if each.applies(order.spec)):
        run_stage(order, each.name, None, tmp_path, observe)
    pooled = {name for name, processes in found.items() if processes}
    assert pooled == {each.name for each in STAGES if each.pooled} & found.keys()
    assert {"generate", "ingest", "vectorize", "cluster"} <= found.keys()


def test_a_stage_alone_needs_no_memory_for_processes_that_are_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = Request.from_params(PARAMS | {"profiles": 3_000, "workers": 2})
    for name in ("setup", "generate", "vectorize"):
        run_stage(order, name, None, tmp_path)
    alone, together = (Footprint(order.spec).memory("cluster", workers) for workers in (0, 2))
    machine = Budget(2, round(alone / WARN_SHARE) + 1, 1 << 40)
    assert together > machine.memory
    monkeypatch.setattr("synthprof.runner.run.budget", lambda *_: machine)
    assert run_stage(order, "cluster", None, tmp_path).rows == 3_000


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


def test_a_stage_whose_forerunner_has_not_ended_says_so(tmp_path: Path) -> None:
    request = Request.from_params(PARAMS)
    run_stage(request, "setup", None, tmp_path)
    run_stage(request, "generate", Shard(0, 1), tmp_path)
    with pytest.raises(StageError, match=r"has only 1 of 3 blocks"):
        run_stage(request, "ingest", None, tmp_path)


def test_force_makes_all_anew_once_in_an_order_however_often_setup_is_retried(tmp_path: Path) -> None:
    request = Request.from_params(PARAMS | {"profiles": 100, "clusters": 0, "force": True})
    made = []
    for run_id in ("monday", "monday", "tuesday", "", ""):
        run_stage(request, "setup", None, tmp_path, run_id=run_id)
        before = time.time_ns()
        run_stage(request, "generate", Shard(0, 1), tmp_path, run_id=run_id)
        receipt = next(tmp_path.glob("small/build/*/generate-*/receipt-00000-00001.json"))
        made.append(receipt.stat().st_mtime_ns >= before)
    assert made == [True, False, True, True, True]


def test_setup_that_is_cleared_does_not_wait_for_the_stages_at_work(tmp_path: Path) -> None:
    request = Request.from_params(PARAMS)
    first = run_stage(request, "setup", None, tmp_path)
    with Store(tmp_path, "small").build(request.spec).lock("generate-0", whole=False):
        assert run_stage(request, "setup", None, tmp_path) == first


def test_setup_gives_the_shards_that_are_asked_for_now(tmp_path: Path) -> None:
    shards = [
        run_stage(Request.from_params(PARAMS | {"shards": count}), "setup", None, tmp_path).details["shards"]
        for count in (1, 3)
    ]
    assert [len(each) for each in shards] == [1, 3]


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


def test_raising_a_stages_version_changes_its_key_and_its_descendants_and_no_other() -> None:
    bumped = tuple(replace(each, version=9) if each.name == "vectorize" else each for each in STAGES)
    before, after = keys(STAGES, Spec()), keys(bumped, Spec())
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {"vectorize", "persist_blobs", "cluster", "export_index", "vacuum", "publish"}


def test_force_makes_everything_anew_with_the_same_bytes(reference: tuple[Path, str], tmp_path: Path) -> None:
    home = tmp_path / "home"
    shutil.copytree(reference[0], home, symlinks=True)
    block = next(home.glob("small/build/*/generate-*/profiles-00000.arrow"))
    before = block.stat().st_ino
    assert _made(home, force=True) == reference[1]
    assert block.stat().st_ino != before


def test_force_does_not_count_on_the_room_of_files_that_versions_have_links_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = Request.from_params(PARAMS | {"profiles": 3_000, "workers": 1, "force": True})
    run_all(request, tmp_path)
    build, machine = Store(tmp_path, "small").build(request.spec), Budget(1, 1 << 40, 1 << 40)
    free = plan(request, machine).total_disk - build.bytes_present(alone=True)
    monkeypatch.setattr("synthprof.runner.run.budget", lambda *_: replace(machine, disk=free))
    with pytest.raises(SpecError, match=r"^disk: about"):
        run_stage(request, "setup", None, tmp_path)
    assert build.bytes_present()


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


def test_a_folder_that_is_missing_is_not_told_as_a_full_disk(tmp_path: Path) -> None:
    with pytest.raises(StageError, match="could not be written"), filling(tmp_path / "full" / "a.db"):
        pass


def test_a_child_process_reports_in_json_lines_and_ends_on_sigterm_with_its_pool(tmp_path: Path) -> None:
    child = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "synthprof.runner.child",
            "generate",
            "--params",
            json.dumps(PARAMS | {"profiles": 4_000_000}),
        ],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"SYNTHPROF_HOME": str(tmp_path)},
    )
    assert child.stdout
    events = []
    for line in child.stdout:
        events.append(read(line))
        if isinstance(events[-1], ProgressMade):
            break
    child.send_signal(signal.SIGTERM)
    child.communicate(timeout=10)
    assert child.returncode == 128 + signal.SIGTERM
    assert isinstance(events[0], LogLine)
    assert None not in events


@pytest.mark.parametrize(
    ("name", "shard", "message"),
    [
        ("generate", Shard(2, 4), "shard 2:4 goes beyond the 3 blocks of 36,000 profiles; use 3 or less"),
        ("ingest", Shard(0, 3), "stage ingest is not split by shards"),
    ],
)
def test_a_shard_that_is_none_of_the_stage_is_refused(
    tmp_path: Path, name: str, shard: Shard, message: str
) -> None:
    with pytest.raises(SpecError, match=message):
        run_stage(Request.from_params(PARAMS), name, shard, tmp_path)


def test_a_bad_parameter_ends_a_child_with_status_2_and_the_message() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "synthprof.runner.child", "setup", "--params", '{"profiles": 0}'],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    event = read(done.stdout.splitlines()[-1])
    assert isinstance(event, Failed)
    assert isinstance(event.error, SpecError)
    assert "0 is less than the minimum of 1" in event.message


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


@pytest.mark.parametrize("workers", [1, 2])
def test_a_damaged_block_is_removed_by_the_stage_that_reads_it_and_its_next_attempt_goes_on(
    tmp_path: Path, workers: int
) -> None:
    """With two workers another thread reads it; SQLite, which waits for it, has words of its own.

    The stages before have ended, and no one will start them again: what they have lost is made again, too.
    """
    request = Request.from_params(PARAMS | {"workers": workers})
    shards = [
        ("setup", None),
        ("generate", Shard(0, 2)),
        ("generate", Shard(2, 3)),
        ("vectorize", Shard(0, 3)),
    ]
    for name, shard in shards:
        run_stage(request, name, shard, tmp_path)
    block = sorted(tmp_path.rglob("profiles-*.arrow"))[1]
    content = block.read_bytes()
    block.write_bytes(b"?" * len(content))
    with pytest.raises(StageError, match=f"^{block} changed after being written.*; removed.*: run it again"):
        run_stage(request, "ingest", None, tmp_path)
    assert not list(tmp_path.rglob("*perfis.db")) and not block.exists()
    assert run_stage(request, "ingest", None, tmp_path).rows == PARAMS["profiles"]
    assert block.read_bytes() == content
    build = Store(tmp_path, "small").build(request.spec)
    assert all(read_receipt(build.stage_folder(name), shard) for name, shard in shards)
