"""The answers of the explorer's HTTP API about a real data set."""

import os
import shutil
import sqlite3
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from explorers import (
    DATASET,
    ONE,
    ORDER,
    ROWS,
    alone,
    answer,
    publish,
    two_versions,
)
from once import made_once

from synthprof.base.errors import SpecError
from synthprof.explorer.server import process
from synthprof.runner.repair import repair
from synthprof.runner.run import run_all, run_stage
from synthprof.schemas.loader import load_schema
from synthprof.spec.request import Request
from synthprof.store.manifest import read_manifest
from synthprof.store.pruning import prune
from synthprof.store.store import Store
from synthprof.versions.search import search_similar, search_text
from synthprof.versions.searcher import Query, open_searcher
from synthprof.versions.unfinished import builds_of
from synthprof.versions.verify import verify
from synthprof.versions.version import open_version

TEXT = "joga RPG de madrugada no PC"


@pytest.fixture(autouse=True)
def patient(monkeypatch):
    """Others may hold the machine: a test may wait longer than a reader."""
    monkeypatch.setattr(process, "ANSWER_SECONDS", 300)


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Path:
    return made_once(tmp_path_factory, two_versions)


@pytest.fixture(scope="module")
def client(home):
    with alone(home) as client:
        yield client


@pytest.fixture(scope="module")
def folder(home) -> Path:
    return open_version(home, DATASET).folder


def rows(path: Path, query: str) -> list[tuple]:
    with closing(sqlite3.connect(path)) as database:
        return database.execute(query).fetchall()


# --- true answers ----------------------------------------------------------------------------------------


def test_data_sets_and_versions_are_those_of_the_manifests(client, home, folder):
    (dataset,) = answer(client, "/api/datasets")["datasets"]
    manifest = read_manifest(folder)
    assert dataset["current"] == manifest.version
    assert [(each["rows"], each["current"]) for each in dataset["versions"]] == [(ROWS, True), (1_500, False)]
    newest = dataset["versions"][0]
    assert newest["bytes"] == manifest.bytes_total
    assert newest["scores"]["recall_at_10"] == 1.0
    assert dataset["builds"] == dataset["problems"] == []
    facts = answer(client, ONE)
    assert {**facts, **newest} == facts
    assert [each["sha256"] for each in facts["files"]] == [file.sha256 for file in manifest.files]
    assert [each["stage"] for each in facts["stages"]] == [each.stage for each in manifest.stages]
    timings = {each["stage"]: each for each in facts["timings"]}
    assert list(timings) == list(dict.fromkeys(each.stage for each in manifest.stages))
    assert timings["generate"]["rows"] == ROWS
    assert facts["seconds"] >= max(each["seconds"] for each in timings.values())
    assert facts["index"]["kind"] == "flat"
    assert [each["name"] for each in facts["columns"]][:3] == ["nome", "idade", "cidade"]


def test_the_schema_tells_how_each_column_is_drawn_and_what_it_counts_for(client):
    found = answer(client, f"{ONE}/schema")
    schema = load_schema("gamer_br")
    assert [each["name"] for each in found["columns"]] == list(schema.by_name)
    columns = {each["name"]: each for each in found["columns"]}
    assert columns["estado"]["given"] == ["municipio"] and columns["estado"]["indexed"]
    assert columns["idade"]["positions"] == [0, 0] and columns["nome"]["positions"] is None
    assert columns["jogos_favoritos"]["weight"] == 1 and columns["nome"]["weight"] == 0
    assert sum(each["share"] for each in found["archetypes"]) == pytest.approx(1)
    tables = {each["name"]: each for each in found["tables"]}
    assert set(tables) == {each.name for each in schema.tables}
    assert not any(each["made"] for each in tables.values())


