"""Claims about every kind of draw, shown by the example that the reference of the format has of it."""

import shutil
from importlib.resources import as_file
from pathlib import Path

import pytest

from synthprof.base.values import stored
from synthprof.profiles.children import Family, generate_family
from synthprof.profiles.drawing import drawn
from synthprof.profiles.samplers.every import SAMPLERS
from synthprof.schemas.bundle import Bundle
from synthprof.schemas.draw_kinds.every import BY_NAME, MODELS
from synthprof.schemas.draw_kinds.model import DrawModel
from synthprof.schemas.format.reference import EXAMPLES, example
from synthprof.schemas.reading import read_bundle
from synthprof.schemas.schema import Column, Schema
from synthprof.spec.spec import BLOCK_ROWS

SHORT = 100
FIXED = ("constant",)
"""Kinds whose values are the same in all blocks."""

CHANGELOG = Path(__file__).parents[3] / "CHANGELOG.md"


@pytest.fixture(params=sorted(BY_NAME), scope="module")
def kind(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="module")
def read(kind: str, tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """The example of a kind, of whose folder nothing is left."""
    folder = tmp_path_factory.mktemp(kind) / "shop"
    with as_file(EXAMPLES / "files") as files:
        shutil.copytree(files, folder)
    (folder / "schema.toml").write_text(example(kind), encoding="utf-8")
    bundle = read_bundle(folder)
    shutil.rmtree(folder)
    return bundle


@pytest.fixture(scope="module")
def block(read: Bundle) -> Family:
    return family(read.schema)


def family(schema: Schema, block: int = 0, rows: int = BLOCK_ROWS) -> Family:
    return generate_family(schema, 7, "en_US", 0.8, block, rows)


def of_kind(schema: Schema, kind: str) -> list[Column]:
    drawn = [column for column in schema.columns if isinstance(column.draw, DrawModel)]
    return [column for column in drawn if column.draw.draw == kind]


def test_an_example_has_a_column_of_its_kind(kind: str, read: Bundle) -> None:
    assert of_kind(read.schema, kind)


def test_a_kind_draws_the_same_once_it_has_travelled(read: Bundle, block: Family) -> None:
    travelled = Bundle.of(read.text)
    assert travelled == read
    assert travelled.text == read.text
    again = family(travelled.schema)
    assert again.generated.profiles.equals(block.generated.profiles)
    assert again.tables.keys() == block.tables.keys()
    assert all(table.equals(block.tables[name]) for name, table in again.tables.items())


def test_a_short_block_is_the_beginning_of_the_full_one(read: Bundle, block: Family) -> None:
    short = family(read.schema, rows=SHORT).generated.profiles
    assert short.equals(block.generated.profiles.slice(0, SHORT))


def test_blocks_differ(kind: str, read: Bundle, block: Family) -> None:
    other = family(read.schema, 1, SHORT).generated.profiles
    first = block.generated.profiles.slice(0, SHORT)
    same = [column.name for column in of_kind(read.schema, kind) if other[column.name] == first[column.name]]
    assert not same or kind in FIXED


def test_values_are_stored_as_their_kind_says(kind: str, read: Bundle) -> None:
    drawing = drawn(read.schema, 7, "en_US", 0.8, 0, SHORT)
    for column in of_kind(read.schema, kind):
        own = drawing.values[column.name].to_pylist()
        assert drawing.array(column).to_pylist() == [
            value if value is None else stored(column.value_kind, value) for value in own
        ]


def test_a_kind_is_told_in_one_line(kind: str, read: Bundle) -> None:
    for column in of_kind(read.schema, kind):
        assert column.draw.told.strip() == " ".join(column.draw.told.split()) != ""


@pytest.mark.parametrize("model", MODELS)
def test_every_field_of_a_kind_has_a_meaning(model: type[DrawModel]) -> None:
    schema = model.model_json_schema()
    parts = {model.__name__: schema, **schema.get("$defs", {})}
    untold = [
        f"{name}.{key}"
        for name, part in parts.items()
        for key, field in part.get("properties", {}).items()
        if key != "draw" and "description" not in field
    ]
    assert untold == [], "add a description to the field"
    assert model.__doc__


def test_every_kind_has_a_sampler_and_a_line_of_the_changelog() -> None:
    assert SAMPLERS.keys() == set(MODELS)
    text = CHANGELOG.read_text(encoding="utf-8")
    assert [name for name in BY_NAME if f"`{name}`" not in text and f'"{name}"' not in text] == []
