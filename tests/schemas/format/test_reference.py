"""The reference of the format and its JSON Schema: equal to the models, with examples that draw rows."""

import json
import re
import shutil
import tomllib
from importlib.resources import as_file
from pathlib import Path

import jsonschema
import pytest

from synthprof.profiles.checks import check
from synthprof.profiles.drawing import generate
from synthprof.schemas.format import json_schema
from synthprof.schemas.format.columns import DRAWS
from synthprof.schemas.format.reference import EXAMPLES, example, reference
from synthprof.schemas.loader import schema_folder
from synthprof.schemas.reading import read_schema

DOCS = Path(__file__).parents[3] / "docs"
EDITOR = jsonschema.Draft202012Validator(json_schema())
"""The check of the file in an editor."""

TOO_FEW = "schema.toml says nothing of it: add a description to the field"


def as_json(toml: str) -> object:
    """A TOML text as editors see it: dates as texts."""
    return json.loads(json.dumps(tomllib.loads(toml), default=lambda moment: moment.isoformat()))


def test_the_reference_and_the_json_schema_are_made_from_the_models() -> None:
    assert (DOCS / "schema-format.md").read_text(encoding="utf-8") == reference(), "run: make reference"
    written = json.loads((DOCS / "schema-format.json").read_text(encoding="utf-8"))
    assert written == json_schema(), "run: make reference"


def test_every_key_has_a_meaning() -> None:
    rows = re.findall(r"^\| `(\w+)` \| [^\n]*$", reference(), re.M)
    untold = re.findall(r"^\| (`\w+`) \|[^\n]*\|  \|$", reference(), re.M)
    assert len(rows) > 100
    assert untold == [], TOO_FEW


@pytest.mark.parametrize("draw", sorted(DRAWS))
def test_the_example_of_a_draw_draws_rows(tmp_path: Path, draw: str) -> None:
    with as_file(EXAMPLES / "files") as files:
        folder = shutil.copytree(files, tmp_path / "shop")
    (folder / "schema.toml").write_text(example(draw), encoding="utf-8")
    schema = read_schema(folder)
    assert draw in {column["draw"] for column in tomllib.loads(example(draw))["column"]}
    profiles = generate(schema, 1, "en_US", 0.8, 0, 500).profiles
    assert profiles.num_rows == 500
    assert not check(schema, profiles)
    EDITOR.validate(as_json(example(draw)))


def test_the_built_in_schema_is_valid_by_the_json_schema() -> None:
    file = schema_folder("gamer_br") / "schema.toml"
    EDITOR.validate(as_json(file.read_text(encoding="utf-8")))


@pytest.mark.parametrize(
    "change",
    [
        {"draw": "coin"},
        {"low": "1"},
        {"lowest": 1},
        {"nulls": 2},
        {"name": "1st"},
        {"feature": {"kind": "x"}},
    ],
)
def test_the_json_schema_refuses_what_the_models_refuse(change: dict[str, object]) -> None:
    column = {"name": "die", "doc": "A die.", "draw": "uniform_integer", "low": 1, "high": 6}
    EDITOR.validate({"column": [column]})
    with pytest.raises(jsonschema.ValidationError):
        EDITOR.validate({"column": [column | change]})


def test_the_json_schema_is_one_of_its_dialect_and_a_copy_each_time() -> None:
    jsonschema.Draft202012Validator.check_schema(json_schema())
    json_schema()["properties"].clear()
    assert json_schema()["properties"]