def test_marginals_are_the_shares_in_the_table_and_the_targets_of_the_schema(client, folder):
    columns = {each["column"]: each for each in answer(client, f"{ONE}/marginals")["columns"]}
    counted = dict(rows(folder / "perfis.db", "SELECT estado, count(*) FROM perfis GROUP BY 1"))
    shares = {each["value"]: each["share"] for each in columns["estado"]["values"]}
    assert shares == {state: round(counted.get(state, 0) / ROWS, 6) for state in shares}
    for column in columns.values():
        targets = [each["target"] for each in column["values"]]
        if column["kind"] == "list" or None in targets:  # hangs on a list: no table has its shares
            assert set(targets) == {None}
        else:
            assert sum(targets) == pytest.approx(1, abs=1e-4)
    known = [columns[name]["values"] for name in ("sexo", "estado", "idade")]
    assert None not in [each["target"] for values in known for each in values]
    games = Counter(game for (text,) in rows(folder / "perfis.db", "SELECT jogos_favoritos FROM perfis")
                    for game in text.split(", "))  # fmt: skip
    (first, *_) = columns["jogos_favoritos"]["values"]
    assert first["share"] == round(games[first["value"]] / ROWS, 6)


def test_what_is_typical_of_a_cluster_is_counted_in_it(client, folder):
    found = answer(client, f"{ONE}/clusters")
    sizes = dict(rows(folder / "clusters.db", "SELECT cluster_id, count(*) FROM clusters GROUP BY 1"))
    assert {each["cluster"]: each["rows"] for each in found["clusters"]} == sizes
    assert [each["rows"] for each in found["clusters"]] == sorted(sizes.values(), reverse=True)
    assert found["others"] == {"clusters": 0, "rows": 0}
    with closing(sqlite3.connect(folder / "perfis.db")) as database:
        database.execute("ATTACH ? AS c", (str(folder / "clusters.db"),))
        for cluster in found["clusters"]:
            for trait in (each for each in cluster["typical"] if each["column"] == "objetivo_principal"):
                overall, within = database.execute(
                    "SELECT count(*), count(*) FILTER (WHERE cluster_id = ?) "
                    "FROM perfis JOIN c.clusters USING (id) WHERE objetivo_principal = ?",
                    (cluster["cluster"], trait["value"]),
                ).fetchone()
                assert trait["share"] == round(within / cluster["rows"], 4)
                assert trait["lift"] == round(within / cluster["rows"] / (overall / ROWS), 2)
    assert all(each["typical"] for each in found["clusters"])


def test_map_shows_profiles_where_their_cluster_is(client, folder):
    found = answer(client, f"{ONE}/map?points=100000")
    clusters = [
        label for (label,) in rows(folder / "clusters.db", "SELECT cluster_id FROM clusters ORDER BY id")
    ]
    assert found["ids"] == list(range(1, ROWS + 1))
    assert [int(found["categories"][place]) for place in found["values"]] == clusters
    spread = max(found["x"]) - min(found["x"])
    inside = [x for x, label in zip(found["x"], clusters, strict=True) if label == clusters[0]]
    assert max(inside) - min(inside) < spread
    ages = answer(client, f"{ONE}/map?points=50&colour=idade")
    assert (ages["kind"], ages["categories"]) == ("number", None)
    assert ages["values"] == [
        age for (age,) in rows(folder / "perfis.db", "SELECT idade FROM perfis ORDER BY id LIMIT 50")
    ]
    games = answer(client, f"{ONE}/map?points=50&colour=jogos_favoritos")
    lists = rows(folder / "perfis.db", "SELECT jogos_favoritos FROM perfis ORDER BY id LIMIT 50")
    assert [games["categories"][place] for place in games["values"]] == [
        text.split(", ")[0] for (text,) in lists
    ]


def test_search_gives_what_the_command_line_gives(client, home):
    searcher = open_searcher(open_version(home, DATASET))
    where = ["estado=SP", "idade>=30"]
    found = answer(client, f"{ONE}/search", params={"text": TEXT, "k": 7, "where": where})["results"]
    hits = search_text(searcher, TEXT, searcher.query(7, where)).hits
    assert [(each["id"], each["reasons"]) for each in found] == [
        (hit.id, [str(reason) for reason in hit.reasons]) for hit in hits
    ]
    assert {each["profile"]["estado"] for each in found} == {"SP"}
    exact = answer(client, f"{ONE}/search", params={"text": TEXT, "exact": True})["results"]
    assert [each["id"] for each in exact] == [
        hit.id for hit in search_text(searcher, TEXT, Query(exact=True)).hits
    ]
    near = answer(client, f"{ONE}/similar/42?k=3")["results"]
    assert [each["id"] for each in near] == [hit.id for hit in search_similar(searcher, 42, Query(3))]
    assert answer(client, f"{ONE}/similar/42?k=3&exact=true")["results"] == near


