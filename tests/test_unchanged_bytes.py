"""Same parameters, same bytes: small data sets of every kind against digests from version 0.1.

Only the installed command makes them, so that the tests hold wherever a module lies. A difference is a
defect, unless a release means to make other bytes: it says so in CHANGELOG.md, and
`python tests/test_unchanged_bytes.py` writes the digests anew.
"""

import hashlib
import json
import os
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from databases import problems_of
from fault_server import Faults, serving

COMMAND = str(Path(sys.executable).with_name("synthprof"))
PUBLISHED = Path(__file__).with_name("published")
GOLDENS = PUBLISHED / "goldens.json"

SMALL = "--profiles 3000 --clusters 8 --kmeans-niter 5 --dim-embedding 32"
TEXTS = "embed --dim-embedding 16 --clusters 4"
TABLE = "--id-column key --text-column body --columns ano,lugar"
MODEL = "/proc/self/cwd/model"
"""The path of a model is part of the spec, so the same one stands for the folder of each test."""

CASES = {
    "catalogue": ["run --profiles 20000 --clusters 16"],
    "hashed": ["run --profiles 17000 --clusters 16 --encoder hashed --seed 7"],
    "sampled": ["run --profiles 70000 --clusters 8 --kmeans-niter 3 --dim-embedding 8"],
    "shape": [f"run {SMALL} --dim-vector 40 --separation 0.5 --kmeans-nredo 2"],
    "locale": [f"run {SMALL} --locale de_DE"],
    "separation-0": [f"run {SMALL} --separation 0"],
    "automatic-clusters": ["run --profiles 500 --dim-embedding 8 --dim-vector 19"],
    "flat": [f"run {SMALL} --index flat"],
    "ivf-flat": [f"run {SMALL} --index ivf_flat"],
    "ivf-sq8": [f"run {SMALL} --index ivf_sq8"],
    "ivf-pq": ["run --profiles 10000 --clusters 8 --kmeans-niter 5 --dim-embedding 16 --index ivf_pq"],
    "hnsw": [f"run {SMALL} --index hnsw"],
    "no-index": [f"run {SMALL} --no-save-index"],
    "reindexed": [f"run {SMALL} --index flat", "build-index --index ivf_sq8"],
    "vacuum": [f"run {SMALL} --vacuum"],
    "parquet": [f"run {SMALL} --store parquet"],
    "http": ["run --profiles 1200 --clusters 8 --dim-embedding 32 --encoder http --model m"],
    "model": [f"run --profiles 1200 --clusters 8 --dim-embedding 16 --encoder model --model {MODEL}"],
    "texts-of-sqlite": [f"{TEXTS} {TABLE} --source notes.db"],
    "texts-of-parquet": [f"{TEXTS} {TABLE} --source notes.parquet"],
    "texts-of-folder": [f"{TEXTS} --source texts"],
}
"""Commands that make a data set, to be called in the folder of the sources."""

EVERY_DAY = {"catalogue", "shape", "reindexed", "parquet", "http", "texts-of-sqlite"}
"""Cases of `make test`: one of each way to rows, embeddings and index; the others take long."""

VARYING = {"began", "published_at", "seal", "seconds", "cpu_seconds", "peak_memory", "pid"}
"""Keys of a manifest that tell of the run."""


def _notes(count: int = 300) -> list[tuple[str, str, int, str | None]]:
    """Return rows of key, text, year and place; some have no place."""
    games, hours = ("Minecraft", "Valorant", "RPG", "xadrez"), ("de madrugada", "à noite", "de manhã")
    return [
        (
            f"doc-{i}",
            f"Jogo {games[i % 4]} {hours[i % 3]}, nota {i}",
            2_000 + i % 20,
            None if i % 7 == 0 else ("SP", "RJ")[i % 2],
        )
        for i in range(count)
    ]


def _write_sqlite(folder: Path) -> None:
    with closing(sqlite3.connect(folder / "notes.db")) as database, database:
        database.execute("CREATE TABLE notes (key, body, ano, lugar)")
        database.executemany("INSERT INTO notes VALUES (?, ?, ?, ?)", _notes())


def _write_parquet(folder: Path) -> None:
    columns = map(list, zip(*_notes(), strict=True))
    table = pa.table(dict(zip(("key", "body", "ano", "lugar"), columns, strict=True)))
    pq.write_table(table, folder / "notes.parquet")


