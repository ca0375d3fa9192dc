"""Second records, from the order to the published version and what it tells of them."""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from synthprof.profiles.second_records.origins import first_records
from synthprof.report.duplicates import DuplicateFacts
from synthprof.runner.run import run_all
from synthprof.spec.request import Request
from synthprof.versions.verify import verify
from synthprof.versions.version import Version, open_version

ORDER = {
    **{"dataset": "twice", "profiles": 1_280, "clusters": 4, "kmeans_niter": 2, "dim_embedding": 24},
    **{"dim_vector": 20, "duplicates": 0.25, "duplicate_errors": 1.5, "workers": 1, "save_index": False},
}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("twice")
    run_all(Request.from_params(ORDER), home)
    return home


@pytest.fixture
def version(home: Path) -> Version:
    return open_version(home, "twice")


def test_a_quarter_of_the_rows_are_second_records_of_rows_that_are_none(version: Version) -> None:
    truth = version.duplicates()
    assert truth.num_rows == 320
    assert set(truth["id"].to_pylist()).isdisjoint(truth["original_id"].to_pylist())
    assert truth["id"].to_pylist() == sorted(truth["id"].to_pylist())
    assert "original_id" not in version.table().column_names


def test_the_manifest_and_the_report_tell_of_them(version: Version) -> None:
    facts = DuplicateFacts.of(version.manifest.duplicates)
    assert facts is not None
    assert (facts.records, facts.persons, facts.share) == (320, 960, 0.25)
    assert sum(size * number for number, size in enumerate(facts.sizes, start=1)) == 1_280
    assert sum(error.asked for error in facts.errors) == pytest.approx(1.5, abs=1e-3)
    assert 1.2 < facts.mean_errors < 1.5
    assert 0.8 < facts.f1 < 1
    page = (version.folder / "report.html").read_text("utf-8")
    assert "320 second records (25.0 %) of 960 people" in page
    assert page.count("short_name") == 1


def test_rules_and_margins_count_first_records_only(version: Version) -> None:
    assert version.manifest.coherence["rows"] == 960


def test_it_is_verified_by_making_it_again(version: Version) -> None:
    verdict = verify(version, None, lambda *_: None)
    assert verdict.findings == ()


def test_verification_finds_a_truth_that_says_another_thing(home: Path, tmp_path: Path) -> None:
    """With checksums that fit, so that only the contents are wrong."""
    import shutil

    from synthprof.base.files import record
    from synthprof.store.manifest import content_digest, read_manifest

    shutil.copytree(home, tmp_path / "home", symlinks=True)
    folder = open_version(tmp_path / "home", "twice").folder
    path = folder / "duplicates.arrow"
    with pa.OSFile(str(path)) as file, pa.ipc.open_file(file) as reader:
        table = reader.read_all()
    wrong = table.set_column(1, table.schema.field(1), pa.chunked_array([np.roll(table["original_id"], 1)]))
    path.unlink()
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(wrong)
    manifest = read_manifest(folder)
    files = tuple(record(path, folder) if each.path == path.name else each for each in manifest.files)
    told = {"overview.json", "map.arrow", "report.html"}
    content = content_digest(file for file in files if file.path not in told)
    changed = manifest.model_copy(update={"files": files, "content": content}).sealed()
    (folder / "MANIFEST.json").unlink()
    (folder / "MANIFEST.json").write_text(changed.text(), encoding="utf-8")
    findings = verify(open_version(tmp_path / "home", "twice"), None, lambda *_: None).findings
    assert any("second records differ from the spec" in finding for finding in findings), findings
    assert any("another thing of second records" in finding for finding in findings), findings


def test_without_any_nothing_tells_of_them(tmp_path: Path) -> None:
    run_all(Request.from_params({**ORDER, "dataset": "once", "duplicates": 0.0, "profiles": 300}), tmp_path)
    version = open_version(tmp_path, "once")
    assert version.duplicates().num_rows == 0
    assert not (version.folder / "duplicates.arrow").exists()
    document = json.loads((version.folder / "MANIFEST.json").read_text("utf-8"))
    assert "duplicates" not in document and "duplicates" not in document["spec"]
    assert "Second records" not in (version.folder / "report.html").read_text("utf-8")


@pytest.mark.long
def test_bytes_do_not_depend_on_the_number_of_shards(tmp_path: Path) -> None:
    order = {
        **ORDER,
        "profile_schema": "customer_us",
        "profiles": 50_000,
        "encoder": "hashed",
        "hardness": 0.0,
    }
    for shards in (1, 4):
        run_all(Request.from_params({**order, "shards": shards, "dataset": f"shards{shards}"}), tmp_path)
    one, four = (open_version(tmp_path, f"shards{shards}") for shards in (1, 4))
    assert one.manifest.content == four.manifest.content
    assert one.manifest.duplicates == four.manifest.duplicates
    truth = one.duplicates()["id"].to_numpy()
    second = np.concatenate([~first_records(42, 0.25, block, 16_384) for block in range(4)])[:50_000]
    assert np.array_equal(truth, np.flatnonzero(second) + 1)
