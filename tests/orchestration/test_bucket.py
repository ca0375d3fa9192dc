"""A bucket between workers whose homes have nothing in common: moto's S3, real children, real files."""

import hashlib
import json
import logging
import re
import resource
import shutil
import subprocess
import sys
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import place  # noqa: F401  Airflow's environment
import pytest
from airflow.sdk import DAG
from compose import COMPOSE
from shops import edit, write_shop

from synthprof.base.digests import digest_of
from synthprof.base.errors import SpecError, StageError
from synthprof.orchestration.bucket.bucket import Bucket
from synthprof.orchestration.bucket.exchange import Exchange
from synthprof.orchestration.bucket.publication import BUILD_RESTS, Publication
from synthprof.orchestration.bucket.pull import main as fetch_version
from synthprof.orchestration.bucket.pull import pull
from synthprof.orchestration.bucket.storage import PUBLISH_POOL, run_stage, shared
from synthprof.orchestration.bucket.work import Work
from synthprof.orchestration.provider.triggers import new_version
from synthprof.orchestration.tasks import child
from synthprof.orchestration.tasks.operator import stage_task
from synthprof.pipeline import STAGES
from synthprof.pipeline import stage as find
from synthprof.spec.request import Request
from synthprof.spec.shards import Shard, plan_shards
from synthprof.spec.spec import BLOCK_ROWS
from synthprof.store.manifest import Manifest
from synthprof.store.store import Store
from synthprof.system.environment import STORAGE
from synthprof.versions.verify import verify
from synthprof.versions.version import open_version

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


@pytest.fixture(scope="module")
def service():
    """The address of an S3 with an empty bucket."""
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


@pytest.fixture
def cluster(service, tmp_path, request) -> Cluster:
    return Cluster(tmp_path, f"s3://store@data/{request.node.name}")


def tasks() -> list[tuple[str, tuple[int, int] | None]]:
    return [(each.name, part) for each in STAGES for part in (SHARDS if each.scope == "shard" else [None])]


@pytest.fixture(scope="module")
def made(service, tmp_path_factory):
    """A data set, every task of which ran on a worker with an empty home of its own."""
    cluster = Cluster(tmp_path_factory.mktemp("made"), "s3://store@data/made")
    values = {}
    for number, (stage, shard) in enumerate(tasks()):
        values[stage] = cluster.do(f"worker-{number}", stage, shard)
    return cluster, values


@pytest.fixture(scope="module")
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


# --- texts from elsewhere ---------------------------------------------------------------------------------


@pytest.mark.cluster
def test_texts_from_elsewhere_travel_too(cluster, tmp_path):
    """The build is named by what the source holds, which `setup` finds out before it asks the bucket."""
    source = tmp_path / "notes"
    source.mkdir()
    for number in range(60):
        (source / f"{number}.txt").write_text(f"joga RPG no PC, nota {number}")
    order = {"dataset": "notes", "source": str(source), "clusters": 1, "workers": 1}
    params = {name: value for name, value in PARAMS.items() if name == "keep_versions"} | order
    for number, stage in enumerate(each.name for each in STAGES if each.name != "vacuum"):
        with cluster.worker(f"worker-{number}"):
            value = run_stage(stage, params, None, "")
            if stage == "setup":
                params |= value["found_out"]
    assert value["rows"] == 60
    assert cluster.objects("notes/versions/")
    with cluster.worker("reader") as home:
        assert pull(cluster.bucket, Store(home, "notes")).name == value["version"]


def test_a_source_is_read_through_once_before_its_rows_are(cluster, tmp_path):
    """Else a source that changes meanwhile gives the child another build than the one that is stored."""
    source = tmp_path / "notes"
    source.mkdir()
    (source / "1.txt").write_text("joga RPG no PC")

    def change(_: child.Child) -> None:
        (source / "2.txt").write_text("uma nota a mais")

    order = {"dataset": "notes", "source": str(source), "clusters": 1, "workers": 1}
    with cluster.worker("one"):
        value = run_stage("setup", order, None, "", on_start=change)
    assert value["found_out"]["profiles"] == 1
    assert cluster.objects("setup-"), "the receipt is in the bucket"


# --- a schema of the user's -------------------------------------------------------------------------------


