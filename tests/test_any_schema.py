"""A schema of anybody's through all stages: made, clustered without a truth, searched and looked at."""

from pathlib import Path

import numpy as np
import pytest
from customers import SCHEMAS, customers
from explorers import alone, answer

import synthprof
from synthprof.base.errors import SpecError

ONE = "/api/datasets/customers/versions/current"
ROWS = 1_200


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("any")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SYNTHPROF_SCHEMAS", str(SCHEMAS))
        synthprof.run("customers", home=home, profile_schema="customers", profiles=ROWS, clusters=5,
                      kmeans_niter=3)  # fmt: skip
    return home


@pytest.fixture
def v(home: Path) -> synthprof.Version:
    return synthprof.open("customers", home=home)


def test_clusters_are_not_scored_against_a_truth_that_there_is_not(v, home):
    assert "purity" not in v.scores and v.scores["silhouette"] > 0
    with pytest.raises(SpecError, match="schema customers has no archetypes"):
        v.labels()
    assert "clusters are not scored against a truth" in (v.folder / "report.html").read_text()
    assert synthprof.verify("customers", home=home).sound


def test_the_vector_has_the_features_in_their_positions(v):
    names = customers().schema.feature_names
    vectors, rows = v.vectors(), v.table().to_pylist()
    at = {name: vectors[:, place] for place, name in enumerate(names)}
    assert at["plan=pro"].tolist() == [row["plan"] == "pro" for row in rows]
    assert at["age"] == pytest.approx([(row["age"] - 18) / 71 for row in rows], abs=1e-6)
    lacking = np.array([row["spend"] is None for row in rows])
    assert lacking.any() and (at["spend"][lacking] == 0).all() and (at["spend"][~lacking] > 0).any()
    assert not vectors[:, len(names) :].any()


def test_it_is_searched_by_words_of_its_language(v):
    hits = v.search("pro customers in Boston who are not active", k=3)
    assert {"plan=pro", "city=Boston", "active=false"} <= set(map(str, hits[0].reasons))
    assert all({"plan=pro", "city=Boston"} <= set(map(str, hit.reasons)) for hit in hits)
    near = v.similar(hits[0].id, k=3, where=["spend>0", "signup_date>=2019-06-01"])
    assert len(near) == 3 and all(hit.profile["spend"] > 0 for hit in near)


def test_the_explorer_shows_it(home):
    with alone(home) as client:
        facts = answer(client, ONE)
        assert facts["row_word"] == "customer" and facts["scores"]["purity"] is None
        assert facts["view"]["language"] == "en" and facts["view"]["examples"]
        schema = answer(client, f"{ONE}/schema")
        assert schema["archetypes"] == [] and len(schema["columns"]) == 8
        ordered = {
            each["column"] for each in answer(client, f"{ONE}/marginals")["columns"] if each.get("ordered")
        }
        assert ordered == {"age", "signup_date", "spend"}
        coloured = {each["name"] for each in facts["columns"] if each["on_map"]}
        assert coloured == {*ordered, "city", "plan", "active", "channels"}
        for name in coloured:
            found = answer(client, f"{ONE}/map?points=50&colour={name}")
            assert found["kind"] == "category" and len(found["values"]) == 50
        assert answer(client, f"{ONE}/profiles/1")["profile"]["active"] in (True, False)
