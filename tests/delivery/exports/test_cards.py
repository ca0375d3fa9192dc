"""Cards of exports: readers of each form load what they describe, and every row is as its schema says."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import small
import yaml

from synthprof.base.files import FileRecord, matches
from synthprof.delivery.exports.job import export
from synthprof.delivery.exports.order import Order
from synthprof.store.outputs import read_output

PATIENTS = {"dataset": "patients", "profile_schema": "patient", "with_tables": "none", "dim_vector": 40}
"""Dates, floats, lists and columns without a value."""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("cards")
    small.run(home)
    small.run(home, **PATIENTS)
    return home


@pytest.fixture(scope="module", params=[small.DATASET, "patients"])
def folder(request: pytest.FixtureRequest, home: Path) -> Path:
    return export(home, Order(dataset=request.param, format="jsonl"))[0]


def _json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def _head(folder: Path) -> dict[str, Any]:
    _, head, _ = (folder / "README.md").read_text(encoding="utf-8").split("---\n", 2)
    return yaml.safe_load(head)


def test_every_row_is_as_the_schema_says(folder: Path) -> None:
    schema = _json(folder / "schema.json")
    jsonschema.Draft202012Validator.check_schema(schema)
    rows = jsonschema.Draft202012Validator(schema)
    for line in (folder / "rows.jsonl").read_text(encoding="utf-8").splitlines():
        rows.validate(json.loads(line))


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("sexo", "x"),
        ("idade", 15),
        ("idade", None),
        ("usa_microfone", 1),
        ("jogos_favoritos", []),
        ("new", 1),
    ],
)
def test_the_schema_refuses_what_no_row_has(home: Path, column: str, value: object) -> None:
    folder, _ = export(home, Order(dataset=small.DATASET, format="jsonl"))
    row = json.loads((folder / "rows.jsonl").read_text(encoding="utf-8").partition("\n")[0])
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(row | {column: value}, _json(folder / "schema.json"))


def test_the_card_tells_the_hub_what_it_needs(folder: Path) -> None:
    head = _head(folder)
    assert head["license"] == "cc0-1.0"
    assert head["size_categories"] == ["n<1K"]
    assert "synthetic" in head["tags"]
    assert head["language"] in (["pt"], ["de"])
    (config,) = head["configs"]
    assert (folder / config["data_files"][0]["path"]).is_file()
    first = json.loads((folder / "rows.jsonl").read_text(encoding="utf-8").partition("\n")[0])
    assert [each["name"] for each in head["dataset_info"][0]["features"]] == list(first)


def test_croissant_names_each_file_by_a_relative_path_and_its_checksum(folder: Path) -> None:
    for file in _json(folder / "croissant.json")["distribution"]:
        size = int(file["contentSize"].removesuffix(" B"))
        assert matches(folder, FileRecord(path=file["contentUrl"], bytes=size, sha256=file["sha256"]))


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_mlcroissant_loads_the_records(home: Path) -> None:
    mlcroissant = pytest.importorskip("mlcroissant")
    folder, _ = export(home, Order(dataset=small.DATASET, format="jsonl", columns="idade, embedding"))
    found = mlcroissant.Dataset(jsonld=str(folder / "croissant.json"))
    assert not found.metadata.ctx.issues.errors
    records = list(found.records("profiles"))
    rows = [json.loads(line) for line in (folder / "rows.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [record["profiles/idade"] for record in records] == [row["idade"] for row in rows]
    assert records[0]["profiles/embedding"] == pytest.approx(rows[0]["embedding"])


def test_the_data_package_leaves_lists_and_vectors_out(folder: Path) -> None:
    (resource,) = _json(folder / "datapackage.json")["resources"]
    assert resource["path"] == "rows.jsonl"
    first = json.loads((folder / "rows.jsonl").read_text(encoding="utf-8").partition("\n")[0])
    features = _head(folder)["dataset_info"][0]["features"]
    flat = [each["name"] for each in features if "list" not in each]
    assert [field["name"] for field in resource["schema"]["fields"]] == flat
    assert len(flat) < len(first)
    assert resource["schema"]["fieldsMatch"] == "subset"


def test_cards_are_files_of_the_export(folder: Path) -> None:
    recorded = {file.path for file in read_output(folder).files}
    assert {"README.md", "croissant.json", "datapackage.json", "schema.json", "rows.jsonl"} == recorded
