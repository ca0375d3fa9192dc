"""The explorer on a version of a user's schema, whose folder is not there any more."""

import shutil
from pathlib import Path

import pytest
from explorers import alone, answer
from shops import edit, write_shop

from synthprof.explorer.server import process
from synthprof.runner.run import run_all
from synthprof.spec.request import Request
from synthprof.versions.version import open_version

ONE = "/api/datasets/shop/versions/current"
PARAMS = {"dataset": "shop", "profile_schema": "shop", "profiles": 900, "clusters": 4, "workers": 1}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root, home = tmp_path_factory.mktemp("schemas"), tmp_path_factory.mktemp("home")
    edit(write_shop(root), '[[column]]\nname = "plan"', 'title = "A shop"\n[[column]]\nname = "plan"')
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SYNTHPROF_SCHEMAS", str(root))
        run_all(Request.from_params(PARAMS), home)
    shutil.rmtree(root)
    return home


@pytest.fixture(scope="module")
def client(home: Path):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(process, "ANSWER_SECONDS", 300)
        with alone(home) as client:
            yield client


def test_a_version_of_a_users_schema_is_listed_shown_and_searched(client) -> None:
    (dataset,) = answer(client, "/api/datasets")["datasets"]
    assert dataset["problems"] == []
    assert dataset["versions"][0]["view"]["name"] == "plan"
    assert dataset["versions"][0]["profile_schema"] == "shop"
    assert {"plan", "visits", "likes"} <= {each["name"] for each in answer(client, ONE)["columns"]}
    assert answer(client, f"{ONE}/profiles/3")["profile"].keys() >= {"plan", "visits", "likes"}
    found = answer(client, f"{ONE}/search", params={"text": "team books", "k": 2})["results"]
    assert {each["profile"]["plan"] for each in found} == {"Team"}
    assert answer(client, f"{ONE}/map", params={"colour": "plan"})["categories"] == ["Free", "Pro", "Team"]
    assert answer(client, f"{ONE}/marginals")["columns"]
    assert answer(client, f"{ONE}/schema")["title"] == "A shop"


def test_the_report_of_a_users_schema_has_its_title_at_the_head(home: Path) -> None:
    page = (open_version(home, "shop").folder / "report.html").read_text()
    assert "<p>A shop</p>" in page.partition("<nav")[0]


def test_a_version_that_has_lost_its_schema_is_told_and_hides_no_data_set(home: Path, tmp_path: Path) -> None:
    shutil.copytree(home, tmp_path / "home", symlinks=True)
    (open_version(tmp_path / "home", "shop").folder / "schema.json").unlink()
    with alone(tmp_path / "home") as client:
        (dataset,) = answer(client, "/api/datasets")["datasets"]
    assert dataset["versions"] == []
    (problem,) = dataset["problems"]
    assert "schema.json cannot be read" in problem
    assert "`synthprof repair`" in problem
