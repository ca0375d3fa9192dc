"""Things of other kinds wherever a name of the store is expected: mended, or told with a remedy that works.

Each thing, in each place, under each command. A command may succeed, or end with one message; it never hangs,
and what it says is not to run it again for ever.
"""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from harness import cases, note
from oddities import KINDS, put
from small import DATASET, PARAMS, run

from synthprof.base.errors import StageError, SynthprofError
from synthprof.encoders.slow.answers import Answers
from synthprof.runner.log import run_log
from synthprof.runner.repair import repair
from synthprof.spec.request import Request
from synthprof.store.pruning import prune
from synthprof.store.store import Store
from synthprof.system.environment import home_folder
from synthprof.system.refusals import clear_errors
from synthprof.versions.inventory import versions
from synthprof.versions.unfinished import builds
from synthprof.versions.verify import verify
from synthprof.versions.version import open_version

pytestmark = [
    pytest.mark.timeout(60),
    pytest.mark.skipif(os.geteuid() != 0, reason="devices are made by root"),
]

FOLDERS = (
    ".", DATASET, f"{DATASET}/versions", f"{DATASET}/versions/CURRENT", f"{DATASET}/build",
    f"{DATASET}/build/SPEC", f"{DATASET}/build/SPEC/locks", f"{DATASET}/build/SPEC/generate-*",
    f"{DATASET}/build/SPEC/publish-*",
)  # fmt: skip

FILES = (
    f"{DATASET}/CURRENT", f"{DATASET}/publish.lock",
    *(f"{DATASET}/build/SPEC/{name}" for name in (
        "spec.json", "run.log", "failure.txt", "anew-for", "locks/build", "locks/at-work-publish-0",
        "setup-*/receipt.json", "generate-*/receipt-00000-00001.json", "generate-*/seal-00000.json",
        "generate-*/profiles-00000.arrow", "vectorize-*/embeddings-00000.npy", "cluster-*/labels.npy",
        "ingest-*/perfis.db", "publish-*/receipt.json",
    )),
    *(f"{DATASET}/versions/CURRENT/{name}" for name in (
        "MANIFEST.json", "perfis.db", "embeddings.db", "clusters.db", "index.faiss", "centroids.npy",
        "archetypes.npy", "map.arrow", "overview.json", "report.html",
    )),
)  # fmt: skip
"""CURRENT among the versions stands for the current one, SPEC for its build."""


def _run(home: Path) -> None:
    with run_log(Request.from_params(PARAMS), home):
        run(home)


def _status(home: Path) -> None:
    versions(home)
    list(builds(home))


def _verify(home: Path) -> None:
    if not (verdict := verify(open_version(home, DATASET), 0, lambda *_: None)).sound:
        raise StageError(f"{verdict.findings}; {verdict.remedy}")


def _search(home: Path) -> None:
    version = open_version(home, DATASET)
    version.similar(1, k=2)
    version.labels()


def _prune(home: Path) -> None:
    if failed := prune(Store(home, DATASET), 1).failed:
        raise StageError(str(failed))


COMMANDS: dict[str, Callable[[Path], None]] = {
    "run": _run, "status": _status, "verify": _verify, "search": _search, "prune": _prune,
    "repair": lambda home: repair(home, DATASET) and None,
}  # fmt: skip

TRIALS = [
    (place, kind, command)
    for places, kinds in ((FOLDERS, ("file", *(kind for kind in KINDS if kind != "folder"))), (FILES, KINDS))
    for place in places
    for kind in kinds
    for command in COMMANDS
]


def _place(home: Path, place: str) -> Path:
    """The path of a place; the receipt of publishing is gone, so that a run publishes."""
    store = Store(home, DATASET)
    build = store.build(Request.from_params(PARAMS).spec).folder
    pattern = place.replace("build/SPEC", f"build/{build.name}")
    pattern = pattern.replace("versions/CURRENT", f"versions/{store.current().name}")
    if "publish-" not in place:
        next(build.glob("publish-*/receipt.json")).unlink()
    return next(iter(home.glob(pattern)), home / pattern) if place != "." else home


def _told(command: str, home: Path) -> SynthprofError | None:
    """The end of the command: a message with a remedy, or nothing."""
    try:
        with clear_errors():
            COMMANDS[command](home_folder(home))
    except SynthprofError as error:
        assert "; " in str(error), error
        return error
    return None


@pytest.mark.parametrize(("place", "kind", "command"), cases(TRIALS, 12))
def test_a_thing_of_another_kind_is_mended_or_told(copied: Path, place: str, kind: str, command: str) -> None:
    try:
        _try(copied, place, kind, command)
        lost = []
    except AssertionError as error:
        lost = [str(error)]
    note("a thing of another kind in a place of the store", 1, lost, place=place, kind=kind, command=command)


def _try(copied: Path, place: str, kind: str, command: str) -> None:
    path = _place(copied, place)
    put(path, kind)
    told = [_told(command, copied) for _ in range(2)]
    if told[1] is None:
        return
    if "synthprof repair" in str(told[1]) and command != "repair":
        command, told = "repair", [_told("repair", copied) for _ in range(2)]
    if told[1] is not None:
        assert str(path) in str(told[1]) or "synthprof run" in str(told[1]), told[1]
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        path.unlink(missing_ok=True)
    for _ in range(3):  # a file of the build that is missing is made by the run after the one that tells
        left = _told("run", copied)
        if left is None:
            break
    assert left is None, left
    assert all(_told(each, copied) is None for each in ("status", "verify", "search", "prune"))


@pytest.mark.parametrize("kind", KINDS)
def test_saved_answers_of_another_kind_are_told(tmp_path: Path, kind: str) -> None:
    put(tmp_path / "home" / ".embeddings", "file" if kind == "folder" else kind)
    with pytest.raises(
        SynthprofError, match=r"embeddings is a .*, where a folder belongs; remove or rename it"
    ):
        Answers(tmp_path / "home", "it", 4)
    with Answers(tmp_path / "other", "it", 4) as answers:
        path = answers.path
    put(path, kind)
    if kind == "link to nowhere":  # leads to where it shall lie
        Answers(tmp_path / "other", "it", 4).__exit__()
        return
    with pytest.raises(SynthprofError, match=r"; .*(mend the link|remove)"), clear_errors():
        Answers(tmp_path / "other", "it", 4)
