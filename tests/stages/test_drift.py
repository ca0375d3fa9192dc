"""Nights that drift, from the order to published versions with labels."""

import json

import numpy as np
import pytest

from synthprof.base.errors import SpecError
from synthprof.explorer.worker.answers import version_facts
from synthprof.runner.run import run_all
from synthprof.spec.contents import DRIFT_FILE
from synthprof.spec.drift_labels import Labels
from synthprof.spec.request import Request
from synthprof.versions.verify import verify
from synthprof.versions.verify_facts import drift_faults
from synthprof.versions.version import Version, open_version

ORDER = {
    **{
        "dataset": "night",
        "profile_schema": "customer_us",
        "profiles": 17_000,
        "clusters": 4,
        "kmeans_niter": 2,
    },
    **{"dim_embedding": 16, "dim_vector": 40, "workers": 1, "with_tables": "none"},
}

EVERY = "prior,covariate,concept,new_category,rotation"


def _made(home, **params) -> Version:
    run_all(Request.from_params(ORDER | params), home)
    return open_version(home, "night")


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("nights")


@pytest.fixture(scope="module")
def nights(home) -> dict[str, Version]:
    """No drift; the first night of a drift; two nights later, in one shard and in two."""
    later = {"drift": EVERY, "drift_night": 2}
    return {
        "none": _made(home),
        "first": _made(home, drift=EVERY),
        "later": _made(home, **later),
        "shards": _made(home.with_name("shards"), **later, shards=2),
    }


def test_the_first_night_has_the_bytes_of_a_data_set_without_drift(nights) -> None:
    none, first = (
        {file.path: file.sha256 for file in nights[each].manifest.files} for each in ("none", "first")
    )
    assert set(first) - set(none) == {DRIFT_FILE}
    told = {"report.html", DRIFT_FILE}
    assert {path for path in first if path not in told and first[path] != none[path]} == set()
    labels = Labels.of(nights["first"].manifest.drift)
    assert not any(each.drifted for each in (*labels.drifts, *labels.columns))


def test_the_bytes_of_a_night_do_not_depend_on_shards(nights) -> None:
    assert nights["later"].manifest.content == nights["shards"].manifest.content
    assert nights["later"].manifest.content != nights["first"].manifest.content


def test_labels_are_published_in_a_file_and_in_the_manifest(nights) -> None:
    version = nights["later"]
    document = json.loads((version.folder / DRIFT_FILE).read_text("utf-8"))
    assert document == version.manifest.drift == version.drift
    labels = Labels.of(document)
    assert json.loads(json.dumps(labels.as_document())) == document
    kinds = {each.column: each.kinds for each in labels.columns if each.drifted}
    assert kinds == {"age": ("covariate",), "household": ("concept", "new_category")}
    assert (labels.night, labels.prior, labels.degrees) == (2, 0.25, 45.0)
    unmoved = [each for each in labels.columns if not (each.drifted or each.follows)]
    assert {"state", "signed_up"} <= {each.column for each in unmoved}
    assert all(not each.psi for each in unmoved)


def test_labels_say_how_far_the_rows_moved(nights) -> None:
    labels = {each.column: each for each in Labels.of(nights["later"].manifest.drift).columns}
    ages = [nights[each].to_pandas()["age"] for each in ("first", "later")]
    edges = np.unique(np.quantile(ages[0], np.arange(1, 10) / 10))
    shares = [
        np.bincount(np.searchsorted(edges, each, "right"), minlength=len(edges) + 1) / len(each)
        for each in ages
    ]
    assert np.abs(shares[0] - shares[1]).sum() / 2 == pytest.approx(labels["age"].total_variation, abs=0.02)


def test_a_night_verifies_and_its_report_tells_of_the_drift(nights) -> None:
    version = nights["later"]
    verdict = verify(version, None, lambda *_: None)
    assert (verdict.damaged, verdict.unknown, verdict.contradictions) == ((), (), ())
    page = (version.folder / "report.html").read_text("utf-8")
    assert "Drift since the first night" in page and "rotation by 45" in page
    assert "Drift since" not in (nights["none"].folder / "report.html").read_text("utf-8")


def test_the_explorer_shows_what_moved_farthest_first(nights) -> None:
    facts = version_facts(nights["later"], True, None).drift
    assert facts is not None
    assert facts.night == 2
    assert [row.what for row in facts.rows[:2]] == ["archetypes", "embeddings"]
    assert {row.what for row in facts.rows[2:4]} == {"age", "household"}
    assert version_facts(nights["none"], True, None).drift is None


def test_verify_sees_labels_that_the_order_does_not_give(nights) -> None:
    version = nights["later"]
    assert list(drift_faults(version, {DRIFT_FILE})) == []
    version.manifest.drift["night"] = 3
    try:
        assert len(list(drift_faults(version, {DRIFT_FILE}))) == 1
    finally:
        version.manifest.drift["night"] = 2


def test_a_column_that_cannot_drift_is_refused_before_any_work(home) -> None:
    with pytest.raises(SpecError, match="name one of"):
        run_all(Request.from_params(ORDER | {"drift": "concept:state", "drift_night": 1}), home)