def test_a_schema_travels_and_only_setup_reads_its_folder(cluster, tmp_path, monkeypatch):
    folder = write_shop(tmp_path / "schemas")
    monkeypatch.setenv("SYNTHPROF_SCHEMAS", str(folder.parent))

    def change(_: child.Child) -> None:
        edit(folder, '"Free" = 70', '"Free" = 1')

    order = {"dataset": "shop", "profile_schema": "shop", "profiles": 900, "clusters": 4, "workers": 1}
    with cluster.worker("one"):  # an edit after setup has read it gives no other build
        value = run_stage("setup", order, None, "", on_start=change)
    shutil.rmtree(folder)
    told = order | value["found_out"]
    for name in ("generate", "vectorize"):
        with cluster.worker(f"for-{name}") as home:
            run_stage(name, told, (0, 1), "")
    spec = Request.from_params(told).spec
    build = Store(home, "shop").build(spec)
    assert build.bundle.digest == spec.schema_digest == value["found_out"]["schema_digest"]
    assert dict(zip(("Free", "Pro"), build.bundle.schema.columns[0].draw.weights, strict=False))["Free"] == 70


@pytest.mark.cluster
def test_a_version_with_a_schema_goes_through_the_bucket_and_is_verified_there(
    cluster, tmp_path, monkeypatch
):
    folder = write_shop(tmp_path / "schemas")
    monkeypatch.setenv("SYNTHPROF_SCHEMAS", str(folder.parent))
    params = {"dataset": "shop", "profile_schema": "shop", "profiles": 900, "clusters": 4, "workers": 1}
    for number, stage in enumerate(each.name for each in STAGES if each.name != "vacuum"):
        with cluster.worker(f"worker-{number}"):
            value = run_stage(stage, params, None, "")
            if stage == "setup":
                params |= value["found_out"]
                shutil.rmtree(folder)
    with cluster.worker("reader") as home:
        found = pull(cluster.bucket, Store(home, "shop"))
        assert (found / "schema.json").is_file()
        assert verify(open_version(home, "shop"), None, lambda *_: None).sound


# --- a whole data set, eleven tasks on eleven workers ----------------------------------------------------


@pytest.mark.cluster
@pytest.mark.timeout(900)
def test_shards_of_these_tests_are_those_of_setup(made):
    request = Request.from_params(PARAMS)
    assert [(each.first, each.end) for each in plan_shards(request.spec, request.runtime)] == SHARDS
    assert [tuple(shard[:2]) for shard in made[1]["setup"]["shards"]] == SHARDS


@pytest.mark.cluster
@pytest.mark.timeout(900)
def test_every_task_in_an_empty_home_gives_the_bytes_of_one_machine(made, tmp_path):
    _, values = made
    options = ("--dataset", "cl", "--profiles", str(BLOCK_ROWS + 500), "--clusters", "8", "--vacuum")
    command = [sys.executable, "-m", "synthprof", "run", *options]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SYNTHPROF_HOME", str(tmp_path))
        subprocess.run(command, check=True, capture_output=True)
    alone = json.loads((tmp_path / "cl" / "CURRENT" / "MANIFEST.json").read_text())
    assert values["publish"]["content"] == alone["content"]


@pytest.mark.cluster
@pytest.mark.timeout(900)
def test_the_version_in_the_bucket_is_whole_and_current(made, tmp_path):
    cluster, values = made
    key = f"cl/versions/{values['publish']['version']}"
    assert values["publish"]["path"] == f"{cluster.url}/{key}"
    assert cluster.bucket.text("cl/CURRENT") == key.removeprefix("cl/") + "\n"
    manifest = Manifest.model_validate_json(cluster.bucket.text(f"{key}/MANIFEST.json"))
    assert {file.path for file in manifest.files} >= {"perfis.db", "index.faiss", "report.html"}
    for file in manifest.files:
        assert cluster.bucket.get(f"{key}/{file.path}", tmp_path / file.path, file), file.path


@pytest.mark.cluster
@pytest.mark.timeout(900)
def test_publishing_again_elsewhere_changes_nothing_and_old_versions_go(made):
    cluster, values = made
    version = values["publish"]["version"]
    manifest = Manifest.model_validate_json(cluster.bucket.text(f"cl/versions/{version}/MANIFEST.json"))
    other_seed = manifest.spec | {"seed": 43}
    for name in ("0" * 12, "1" * 12):
        older = manifest.model_copy(update={"version": name, "spec": other_seed}).sealed()
        cluster.bucket.put_text(f"cl/versions/{name}/perfis.db", "old")
        cluster.bucket.put_text(f"cl/versions/{name}/MANIFEST.json", older.text())
    build = Store(cluster.folder, "cl").build(Request.from_params(PARAMS | {"seed": 43}).spec).folder.name
    cluster.bucket.put_text(f"cl/build/{build}/EPOCH", "e")
    assert cluster.do("late", "publish", keep_versions=1)["content"] == manifest.content
    assert cluster.bucket.text(f"cl/versions/{version}/MANIFEST.json") == manifest.text()
    assert cluster.bucket.folders("cl/versions") == {version}
    assert build not in cluster.bucket.folders("cl/build")
    assert cluster.objects("/build/"), "the build of what is published stays"
    assert BUILD_RESTS.days == 1


