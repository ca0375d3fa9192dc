"""Versions in parts: whatever reads a version gives what it gives of the same version in databases."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from commands import call
from explorers import alone, answer
from once import made_once

import synthprof
from synthprof.base.errors import StageError
from synthprof.base.files import record
from synthprof.delivery.exports.job import export
from synthprof.delivery.exports.order import Order
from synthprof.delivery.workloads.job import make_workload
from synthprof.delivery.workloads.order import WorkloadOrder
from synthprof.runner.reindex import build_index
from synthprof.runner.run import run_all
from synthprof.spec.contents import part_path
from synthprof.spec.request import Request
from synthprof.stages.summary import Facts, summary
from synthprof.store.manifest import MANIFEST, damaged
from synthprof.versions.verify import verify
from synthprof.versions.version import Version, open_version

PARAMS: dict[str, Any] = {
    **{"profiles": 3_000, "clusters": 12, "kmeans_niter": 3, "dim_embedding": 48, "index": "ivf_flat"},
    **{"workers": 1, "duplicates": 0.05},
}
STORES = ("sqlite", "parquet")
TEXT = "joga RPG de madrugada no PC"


def both_stores(home: Path) -> Path:
    """A data root with the same rows in databases and in parts; each is a data set named by its store."""
    for store in STORES:
        run_all(Request.from_params(PARAMS | {"dataset": store, "store": store}), home)
    return home


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made_once(tmp_path_factory, both_stores)


@pytest.fixture(scope="module")
def versions(home: Path) -> tuple[Version, Version]:
    one, other = (open_version(home, store) for store in STORES)
    return one, other


@pytest.fixture
def copied(home: Path, tmp_path: Path) -> Path:
    shutil.copytree(home, tmp_path / "home", symlinks=True)
    return tmp_path / "home"


QUESTIONS: dict[str, Callable[[Version], Any]] = {
    "all rows": lambda v: v.table(),
    "some rows and columns": lambda v: v.table(("idade>=30", "estado in SP, RJ"), ["nome", "cluster_id"]),
    "batches": lambda v: [batch.to_pydict() for batch in v.batches("sexo!=null", ["id", "sexo"])],
    "pandas": lambda v: v.to_pandas("plataformas_possuidas=PC").to_dict(),
    "embeddings": lambda v: v.embeddings().tolist(),
    "vectors": lambda v: v.vectors(17, 400).tolist(),
    "clusters": lambda v: v.clusters().tolist(),
    "duplicates": lambda v: v.duplicates(),
    "one profile": lambda v: v.profile(1_234),
    "a search": lambda v: _told(v.search(TEXT)),
    "a search for a name": lambda v: _told(v.search("chamado José de São Paulo")),
    "a search without": lambda v: _told(v.search("mora no Acre, menos de 25 anos, não joga Minecraft")),
    "a search with conditions": lambda v: _told(v.search("joga RPG", 20, ("estado=SP", "usa_microfone=sim"))),
    "similar": lambda v: _told(v.similar(42)),
    "similar, exactly": lambda v: _told(v.similar(42, 15, "idade<30", exact=True)),
    "the summary": lambda v: summary(v.manifest, Facts.of(v.manifest, v.folder)).example,
}


def _told(hits: synthprof.Hits) -> tuple[str, list[Any]]:
    return str(hits.asked), [
        (hit.id, hit.similarity, hit.profile, list(map(str, hit.reasons))) for hit in hits
    ]


@pytest.mark.parametrize("question", QUESTIONS)
def test_both_stores_give_the_same_answer(versions: tuple[Version, Version], question: str) -> None:
    one, other = map(QUESTIONS[question], versions)
    assert one == other


def test_what_is_returned_can_be_written_to(versions: tuple[Version, Version]) -> None:
    for version in versions:
        version.embeddings(1, 5)[0] = 0
        version.vectors(1, 5)[0] = 0
    assert np.allclose(np.linalg.norm(versions[1].embeddings(1, 5), axis=1), 1)


def test_the_explorer_gives_the_same_answers(home: Path) -> None:
    paths = (
        *("marginals", "profiles/77", "similar/77", "similar/77?k=5&exact=true&where=sexo=Feminino"),
        f"search?text={TEXT}&where=idade>=20",
    )
    with alone(home) as client:
        for path in paths:
            addresses = (f"/api/datasets/{store}/versions/current/{path}" for store in STORES)
            one, other = (answer(client, address) for address in addresses)
            assert _timeless(one) == _timeless(other), path


def _timeless(found: Any) -> Any:
    return {name: each for name, each in found.items() if name not in ("dataset", "version", "seconds")}


# --- verification ------------------------------------------------------------------------------------------


def _call(home: Path, *words: str) -> Any:
    return call([*words, "--dataset", "parquet"], SYNTHPROF_HOME=str(home))


def _verdict(home: Path) -> Any:
    return verify(open_version(home, "parquet"), None, lambda *_: None)


def test_a_version_in_parts_is_verified_whole(home: Path) -> None:
    found = _verdict(home)
    assert found.findings == () and found.blocks == found.blocks_total == 1


@pytest.mark.parametrize("kind", ["perfis", "vetores", "embeddings"])
def test_verify_finds_a_damaged_part_and_repair_mends_it(copied: Path, kind: Any) -> None:
    path = open_version(copied, "parquet").folder / part_path(kind, 0)
    content = path.read_bytes()
    path.unlink()  # which the build has a link to
    path.write_bytes(content[:-20] + b"?" + content[-19:])
    assert _verdict(copied).damaged == (part_path(kind, 0),)
    done = _call(copied, "repair")
    assert done.returncode == 0, done.stderr
    assert _verdict(copied).sound


def test_verify_finds_rows_that_do_not_follow_from_the_spec(copied: Path) -> None:
    version = open_version(copied, "parquet")
    path = version.folder / part_path("perfis", 0)
    rows = pq.read_table(path)
    ages = rows.column("idade").to_pylist()
    ages[5] += 1
    path.unlink()
    pq.write_table(
        rows.set_column(rows.column_names.index("idade"), "idade", pa.array(ages, pa.int64())), path
    )
    _reseal(version)
    assert "perfis/perfis-00000.parquet, ids 1 to 3000: column idade differs from the spec" in (
        _verdict(copied).contradictions
    )


def test_verify_finds_embeddings_that_do_not_follow_from_the_spec(copied: Path) -> None:
    version = open_version(copied, "parquet")
    path = version.folder / part_path("embeddings", 0)
    embeddings = np.load(path)
    embeddings[7] = 0
    path.unlink()
    np.save(path, embeddings)
    _reseal(version)
    found = [each.partition(": ") for each in _verdict(copied).contradictions]
    told = [finding for file, _, finding in found if file.startswith("embeddings/embeddings-00000.npy")]
    assert told == ["values differ from the spec", "some norms are not 1"]


def _reseal(version: Version) -> None:
    """Write the manifest anew, as if the files had always been as they are."""
    files = tuple(
        record(version.folder / file.path, version.folder) if damaged(version.folder, [file]) else file
        for file in version.manifest.files
    )
    manifest = version.manifest.model_copy(update={"files": files, "seal": ""}).sealed()
    (version.folder / MANIFEST).write_text(manifest.text(), encoding="utf-8")


def test_a_search_of_a_damaged_part_is_told_in_words(copied: Path) -> None:
    version = open_version(copied, "parquet")
    path = version.folder / part_path("perfis", 0)
    path.unlink()
    with pytest.raises(StageError, match=r"perfis-00000\.parquet cannot be read: it is missing;"):
        version.search(TEXT)
    done = _call(copied, "search", TEXT)
    assert done.returncode == 1 and "perfis-00000.parquet cannot be read" in done.stderr
    mended = _call(copied, "repair")
    assert mended.returncode == 0 and len(version.search(TEXT)) == 10


# --- what leaves a version ---------------------------------------------------------------------------------


@pytest.mark.parametrize("format", ["parquet", "npy", "jsonl"])
def test_exports_are_the_same(copied: Path, format: str) -> None:
    folders = [export(copied, Order.from_params({"dataset": store, "format": format}))[0] for store in STORES]
    data = [
        {path.name: path.read_bytes() for path in folder.rglob("*") if path.suffix in (f".{format}", ".npy")}
        for folder in folders
    ]
    assert data[0] and data[0] == data[1]


def test_workloads_have_the_same_queries_and_answers(copied: Path) -> None:
    orders = (WorkloadOrder(dataset=store, queries=40, filters="all") for store in STORES)
    one, other = (make_workload(copied, order) for order in orders)
    assert one.queries.equals(other.queries) and np.array_equal(one.vectors, other.vectors)
    assert one.filters.equals(other.filters)


def test_a_version_with_another_index_takes_over_its_parts(copied: Path) -> None:
    old = open_version(copied, "parquet")
    build_index(copied, old, "flat", 64)
    new = open_version(copied, "parquet")
    assert new.name != old.name
    for kind in ("perfis", "vetores", "embeddings"):
        one, other = (each.folder / part_path(kind, 0) for each in (old, new))
        assert one.samefile(other) or one.read_bytes() == other.read_bytes()
    assert QUESTIONS["similar, exactly"](old) == QUESTIONS["similar, exactly"](new)
