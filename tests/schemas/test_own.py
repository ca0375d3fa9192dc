"""The folder of schemas: what has a name there, and what is refused in words."""

from pathlib import Path

import pytest
from shops import edit, write_shop

from synthprof.base.errors import SpecError
from synthprof.schemas.own import own_folder, own_names, problems, read_own
from synthprof.schemas.reading import read_bundle


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write_shop(tmp_path, "shop")
    return tmp_path


def test_schemas_are_known_by_the_names_of_their_folders(root: Path) -> None:
    write_shop(root, "clinic-2")
    (root / "README.md").write_text("no schema")
    (root / "empty").mkdir()
    write_shop(root, ".hidden")
    write_shop(root, "__pycache__")
    assert own_names(root) == ("clinic-2", "shop")
    assert read_own(root, "shop").schema.name == "shop"
    assert problems(root) == ()
    assert own_names(root / "nowhere") == problems(root / "nowhere") == ()


PATHS = ("../shop", "..", ".", "", "/etc", "a/b", "a\\b", "shop/../shop", "shop/", "%2e%2e")


@pytest.mark.parametrize("name", [*PATHS, "shop\n", "Shop", "x" * 64, "ção"])
def test_no_path_is_the_name_of_a_schema(root: Path, name: str) -> None:
    with pytest.raises(SpecError, match="is no name of a schema: 1 to 63 of a-z"):
        own_folder(root, name)


def test_links_that_lead_nowhere_are_no_schemas(root: Path) -> None:
    (root / "round").symlink_to(root / "round")
    (root / "loop").mkdir()
    (root / "loop" / "schema.toml").symlink_to("schema.toml")
    (root / "file").write_text("")
    for name in ("round", "loop", "file"):
        with pytest.raises(SpecError, match=rf"{name} is no folder with a schema\.toml that can be read"):
            own_folder(root, name)
    assert own_names(root) == ("shop",)


def test_an_unknown_name_is_refused_with_those_there_are(root: Path) -> None:
    with pytest.raises(SpecError, match=r"'shops' is neither built in .* \(shop\); make it"):
        own_folder(root, "shops")


def test_a_schema_that_cannot_be_used_is_told_and_hides_no_other(root: Path) -> None:
    edit(write_shop(root, "broken"), 'draw = "subset"', 'draw = "dice"')
    write_shop(root, "gamer_br")
    write_shop(root, "Two words")
    assert own_names(root) == ("broken", "shop")
    unnamed, broken, taken = problems(root)
    assert unnamed.startswith("'Two words' is no name of a schema")
    assert broken.startswith("schema broken: ")
    assert "schema.toml:18: column likes: draw='dice' is unknown; did you mean 'choice'?" in broken
    assert taken.endswith("gamer_br has the name of a built-in schema; rename the folder")


def test_a_file_in_place_of_the_folder_of_schemas_is_told(root: Path) -> None:
    place = root / "file"
    place.write_text("")
    assert problems(place) == (f"{place} is no folder; set SYNTHPROF_SCHEMAS to the folder of schemas",)


def test_a_schema_without_words_takes_those_of_its_language_when_it_is_read(tmp_path: Path) -> None:
    texts = read_bundle(write_shop(tmp_path)).texts
    assert "with" in texts.ignored and "visits of {}" in texts.numbers["visits"]
