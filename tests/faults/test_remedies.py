"""Messages that tell how to go on: each is provoked, and its remedy followed word for word."""

import contextlib
import shutil
import sqlite3
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from builds import Built, damage_file
from harness import cases

from synthprof.base.errors import StageError, SynthprofError
from synthprof.runner.repair import repair
from synthprof.runner.run import resolved, run_stage
from synthprof.spec.request import Request
from synthprof.store.manifest import MANIFEST, read_manifest
from synthprof.store.pointer import remedy
from synthprof.store.sqlite.database import check_ids, read
from synthprof.versions.inventory import versions
from synthprof.versions.verify import verify
from synthprof.versions.version import open_version

VERSIONS = f"versions/{'?' * 12}"
"""The folders of versions, without the files that tell of each and lie beside it."""


@dataclass(frozen=True)
class Remedy:
    """A message, what provokes it, and what it says is to be done. published: it is of a version."""

    message: str
    provoke: Callable[[Built], object]
    follow: Callable[[Built], object]
    of: str = "people"
    published: bool = False


def _spoil(subject: Built, pattern: str, damage: str = "flipped") -> None:
    path = subject.file(pattern)
    content = path.read_bytes()
    path.unlink()  # another link of it stays sound
    path.write_bytes(content)
    damage_file(path, damage)


def _ingest_damaged(subject: Built) -> None:
    subject.remove("ingest-*/receipt.json")
    damage_file(subject.file("generate-*/profiles-00000.arrow"), "empty")
    subject.task("ingest")


def _lose_forerunner(subject: Built, forerunner: str, stage: str) -> None:
    subject.remove(f"{forerunner}-*", f"{stage}-*")
    subject.task(stage)


def _lose_current(subject: Built) -> None:
    current = subject.store.folder / "CURRENT"
    current.unlink()
    current.symlink_to("elsewhere")
    subject.store.current()


def _lose_version(subject: Built) -> None:
    shutil.rmtree(subject.store.current())
    open_version(subject.home, subject.store.dataset)


def _lose_pointer(subject: Built) -> None:
    (subject.store.folder / "CURRENT").unlink()
    raise StageError("; ".join(versions(subject.home)[1]))


def _spoil_manifest(subject: Built, *, build: bool = True) -> None:
    _spoil(subject, MANIFEST)
    if not build:
        shutil.rmtree(subject.store.folder / "build")
        repair(subject.home, subject.store.dataset, next(subject.store.folder.glob(VERSIONS)).name)
    read_manifest(subject.store.current())


def _spoil_table(subject: Built) -> None:
    _spoil_sealed(subject, "perfis.db", b"?" * 5_000)
    read(subject.store.current() / "perfis.db", "SELECT * FROM perfis")


def _spoil_sealed(subject: Built, name: str, content: bytes) -> None:
    (subject.store.current() / name).unlink()
    (subject.store.current() / name).write_bytes(content)


def _lie(subject: Built) -> None:
    """A manifest says another inertia, and its seal is right."""
    folder = subject.store.current()
    manifest = read_manifest(folder)
    false = manifest.model_copy(update={"scores": manifest.scores | {"inertia": 1.0}})
    (folder / MANIFEST).write_text(false.sealed().text())
    verdict = verify(open_version(subject.home, subject.store.dataset), None, lambda *_: None)
    assert any("inertia" in each for each in verdict.findings)
    raise StageError(verdict.remedy)


def _miss_ids(subject: Built) -> None:
    with contextlib.closing(sqlite3.connect(":memory:")) as database:
        database.execute("CREATE TABLE perfis (id INTEGER PRIMARY KEY)")
        database.commit()
        _spoil_sealed(subject, "perfis.db", database.serialize())
    check_ids(subject.store.current() / "perfis.db", "perfis", subject.params["profiles"])


def _be_busy(subject: Built) -> None:
    with subject.build.lock("run", whole=True):
        subject.run()


def _lose_source_rows(subject: Built) -> None:
    request = resolved(Request.from_params(subject.params), subject.home)
    subject.remove("generate-*", "survey.json")
    run_stage(Request.from_params(request.params | {"source": ""}), "generate", None, subject.home)


def _spoil_since(subject: Built) -> None:
    subject.remove("vectorize-*/receipt.json")
    damage_file(subject.file("since.json"), "flipped")
    subject.task("vectorize")


def _spoil_answers(subject: Built) -> None:
    (path,) = subject.home.glob(".embeddings/*.db")
    path.write_bytes(b"?" * 5_000)
    subject.remove("vectorize-*/*")
    subject.run()


