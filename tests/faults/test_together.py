"""Many at once: runs of the same data set, publishes under readers, changed orders between attempts."""

import multiprocessing
import os
import random
import time
from pathlib import Path
from typing import Any

import pytest
from harness import DATASET, SMALL, Subject, kill, note

from synthprof.base.errors import SynthprofError
from synthprof.runner.run import run_all
from synthprof.spec.request import Request
from synthprof.store.manifest import MANIFEST, damaged, read_manifest
from synthprof.store.pruning import prune
from synthprof.store.publishing import publish
from synthprof.store.store import Store
from synthprof.versions.version import open_version


@pytest.mark.long
@pytest.mark.parametrize("seed", [0, *(pytest.param(n, marks=pytest.mark.faults_full) for n in range(1, 5))])
def test_of_eight_runs_at_once_one_works_and_seven_are_told_busy(
    reference, subject: Subject, seed: int
) -> None:
    """One may also come so late that it finds the work done; it must not, in that case, do it twice."""
    processes = [subject.start(workers=1) for _ in range(8)]
    ended = [(process.communicate(timeout=240), process.returncode) for process in processes]
    codes = sorted(code for _, code in ended)
    lost = [] if set(codes) <= {0, 75} and 0 in codes else [f"exit codes {codes}"]
    lost += [] if subject.digest() == reference.digest else ["another digest"]
    versions = [path for path in subject.store.folder.glob("versions/*") if "." not in path.name]
    lost += [] if len(versions) == 1 else ["not one version"]
    note("eight runs at once", 1, lost + subject.wrong() + subject.leftovers(), busy=codes.count(75))


@pytest.mark.long
@pytest.mark.parametrize("seed", [0, *(pytest.param(n, marks=pytest.mark.faults_full) for n in range(1, 20))])
def test_attempts_with_other_specs_workers_and_clocks_do_not_meet(
    reference, subject: Subject, seed: int
) -> None:
    """Killed attempts at another spec or with other workers, under a clock a day ahead or behind."""
    chance = random.Random(seed)
    for _ in range(3):
        other: dict[str, Any] = chance.choice(
            [
                {"seed": 6},
                {"workers": 1},
                {"workers": 3},
                {"dim_embedding": 16},
                {"shards": 2},
                {"profiles": 20_000},
            ]
        )
        process = subject.start(**other)
        time.sleep(chance.uniform(0.5, 4))
        kill(process)
        _shift_clock(subject.home, chance.choice((-1, 1)) * 86_400)
    lost = subject.wrong()
    if subject.finish(workers=chance.choice((1, 2, 3))) != reference.digest:
        lost.append("another digest")
    note("another spec, other workers, a clock a day off between attempts", 1, lost + subject.leftovers())


def _shift_clock(folder: Path, seconds: float) -> None:
    """Every file is as old or as young as if the clock had been set since."""
    for path in folder.rglob("*"):
        stat = path.lstat()
        os.utime(path, (stat.st_atime + seconds, stat.st_mtime + seconds), follow_symlinks=False)


def _read_all_the_while(home: Path, stop: Any, reads: Any, found: Any) -> None:
    wrong = []
    while not stop.is_set():
        try:
            version = open_version(home, DATASET)
            seed = version.spec.seed
            row = version.profile(version.manifest.rows)
            if damaged(version.folder, version.manifest.files):
                wrong.append(f"seed {seed}: files are not those of the manifest")
            if _names.setdefault(seed, row["nome"] + row["descricao"]) != row["nome"] + row["descricao"]:
                wrong.append(f"seed {seed}: a profile of another version")
        except Exception as error:
            wrong.append(f"{type(error).__name__}: {error}")
        with reads:
            reads.value += 1
    found.put(wrong)


_names: dict[int, str] = {}


@pytest.mark.parametrize(
    "publishes",
    [15, pytest.param(40, marks=pytest.mark.long), pytest.param(3_000, marks=pytest.mark.faults_full)],
)
@pytest.mark.timeout(3600)
def test_readers_never_see_two_versions_mixed(tmp_path: Path, publishes: int) -> None:
    """Three versions are published in turn; all but the last two are pruned, so each is assembled anew.

    However slowly readers begin, there are as many reads as publishes, or more.
    """
    store = Store(tmp_path, DATASET)
    manifests, keep = [], tmp_path / "kept"
    keep.mkdir()
    for seed in range(3):
        params = SMALL | {"profiles": 200, "seed": seed, "clusters": 2, "keep_versions": 0}
        run_all(Request.from_params(params), tmp_path)
        folder = store.current()
        manifests.append((read_manifest(folder), _kept(folder, keep / str(seed))))
    context = multiprocessing.get_context("spawn")
    stop, reads, found = context.Event(), context.Value("q"), context.Queue()
    reading = [
        context.Process(target=_read_all_the_while, args=(tmp_path, stop, reads, found)) for _ in range(4)
    ]
    for reader in reading:
        reader.start()
    published = 0
    while published < publishes or reads.value < publishes:
        assert all(reader.is_alive() for reader in reading)
        manifest, sources = manifests[published % 3]
        publish(store, manifest, sources, {})
        prune(store, 2)
        published += 1
    stop.set()
    wrong = [each for _ in reading for each in found.get(timeout=60)]
    for reader in reading:
        reader.join()
    note("publishes under four readers", published, wrong, reads=reads.value)


def _kept(folder: Path, to: Path) -> dict[str, Path]:
    """The files of a version once more, so that pruning it leaves something to publish from."""
    to.mkdir()
    for path in folder.iterdir():
        if path.name != MANIFEST:
            (to / path.name).hardlink_to(path)
    return {path.name: path for path in to.iterdir()}


def test_an_order_made_again_is_the_current_version_again(tmp_path: Path) -> None:
    orders = [SMALL | {"profiles": 50, "seed": seed, "clusters": 1} for seed in (1, 2)]
    names = [run_all(Request.from_params(orders[n]), tmp_path).published["version"] for n in (0, 1, 0)]
    assert names[0] == names[2] != names[1]
    assert open_version(tmp_path, DATASET).manifest.version == names[0]
    with pytest.raises(SynthprofError):
        open_version(tmp_path, "nothing")
