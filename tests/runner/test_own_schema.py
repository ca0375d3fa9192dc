"""A schema of the user's travels with the data: once read, its folder is not needed any more."""

import shutil
from pathlib import Path
from typing import Any

import pytest
from shops import edit, write_shop

from synthprof.base.digests import sha256
from synthprof.base.errors import SpecError, StageError
from synthprof.pipeline import STAGES, wanted
from synthprof.runner.plan import plan
from synthprof.runner.reindex import build_index
from synthprof.runner.repair import repair
from synthprof.runner.run import resolved, run_all, run_stage
from synthprof.schemas.bundle import SCHEMA_FILE, Bundle
from synthprof.spec.request import Request
from synthprof.spec.shards import plan_shards
from synthprof.spec.spec import BLOCK_ROWS, Spec
from synthprof.store.store import Store
from synthprof.versions.verify import verify
from synthprof.versions.version import Version, open_version

PARAMS: dict[str, Any] = {
    "dataset": "shop",
    "profile_schema": "shop",
    "profiles": BLOCK_ROWS + 300,
    "clusters": 6,
    "kmeans_niter": 3,
    "dim_embedding": 16,
    "index": "flat",
    "workers": 1,
}


def request(**changes: Any) -> Request:
    return Request.from_params(PARAMS | changes)


def sums(version: Version) -> dict[str, str]:
    return {file.path: file.sha256 for file in version.manifest.files if file.path != "report.html"}


@pytest.fixture(autouse=True)
def schemas(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of schemas, with the shop."""
    root = tmp_path / "schemas"
    monkeypatch.setenv("SYNTHPROF_SCHEMAS", str(root))
    write_shop(root)
    return root


@pytest.fixture(scope="module")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data root with a version whose schema has no folder any more."""
    root, home = tmp_path_factory.mktemp("schemas"), tmp_path_factory.mktemp("home")
    write_shop(root)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SYNTHPROF_SCHEMAS", str(root))
        run_all(request(), home)
    shutil.rmtree(root)
    return home


@pytest.fixture
def home(made_once: Path, schemas: Path, tmp_path: Path) -> Path:
    """A copy of that data root; there is no folder of the schema here either."""
    shutil.rmtree(schemas)
    shutil.copytree(made_once, tmp_path / "home", symlinks=True)
    return tmp_path / "home"


def test_a_version_has_its_schema_and_needs_no_folder(home: Path) -> None:
    version = open_version(home, "shop")
    assert Bundle.of((version.folder / SCHEMA_FILE).read_text()).digest == version.spec.schema_digest
    assert version.schema.by_name.keys() == {"plan", "visits", "likes"}
    assert version.search("books team", k=3)[0].profile["plan"] == "Team"
    assert {str(each) for each in version.similar(1, k=1)[0].reasons}
    assert version.table(where="visits>=400", columns=["visits"]).num_rows > 2_000
    assert verify(version, None, lambda *_: None).sound


def test_the_division_of_work_changes_no_byte(home: Path, schemas: Path, tmp_path: Path) -> None:
    write_shop(schemas)
    run_all(request(workers=2, shards=2), tmp_path / "other")
    assert sums(open_version(tmp_path / "other", "shop")) == sums(open_version(home, "shop"))


def test_stages_after_setup_look_at_no_folder_and_an_edit_meanwhile_changes_nothing(
    made_once: Path, schemas: Path, tmp_path: Path
) -> None:
    setup = run_stage(request(), "setup", None, tmp_path)
    assert setup.details["found_out"].keys() == {"schema_digest"}
    edit(schemas / "shop", '"Free" = 70', '"Free" = 1')
    told = request(**setup.details["found_out"])
    for each in wanted(told.spec, STAGES[1:]):
        for shard in plan_shards(told.spec, told.runtime) if each.scope == "shard" else [None]:
            run_stage(told, each.name, shard, tmp_path)
    assert sums(open_version(tmp_path, "shop")) == sums(open_version(made_once, "shop"))


def test_an_edited_schema_is_another_version(home: Path, schemas: Path) -> None:
    before = open_version(home, "shop")
    edit(write_shop(schemas), "Visits in a month.", "Visits in four weeks.")
    run_all(request(), home)
    after = open_version(home, "shop")
    assert after.name != before.name
    assert after.manifest.content == before.manifest.content  # a doc draws nothing
    assert Store(home, "shop").build(before.spec).folder != Store(home, "shop").build(after.spec).folder


def test_a_run_without_the_folder_is_refused_before_anything_is_made(home: Path, tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="'shop' is neither built in"):
        run_all(request(), tmp_path / "other")
    assert not (tmp_path / "other").exists()


def test_a_plan_makes_nothing(tmp_path: Path) -> None:
    assert plan(request(), tmp_path / "other").blocks == 2
    assert not (tmp_path / "other" / "shop").exists()


def test_a_schema_file_that_was_changed_is_found_and_made_whole_from_the_build(home: Path) -> None:
    version = open_version(home, "shop")
    path = version.folder / SCHEMA_FILE
    before = sha256(path)
    text = path.read_text()
    path.unlink()  # it may be linked
    path.write_text(text.replace('"Free"', '"Fret"'))
    found = open_version(home, "shop")
    verdict = verify(found, None, lambda *_: None)
    assert verdict.damaged == (SCHEMA_FILE,)
    assert verdict.blocks == 0
    with pytest.raises(StageError, match=r"schema\.json was changed since it was written; make it whole"):
        found.search("books")
    assert repair(home, "shop").files == (SCHEMA_FILE,)
    assert sha256(path) == before
    assert verify(open_version(home, "shop"), None, lambda *_: None).sound


def test_a_version_whose_build_is_gone_is_repaired_by_its_own_schema(home: Path) -> None:
    version = open_version(home, "shop")
    before = sums(version)
    shutil.rmtree(home / "shop" / "build")
    (version.folder / "vetores.db").unlink()
    assert repair(home, "shop").files == ("vetores.db",)
    assert sums(open_version(home, "shop")) == before
    assert verify(open_version(home, "shop"), None, lambda *_: None).sound


def test_another_index_is_built_without_the_folder(home: Path) -> None:
    version = open_version(home, "shop")
    build_index(home, version, "ivf_flat", 64)
    other = open_version(home, "shop")
    assert other.name != version.name
    assert sums(other)[SCHEMA_FILE] == sums(version)[SCHEMA_FILE]
    assert other.bundle is version.bundle  # read once for all versions of a schema


def test_a_built_in_schema_is_resolved_to_itself(tmp_path: Path) -> None:
    plain = Request(spec=Spec(profiles=10))
    assert resolved(plain, tmp_path / "home") == plain
    assert "schema_digest" not in plain.spec.described()
    assert not (tmp_path / "home").exists()
