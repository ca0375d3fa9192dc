"""The DAG where rows lie in parts: who writes them and the index, and over which shards."""

from pathlib import Path
from typing import Any

import place  # noqa: F401  Airflow's environment
import pytest
from dag_runs import run_dag
from small_parts import parts_of_one_block

from synthprof.orchestration.local.home import PROJECT
from synthprof.orchestration.tasks.names import GENERATE_DAG
from synthprof.runner.run import run_all
from synthprof.spec.request import Request
from synthprof.store.manifest import read_manifest
from synthprof.store.store import Store

PARAMS: dict[str, Any] = {
    **{"dataset": "parted", "profiles": 36_000, "clusters": 8, "kmeans_niter": 2, "dim_embedding": 24},
    **{"dim_vector": 20, "index": "ivf_flat", "workers": 1, "shards": 3},
}


@pytest.mark.timeout(900)
@pytest.mark.parametrize(("store", "shards"), [("parquet", 3), ("sqlite", 1)])
def test_a_run_of_the_dag_writes_parts_by_shard_and_databases_by_one_task(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, store: str, shards: int
) -> None:
    parts_of_one_block(monkeypatch, tmp_path / "patch")
    params = PARAMS | {"store": store}
    state, tasks, values = run_dag(tmp_path, PROJECT / "dags" / "synthprof_dags.py", GENERATE_DAG, **params)
    assert state == "success", tasks
    assert {tasks[name] for name in ("writers", "ingest", "persist_blobs", "publish")} == {"success"}
    assert [each[:2] for each in values["setup"]] == [[0, 1], [1, 2], [2, 3]]
    assert len(values["writers"]) == shards
    assert values["writers"][-1][1] == 3
    manifest = read_manifest(Store(tmp_path / "data", "parted").current())
    for name in ("ingest", "persist_blobs"):
        assert len([each for each in manifest.stages if each.stage == name]) == shards
    index = {name: tasks[name] for name in ("train_index", "fill_index", "export_index")}
    filled = "success" if store == "parquet" else "skipped"
    assert index == {"train_index": filled, "fill_index": filled, "export_index": "success"}
    fillers = [each.shard for each in manifest.stages if each.stage == "fill_index"]
    assert fillers == ([(0, 1), (1, 2), (2, 3)] if store == "parquet" else [])
    alone = run_all(Request.from_params(params), tmp_path / "alone").published
    assert (alone["content"], alone["version"]) == (manifest.content, manifest.version)
