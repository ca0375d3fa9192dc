"""Refusals of buckets, addresses and work that is out of order, each in one clear message."""

import json
import re
import resource
from contextlib import contextmanager

import pytest
from airflow.sdk import DAG
from buckets import PARAMS, Cluster, exchange
from compose import COMPOSE

from synthprof.base.errors import SpecError, StageError
from synthprof.orchestration.bucket.bucket import Bucket
from synthprof.orchestration.bucket.pull import main as fetch_version
from synthprof.orchestration.bucket.storage import PUBLISH_POOL, shared
from synthprof.orchestration.tasks.operator import stage_task
from synthprof.pipeline import stage as find
from synthprof.spec.request import Request
from synthprof.store.store import Store
from synthprof.system.environment import STORAGE


def test_work_before_setup_says_what_to_clear(cluster):
    with cluster.worker("one"), pytest.raises(StageError, match=r"EPOCH is missing or empty; .* clear"):
        exchange(cluster, "generate", (0, 1)).fetch()


def test_an_epoch_that_is_empty_is_one_clear_message(cluster):
    build = Store(cluster.folder, "cl").build(Request.from_params(PARAMS).spec).folder.name
    cluster.bucket.put_text(f"cl/build/{build}/EPOCH", "")
    with cluster.worker("one"), pytest.raises(StageError, match="EPOCH is missing or empty; remove it"):
        exchange(cluster, "setup").fetch()


def test_rows_without_embedding_need_a_folder(cluster):
    with pytest.raises(SpecError, match=r"max_failed=3: the list of rows .* set max_failed=0"):
        cluster.do("one", "vectorize", encoder="http", model="m", max_failed=3)


def test_a_bucket_that_is_not_there_is_one_clear_message(service, tmp_path):
    elsewhere = Cluster(tmp_path, "s3://store@elsewhere/x")
    with pytest.raises(StageError, match=r"s3://store@elsewhere/x cannot be used .* check that the service"):
        elsewhere.do("one", "setup")


@contextmanager
def files_at_most(size: int):
    """No file may grow larger, as `ulimit -f` has it."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_file_that_our_disk_does_not_take_is_not_told_as_the_buckets_fault(generated):
    refused = pytest.raises(SpecError, match=r"cannot use .*/two.*: File too large; allow larger files")
    with generated.worker("two"), refused, files_at_most(1 << 16), shared("ingest", PARAMS, None):
        raise AssertionError("nothing was fetched, and nobody was told")


def test_a_data_root_that_is_a_file_is_one_clear_message(published, capsys):
    (published.folder / "one").write_text("")
    with published.worker("one"):
        with pytest.raises(SpecError, match="is a file, not a folder; set"), shared("setup", PARAMS, None):
            raise AssertionError("nobody was told")
        assert fetch_version(["cl"]) == 2
    told = capsys.readouterr().err
    assert re.fullmatch(r"error: the data root .*/one is a file, not a folder\nhint: set .*\n", told)


def test_a_connection_that_is_not_there_is_one_clear_message():
    with pytest.raises(SpecError, match="nobody"):
        Bucket("s3://nobody@data/x")


@pytest.mark.parametrize(
    "url",
    [
        "s3://key:topsecret@data/x",
        "s3://key:top/topsecret@data/x",
        "topsecret",
        "s3//topsecret",
        "file:///topsecret",
    ],
)
def test_what_is_no_address_of_a_bucket_is_refused_unshown(url, tmp_path):
    with pytest.raises(SpecError, match="SYNTHPROF_STORAGE is not of the form") as caught:
        Cluster(tmp_path, url).do("one", "setup")
    assert "topsecret" not in str(caught.value)


def test_an_address_without_a_scheme_is_one_clear_message(monkeypatch, tmp_path):
    extra = {"endpoint_url": "minio:9000", "region_name": "us-east-1"}
    connection = {"conn_type": "aws", "login": "key", "password": "secret", "extra": extra}
    monkeypatch.setenv("AIRFLOW_CONN_SCHEMELESS", json.dumps(connection))
    with pytest.raises(StageError, match=r"cannot be used \(ValueError: Invalid endpoint: minio:9000\)"):
        Bucket("s3://schemeless@data/x").text("key")


@pytest.mark.parametrize(("url", "pool"), [("", "default_pool"), ("s3://store@data/x", PUBLISH_POOL)])
def test_only_with_a_bucket_publishing_takes_the_slot_of_its_pool(monkeypatch, url, pool):
    monkeypatch.setenv(STORAGE, url)
    with DAG("publishing"):
        assert stage_task(find("publish"), None).pool == pool
        assert stage_task(find("cluster"), None).pool == "default_pool"


def test_the_compose_file_makes_that_pool_with_one_slot():
    assert f"airflow pools set {PUBLISH_POOL} 1 " in COMPOSE.read_text()


def test_without_the_setting_nothing_is_done(monkeypatch):
    monkeypatch.delenv(STORAGE, raising=False)
    with shared("generate", {"profiles": "not even read"}, None) as nothing:
        assert nothing is None
