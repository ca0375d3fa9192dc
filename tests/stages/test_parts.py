"""Versions whose rows lie in parts: what the parts hold, however the work is cut, killed or damaged."""

import os
import shutil
import signal
from itertools import chain
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow.parquet as pq
import pytest

from synthprof.base.errors import SpecError, StageError
from synthprof.runner.repair import repair
from synthprof.runner.run import run_all, run_stage
from synthprof.spec.contents import PartKind, part_path, part_seal_name, seal_name
from synthprof.spec.request import Request
from synthprof.spec.shards import Shard, plan_shards
from synthprof.stages import parts as stage_parts
from synthprof.stages.footprint import Footprint
from synthprof.store.columnar.parts import Parts
from synthprof.store.manifest import damaged, read_manifest
from synthprof.store.sqlite.database import read
from synthprof.store.store import Store
from synthprof.versions.unfinished import builds
from synthprof.versions.version import open_version

PARAMS: dict[str, Any] = {
    **{"dataset": "parted", "profiles": 36_000, "seed": 5, "clusters": 8, "kmeans_niter": 2},
    **{"dim_embedding": 24, "dim_vector": 20, "save_index": False, "store": "parquet", "workers": 2},
}
"""Three blocks, the last one short; with PART_BLOCKS of 1 they are three parts."""

TYPED = PARAMS | {
    **{"dataset": "typed", "profile_schema": "patient", "with_tables": "none"},
    **{"profiles": 2_000, "dim_vector": 64},
}
"""Rows with dates, decimals and values that are missing."""

PARTED = ("ingest", "persist_blobs")


