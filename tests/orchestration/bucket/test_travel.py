"""Whole data sets between workers whose homes have nothing in common: moto's S3, real children and files."""

import json
import shutil
import subprocess
import sys

import pytest
from buckets import PARAMS, SHARDS, Cluster
from shops import edit, write_shop

from synthprof.orchestration.bucket.publication import BUILD_RESTS
from synthprof.orchestration.bucket.pull import pull
from synthprof.orchestration.bucket.storage import run_stage
from synthprof.orchestration.tasks import child
from synthprof.pipeline import wanted
from synthprof.spec.request import Request
from synthprof.spec.shards import plan_shards
from synthprof.spec.spec import BLOCK_ROWS
from synthprof.store.manifest import Manifest
from synthprof.store.store import Store
from synthprof.versions.verify import verify
from synthprof.versions.version import open_version


def tasks() -> list[tuple[str, tuple[int, int] | None]]:
    stages = wanted(Request.from_params(PARAMS).spec)
    return [(each.name, part) for each in stages for part in (SHARDS if each.scope == "shard" else [None])]


@pytest.fixture(scope="module")
def made(service, tmp_path_factory):
    """A data set, every task of which ran on a worker with an empty home of its own."""
    cluster = Cluster(tmp_path_factory.mktemp("made"), "s3://store@data/made")
    values = {}
    for number, (stage, shard) in enumerate(tasks()):
        values[stage] = cluster.do(f"worker-{number}", stage, shard)
    return cluster, values


@pytest.mark.cluster
def test_texts_from_elsewhere_travel_too(cluster, tmp_path):
    """The build is named by what the source holds, which `setup` finds out before it asks the bucket."""
    source = tmp_path / "notes"
    source.mkdir()
    for number in range(60):
        (source / f"{number}.txt").write_text(f"joga RPG no PC, nota {number}")
    order = {"dataset": "notes", "source": str(source), "clusters": 1, "workers": 1}
    params = {name: value for name, value in PARAMS.items() if name == "keep_versions"} | order
    for number, stage in enumerate(each.name for each in wanted(Request.from_params({}).spec)):
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
    for number, stage in enumerate(each.name for each in wanted(Request.from_params({}).spec)):
        with cluster.worker(f"worker-{number}"):
            value = run_stage(stage, params, None, "")
            if stage == "setup":
                params |= value["found_out"]
                shutil.rmtree(folder)
    with cluster.worker("reader") as home:
        found = pull(cluster.bucket, Store(home, "shop"))
        assert (found / "schema.json").is_file()
        assert verify(open_version(home, "shop"), None, lambda *_: None).sound


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