def test_a_version_of_another_release_is_refused_in_one_sentence(home, tmp_path):
    shutil.copytree(home / DATASET, tmp_path / DATASET, symlinks=True)
    folder = open_version(tmp_path, DATASET).folder
    manifest = read_manifest(folder)
    newer = manifest.model_copy(update={"spec": manifest.spec | {"flavour": "new"}}).sealed()
    (folder / "MANIFEST.json").write_text(newer.text())
    with alone(tmp_path) as client:
        response = client.get(ONE)
        assert (response.status_code, "does not know" in response.json()["detail"]) == (409, True)


def _remove(path: Path) -> None:
    path.unlink()


def _lead_elsewhere(path: Path) -> None:
    kept = shutil.copy(path, path.parents[3] / path.name)
    path.unlink()
    path.symlink_to(kept)


def _cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def _overwrite(path: Path) -> None:
    path.write_bytes(bytes(path.stat().st_size))


def test_a_damaged_file_of_a_version_is_told_with_its_remedy(home, tmp_path):
    shutil.copytree(home / DATASET, tmp_path / "whole" / DATASET, symlinks=True)
    folder = open_version(tmp_path / "whole", DATASET).folder
    compare = f"/api/datasets/{DATASET}/compare?left=current&right=current"
    paths = {
        "report.html": [f"/report/{DATASET}/current"],
        "overview.json": [f"{ONE}/marginals", f"{ONE}/clusters", compare],
        "map.arrow": [f"{ONE}/map"],
    }
    with alone(tmp_path / "whole") as client:
        for name, asked in paths.items():
            content = (folder / name).read_bytes()
            for damage in (_remove, _lead_elsewhere, _cut, _overwrite):
                if (damage, name) == (_overwrite, "report.html"):
                    continue  # only its checksum tells, which `verify` compares
                damage(folder / name)
                for path in asked:
                    response = client.get(path)
                    assert (response.status_code, "`synthprof repair`" in response.text) == (409, True), path
                (folder / name).unlink(missing_ok=True)
                (folder / name).write_bytes(content)
            assert {client.get(path).status_code for path in asked} == {200}


def test_profile_has_every_column_and_its_cluster(client, home):
    assert answer(client, f"{ONE}/profiles/42")["profile"] == open_version(home, DATASET).profile(42)


def test_comparison_tells_how_far_the_marginals_are(client, home):
    older = Store(home, DATASET).versions()[0].name
    found = answer(client, f"/api/datasets/{DATASET}/compare?left={older}&right=current")["columns"]
    left = answer(client, f"/api/datasets/{DATASET}/versions/{older}/marginals")["columns"]
    right = answer(client, f"{ONE}/marginals")["columns"]
    shares = [
        {(c["column"], v["value"]): v["share"] for c in side for v in c["values"]} for side in (left, right)
    ]
    assert [each["distance"] for each in found] == sorted((c["distance"] for c in found), reverse=True)
    for column in found:
        gaps = [abs(shares[0][key] - shares[1][key]) for key in shares[0] if key[0] == column["column"]]
        assert column["distance"] == pytest.approx(sum(gaps) / 2)
    same = answer(client, f"/api/datasets/{DATASET}/compare?left=current&right=current")["columns"]
    assert {each["distance"] for each in same} == {0.0}


def test_progress_shows_what_is_done_and_why_it_failed(tmp_path):
    request = Request.from_params(ORDER | {"workers": 1})
    with alone(tmp_path) as client:
        assert answer(client, "/api/datasets")["datasets"] == []
        for name in ("setup", "generate"):
            run_stage(request, name, None, tmp_path)
        (build,) = answer(client, "/api/datasets")["datasets"][0]["builds"]
        assert (build["done"], build["rows"], build["seed"]) == (["setup", "generate"], ROWS, 42)
        (progress,) = answer(client, f"/api/datasets/{DATASET}/progress")["builds"]
        states = {each["stage"]: (each["state"], each["rows_done"]) for each in progress["stages"]}
        assert states["generate"] == ("done", ROWS)
        assert states["cluster"] == ("waiting", 0)
        with pytest.raises(Exception, match="vectorize"):
            run_stage(request, "cluster", None, tmp_path)
        (build,) = answer(client, "/api/datasets")["datasets"][0]["builds"]
        assert build["state"] == "failed"
        assert "vectorize" in build["problem"]
        run_all(request, tmp_path)
        assert answer(client, f"/api/datasets/{DATASET}/progress") == {"builds": []}


