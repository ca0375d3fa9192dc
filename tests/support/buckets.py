"""Workers that share nothing but a bucket, and what they make in it."""

import hashlib
import json
from contextlib import contextmanager
from pathlib import Path

import pytest

from synthprof.base.digests import digest_of
from synthprof.orchestration.bucket.bucket import Bucket
from synthprof.orchestration.bucket.exchange import Exchange
from synthprof.orchestration.bucket.storage import run_stage
from synthprof.orchestration.bucket.work import Work
from synthprof.pipeline import stage as find
from synthprof.spec.request import Request
from synthprof.spec.shards import Shard
from synthprof.spec.spec import BLOCK_ROWS
from synthprof.system.environment import STORAGE

PARAMS = {
    "dataset": "cl",
    "profiles": BLOCK_ROWS + 500,
    "shards": 2,
    "clusters": 8,
    "workers": 1,
    "vacuum": True,
    "keep_versions": 2,
}

SHARDS = [(0, 1), (1, 2)]


class Cluster:
    """Workers that share a prefix of the bucket."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder, self.url, self.name = folder, url, url.rpartition("/")[2]
        self.bucket = Bucket(url)

    @contextmanager
    def worker(self, name: str):
        """Inside, we are a worker with a home of that name."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("SYNTHPROF_HOME", str(self.folder / name))
            patch.setenv(STORAGE, self.url)
            yield self.folder / name

    def do(self, name: str, stage: str, shard=None, run_id: str = "", **params):
        """The stage's value, after a worker did what its Airflow task does."""
        with self.worker(name):
            return run_stage(stage, PARAMS | params, shard, run_id)

    def objects(self, part: str) -> list[str]:
        return [key for key in self.bucket.keys("") if part in key]


def exchange(cluster: Cluster, stage: str, shard=None, **params) -> Exchange:
    request = Request.from_params(PARAMS | params)
    return Exchange(Work(cluster.bucket, find(stage), request, shard and Shard(*shard)))


def publish(cluster: Cluster, files: dict[str, str]) -> Cluster:
    records = [
        {"path": name, "bytes": len(text), "sha256": hashlib.sha256(text.encode()).hexdigest()}
        for name, text in files.items()
    ]
    facts = {"format": 1, "dataset": "cl", "version": "a" * 12, "published_at": "", "spec": {}, "rows": 1}
    facts |= {"content": "c", "files": records, "scores": {}, "stages": []}
    facts["seal"] = digest_of(facts)
    for name, text in (files | {"MANIFEST.json": json.dumps(facts)}).items():
        cluster.bucket.put_text(f"cl/versions/{'a' * 12}/{name}", text)
    cluster.bucket.put_text("cl/CURRENT", f"versions/{'a' * 12}\n")
    return cluster
