"""Cards beside a version: what it holds in other words, made again when lost, gone with the version."""

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import jsonschema
import pytest
import small
import yaml

from synthprof.runner.repair import repair
from synthprof.stages.publish_cards import CARDS
from synthprof.store.beside import place_beside
from synthprof.store.manifest import read_manifest, unknown_files
from synthprof.store.store import Store


@pytest.fixture
def store(copied: Path) -> Store:
    return Store(copied, small.DATASET)


def _cards(folder: Path) -> dict[str, str]:
    return {name: place_beside(folder, name).read_text(encoding="utf-8") for name in CARDS}


def test_cards_lie_beside_the_version_and_add_nothing_to_it(store: Store) -> None:
    folder = store.current()
    manifest = read_manifest(folder)
    assert not unknown_files(folder, manifest.files)
    assert not set(CARDS) & {file.path for file in manifest.files}
    cards = _cards(folder)
    head = yaml.safe_load(cards["README.md"].split("---\n")[1])
    assert (head["license"], head["language"], head["size_categories"]) == ("cc0-1.0", ["pt"], ["n<1K"])
    assert "| `seed` | `2` |" in cards["README.md"]
    for resource in json.loads(cards["datapackage.json"])["resources"]:
        assert (folder.parent / resource["path"]).stat().st_size == resource["bytes"]


def test_rows_of_the_database_are_as_their_schema_says(store: Store) -> None:
    rows = jsonschema.Draft202012Validator(json.loads(_cards(store.current())["row-schema.json"]))
    with closing(sqlite3.connect(store.current() / "perfis.db")) as database:
        found = database.execute("SELECT * FROM perfis")
        names = [column[0] for column in found.description]
        for row in found:
            rows.validate(dict(zip(names, row, strict=True)))


def test_repair_makes_lost_cards_again_as_for_versions_that_never_had_any(store: Store) -> None:
    folder = store.current()
    before = _cards(folder)
    for name in CARDS:
        place_beside(folder, name).unlink()
    assert repair(store.home, small.DATASET).files == ()
    assert _cards(folder) == before


def test_cards_go_with_their_version(store: Store) -> None:
    versions = store.versions()
    small.run(store.home, seed=3, keep_versions=1)
    left = store.current()
    assert left not in versions
    assert {path.name.partition(".")[0] for path in left.parent.glob("[!.]*")} == {left.name}
    shutil.rmtree(left)
