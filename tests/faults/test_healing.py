"""Damage to what a build reads back: whatever file it hits, what is published is as if there had been none.

And messages that tell how to go on: each is provoked, and its remedy followed word for word.

Two builds stand for all: profiles with vectors and compacted databases, and texts whose service fails for
one of them, so that every kind of file is there. They are damaged when all but `publish` is done, as then a
run reads everything back.
"""

import contextlib
import functools
import random
import re
import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from fault_server import POISON, Faults, serving
from harness import cases, note

from synthprof.base.errors import StageError, SynthprofError
from synthprof.base.files import record
from synthprof.runner.repair import repair
from synthprof.runner.run import resolved, run_all, run_stage
from synthprof.spec.request import Request
from synthprof.store.build import Build
from synthprof.store.manifest import MANIFEST, read_manifest
from synthprof.store.pointer import remedy
from synthprof.store.sqlite.database import check_ids, read
from synthprof.store.store import Store
from synthprof.versions.inventory import versions
from synthprof.versions.verify import verify
from synthprof.versions.version import open_version

SMALL = {"clusters": 4, "kmeans_niter": 2, "workers": 1, "index": "flat", "vacuum": True}
PROFILES = SMALL | {"dataset": "people", "profiles": 300, "dim_embedding": 24, "dim_vector": 20}
TEXTS = SMALL | {
    **{"dataset": "texts", "encoder": "http", "model": "m", "dim_embedding": 32, "id_column": "key"},
    **{"text_column": "body", "max_failed": 1, "batch_size": 16},
}

RECEIPTS = [
    f"{stage}-*/receipt.json"
    for stage in ("setup", "generate", "ingest", "vectorize", "persist_blobs", "cluster", "export_index")
]
SHARED = [
    *(
        "spec.json",
        "since.json",
        "generate-*/profiles-00000.arrow",
        "generate-*/seal-00000.json",
        "ingest-*/perfis.db",
    ),
    *("vectorize-*/embeddings-00000.npy", "vectorize-*/seal-00000.json", "persist_blobs-*/embeddings.db"),
    *("cluster-*/clusters.db", "cluster-*/centroids.npy", "cluster-*/labels.npy"),
    *("export_index-*/index.faiss", "vacuum-*/perfis.db", "vacuum-*/embeddings.db", "vacuum-*/clusters.db"),
    *("vacuum-*/receipt.json", *RECEIPTS),
]
FILES = {
    "people": [
        *SHARED,
        *("generate-*/archetypes-00000.npy", "vectorize-*/vectors-00000.npy", "persist_blobs-*/vetores.db"),
        "vacuum-*/vetores.db",
    ],
    "texts": [
        *SHARED,
        *("survey.json", "encoder.json", "vectorize-*/missing-00000.npy"),
        *("vectorize-*/failures-00000.jsonl", "../../../.embeddings/*.db"),
    ],
}
"""The files that a build reads back, as patterns within its folder."""

DAMAGES = ("flipped", "flipped late", "truncated", "empty", "gone", "of another build")


@dataclass(frozen=True)
class Built:
    """A data root where a build is done up to publishing, and what an undisturbed run publishes of it."""

    home: Path
    params: dict[str, Any]
    published: dict[str, Any]
    other: Callable[[], Build]

    def copy(self, home: Path) -> "Built":
        shutil.copytree(self.home, home, symlinks=True)
        return Built(home, self.params, self.published, self.other)

    @property
    def store(self) -> Store:
        return Store(self.home, self.params["dataset"])

    @property
    def build(self) -> Build:
        (build,) = self.store.builds()
        return build

    def run(self, **params: Any) -> dict[str, Any]:
        """Run it to the end and return what is published."""
        run_all(Request.from_params(self.params | params), self.home)
        return _published(self.store.current())

    def task(self, *stages: str, **params: Any) -> None:
        """Run the stages alone, as tasks of Airflow do."""
        request = resolved(Request.from_params(self.params), self.home)
        for name in stages:
            run_stage(Request.from_params(request.params | params), name, None, self.home)

    def file(self, pattern: str) -> Path:
        """Return the file of the build, or of the version that is current."""
        (found,) = [*self.build.folder.glob(pattern), *self.store.folder.glob(f"CURRENT/{pattern}")]
        return found

    def remove(self, *patterns: str) -> None:
        """Remove what the patterns find in the build."""
        for path in (path for pattern in patterns for path in self.build.folder.glob(pattern)):
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def _published(folder: Path) -> dict[str, Any]:
    """Return what a version says: the digests of its files, and every fact but those of time and place."""
    manifest = read_manifest(folder)
    files = {file.path: file.sha256 for file in manifest.files if file.path not in {"report.html"}}
    assert not {name for name in files if record(folder / name, folder).sha256 != files[name]}
    if manifest.rejected:  # which tells when the service failed
        files["embeddings.db"] = _rows(folder / "embeddings.db")
    stages = [
        (each.stage, each.rows, each.rejected, _but(each.details, "shards", "found_out"))
        for each in manifest.stages
    ]
    return {"files": files, "scores": manifest.scores, "stages": stages, "rows": manifest.rows}


def _but(details: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in details.items() if name not in names}


def _rows(path: Path) -> str:
    queries = (
        "SELECT * FROM embeddings ORDER BY id",
        "SELECT id, digest, code, error FROM embedding_failures",
    )
    with contextlib.closing(sqlite3.connect(path)) as database:
        return str([database.execute(query).fetchall() for query in queries])


def _unpublish(store: Store) -> None:
    shutil.rmtree(store.folder / "versions")
    (store.folder / "CURRENT").unlink()
    for path in store.folder.glob("build/*/publish-*"):
        shutil.rmtree(path)


