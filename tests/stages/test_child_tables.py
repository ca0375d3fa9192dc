"""Child tables through the stages: the same rows at any sharding, whole, verified, repaired, read."""

import shutil
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from families import CUSTOMERS, ORDERS
from harness import Subject, kill

from synthprof.base.errors import SpecError, StageError
from synthprof.base.files import record
from synthprof.pipeline import BEFORE_PUBLISH, STAGES, version_of
from synthprof.profiles.checks import check_family
from synthprof.profiles.children import generate_family, stored_batch
from synthprof.runner.plan import plan
from synthprof.runner.repair import repair
from synthprof.runner.run import run_all, run_stage
from synthprof.schemas.loader import load_schema
from synthprof.spec.request import Request
from synthprof.spec.shards import plan_shards
from synthprof.spec.spec import BLOCK_ROWS, Spec
from synthprof.store.children import check_children, fill
from synthprof.store.manifest import MANIFEST, read_manifest
from synthprof.store.store import Store
from synthprof.versions.verify import verify
from synthprof.versions.version import Version, open_version

ROWS = BLOCK_ROWS + 616
PARAMS: dict[str, Any] = {
    "dataset": "players",
    "profiles": ROWS,
    "with_tables": "sessoes",
    "clusters": 1,
    "kmeans_niter": 1,
    "dim_embedding": 8,
    "dim_vector": 19,
    "save_index": False,
    "seed": 3,
    "workers": 1,
}
FILE = "sessoes.db"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data root with the published version, which tests only copy."""
    found = tmp_path_factory.mktemp("players")
    run_all(Request.from_params(PARAMS), found)
    return found


@pytest.fixture(scope="module")
def version(home: Path) -> Version:
    return open_version(home, "players")


@pytest.fixture
def copy(home: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(home, tmp_path / "copy", symlinks=True))


def drawn(block: int, rows: int) -> pa.RecordBatch:
    schema, spec = load_schema("gamer_br"), Spec()
    return generate_family(schema, 3, spec.locale, spec.separation, block, rows).tables["sessoes"]


def rows_of(path: Path, query: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(query).fetchall()


def test_the_database_holds_what_is_drawn_by_parent_and_number(version: Version) -> None:
    stored = rows_of(version.folder / FILE, "SELECT * FROM sessoes ORDER BY perfil_id, n")
    table = load_schema("gamer_br").child("sessoes")
    made = [stored_batch(table, batch) for batch in (drawn(0, BLOCK_ROWS), drawn(1, 616))]
    assert stored == [tuple(row.values()) for batch in made for row in batch.to_pylist()]
    assert rows_of(version.folder / FILE, "PRAGMA integrity_check") == [("ok",)]


def test_every_child_has_a_parent_in_the_table_of_profiles(version: Version) -> None:
    with closing(sqlite3.connect(version.folder / "perfis.db")) as connection:
        connection.execute("ATTACH ? AS children", (str(version.folder / FILE),))
        query = "SELECT count(*) FROM children.sessoes WHERE perfil_id NOT IN (SELECT id FROM perfis)"
        assert connection.execute(query).fetchone() == (0,)


def test_bytes_do_not_depend_on_shards_and_workers(version: Version, tmp_path: Path) -> None:
    request = Request.from_params(PARAMS | {"shards": 2, "workers": 2})
    for stage in (each for each in BEFORE_PUBLISH[:2]):
        for shard in plan_shards(request.spec, request.runtime) if stage.scope == "shard" else [None]:
            run_stage(request, stage.name, shard, tmp_path)
    for stage in ("ingest",):
        run_stage(request, stage, None, tmp_path)
    made = next(tmp_path.glob(f"players/build/*/ingest-*/{FILE}"))
    assert made.read_bytes() == (version.folder / FILE).read_bytes()


def test_a_spec_without_tables_has_its_former_name_and_says_nothing_of_them() -> None:
    assert "with_tables" not in Spec().described()
    assert Spec().digest == Spec(with_tables="").digest
    assert version_of(Spec()) != version_of(Spec(with_tables="sessoes"))


def test_an_unknown_table_is_refused_before_any_work(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="no child table 'orders'; there are: sessoes"):
        run_all(Request.from_params(PARAMS | {"with_tables": "orders"}), tmp_path)


def test_rows_and_bytes_are_known_before_the_work(version: Version, tmp_path: Path) -> None:
    planned = plan(Request.from_params(PARAMS), tmp_path)
    without = plan(Request.from_params(PARAMS | {"with_tables": ""}), tmp_path)
    assert planned.children == pytest.approx(version.tables()["sessoes"], rel=0.1)
    written = (version.folder / FILE).stat().st_size
    assert written <= planned.disk["ingest"] - without.disk["ingest"] <= 1.3 * written
    assert planned.memory["generate"] > without.memory["generate"]


def test_the_manifest_counts_children_and_parents(version: Version) -> None:
    facts = version.manifest.tables["sessoes"]
    counts = [n for (n,) in rows_of(version.folder / FILE, "SELECT count(*) FROM sessoes GROUP BY perfil_id")]
    assert facts["rows"] == sum(counts) == version.tables()["sessoes"]
    assert facts["most"] == max(counts)
    assert sum(facts["parents"].values()) == ROWS
    assert facts["parents"]["8"] == sum(8 <= count < 16 for count in counts)


def test_a_flipped_byte_is_found_and_repaired(copy: Path) -> None:
    path = copy / "players" / "CURRENT" / FILE
    before = path.read_bytes()
    at = len(before) // 2
    path.unlink()  # it is linked from the build
    path.write_bytes(before[:at] + bytes([before[at] ^ 1]) + before[at + 1 :])
    assert verify(open_version(copy, "players"), 1, lambda *_: None).damaged == (FILE,)
    assert repair(copy, "players").files == (FILE,)
    assert path.read_bytes() == before
    assert verify(open_version(copy, "players"), None, lambda *_: None).sound


def test_damage_in_version_and_build_is_made_anew(copy: Path) -> None:
    paths = [copy / "players" / "CURRENT" / FILE, *copy.glob(f"players/build/*/ingest-*/{FILE}")]
    paths += copy.glob("players/build/*/generate-*/sessoes-00001.arrow")
    before = [path.read_bytes() for path in paths]
    assert len(paths) == 3
    for path, content in zip(paths, before, strict=True):
        path.unlink()
        path.write_bytes(content[:-200] + bytes(200))
    assert repair(copy, "players").files == (FILE,)
    assert [path.read_bytes() for path in paths] == before


def change(copy: Path, statement: str) -> Version:
    """The version after a change of its sessions that its manifest knows of."""
    folder = Store(copy, "players").current()
    path = folder / FILE
    content = path.read_bytes()
    path.unlink()
    path.write_bytes(content)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(statement)
    manifest = read_manifest(folder)
    files = tuple(record(path, folder) if file.path == FILE else file for file in manifest.files)
    changed = manifest.model_copy(update={"files": files, "seal": ""}).sealed()
    (folder / MANIFEST).write_text(changed.text())
    return open_version(copy, "players")


@pytest.mark.parametrize(
    ("statement", "finding"),
    [
        ("UPDATE sessoes SET minutos = minutos + 1 WHERE perfil_id = 16999", "column minutos differs"),
        ("DELETE FROM sessoes WHERE perfil_id = 16999 AND n = 1", "there are"),
        ("UPDATE sessoes SET perfil_id = 99999 WHERE perfil_id = 17000 AND n = 1", "ids 1 to 17000"),
    ],
)
def test_rows_that_do_not_follow_from_the_spec_are_found(copy: Path, statement: str, finding: str) -> None:
    verdict = verify(change(copy, statement), 1, lambda *_: None)
    assert any(FILE in each and finding in each for each in verdict.contradictions), verdict


def test_publishing_finds_children_without_parents_and_wrong_numbers(tmp_path: Path) -> None:
    batch = generate_family(CUSTOMERS, 1, "pt_BR", 1.0, 0, 100).tables["orders"]
    assert check_family(CUSTOMERS, ORDERS, batch, 1, 100) == ()
    (orphan,) = check_family(CUSTOMERS, ORDERS, batch, 1, 50)
    assert "none of the ids 1 to 50" in orphan
    late = check_family(CUSTOMERS, ORDERS, batch.slice(1), 1, 100)
    assert any("not numbered from 1" in fault for fault in late)
    path = tmp_path / "orders.db"
    fill(path, ORDERS, lambda: iter([batch]), lambda _: None)
    check_children(path, ORDERS, 100, batch.num_rows)
    with pytest.raises(StageError, match="rows of the ids 1 to 50"):
        check_children(path, ORDERS, 50)
    with pytest.raises(StageError, match="should hold 7 rows"):
        check_children(path, ORDERS, 100, 7)


def test_a_kill_while_the_table_is_made_costs_nothing(version: Version, tmp_path: Path) -> None:
    subject = Subject(tmp_path, PARAMS)
    process = subject.start()
    while not list(tmp_path.glob(f"players/build/*/ingest-*/.tmp-*{FILE}")) and process.poll() is None:
        time.sleep(0.001)
    kill(process)
    assert not list(tmp_path.glob(f"players/build/*/ingest-*/{FILE}"))
    assert run_all(Request.from_params(PARAMS), tmp_path).published["content"] == version.manifest.content
    assert not subject.leftovers() and not subject.wrong()


def test_memory_does_not_grow_with_the_blocks(tmp_path: Path) -> None:
    import tracemalloc

    batch = generate_family(CUSTOMERS, 1, "pt_BR", 1.0, 0, 4_000).tables["orders"]
    ids = batch.column("customer_id").to_numpy()

    def peak(blocks: int) -> int:
        batches = (
            batch.set_column(0, "customer_id", pa.array(ids + 4_000 * block)) for block in range(blocks)
        )
        tracemalloc.start()
        fill(tmp_path / f"{blocks}.db", ORDERS, lambda: batches, lambda _: None)
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    few, many = peak(4), peak(40)
    assert many < 1.2 * few
    assert (tmp_path / "40.db").stat().st_size > 9 * (tmp_path / "4.db").stat().st_size


def test_reading_takes_conditions_columns_and_parts(version: Version) -> None:
    every = version.table("sessoes")
    assert every.num_rows == version.tables()["sessoes"]
    assert [each.num_rows for each in version.batches(table="sessoes")][:2] == [16_384, 16_384]
    long = version.table(["minutos>120", "jogo!=Minecraft"], ["perfil_id", "n"], table="sessoes")
    minutes, games = every.column("minutos").to_numpy(), np.array(every.column("jogo").to_pylist())
    assert long.num_rows == ((minutes > 120) & (games != "Minecraft")).sum()
    assert long.column_names == ["perfil_id", "n"]
    assert every.schema.field("inicio").type == pa.timestamp("s")
    with pytest.raises(SpecError, match="unknown column 'idade'"):
        version.table("idade>30", table="sessoes")
    with pytest.raises(SpecError, match="no child table 'orders'; there are: sessoes"):
        version.table(table="orders")


def test_stages_know_the_files_of_child_tables(version: Version) -> None:
    details = {each.stage: each for each in version.manifest.stages}
    assert [file.path for file in details["ingest"].files] == ["perfis.db", FILE]
    blocks = [file.path for file in details["generate"].files]
    assert {"sessoes-00000.arrow", "sessoes-00001.arrow"} <= set(blocks)
    assert all(each.rows in (0, ROWS) for each in version.manifest.stages)
    assert {each.name for each in STAGES} >= set(details)