# --- half-done work --------------------------------------------------------------------------------------


def test_without_its_receipt_a_shard_counts_for_nothing_but_its_blocks_are_kept(generated):
    (receipt,) = generated.objects("receipt-00000-00001.json")
    generated.bucket.remove(receipt)  # as if the worker had been killed before it could store it
    with pytest.raises(StageError, match="generate has only 0 of 2 blocks; run that stage again first"):
        generated.do("two", "ingest")
    with generated.worker("three") as home, shared("generate", PARAMS, (0, 1)):
        (block,) = home.glob("cl/build/*/generate-*/profiles-00000.arrow")
        before = block.stat().st_ino
        child.run_stage("generate", PARAMS, (0, 1))
        assert block.stat().st_ino == before, "the sealed block was not made again"
    assert generated.objects("receipt-00000-00001.json") == [receipt]


def test_a_failed_stage_leaves_its_sealed_blocks_to_the_next_worker(cluster):
    cluster.do("one", "setup")
    down = pytest.raises(StageError, match="the service is down")
    with down, cluster.worker("one"), shared("generate", PARAMS, (0, 2)):
        child.run_stage("generate", PARAMS, (0, 2))
        raise StageError("the service is down")
    assert cluster.objects("/receipt.json") and not cluster.objects("/receipt-")
    with cluster.worker("two") as home:
        exchange(cluster, "generate", (1, 2)).fetch()
        assert [path.name for path in home.glob("cl/build/*/generate-*/*.arrow")] == ["profiles-00001.arrow"]


def exchange(cluster: Cluster, stage: str, shard=None, **params) -> Exchange:
    request = Request.from_params(PARAMS | params)
    return Exchange(Work(cluster.bucket, find(stage), request, shard and Shard(*shard)))


def test_damaged_contents_are_found_removed_and_made_again(generated):
    (seal,) = generated.objects("seal-00001.json")
    damaged = json.loads(generated.bucket.text(seal))[0]
    (content,) = generated.objects(damaged["xxh128"])
    generated.bucket.put_text(content, "x" * damaged["bytes"])
    with pytest.raises(StageError, match=r"archetypes-00001\.npy of stage generate is missing or damaged"):
        generated.do("two", "ingest")
    assert not generated.objects("receipt-00001-00002.json") and not generated.objects(content)
    generated.do("two", "generate", (1, 2))
    with generated.worker("three"):
        exchange(generated, "ingest").fetch()


def test_force_begins_anew_on_every_worker(generated):
    before = generated.objects("/files/")
    with generated.worker("one") as home:
        (old,) = home.glob("cl/build/*/generate-*/receipt-00000-00001.json")
        generated.do("two", "setup", force=True)
        assert not set(before) & set(generated.objects("/files/"))
        with pytest.raises(StageError, match="run that stage again first"):
            exchange(generated, "vectorize", (0, 1)).fetch()
        assert not old.exists()


def test_a_setup_that_is_cleared_leaves_what_its_forced_run_has_made(generated):
    before = generated.objects("receipt-")
    generated.do("one", "setup", run_id="first", force=True)
    assert before and not generated.objects("receipt-")
    generated.do("one", "generate", (0, 1), run_id="first", force=True)
    made = generated.objects("receipt-")
    generated.do("two", "setup", run_id="first", force=True)
    assert made and generated.objects("receipt-") == made
    generated.do("two", "setup", run_id="second", force=True)
    assert not generated.objects("receipt-")


def test_a_receipt_whose_files_lie_elsewhere_does_not_count(generated):
    """Whoever may write into the bucket may not write anywhere on the machines that read from it."""
    (receipt,) = generated.objects("receipt-00001-00002.json")
    text = generated.bucket.text(receipt)
    generated.bucket.put_text(receipt, text.replace("profiles-00001.arrow", "../../../../escaped.arrow"))
    with pytest.raises(StageError, match="generate has only 1 of 2 blocks; run that stage again first"):
        generated.do("two", "ingest")
    assert not list(generated.folder.rglob("escaped*"))
    generated.do("two", "generate", (1, 2))
    assert generated.bucket.text(receipt).count("profiles-00001.arrow") == 1


