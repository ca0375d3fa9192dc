"""Builds for tests of healing: done up to publishing, to be copied and damaged.

Three builds stand for all: profiles with vectors and compacted databases, the same in parts, and texts whose
service fails for one of them, so that every kind of file is there. They are damaged when all but `publish` is
done, as then a run reads everything back.
"""

import contextlib
import functools
import random
import shutil
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fault_server import POISON

from synthprof.base.files import record
from synthprof.runner.run import resolved, run_all, run_stage
from synthprof.spec.request import Request
from synthprof.store.build import Build
from synthprof.store.manifest import read_manifest
from synthprof.store.store import Store

SMALL = {"clusters": 4, "kmeans_niter": 2, "workers": 1, "index": "flat", "vacuum": True}

PROFILES = SMALL | {"dataset": "people", "profiles": 300, "dim_embedding": 24, "dim_vector": 20}

PARTED = PROFILES | {"dataset": "parted", "vacuum": False, "store": "parquet"}
TEXTS = SMALL | {
    **{"dataset": "texts", "encoder": "http", "model": "m", "dim_embedding": 32, "id_column": "key"},
    **{"text_column": "body", "max_failed": 1, "batch_size": 16},
}


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


def all_but_published(home: Path, params: dict[str, Any], other: dict[str, Any]) -> Built:
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


def texts_but_published(home: Path) -> Built:
    sources = [home / "notes.db", home / "others.db"]
    for number, path in enumerate(sources):
        with contextlib.closing(sqlite3.connect(path)) as database, database:
            database.execute("CREATE TABLE notes (key, body)")
            rows = [(f"k{i}", f"Nota {number} {i}{' ' + POISON if i == 7 else ''}") for i in range(170)]
            database.executemany("INSERT INTO notes VALUES (?, ?)", rows)
    return all_but_published(
        home, TEXTS | {"source": str(sources[0])}, {"source": str(sources[1]), "force": True}
    )


def damage_file(path: Path, damage: str) -> None:
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