def test_the_seconds_of_a_stage_count_from_its_begin_not_from_its_last_file(tmp_path):
    request = Request.from_params(ORDER | {"workers": 1})
    told = []
    with alone(tmp_path) as client:

        def observe(name, *_):
            time.sleep(1)
            (build,) = Store(tmp_path, DATASET).builds()
            (build.stage_folder(name) / "younger").touch()
            (progress,) = answer(client, f"/api/datasets/{DATASET}/progress")["builds"]
            told.extend(each for each in progress["stages"] if each["stage"] == name)

        assert answer(client, "/api/datasets")["datasets"] == []  # from here on it answers at once
        for name in ("setup", "generate"):
            run_stage(request, name, None, tmp_path, observe)
        assert told and {each["state"] for each in told} == {"running"}
        assert min(each["seconds"] for each in told) >= 1
        (progress,) = answer(client, f"/api/datasets/{DATASET}/progress")["builds"]
        assert {each["state"]: each["seconds"] for each in progress["stages"]}["waiting"] == 0


def test_a_run_that_was_refused_is_no_data_set(tmp_path):
    with pytest.raises(SpecError, match="dim_vector"):
        run_all(Request.from_params({"dataset": "typo", "dim_vector": 3}), tmp_path)
    assert (tmp_path / "typo" / "build").is_dir()
    with alone(tmp_path) as client:
        assert answer(client, "/api/datasets")["datasets"] == []


def test_a_build_that_is_removed_while_it_is_looked_at_is_no_build(tmp_path):
    request = Request.from_params(ORDER | {"workers": 1})
    run_stage(request, "setup", None, tmp_path)
    build = Store(tmp_path, DATASET).build(request.spec)

    def come_and_go():
        for _ in range(2_000):
            build.folder.rename(tmp_path / "aside")
            (tmp_path / "aside").rename(build.folder)

    with ThreadPoolExecutor(1) as thread:
        coming = thread.submit(come_and_go)
        while not coming.done():
            assert len(builds_of(Store(tmp_path, DATASET))) <= 1
    coming.result()
    assert [each.build for each in builds_of(Store(tmp_path, DATASET))] == [build.folder.name]


def test_pruning_never_leaves_a_build_without_its_version(home, tmp_path):
    copied = tmp_path / "copied"
    shutil.copytree(home, copied, symlinks=True)
    store = Store(copied, DATASET)
    (older,) = (path for path in store.versions() if not store.is_current(path.name))
    (older / "many").mkdir()
    for number in range(5_000):  # so that removing the version takes its time
        (older / "many" / str(number)).touch()
    seen = []
    with ThreadPoolExecutor(1) as thread:
        pruning = thread.submit(prune, store, 1)
        while not pruning.done():
            seen += builds_of(store)
    assert pruning.result().removed == (older.name,)
    assert not seen and len(list(store.builds())) == 1


# --- files for the page ----------------------------------------------------------------------------------


def test_what_the_page_shows_does_not_depend_on_workers_and_can_be_made_again(home, folder, tmp_path):
    publish(tmp_path, seed=2, workers=1)
    other = open_version(tmp_path, DATASET).folder
    for name in ("overview.json", "map.arrow"):
        assert (other / name).read_bytes() == (folder / name).read_bytes()
        (other / name).write_bytes(b"damaged")
    assert {"overview.json", "map.arrow"} <= set(
        verify(open_version(tmp_path, DATASET), 0, lambda *_: None).damaged
    )
    assert set(repair(tmp_path, DATASET).files) == {"overview.json", "map.arrow"}
    assert verify(open_version(tmp_path, DATASET), 0, lambda *_: None).sound