def _write_texts(folder: Path) -> None:
    (folder / "texts" / "deep").mkdir(parents=True)
    for i, (key, text, *_) in enumerate(_notes(200)):
        path = folder / "texts" / ("deep" if i % 5 == 0 else "") / f"{key}.txt"
        path.write_text(text, encoding="utf-8")


def _link_model(folder: Path) -> None:
    (folder / "model").symlink_to(PUBLISHED / "model")


SOURCES: dict[str, Callable[[Path], None]] = {
    "texts-of-sqlite": _write_sqlite,
    "texts-of-parquet": _write_parquet,
    "texts-of-folder": _write_texts,
    "model": _link_model,
}


@contextmanager
def _environment(case: str, home: Path) -> Iterator[dict[str, str]]:
    """Give the variables of the command; an embedding service answers while the context lasts."""
    known = os.environ | {"SYNTHPROF_HOME": str(home), "COLUMNS": "120", "NO_COLOR": "1"}
    if case != "http":
        yield known
        return
    with serving(Faults(dim=32)) as url:
        yield known | {"SYNTHPROF_EMBEDDINGS_URL": url}


def _make(case: str, folder: Path) -> Path:
    """Return the folder of the version that the commands of `case` publish below `folder`."""
    home = folder / "home"
    if case in SOURCES:
        SOURCES[case](folder)
    with _environment(case, home) as environment:
        for line in CASES[case]:
            workers = [] if line.startswith("build-index") else ["--workers", "1"]
            words = [COMMAND, *line.split(), "--dataset", "held", *workers]
            done = subprocess.run(
                words, cwd=folder, capture_output=True, text=True, env=environment, timeout=120
            )
            assert done.returncode == 0, done.stdout + done.stderr
    return (home / "held" / "CURRENT").resolve(strict=True)


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _held_of_report(path: Path) -> bytes:
    """Return the report without the lines that tell times and memory of the stages."""
    lines = path.read_bytes().splitlines(keepends=True)
    kept = [line for line in lines if b'data-name="time"' not in line and b"time of stages" not in line]
    assert len(lines) - 12 < len(kept) < len(lines)
    return b"".join(kept)


def _lasting(value: Any) -> Any:
    """Return a part of a manifest without what differs from run to run."""
    if isinstance(value, list):
        return [_lasting(each) for each in value]
    if not isinstance(value, dict):
        return value
    left_out = VARYING | ({"bytes", "sha256"} if value.get("path") == "report.html" else set())
    return {key: _lasting(each) for key, each in value.items() if key not in left_out}


def _held_of_manifest(path: Path) -> dict[str, str]:
    """Return a digest for each entry of the manifest and for each stage in it, in their order."""
    lasting = _lasting(json.loads(path.read_bytes()))
    entries = lasting | {f"stage {each['stage']}": each for each in lasting.pop("stages")}
    return {key: _sha256(json.dumps(each).encode())[:16] for key, each in entries.items()}


def _digests(version: Path) -> dict[str, Any]:
    """Return the name of the version and the digests of its files."""
    files = {str(path.relative_to(version)): path for path in sorted(version.rglob("*.*"))}
    manifest, report = files.pop("MANIFEST.json"), files.pop("report.html")
    return {
        "version": version.name,
        "manifest": _held_of_manifest(manifest),
        "files": {name: _sha256(path.read_bytes()) for name, path in files.items()}
        | {"report.html": _sha256(_held_of_report(report))},
    }


@pytest.mark.parametrize(
    "case", [pytest.param(each, marks=() if each in EVERY_DAY else pytest.mark.long) for each in CASES]
)
def test_version_name_and_bytes_are_those_of_version_0_1(case: str, tmp_path: Path) -> None:
    version = _make(case, tmp_path)
    held = json.loads(GOLDENS.read_text(encoding="utf-8"))["cases"][case]
    assert _digests(version) == held
    assert not problems_of(version)


def main() -> None:
    """Write the digests of today's code."""
    told = json.loads(GOLDENS.read_text(encoding="utf-8"))
    for case in CASES:
        with tempfile.TemporaryDirectory() as folder:
            told["cases"][case] = _digests(_make(case, Path(folder)))
    GOLDENS.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
