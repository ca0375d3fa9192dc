"""Rows in parts between workers whose homes have nothing in common."""

import pytest
from buckets import PARAMS, SHARDS
from small_parts import parts_of_one_block

from synthprof.orchestration.bucket.pull import pull
from synthprof.orchestration.bucket.storage import shared
from synthprof.orchestration.tasks import child
from synthprof.pipeline import STAGES
from synthprof.runner.run import run_all
from synthprof.spec.request import Request
from synthprof.store.manifest import Manifest, damaged
from synthprof.store.store import Store

PARTED = PARAMS | {"vacuum": False, "store": "parquet", "index": "ivf_flat"}


@pytest.mark.cluster
@pytest.mark.timeout(900)
def test_parts_travel_by_shard_and_a_sealed_one_is_kept_elsewhere(cluster, tmp_path, monkeypatch):
    parts_of_one_block(monkeypatch, tmp_path / "patch")
    split = [each.name for each in STAGES if each.is_split("parquet")]
    for name in (each.name for each in STAGES if each.applies(Request.from_params(PARTED).spec)):
        for number, shard in enumerate(SHARDS if name in split else [None]):
            home = cluster.folder / f"{name}-{number}"
            value = cluster.do(home.name, name, shard, **PARTED)
            if name == "ingest":
                fetched = {path.name for path in home.glob("cl/build/*/generate-*/*")}
                assert fetched == {f"profiles-0000{number}.arrow"}
            if name == "fill_index":
                fetched = {
                    path.name
                    for kind in ("cluster", "vectorize")
                    for path in home.glob(f"cl/build/*/{kind}-*/*")
                }
                assert fetched == {"centroids.npy", "labels.npy", f"embeddings-0000{number}.npy"}
            if name == "export_index":
                assert not list(home.glob("cl/build/*/vectorize-*/embeddings-*"))
                assert not list(home.glob("cl/build/*/cluster-*"))
        if name == "ingest":  # as if the worker had been killed before it could store the receipt
            (receipt,) = (
                key for key in cluster.objects("/ingest-") if key.endswith("receipt-00000-00001.json")
            )
            cluster.bucket.remove(receipt)
            with cluster.worker("next") as home, shared("ingest", PARTED, SHARDS[0]):
                (part,) = home.glob("cl/build/*/ingest-*/perfis-part-00000.parquet")
                before = part.stat().st_ino
                child.run_stage("ingest", PARTED, SHARDS[0])
                assert part.stat().st_ino == before
    alone = run_all(Request.from_params(PARTED), tmp_path / "alone").published
    assert (value["content"], value["version"]) == (alone["content"], alone["version"])
    manifest = Manifest.model_validate_json(
        cluster.bucket.text(f"cl/versions/{value['version']}/MANIFEST.json")
    )
    assert {"perfis/perfis-00001.parquet", "vetores/vetores-00000.npy"} <= {
        each.path for each in manifest.files
    }
    folder = pull(cluster.bucket, Store(tmp_path / "reader", "cl"))
    assert not damaged(folder, manifest.files)