def test_a_leftover_of_a_failed_attempt_is_not_read(generated):
    with generated.worker("one") as home:
        (folder,) = home.glob("cl/build/*/generate-*")
        (folder / "archetypes-00007.npy").write_bytes(b"left over")
        (folder / "receipt-00007-00008.json").write_text("{}")
        exchange(generated, "ingest").fetch()
        assert not list(folder.glob("*00007*"))


# --- readers on other machines ---------------------------------------------------------------------------


@pytest.fixture
def published(cluster) -> Cluster:
    """A bucket with one published version of two small files."""
    return publish(cluster, {"perfis.db": "profiles", "report.html": "<p>"})


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


def test_a_reader_pulls_the_current_version_whole(published):
    store = Store(published.folder / "reader", "cl")
    assert pull(published.bucket, store) == pull(published.bucket, store) == store.current()
    assert (store.current() / "perfis.db").read_text() == "profiles"


def test_a_sensor_sees_what_is_published_in_the_bucket(published):
    before, after = datetime(2020, 1, 1, tzinfo=UTC), datetime.now(UTC) + timedelta(minutes=1)
    with published.worker("sensing"):
        assert new_version("cl", before) == "a" * 12
        assert new_version("cl", after) is None
        assert new_version("other", before) is None


def test_a_name_in_the_bucket_does_not_command_the_terminal(cluster, capsys):
    publish(cluster, {"a\x1b[2J": "x"})
    cluster.bucket.remove(f"cl/versions/{'a' * 12}/a\x1b[2J")
    with cluster.worker("reader"):
        assert fetch_version(["cl"]) == 1
    assert "/a\ufffd[2J is missing or damaged" in capsys.readouterr().err


def test_a_version_damaged_in_the_bucket_is_not_pulled(published):
    published.bucket.put_text(f"cl/versions/{'a' * 12}/perfis.db", "profilex")
    store = Store(published.folder / "reader", "cl")
    with pytest.raises(StageError, match=r"perfis\.db is missing or damaged"):
        pull(published.bucket, store)
    with pytest.raises(SpecError, match="no data set 'cl' is published"):
        store.current()


def test_a_version_damaged_in_the_bucket_can_be_pulled_once_its_remedy_is_followed(published):
    home, key = Store(published.folder / "publisher", "cl"), f"cl/versions/{'a' * 12}/perfis.db"
    pull(published.bucket, home)
    published.bucket.put_text(key, "profilex")
    reader = Store(published.folder / "reader", "cl")
    with pytest.raises(StageError, match="remove it there if it is, then clear the task publish"):
        pull(published.bucket, reader)
    published.bucket.remove(key)
    Publication(published.bucket, home, "a" * 12, "cl/files").store(keep=0)  # as the task publish does
    assert (pull(published.bucket, reader) / "perfis.db").read_text() == "profiles"


@pytest.mark.parametrize(
    "name", ["../../../../escaped", "/dev/null/escaped", "a//b", "a/./b", "a\\b", "a\0b"]
)
def test_a_version_whose_files_lie_elsewhere_is_not_pulled(cluster, name):
    publish(cluster, {name: "x"})
    with pytest.raises(SpecError, match=r"has no sound MANIFEST\.json; publish that version again"):
        pull(cluster.bucket, Store(cluster.folder / "reader", "cl"))
    assert not list(cluster.folder.rglob("escaped"))


def test_what_is_not_published_cannot_be_pulled(published):
    with pytest.raises(SpecError, match="no data set 'other' is published"):
        pull(published.bucket, Store(published.folder / "reader", "other"))
    with pytest.raises(SpecError, match=r"has no sound MANIFEST\.json"):
        pull(published.bucket, Store(published.folder / "reader", "cl"), "b" * 12)


def test_an_old_version_whose_spec_is_of_another_release_goes_too(published):
    text = published.bucket.text(f"cl/versions/{'a' * 12}/MANIFEST.json")
    changes = {"version": "b" * 12, "spec": {"of_another_release": 1}}
    older = Manifest.model_validate_json(text).model_copy(update=changes).sealed()
    published.bucket.put_text(f"cl/versions/{'b' * 12}/MANIFEST.json", older.text())
    Publication(published.bucket, Store(published.folder, "cl"), "a" * 12, "")._prune(1)
    assert published.bucket.folders("cl/versions") == {"a" * 12}


# --- what is refused -------------------------------------------------------------------------------------


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
