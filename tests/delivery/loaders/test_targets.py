"""Each target takes a version, keeps it once, finds rows in it, and refuses what it cannot take.

Real engines: DuckDB, SQLite with sqlite-vec, PostgreSQL with pgvector, Redis; and in the environment of
`make loaders` LanceDB, Chroma, Qdrant's local mode and Milvus Lite.
"""

import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pyarrow as pa
import pytest
from servers import LOADERS
from small import DATASET
from target_contract import check

from synthprof.base.errors import SpecError
from synthprof.delivery.loaders.job import load, open_target
from synthprof.delivery.loaders.order import LoadOrder
from synthprof.store.store import Store
from synthprof.versions.version import open_version

ROOT = Path(__file__).parents[3]


def order(url: str, **more: object) -> LoadOrder:
    """The order of a load into a URL that may have a password."""
    found = LoadOrder.from_params({"dataset": DATASET, "into": "conn:x", **more})
    return found.model_copy(update={"into": url})


@pytest.mark.parametrize("metric", ["cosine", "l2"])
def test_sqlite_keeps_the_contract(home, tmp_path, metric):
    check(home, DATASET, f"sqlite://{tmp_path}/rows.db", metric)


@pytest.mark.parametrize("metric", ["cosine", "dot", "l2"])
def test_duckdb_keeps_the_contract(home, tmp_path, metric):
    check(home, DATASET, f"duckdb://{tmp_path}/rows.duckdb", metric)


@pytest.mark.parametrize("metric", ["cosine", "dot", "l2"])
def test_postgresql_keeps_the_contract(home, postgres_url, metric):
    check(home, DATASET, f"{postgres_url}?table={metric}", metric)


def test_redis_keeps_hashes_by_id_and_says_that_it_cannot_search(home, redis_url):
    url = f"{redis_url}/2?table=people"
    first, again = load(home, order(url)), load(home, order(url))
    assert (first.written, again.written, again.rows, again.compared) == (60, 0, 60, 21)
    older = sorted(path.name for path in Store(home, DATASET).versions())
    older.remove(first.version)
    with pytest.raises(SpecError, match=r"'people' holds 60 rows, version .*; name another table"):
        load(home, order(url, version=older[0]))
    assert load(home, order(url, version=older[0], replace=True)).written == 60
    target, source = open_target(order(url), open_version(home, DATASET))
    with closing(target):
        assert target.count() == 60
        with pytest.raises(SpecError, match="lacks the search module; use Redis 8"):
            target.search(source.block(0).column("embedding")[0].values.to_numpy(), 3)


@pytest.mark.long
@pytest.mark.parametrize(
    "url",
    ["lancedb://{}/lance", "chroma+file://{}/chroma", "qdrant+file://{}/qdrant", "milvus+file://{}/rows.db"],
    ids=["lancedb", "chroma", "qdrant", "milvus"],
)
def test_embedded_engines_keep_the_contract(home, tmp_path, url):
    if not LOADERS.exists():
        pytest.skip("the clients are not installed: `make loaders` installs them")
    command = [str(LOADERS), str(ROOT / "tests/support/target_contract.py"), str(home), DATASET]
    done = subprocess.run(
        [*command, url.format(tmp_path)],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    assert done.stdout.endswith("held\n"), done.stdout + done.stderr


def test_rows_without_a_vector_are_there_or_told_of(home, tmp_path, monkeypatch):
    from synthprof.delivery.loaders import source as sources

    def without_one(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
        found = plain_batch(batch, schema)
        vectors = found.column("embedding").to_pylist()
        column = pa.array([None, *vectors[1:]], schema.field("embedding").type)
        return found.set_column(schema.get_field_index("embedding"), schema.field("embedding"), column)

    plain_batch = sources.plain_batch
    monkeypatch.setattr(sources, "plain_batch", without_one)
    for url in (f"sqlite://{tmp_path}/rows.db", f"duckdb://{tmp_path}/rows.duckdb"):
        assert load(home, order(url)).rows == 60
        target, source = open_target(order(url), open_version(home, DATASET))
        with closing(target):
            (row,) = target.fetch([1])
            assert row["embedding"] is None
            query = source.block(0).column("embedding")[1].values.to_numpy()
            assert 1 not in [number for number, _ in target.search(query, 60)]
        assert sys.modules.get("lancedb") is None
