"""The service that tests of the bucket share, and what is made in it once."""

import json
import logging
import shutil

import place  # noqa: F401  Airflow's environment
import pytest
from buckets import SHARDS, Cluster, publish

from synthprof.orchestration.bucket.bucket import Bucket


@pytest.fixture(scope="session")
def service():
    """The address of an S3 with an empty bucket; one in a process, as Airflow keeps its connection."""
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    address = "http://{}:{}".format(*server.get_host_and_port())
    with pytest.MonkeyPatch.context() as patch:
        extra = {"endpoint_url": address, "region_name": "us-east-1"}
        connection = {"conn_type": "aws", "login": "key", "password": "secret", "extra": extra}
        patch.setenv("AIRFLOW_CONN_STORE", json.dumps(connection))
        Bucket("s3://store@data")._fs.mkdir("data")
        yield address
    server.stop()


@pytest.fixture
def cluster(service, tmp_path, request) -> Cluster:
    return Cluster(tmp_path, f"s3://store@data/{request.node.name}")


@pytest.fixture(scope="session")
def generated_once(service, tmp_path_factory) -> Cluster:
    cluster = Cluster(tmp_path_factory.mktemp("generated"), "s3://store@data/generated")
    cluster.do("one", "setup")
    for shard in SHARDS:
        cluster.do("one", "generate", shard)
    return cluster


@pytest.fixture
def generated(generated_once, cluster) -> Cluster:
    """A data set whose profiles are made, on worker one."""
    shutil.copytree(generated_once.folder, cluster.folder, dirs_exist_ok=True)
    for key in generated_once.bucket.keys(""):
        cluster.bucket._fs.cp_file(f"data/generated/{key}", f"data/{cluster.name}/{key}")
    return cluster


@pytest.fixture
def published(cluster) -> Cluster:
    """A bucket with one published version of two small files."""
    return publish(cluster, {"perfis.db": "profiles", "report.html": "<p>"})