def _built(home: Path, params: dict[str, Any], other: dict[str, Any]) -> Built:
    run_all(Request.from_params(params | {"force": True}), home / "one")
    store = Store(home / "one", params["dataset"])
    published = _published(store.current())
    _unpublish(store)

    @functools.cache
    def build() -> Build:
        run_all(Request.from_params(params | other), home / "other")
        (found,) = Store(home / "other", params["dataset"]).builds()
        return found

    return Built(home / "one", params, published, build)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Built]]:
    """Give the build of profiles or of texts, each made once, when it is first asked for."""
    made: dict[str, Built] = {}
    with pytest.MonkeyPatch.context() as environment, serving(Faults()) as url:
        environment.setenv("SYNTHPROF_EMBEDDINGS_URL", url)

        def build(name: str) -> Built:
            if name not in made:
                home = tmp_path_factory.mktemp(name)
                made[name] = (
                    _texts(home) if name == "texts" else _built(home, PROFILES, {"seed": 7, "force": True})
                )
            return made[name]

        yield build


def _texts(home: Path) -> Built:
    sources = [home / "notes.db", home / "others.db"]
    for number, path in enumerate(sources):
        with contextlib.closing(sqlite3.connect(path)) as database, database:
            database.execute("CREATE TABLE notes (key, body)")
            rows = [(f"k{i}", f"Nota {number} {i}{' ' + POISON if i == 7 else ''}") for i in range(170)]
            database.executemany("INSERT INTO notes VALUES (?, ?)", rows)
    return _built(home, TEXTS | {"source": str(sources[0])}, {"source": str(sources[1]), "force": True})


def _damage(path: Path, damage: str) -> None:
    content = path.read_bytes()
    place = len(content) // 3 if damage == "flipped" else len(content) - len(content) // 50 - 1
    bit = random.Random(f"{path.name}{damage}").randrange(8)
    match damage:
        case "flipped" | "flipped late":
            path.write_bytes(content[:place] + bytes([content[place] ^ 1 << bit]) + content[place + 1 :])
        case "truncated":
            path.write_bytes(content[: len(content) // 2])
        case "empty":
            path.write_bytes(b"")
        case "gone":
            path.unlink()


VERSIONS = f"versions/{'?' * 12}"
"""The folders of versions, without the files that tell of each and lie beside it."""

MATRIX = [(name, file, damage) for name, files in FILES.items() for file in files for damage in DAMAGES]
random.Random(1).shuffle(MATRIX)  # so that a sample has some of each


@pytest.mark.parametrize(("name", "file", "damage"), cases(MATRIX, 8))
def test_damage_to_a_build_leaves_no_trace_in_what_is_published(
    built: Callable[[str], Built], tmp_path: Path, name: str, file: str, damage: str
) -> None:
    subject = built(name).copy(tmp_path / "home")
    (path,) = subject.build.folder.glob(file) if ".." not in file else subject.home.glob(file[9:])
    if damage == "of another build":
        (other,) = (
            subject.other().folder.glob(file) if ".." not in file else [subject.store.folder / "publish.lock"]
        )
        shutil.copy(other, path)
    else:
        _damage(path, damage)
    told, lost = [], list[str]()
    for _ in range(3):
        try:
            found = subject.run()
            break
        except SynthprofError as error:
            told.append(str(error))
            lost += [] if re.search(r"; .*run it again", str(error)) else [f"no remedy: {error}"]
            if "remove it" in str(error):
                path.unlink()
    else:
        found = {}
    lost += [f"{path.name} {damage}: {told[-1:]}"] if len(told) > 1 else []
    lost += [] if found == subject.published else [f"{path.name} {damage}: published {found}"]
    note("damage to a file of a build", 1, lost, file=file, damage=damage)


@pytest.mark.parametrize("name", FILES)
def test_every_file_of_a_build_is_damaged_above_or_harmless(built: Callable[[str], Built], name: str) -> None:
    folder = built(name).build.folder
    named = {path for pattern in FILES[name] if ".." not in pattern for path in folder.glob(pattern)}
    present = {path for path in folder.rglob("*") if path.is_file() and "locks" not in path.parts}
    assert present == named


def test_a_block_that_was_made_from_a_damaged_one_is_not_kept(
    built: Callable[[str], Built], tmp_path: Path
) -> None:
    """Its own seal is right, and the file that it was made from is mended by the time it is looked at."""
    subject = built("people").copy(tmp_path / "home")
    for path in subject.build.folder.glob("*-*/*"):
        if not path.parent.name.startswith(("setup", "generate")):
            path.unlink()
    (path,) = subject.build.folder.glob("generate-*/profiles-00000.arrow")
    content = path.read_bytes()
    with pa.OSFile(str(path)) as file, pa.ipc.open_file(file) as reader:
        batch = reader.get_batch(0)
    place = batch.schema.get_field_index("idade")  # of which vectors and embeddings are made
    ages = pa.array(batch.column(place).to_pylist()[::-1], batch.schema.field(place).type)
    changed = batch.set_column(place, batch.schema.field(place), ages)
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, batch.schema) as writer:
        writer.write_batch(changed)
    assert path.stat().st_size == len(content) and path.read_bytes() != content
    assert subject.run() == subject.published


# --- messages and their remedies ----------------------------------------------------------------------------


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
    _damage(path, damage)


def _ingest_damaged(subject: Built) -> None:
    subject.remove("ingest-*/receipt.json")
    _damage(subject.file("generate-*/profiles-00000.arrow"), "empty")
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
    _damage(subject.file("since.json"), "flipped")
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