def _limit(subject: Built) -> None:
    shutil.rmtree(subject.home / ".embeddings")
    subject.remove("vectorize-*/*")
    subject.run(limit=10)


def _repair(subject: Built) -> None:
    version = next(subject.store.folder.glob(VERSIONS)).name
    repair(subject.home, subject.store.dataset, version)
    assert verify(open_version(subject.home, subject.store.dataset), None, lambda *_: None).sound


def _link_current(subject: Built) -> None:
    """Run the command of the message."""
    command = remedy(subject.store.folder / "CURRENT").partition(": ")[2]
    subprocess.run(command, shell=True, check=True)
    subject.run()


def _remove_answers(subject: Built) -> None:
    (path,) = subject.home.glob(".embeddings/*.db")
    path.unlink()
    subject.run()


REMEDIES = {
    "damage found by a task": Remedy(
        "changed after being written.*; removed, with what was made from it: run it again",
        _ingest_damaged,
        lambda it: it.task("ingest"),
    ),
    "no receipts of a forerunner": Remedy(
        "has only 0 of 1 blocks; run that stage again first",
        lambda it: _lose_forerunner(it, "vectorize", "persist_blobs"),
        lambda it: it.task("vectorize", "persist_blobs"),
    ),
    "no files of a forerunner": Remedy(
        "is missing; run its stage again first",
        lambda it: _lose_forerunner(it, "vectorize", "export_index"),
        lambda it: it.task("vectorize", "export_index"),
    ),
    "busy": Remedy("worked on by another process; wait for it to end, then try again", _be_busy, Built.run),
    "CURRENT leads elsewhere": Remedy(
        "points outside the versions, to elsewhere; link it to the youngest version: ln -sfn versions/",
        _lose_current,
        _link_current,
        published=True,
    ),
    "no CURRENT": Remedy(
        "points to no version; `synthprof run` with the parameters of one makes it current",
        _lose_pointer,
        Built.run,
        published=True,
    ),
    "no version": Remedy(
        "is missing; make it again with `synthprof run`", _lose_version, Built.run, published=True
    ),
    "a changed manifest": Remedy(
        "MANIFEST.json .*; make it whole with `synthprof repair`", _spoil_manifest, _repair, published=True
    ),
    "a changed manifest without its build": Remedy(
        "its build is gone too, so only `synthprof run` with its parameters helps",
        lambda it: _spoil_manifest(it, build=False),
        Built.run,
        published=True,
    ),
    "a table that cannot be read": Remedy(
        "cannot be read: .*; `synthprof repair` makes a damaged version whole",
        _spoil_table,
        _repair,
        published=True,
    ),
    "ids that are missing": Remedy(
        "should hold the ids 1 to 300, .*; `synthprof repair` makes a version whole",
        _miss_ids,
        _repair,
        published=True,
    ),
    "a false score": Remedy("`synthprof repair` makes it whole", _lie, _repair, published=True),
    "rows that failed": Remedy(
        r"1 rows have no embedding, max_failed=0 are allowed; .*failures-\*.jsonl; run it again .*, or raise",
        lambda it: it.run(max_failed=0),
        Built.run,
        of="texts",
    ),
    "rows that failed, at publishing": Remedy(
        "1 texts have no embedding, max_failed=0 are allowed; run it again .*, or raise max_failed",
        lambda it: it.task("publish", max_failed=0),
        lambda it: it.task("publish"),
        of="texts",
    ),
    "rows of a source": Remedy(
        "must be read from their source once more; run `synthprof embed` with the same parameters",
        _lose_source_rows,
        Built.run,
        of="texts",
    ),
    "a moment that changed": Remedy(
        "since.json changed after being written; run it again from setup on",
        _spoil_since,
        lambda it: it.task("setup", "vectorize"),
        of="texts",
    ),
    "answers that changed": Remedy(
        "is damaged .file is not a database.; remove it or put back a copy, then run it again",
        _spoil_answers,
        _remove_answers,
        of="texts",
    ),
    "a limit": Remedy(
        "limit=10 rows .*; run it again without force to go on, with limit=0 to the end",
        _limit,
        Built.run,
        of="texts",
    ),
}


@pytest.mark.parametrize("name", cases(list(REMEDIES), 6))
def test_the_remedy_of_a_message_works(built: Callable[[str], Built], tmp_path: Path, name: str) -> None:
    remedy = REMEDIES[name]
    subject = built(remedy.of).copy(tmp_path / "home")
    if remedy.published:
        subject.run()
    with pytest.raises(SynthprofError, match=remedy.message):
        remedy.provoke(subject)
    remedy.follow(subject)
    assert subject.run() == subject.published