pytestmark = pytest.mark.usefixtures("small_parts")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data root with a version in parts and one in databases of the same rows, twice; tests copy it."""
    home = tmp_path_factory.mktemp("parted")
    for params in (PARAMS, TYPED):
        for store in ("parquet", "sqlite"):
            run_all(Request.from_params(params | {"store": store}), home / store)
    return home


@pytest.fixture
def copied(home: Path, tmp_path: Path) -> Path:
    shutil.copytree(home / "parquet", tmp_path / "home", symlinks=True)
    return tmp_path / "home"


def _folder(home: Path, dataset: str = "parted") -> Path:
    return Store(home, dataset).current()


def _content(home: Path) -> str:
    return read_manifest(_folder(home)).content


def _parts(home: Path) -> Parts:
    spec = Request.from_params(PARAMS).spec
    return Parts(Store(home, "parted").build(spec).folder, spec)


@pytest.mark.parametrize("dataset", ["parted", "typed"])
def test_parts_hold_the_stored_rows_of_the_database(home: Path, dataset: str) -> None:
    columns = read(_folder(home / "sqlite", dataset) / "perfis.db", "SELECT * FROM perfis LIMIT 1").schema
    batches = (
        read(
            _folder(home / "sqlite", dataset) / "perfis.db",
            "SELECT * FROM perfis WHERE id BETWEEN ? AND ?",
            (first, first + 9_999),
        ).to_pylist()
        for first in range(1, 36_000, 10_000)
    )
    found = duckdb.sql(
        f"SELECT * FROM read_parquet('{_folder(home / 'parquet', dataset)}/perfis/*.parquet') ORDER BY id"
    ).to_arrow_table()
    assert found.column_names == columns.names
    assert found.to_pylist() == list(chain.from_iterable(batches))


def test_numbers_and_texts_that_are_missing_are_null_in_both(home: Path) -> None:
    found = pq.read_table(_folder(home / "parquet", "typed") / "perfis")
    kinds = {str(field.type) for field in found.schema}
    assert {"int64", "string"} <= kinds <= {"int64", "double", "string"}
    assert any(column.null_count for column in found.columns)


def test_vectors_and_embeddings_are_those_of_the_databases(home: Path) -> None:
    version, folder = open_version(home / "sqlite", "parted"), _folder(home / "parquet")
    for kind, known in (("vetores", version.vectors()), ("embeddings", version.embeddings())):
        files = [np.load(folder / part_path(kind, part), mmap_mode="r") for part in range(3)]
        assert [len(file) for file in files] == [16_384, 16_384, 3_232]
        assert {file.dtype.str for file in files} == {"<f4"}
        assert np.array_equal(np.concatenate(files), known)


def test_a_version_holds_its_parts_and_no_database_of_rows(home: Path) -> None:
    folder = _folder(home / "parquet")
    manifest = read_manifest(folder)
    assert not damaged(folder, manifest.files)
    parts = {part_path(kind, part) for kind in ("perfis", "vetores", "embeddings") for part in range(3)}
    others = {"clusters.db", "centroids.npy", "archetypes.npy", "overview.json", "map.arrow", "report.html"}
    assert {file.path for file in manifest.files} == parts | others
    assert manifest.spec["store"] == "parquet"


def test_disk_is_estimated_from_above_and_closely(home: Path) -> None:
    spec, files = Request.from_params(PARAMS).spec, read_manifest(_folder(home / "parquet")).files
    for stage, kinds in (("ingest", ("perfis",)), ("persist_blobs", ("vetores", "embeddings"))):
        written = sum(
            file.bytes for file in files if file.path.startswith(tuple(f"{kind}/" for kind in kinds))
        )
        assert written <= Footprint(spec).disk(stage) <= 1.2 * written


def test_readers_can_skip_blocks_and_pages_by_their_statistics(home: Path) -> None:
    path = _folder(home / "parquet") / part_path("perfis", 0)
    found = pq.read_metadata(path)
    assert [found.row_group(group).num_rows for group in range(found.num_row_groups)] == [16_384]
    for column in (found.row_group(0).column(place) for place in range(found.num_columns)):
        assert column.is_stats_set and column.has_column_index and column.has_offset_index
        assert column.compression == "ZSTD"
    assert b"ARROW:schema" not in (found.metadata or {})


@pytest.mark.parametrize(("shards", "workers"), [(1, 2), (2, 1), (5, 2)])
def test_bytes_do_not_depend_on_shards_or_workers(
    home: Path, tmp_path: Path, shards: int, workers: int
) -> None:
    """As Airflow does it: each stage by itself, shards in any order."""
    request = Request.from_params(PARAMS | {"shards": shards, "workers": workers})
    cut = plan_shards(request.spec, request.runtime)
    assert len(cut) == min(shards, 3)
    run_stage(request, "setup", None, tmp_path)
    for name in ("generate", "ingest", "vectorize", "persist_blobs"):
        for shard in reversed(cut):
            run_stage(request, name, shard, tmp_path)
    for name in ("cluster", "publish"):
        receipt = run_stage(request, name, None, tmp_path)
    assert receipt.details["content"] == _content(home / "parquet")
    made = {each.shard for each in read_manifest(_folder(tmp_path)).stages if each.stage == "ingest"}
    assert made == {(shard.first, shard.end) for shard in cut}


def test_a_killed_writer_costs_the_parts_in_flight_alone(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = Request.from_params(PARAMS | {"workers": 1})
    write = stage_parts.write_table

    def killed(path: Path, *arguments: Any) -> None:
        write(path, *arguments)
        if "00001" in path.name:
            os.kill(os.getpid(), signal.SIGKILL)

    monkeypatch.setattr(stage_parts, "write_table", killed)
    with pytest.raises(StageError, match="killed"):
        run_all(request, tmp_path)
    (folder,) = tmp_path.glob("parted/build/*/ingest-*")
    first, second = (folder / f"perfis-part-0000{part}.parquet" for part in (0, 1))
    assert first.exists() and not second.exists()
    (unfinished,) = builds(tmp_path)
    rows = {stage.stage: stage.rows_done for stage in unfinished.stages}
    assert rows["ingest"] == 16_384
    before = first.stat().st_ino
    monkeypatch.undo()
    assert run_all(request, tmp_path).published["content"] == _content(home / "parquet")
    assert first.stat().st_ino == before
    assert not list(folder.glob(".tmp-*"))


@pytest.mark.parametrize(
    ("kind", "part", "stage"),
    [("perfis", 1, "ingest"), ("vetores", 2, "persist_blobs"), ("embeddings", 0, "persist_blobs")],
)
def test_a_damaged_part_is_made_anew_and_no_other(
    home: Path, copied: Path, kind: PartKind, part: int, stage: str
) -> None:
    folder, name = _folder(copied), part_path(kind, part)
    before = {path: path.stat().st_ino for path in folder.glob("*/*")}
    for path in (folder / name, _parts(copied).path(kind, part)):  # one file, but for the copy of these tests
        path.write_bytes(path.read_bytes()[:-1] + bytes([path.read_bytes()[-1] ^ 1]))
    assert damaged(folder, read_manifest(folder).files) == [name]
    done = repair(copied, "parted")
    assert (done.files, done.stages) == ((name,), (stage,))
    assert _content(copied) == _content(home / "parquet")
    assert not damaged(folder, read_manifest(folder).files)
    assert [str(path.relative_to(folder)) for path in before if path.stat().st_ino != before[path]] == [name]


def test_repair_makes_all_parts_where_the_build_is_gone(home: Path, copied: Path) -> None:
    shutil.rmtree(copied / "parted" / "build")
    (_folder(copied) / part_path("perfis", 2)).unlink()
    assert repair(copied, "parted").files == (part_path("perfis", 2),)
    assert _content(copied) == _content(home / "parquet")


def test_a_part_that_was_made_from_a_damaged_block_is_not_kept(copied: Path) -> None:
    build = Store(copied, "parted").build(Request.from_params(PARAMS).spec)
    (block,) = build.folder.glob("generate-*/profiles-00001.arrow")
    build.discard([block])
    left = {path.name for path in build.folder.glob("ingest-*/seal-*")}
    assert left == {part_seal_name(0), part_seal_name(2)}
    assert {path.name for path in build.folder.glob("generate-*/seal-*")} == {seal_name(0), seal_name(2)}


def test_a_part_with_other_rows_is_not_published(copied: Path) -> None:
    parts = _parts(copied)
    for kind in ("perfis", "vetores", "embeddings"):
        parts.check(kind, 1)
        shutil.copy(parts.path(kind, 1), parts.path(kind, 2))
        with pytest.raises(StageError, match=r"part-00002\.\w+ should hold 3232 (rows, 32769 to 36000|x)"):
            parts.check(kind, 2)


def test_a_shard_that_cuts_a_part_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("synthprof.spec.contents.PART_BLOCKS", 2)
    request = Request.from_params(PARAMS)
    run_stage(request, "setup", None, tmp_path)
    with pytest.raises(SpecError, match=r"shard 1:3 cuts a part of 2 blocks"):
        run_stage(request, "ingest", Shard(1, 3), tmp_path)
    run_stage(request, "generate", Shard(2, 3), tmp_path)
    assert run_stage(request, "ingest", Shard(2, 3), tmp_path).rows == 3_232


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"with_tables": "sessoes"}, r"has no child tables \(sessoes\); use with_tables=none"),
        ({"vacuum": True}, "has no database of rows to compact; use vacuum=false"),
        ({"max_failed": 1}, "does not tell why rows have no embedding; use max_failed=0"),
    ],
)
def test_what_parts_do_not_hold_is_refused_in_words(
    tmp_path: Path, params: dict[str, Any], message: str
) -> None:
    with pytest.raises(SpecError, match=f"^store=parquet {message}, or store=sqlite$"):
        run_all(Request.from_params(PARAMS | params), tmp_path)
    assert not list(tmp_path.glob("parted/build/*/generate-*"))


def test_rows_from_elsewhere_lie_in_databases(tmp_path: Path) -> None:
    (tmp_path / "notes").mkdir()
    for number in range(60):
        (tmp_path / "notes" / f"{number}.txt").write_text(f"Joga xadrez, nota {number}", encoding="utf-8")
    order = {"dataset": "notes", "source": str(tmp_path / "notes"), "store": "parquet", "clusters": 1}
    with pytest.raises(SpecError, match="holds generated profiles, not rows from elsewhere"):
        run_all(Request.from_params(order), tmp_path / "home")


def test_without_the_package_that_reads_parts_setup_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("synthprof.base.extras.is_installed", lambda package: package != "duckdb")
    with pytest.raises(SpecError, match=r'duckdb is not installed; pip install "synthprof\[parquet\]"'):
        run_stage(Request.from_params(PARAMS), "setup", None, tmp_path)


def test_databases_say_nothing_of_stores(home: Path) -> None:
    plain, parted = (Request.from_params({"store": store}).spec for store in ("sqlite", "parquet"))
    assert plain.digest == Request.from_params({}).spec.digest != parted.digest
    assert "store" not in read_manifest(_folder(home / "sqlite")).spec
